"""What a model consists of: ops, parameters, FLOPs, bytes, dims."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from mlc.ir import Dim, Module, Op, TensorType, Type, Value


@dataclass(frozen=True)
class OpRow:
    """All ops of one kind together; `flops` and `bytes` (operands and results) may be expressions in symbols."""

    name: str
    count: int
    flops: Dim
    byte_count: Dim


@dataclass(frozen=True)
class Summary:
    """`parameters` counts the elements of constants, `weight_bytes` their memory."""

    inputs: tuple[tuple[str, Type], ...]
    outputs: tuple[tuple[str, Type], ...]
    symbols: tuple[str, ...]
    parameters: int
    weight_bytes: int
    ops: tuple[OpRow, ...]

    @property
    def flops(self) -> Dim:
        """Floating-point operations of one run."""
        total: Dim = 0
        for row in self.ops:
            total = total + row.flops
        return total


def summarize(module: Module) -> Summary:
    """The summary of a module's main function, nested regions counted once."""
    main = module.main
    constants = {id(a): a for op in module.walk() for a in op.attributes.values() if isinstance(a, np.ndarray)}
    names = [s for v in main.inputs if isinstance(v.type, TensorType) for s in v.type.symbols()]
    return Summary(
        tuple(zip(main.input_names, (v.type for v in main.inputs), strict=True)),
        tuple(zip(main.output_names, (v.type for v in main.outputs), strict=True)),
        tuple(dict.fromkeys(names)),
        sum(a.size for a in constants.values()),
        sum(a.nbytes for a in constants.values()),
        tuple(_rows([op for op in module.walk() if not op.is_terminator and op.operands])),
    )


def _rows(ops: list[Op]) -> list[OpRow]:
    counts = Counter(op.name for op in ops)
    flops: dict[str, Dim] = {}
    byte_counts: dict[str, Dim] = {}
    for op in ops:
        flops[op.name] = flops.get(op.name, 0) + op.flops()
        byte_counts[op.name] = byte_counts.get(op.name, 0) + _bytes_of(op)
    return [OpRow(name, count, flops[name], byte_counts[name]) for name, count in counts.most_common()]


def _bytes_of(op: Op) -> Dim:
    total: Dim = 0
    for value in (*op.operands, *op.results):
        total = total + _value_bytes(value)
    return total


def _value_bytes(value: Value) -> Dim:
    kind = value.type
    return kind.byte_count if isinstance(kind, TensorType) and kind.shape is not None else 0
