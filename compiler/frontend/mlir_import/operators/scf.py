"""scf: branches and loops on tensors. A branch that is known is taken here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.nesting import nested
from mlc.frontend.mlir_import.operators.regions import branch, region_of, repeat
from mlc.frontend.mlir_import.registry import Imported, mlir_op
from mlc.frontend.quotients import ceil_quotient
from mlc.ir import Dim, DType, TensorType, Value
from mlc.ir.dims import floordiv, lower_bound, maximum
from mlc.ops import Add, Loop, Maximum, Mul, Sub, Where

Results = tuple[Imported, ...] | Imported | None


@mlir_op("scf.if")
def if_(g: Graph, condition: Value | Dim) -> Results:
    """What the first region yields where the condition holds, else what the second does."""
    blocks = [list(region.blocks) for region in g.operation.regions]
    kinds = [kind for kind in g.declared if kind is not None]
    if not kinds:
        raise g.error("a branch without results is not supported")
    if isinstance(condition, int):
        return _results(g.run(blocks[0 if condition else 1][0], []))
    if g.is_elementwise:
        return _results(_chosen(g, g.value(condition, DType.BOOL), [block[0] for block in blocks]))
    bodies = [lambda _, block=block: g.run(block[0], []) for block in blocks]
    return _results(branch(g, g.value(condition, DType.BOOL), bodies, kinds))


@mlir_op("scf.for", ignores=("unsignedCmp",))
def for_(g: Graph, start: Value | Dim, end: Value | Dim, step: Value | Dim, *initial: Value) -> Results:
    """The values after a turn for each number from the lower bound on, below the upper one, by the step."""
    _refuse_in_bodies(g)
    types = [v.tensor for v in initial]
    dtypes = [t.dtype for t in types]
    first, stride = g.value(start, DType.I64), g.value(step, DType.I64)
    kind, block = g.operation.operands[0].type, g.region()
    if str(kind) not in ("index", "i64"):
        raise g.error(f"a loop that counts in {kind} is not supported, only in index and i64")

    def body(arguments: Sequence[Value]) -> Sequence[Imported]:
        number = g(Add(first, g(Mul(arguments[0], stride))))
        made = g.run(block, [number, *arguments[2:]])
        _check_types(g, [g.value(x, d) for x, d in zip(made, dtypes, strict=True)], types)
        return [g.constant(np.array(True)), *made]

    counter, flag = TensorType(DType.I64, ()), TensorType(DType.BOOL, ())
    region = region_of(g, [counter, flag, *types], body, [DType.BOOL, *dtypes])
    count = _turns(g, start, end, step)
    return _results(g.add(Loop(count, None, list(initial), region, tuple(types))).results)


def _turns(g: Graph, first: Value | Dim, end: Value | Dim, step: Value | Dim) -> Value:
    """How many turns there are, an i64 of rank 0."""
    if not isinstance(step, int) or step < 1:
        raise g.error("the step of a loop must be a known number of 1 and more")
    if not isinstance(first, Value) and not isinstance(end, Value):
        count = -1 * floordiv(first - end, step)
        low = lower_bound(count)
        return g.scalar(count if low is not None and low >= 0 else maximum(count, 0), DType.I64)
    room = g(Sub(g.value(end, DType.I64), g.value(first, DType.I64)))
    turns = room if step == 1 else ceil_quotient(g, room, g.scalar(step, DType.I64))
    return g(Maximum(turns, g.scalar(0, DType.I64)))


@mlir_op("scf.while")
def while_(g: Graph, *initial: Value) -> Results:
    """The values after as many turns as the first region's condition holds, which hands them to the second."""
    _refuse_in_bodies(g)
    before, after = g.region(0), g.region(1)
    condition = list(before.operations)[-1].operation
    if list(condition.operands)[1:] != list(before.arguments):
        raise g.error("a condition that hands on other values than it was given is not supported")

    def goes_on(values: Sequence[Value]) -> Sequence[Imported]:
        return g.run(before, values)[:1]

    def turn(values: Sequence[Value]) -> Sequence[Imported]:
        return g.run(after, values)

    return _results(repeat(g, initial, goes_on, turn))


def _chosen(g: Graph, condition: Value, blocks: Sequence[Any]) -> list[Imported]:
    """For the turns of a linalg op, whose elements differ in the condition: both results, and one of them chosen."""
    if any(operation.name == "tensor.extract" for operation in nested(g.operation)):  # where it may not be read
        raise g.error("a branch that reads a tensor is not supported in the body of a linalg op")
    kinds = [kind for kind in g.declared if kind is not None]
    yields = [g.run(block, []) for block in blocks]
    made: list[Imported] = []
    for one, other, kind in zip(*yields, kinds, strict=True):
        made.append(g(Where(condition, g.value(one, kind.dtype), g.value(other, kind.dtype))))
    return made


def _refuse_in_bodies(g: Graph) -> None:
    if g.is_elementwise:
        raise g.error("a loop in the body of a linalg op is not supported")


def _check_types(g: Graph, values: Sequence[Value], types: Sequence[TensorType]) -> None:
    for value, kind in zip(values, types, strict=True):
        if value.tensor.dims != kind.dims:
            raise g.error(f"a value that is {kind} before a turn is {value.tensor} after it; sizes must stay")


def _results(values: Sequence[Any]) -> Results:
    return values[0] if len(values) == 1 else tuple(values)
