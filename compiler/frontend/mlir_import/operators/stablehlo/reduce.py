"""StableHLO's reduce and map: functions of single elements, recognized by their ops or run on whole tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.numbers import integer_range
from mlc.frontend.mlir_import.operators.stablehlo.bodies import apply, names_of, results_of, run_elementwise
from mlc.frontend.mlir_import.operators.stablehlo.elementwise import binary
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import DType, Op, Value
from mlc.ops import (
    ArgMax,
    ArgMin,
    Concat,
    ReduceMax,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Slice,
    constant_value,
)

# For numbers, and for booleans.
_REDUCTIONS: dict[str, tuple[type[Op] | None, type[Op] | None]] = {
    "add": (ReduceSum, ReduceMax),
    "multiply": (ReduceProd, ReduceMin),
    "maximum": (ReduceMax, ReduceMax),
    "minimum": (ReduceMin, ReduceMin),
    "and": (None, ReduceMin),
    "or": (None, ReduceMax),
}


@mlir_op("stablehlo.reduce")
def reduce(
    g: Graph, inputs: Sequence[Value], init_values: Sequence[Value], *, dimensions: tuple[int, ...]
) -> tuple[Value, ...] | Value:
    """Elements along the dimensions put together by the function in the region, beginning with init_values."""
    return one_or_all(_reduced(g, list(inputs), list(init_values), dimensions))


def one_or_all(results: Sequence[Value]) -> tuple[Value, ...] | Value:
    """The results as an operator function returns them."""
    return results[0] if len(results) == 1 else tuple(results)


def _reduced(g: Graph, inputs: list[Value], starts: list[Value], axes: tuple[int, ...]) -> list[Value]:
    block = g.region()
    found = results_of(block, names_of(len(inputs)))
    simple = [simple_function(e, i) for i, e in enumerate(found)]
    if all(name is not None and _reduction(name, x.tensor.dtype) for name, x in zip(simple, inputs, strict=True)):
        return [_by_op(g, str(n), x, s, axes) for n, x, s in zip(simple, inputs, starts, strict=True)]
    if (kind := _picks_extreme(found)) is not None and _counts_along(g, axes) and _is_neutral(kind, starts[0]):
        return _extreme(g, kind, inputs, axes[0])
    return _folded(g, block, inputs, starts, axes)


def simple_function(expression: Any, number: int) -> str | None:
    """The op that alone puts argument `number` of both sides together, or None."""
    for name in _REDUCTIONS:
        if expression == apply(name, f"a{number}", f"b{number}"):
            return name
    return None


def _reduction(name: str, dtype: DType) -> type[Op] | None:
    of_numbers, of_booleans = _REDUCTIONS[name]
    return of_booleans if dtype is DType.BOOL else of_numbers


def _by_op(g: Graph, name: str, x: Value, start: Value, axes: tuple[int, ...]) -> Value:
    op: Any = _reduction(name, x.tensor.dtype)
    # The axes are kept, and dropped by a reshape: what broadcasts the result again puts them back, and both go.
    dims = [d for i, d in enumerate(x.tensor.dims) if i not in axes]
    made = g.reshape(g(op(x, axes=axes)), dims) if axes else x
    return made if _is_neutral(name, start) else binary(g, name, made, start)


def _is_neutral(name: str, start: Value) -> bool:
    """Whether the number that a reduction begins with changes nothing."""
    array = constant_value(start)
    if array is None or array.size != 1:
        return False
    return bool(array.reshape(()).astype(object).item() == neutral(name, start.tensor.dtype))


def neutral(name: str, dtype: DType) -> float:
    """What an op leaves everything as it is with."""
    if name in ("maximum", "minimum"):
        if dtype is DType.BOOL:
            return name == "minimum"
        if dtype.is_float:
            return -math.inf if name == "maximum" else math.inf
        return integer_range(dtype)[0 if name == "maximum" else 1]
    return {"add": 0, "or": 0, "xor": 0, "multiply": 1, "and": 1 if dtype is DType.BOOL else -1}[name]


# --- the place of the largest or smallest ---


def _patterns(strict: str, weak: str) -> list[tuple[Any, Any]]:
    """How exporters spell `the extreme, and the first place of it`: by < and <= for the smallest."""
    is_better = apply(strict, "a0", "b0")
    is_nan = apply("NE", "a0", "a0")
    is_same = apply("EQ", "a0", "b0")
    is_first = apply("and", is_same, apply("LT", "a1", "b1"))
    with_nan = apply("or", is_better, is_nan)
    is_at_least = apply(weak, "a0", "b0")
    value, place = ("a0", "b0"), ("a1", "b1")

    def select(condition: Any, of: tuple[str, str]) -> Any:
        return apply("select", condition, *of)

    return [
        (select(with_nan, value), select(apply("or", with_nan, is_first), place)),
        (select(is_better, value), select(apply("or", is_better, is_first), place)),
        (
            select(is_at_least, value),
            apply("select", is_same, apply("minimum", "a1", "b1"), select(is_at_least, place)),
        ),
        (
            apply("maximum" if strict == "GT" else "minimum", "a0", "b0"),
            apply("select", is_same, apply("minimum", "a1", "b1"), select(is_at_least, place)),
        ),
    ]


_EXTREMES = {"maximum": _patterns("GT", "GE"), "minimum": _patterns("LT", "LE")}


def _picks_extreme(found: tuple[Any, ...]) -> str | None:
    """Whether the function keeps the larger ("maximum") or smaller of two elements with its place."""
    return next((name for name, patterns in _EXTREMES.items() if found in patterns), None)


def _counts_along(g: Graph, axes: tuple[int, ...]) -> bool:
    """Whether the second operand of the reduce in hand counts along its one axis."""
    if len(axes) != 1:
        return False
    value, axis = g.operation.operands[1], axes[0]
    while not isinstance(value.owner, _block_type()):
        op = value.owner
        if op.name in ("stablehlo.iota", "stablehlo.dynamic_iota"):
            return bool(int(op.attributes["iota_dimension"]) == axis)
        if op.name not in ("stablehlo.broadcast_in_dim", "stablehlo.convert", "stablehlo.reshape"):
            return False
        if op.name == "stablehlo.broadcast_in_dim":
            places = list(op.attributes["broadcast_dimensions"])
            if axis not in places:
                return False
            axis = places.index(axis)
        elif op.name == "stablehlo.reshape" and str(op.operands[0].type) != str(op.results[0].type):
            return False
        value = op.operands[0]
    return False


def _block_type() -> Any:
    from torch_mlir import ir

    return ir.Block


def _extreme(g: Graph, kind: str, inputs: list[Value], axis: int) -> list[Value]:
    x, places = inputs
    value, place = (ReduceMax, ArgMax) if kind == "maximum" else (ReduceMin, ArgMin)
    extreme = g(value(x, axes=(axis,), keep_dims=False))
    return [extreme, g.cast(g(place(x, axis=axis, keep_dims=False)), places.tensor.dtype)]


# --- any function ---


def _folded(g: Graph, block: Any, inputs: list[Value], starts: list[Value], axes: tuple[int, ...]) -> list[Value]:
    """The function run on halves of the tensors until one element is left; StableHLO leaves the order open."""
    for axis in sorted(axes, reverse=True):
        count = inputs[0].tensor.dims[axis]
        if not isinstance(count, int):
            raise g.error(f"a function of its own over {inputs[0].type} needs a known extent along axis {axis}")
        inputs = _halved(g, block, inputs, axis, count)
    if any(x.tensor.dims[a] == 0 for x in inputs for a in axes):
        dims = [d for i, d in enumerate(inputs[0].tensor.dims) if i not in axes]
        return [g.expand(s, dims) for s in starts]
    rest = [g.reshape(x, [d for i, d in enumerate(x.tensor.dims) if i not in axes]) for x in inputs]
    shape = rest[0].tensor.dims
    return [g.expand(r, shape) for r in run_elementwise(g, block, [*starts, *rest])]


def _halved(g: Graph, block: Any, inputs: list[Value], axis: int, count: int) -> list[Value]:
    while count > 1:
        half = count // 2
        low, high = ([part(g, x, axis, at, half) for x in inputs] for at in (0, half))
        made = run_elementwise(g, block, [*low, *high])
        if count % 2:
            last = [part(g, x, axis, count - 1, 1) for x in inputs]
            made = [g(Concat([m, v], axis)) for m, v in zip(made, last, strict=True)]
        inputs, count = made, half + count % 2
    return inputs


def part(g: Graph, x: Value, axis: int, start: int, count: int, step: int = 1) -> Value:
    """`count` elements of x from `start` on along the axis."""
    dims = x.tensor.dims
    starts = tuple(start if i == axis else 0 for i in range(len(dims)))
    sizes = tuple(count if i == axis else d for i, d in enumerate(dims))
    return g(Slice(x, starts, sizes, tuple(step if i == axis else 1 for i in range(len(dims)))))


@mlir_op("stablehlo.map", ignores=("dimensions",))
def map_(g: Graph, *inputs: Value) -> Value:
    """The function in the region of each element."""
    (result,) = run_elementwise(g, g.region(), inputs)
    return g.expand(result, inputs[0].tensor.dims)
