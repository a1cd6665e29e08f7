"""Constant folding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlc.errors import CompileError
from mlc.interpreter import run
from mlc.ir import Array, DType, Module, Op, Purity, Type, Value
from mlc.ir.symbols import symbols_named_by
from mlc.ir.types import TensorType
from mlc.ops import Constant, Fused, Shape, constant_value
from mlc.rewrite import Miss, Pass, apply_rules, option


@dataclass(frozen=True)
class Fold(Pass):
    """Computes at compile time what depends on constants alone, by the ops' own evaluate.

    %1 = add(constant 2, constant 3)  ->  %1 = constant 5
    %1 = shape(%0 : 2x3)              ->  %1 = constant [2, 3]

    Unchanged: random ops, ops that fail on these values, ops with branches or loops, results over `max_bytes` that are
    also more than twice as large as what they are computed from.
    """

    max_bytes: int = option(1 << 20, least=0)

    def run(self, module: Module) -> None:
        apply_rules(module, (self.fold_constants, fold_shape), pass_name=self.pass_name())

    def fold_constants(self, op: Op) -> list[Value] | Miss | None:
        """f(constants) -> constants, sound because a pure op gives the same result each time."""
        if isinstance(op, Constant) or op.is_terminator or not op.results or not _is_candidate(op):
            return None
        arrays = [constant_value(v) for v in op.operands]
        known = [a for a in arrays if a is not None]
        if len(known) < len(arrays) or not all(isinstance(r.type, TensorType) for r in op.results):
            return None
        if any(nested.purity is Purity.RANDOM for nested in op.walk()):
            return Miss("it draws random numbers", blocker=op)
        if symbols := [s for nested in op.walk() for s in symbols_named_by(nested)]:
            return Miss("its result depends on a symbol", blocker=symbols[0])
        if (size := _result_bytes(op)) is None:
            return Miss("the shape of its result is unknown", blocker=op.results[0])
        if size > max(self.max_bytes, 2 * sum(a.nbytes for a in known)):
            return Miss(f"its result takes {size} bytes", blocker="max-bytes")
        return _evaluated(op, known)


def fold_shape(op: Shape) -> Value | None:
    """shape(x) -> constant, sound because the verifier holds x to its static type."""
    if op.dims is None or not all(isinstance(d, int) for d in op.dims):
        return None
    return Constant(np.array(op.dims, np.int64)).result


def _is_candidate(op: Op) -> bool:
    """Whether the op has no regions, or only such as capture nothing and run once."""
    return not op.regions or isinstance(op, Fused)


def _result_bytes(op: Op) -> int | None:
    total = 0
    for result in op.results:
        if not result.tensor.is_static:
            return None
        total += int(np.prod(result.tensor.static_shape, dtype=np.int64)) * result.tensor.dtype.itemsize
    return total


def _evaluated(op: Op, arrays: list[Array]) -> list[Value] | Miss:
    try:
        with np.errstate(all="ignore"):
            results = run(op, arrays, {}, {})
    except CompileError as error:
        return Miss(f"it fails on these values: {error.message}", blocker=op)
    return [Constant(_of_type(a, r.type)).result for a, r in zip(results, op.results, strict=True)]


def _of_type(array: Array, type: Type) -> Array:
    """The array as constants are: row-major."""
    assert isinstance(type, TensorType)
    assert DType.of(array.dtype) is type.dtype, (array.dtype, type)
    return np.ascontiguousarray(array).reshape(array.shape)
