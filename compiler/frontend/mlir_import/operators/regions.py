"""Regions of branches and loops, for the dialects that have them: what an MLIR block computes as a region of the IR."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import Imported
from mlc.frontend.mlir_import.types import Declared
from mlc.ir import Block, DType, Region, TensorType, Type, Value
from mlc.ops import If, Loop
from mlc.ops.structure import Yield

Body = Callable[[Sequence[Value]], Sequence[Imported]]


def region_of(g: Graph, types: Sequence[Type], body: Body, dtypes: Sequence[DType]) -> Region:
    """A region whose block takes values of `types` and yields what `body` computes from them, of `dtypes`."""
    outer, block = g.block, Block(types)
    g.block = block
    try:
        results = [g.value(x, d) for x, d in zip(body(block.arguments), dtypes, strict=True)]
        block.append(Yield(results, loc=g.loc))
    finally:
        g.block = outer
    return Region(block)


def branch(g: Graph, condition: Value, branches: Sequence[Body], kinds: Sequence[Declared]) -> tuple[Value, ...]:
    """What the first of two bodies computes where the condition holds, else what the second does."""
    dtypes = [k.dtype for k in kinds]
    then_branch, else_branch = (region_of(g, (), body, dtypes) for body in branches)
    yields = [[v.tensor for v in r.block.terminator.operands] for r in (then_branch, else_branch)]
    types = tuple(_joined(g, a, b) for a, b in zip(*yields, strict=True))
    return tuple(g.add(If(condition, then_branch, else_branch, types)).results)


def _joined(g: Graph, one: TensorType, other: TensorType) -> TensorType:
    """A type that both are of: a dim that differs is a symbol of its own."""
    pairs = zip(one.dims, other.dims, strict=True)
    return one.with_shape(tuple(a if a == b else g.symbols.fresh("branch") for a, b in pairs))


def repeat(g: Graph, carried: Sequence[Value], goes_on: Body, turn: Body) -> tuple[Value, ...]:
    """The values after as many turns as the condition on them holds, which is asked before each."""
    types = [v.tensor for v in carried]
    dtypes = [t.dtype for t in types]

    def body(arguments: Sequence[Value]) -> Sequence[Imported]:
        made = turn(arguments[2:])
        values = [g.value(x, d) for x, d in zip(made, dtypes, strict=True)]
        for value, kind in zip(values, types, strict=True):
            if value.tensor.dims != kind.dims:
                raise g.error(f"a value that is {kind} before a turn is {value.tensor} after it; sizes must stay")
        return [*goes_on(values), *values]

    counter, flag = TensorType(DType.I64, ()), TensorType(DType.BOOL, ())
    region = region_of(g, [counter, flag, *types], body, [DType.BOOL, *dtypes])
    (first,) = goes_on(carried)
    loop = Loop(None, g.value(first, DType.BOOL), list(carried), region, tuple(types))
    return tuple(g.add(loop).results)
