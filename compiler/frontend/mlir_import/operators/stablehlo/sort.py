"""StableHLO's sort, by comparators that are recognized: one key or several, up or down, with the others in tow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.bits import in_total_order
from mlc.frontend.mlir_import.operators.stablehlo.bodies import apply, listed, pairs_of, results_of
from mlc.frontend.mlir_import.operators.stablehlo.reduce import one_or_all
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import DType, Value
from mlc.ops import GatherElements, TopK


@dataclass(frozen=True)
class Key:
    """Operand `number` decides; `is_total` where NaN and -0 are not made one first."""

    number: int
    is_descending: bool
    is_total: bool


@mlir_op("stablehlo.sort", ignores=("is_stable",))
def sort(g: Graph, *inputs: Value, dimension: int = -1) -> tuple[Value, ...] | Value:
    """The slices of all inputs along the axis, in the order that the comparator gives; equal ones stay in theirs."""
    (found,) = results_of(g.region(), pairs_of(len(inputs)))
    keys = _keys(found, len(inputs))
    if keys is None:
        raise g.error(f"a comparator of {listed(g.region())} is not supported, only < or > of one key after another")
    axis = dimension % inputs[0].tensor.rank
    is_total = _compares_bits(g)
    values = list(inputs)
    for key in reversed(keys):  # by the last key first: each later pass keeps what it finds equal in order
        values = _sorted(g, values, Key(key.number, key.is_descending, key.is_total and is_total), axis)
    return one_or_all(values)


def _sorted(g: Graph, values: list[Value], key: Key, axis: int) -> list[Value]:
    x = values[key.number]
    by = g.cast(x, DType.I8) if x.tensor.dtype is DType.BOOL else x
    if key.is_total and x.tensor.dtype.is_float:
        by = in_total_order(g, x)
    best = g.add(TopK(by, k=x.tensor.dims[axis], axis=axis, is_largest=key.is_descending)).results
    made = []
    for number, value in enumerate(values):
        is_itself = number == key.number and by is x
        made.append(best[0] if is_itself else g(GatherElements(value, best[1], axis)))
    return made


def _keys(found: Any, count: int) -> list[Key] | None:
    """The keys of a comparator: `a < b`, or `a < b or (a == b and <the next keys>)`."""
    if (single := _key(found, count)) is not None:
        return [single]
    if not isinstance(found, tuple) or found[0] != "or":
        return None
    for first, rest in (found[1:], found[:0:-1]):
        key = _key(first, count)
        if key is None or not isinstance(rest, tuple) or rest[0] != "and":
            continue
        for same, then in (rest[1:], rest[:0:-1]):
            if same[0] == "EQ" and same == apply("EQ", *first[1:]) and (others := _keys(then, count)) is not None:
                return [key, *others]
    return None


def _key(found: Any, count: int) -> Key | None:
    """Of `a < b` or its mirror image, where both sides may be made one first."""
    if not isinstance(found, tuple) or found[0] != "LT":
        return None
    x, y = (_without_making_one(side) for side in found[1:])
    is_total = (x, y) == found[1:]
    for number in range(count):
        a, b = f"a{number}", f"b{number}"
        if (x, y) in ((a, b), (b, a)):
            return Key(number, (x, y) == (b, a), is_total)
    return None


def _without_making_one(side: Any) -> Any:
    """x of `select(x != x, NaN, select(x == 0, 0, x))`, which makes all NaN and both zeros equal, as TopK has them."""
    match side:
        case ("select", ("NE", x, same), ("constant", "nan"), inner) if x == same:
            return x if _without_making_one(inner) == x else side
        case ("select", ("EQ", *operands), ("constant", "0.0"), x) if (
            sorted([x, ("constant", "0.0")], key=repr) == operands
        ):
            return x
    return side


def _compares_bits(g: Graph) -> bool:
    """Whether the comparator compares floats by IEEE 754's totalOrder."""
    compares = [o.operation for o in g.region().operations if o.operation.name == "stablehlo.compare"]
    return any("TOTALORDER" in str(o.attributes["compare_type"]) for o in compares if "compare_type" in o.attributes)
