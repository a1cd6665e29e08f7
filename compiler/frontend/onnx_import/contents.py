"""What small integer tensors hold, as far as it is known while importing: shapes, axes, pads computed by the model.

Models compute shapes with ordinary nodes: Shape, Gather, Mul, Concat, Reshape. `Contents` follows those ops back to
constants and to the dims of values, so that a shape over symbolic dims is known as expressions of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mlc.errors import CompileError
from mlc.ir import Array, Dim, DimExpr, DType, Op, Purity, TensorType, Value
from mlc.ir.dims import floordiv, lower_bound, maximum, minimum, mod
from mlc.ops import Constant

# Shape arithmetic is on vectors of at most a rank's length; 64 leaves room for pads and index tables.
ELEMENT_LIMIT = 64


class Contents:
    """Contents of values, each found once. An array holds plain numbers, or an object array ints and DimExprs."""

    def __init__(self) -> None:
        self._known: dict[Value, Array | None] = {}

    def of(self, value: Value) -> Array | None:
        """The contents of a small tensor, or None where they are known only at run time."""
        pending = [value]
        while pending:
            current = pending[-1]
            if current in self._known:
                pending.pop()
                continue
            op = current.op
            missing = [] if op is None or not _is_followed(op, current) else _unknown_operands(op, self._known)
            if missing:
                pending.extend(missing)
                continue
            self._known[current] = None if op is None else self._evaluated(op, current)
            pending.pop()
        return self._known[value]

    def dims(self, value: Value) -> tuple[Dim, ...] | None:
        """The contents of an integer vector or scalar as dims."""
        array = self.of(value)
        if array is None or array.ndim > 1 or not (array.dtype == object or array.dtype.kind in "iu"):
            return None
        flat = array.reshape(-1)
        if not all(isinstance(d, int | np.integer | DimExpr) for d in flat):
            return None
        return tuple(d if isinstance(d, DimExpr) else int(d) for d in flat)

    def _evaluated(self, op: Op, value: Value) -> Array | None:
        if not _is_followed(op, value):
            return None
        if op.name in _FROM_TYPES:
            return _plain(_FROM_TYPES[op.name](op))
        arguments: list[Any] = []
        for field in op.operand_fields():
            if isinstance(field, list):
                arguments.append([self._known[v] for v in field])
            else:
                arguments.append(None if field is None else self._known[field])
        flat = [a for argument in arguments for a in (argument if isinstance(argument, list) else [argument])]
        if any(self._known[v] is None for v in op.operands):
            return None
        if not any(a is not None and a.dtype == object for a in flat):
            return _concrete(op, arguments, value.index)
        rule = _SYMBOLIC.get(op.name)
        return None if rule is None else _plain(rule(op, *arguments))


def _is_followed(op: Op, value: Value) -> bool:
    if isinstance(op, Constant):
        return op.value.size <= ELEMENT_LIMIT
    if op.name in _FROM_TYPES:
        return True
    type = value.type
    if op.purity is Purity.RANDOM or op.regions or not isinstance(type, TensorType) or not type.is_static:
        return False
    count = type.element_count
    small = isinstance(count, int) and count <= ELEMENT_LIMIT and type.dtype is not DType.STRING
    return small and all(_may_be_known(v) for v in op.operands)


def _may_be_known(value: Value) -> bool:
    return isinstance(value.type, TensorType) and value.op is not None


def _unknown_operands(op: Op, known: dict[Value, Array | None]) -> list[Value]:
    return [] if isinstance(op, Constant) or op.name in _FROM_TYPES else [v for v in op.operands if v not in known]


def _concrete(op: Op, arguments: list[Any], index: int) -> Array | None:
    try:
        result = op.evaluate(*arguments)
    except (CompileError, ZeroDivisionError, IndexError):
        return None  # it fails the same way when the model runs, which is where the model's error belongs
    return np.asarray(result[index] if isinstance(result, tuple) else result)


def _plain(array: Array | None) -> Array | None:
    """An object array without symbols becomes int64 (a list of bools stays bool)."""
    if array is None or array.dtype != object or any(isinstance(d, DimExpr) for d in array.reshape(-1)):
        return array
    is_bool = array.size and all(isinstance(d, bool | np.bool_) for d in array.reshape(-1))
    return array.astype(np.bool_ if is_bool else np.int64)


def _shape_dims(op: Op) -> Array | None:
    source = op.operands[0].type
    if not isinstance(source, TensorType) or source.shape is None:
        return None
    dims = np.empty(len(source.shape), object)
    dims[:] = source.shape
    start, end = op.attributes.get("start", 0), op.attributes.get("end")
    return np.asarray(dims[start:end])


def _elementwise(function: Callable[[Any, Any], Any]) -> Callable[..., Array | None]:
    vectorized = np.frompyfunc(function, 2, 1)

    def rule(op: Op, x: Array, y: Array) -> Array | None:
        x, y = x.astype(object), y.astype(object)
        result = np.asarray(vectorized(x, y), object)
        return None if any(d is None for d in result.reshape(-1)) else result

    return rule


def _quotient(x: Dim, y: Dim) -> Dim | None:
    """ONNX divides towards zero, which is floordiv where neither side can be negative."""
    return floordiv(x, y) if _is_natural(x) and _is_positive(y) else None


def _remainder(x: Dim, y: Dim) -> Dim | None:
    return mod(x, y) if _is_natural(x) and _is_positive(y) else None


def _is_natural(x: Dim) -> bool:
    low = lower_bound(x)
    return low is not None and low >= 0


def _is_positive(x: Dim) -> bool:
    # A symbol that is 0 at run time divides by zero there, in the op itself as in the dim.
    return x != 0 and _is_natural(x)


def _is_equal(x: Dim, y: Dim) -> bool | None:
    """Whether two dims are equal; None when it depends on the symbols."""
    difference = x - y
    if isinstance(difference, int):
        return difference == 0
    lows = (lower_bound(difference), lower_bound(-1 * difference))
    return False if any(low is not None and low > 0 for low in lows) else None


def _is_less(x: Dim, y: Dim) -> bool | None:
    difference = y - x
    if isinstance(difference, int):
        return difference > 0
    low, negated = lower_bound(difference), lower_bound(-1 * difference)
    if low is not None and low > 0:
        return True
    return False if negated is not None and negated >= 0 else None


def _by_evaluate(op: Op, *arguments: Any) -> Array | None:
    """For ops that only move elements: their evaluate is right for elements of any kind."""
    result = op.evaluate(*arguments)
    return np.asarray(result, object)


def _where(op: Op, condition: Array, x: Array, y: Array) -> Array | None:
    if condition.dtype == object:
        return None
    return np.where(condition, x.astype(object), y.astype(object))


def _cast(op: Op, x: Array) -> Array | None:
    type = op.results[0].tensor
    return x if type.dtype in (DType.I64, DType.I32, DType.U64, DType.U32) else None


def _product(op: Op, x: Array, axes: Array | None = None) -> Array | None:
    keep = bool(op.attributes.get("keep_dims", False))
    if x.ndim > 1:
        return None
    total: Any = 1
    for d in x.reshape(-1):
        total = d * total
    result = np.empty((1,) * x.ndim if keep else (), object)
    result[...] = total
    return result


_FROM_TYPES: dict[str, Callable[[Op], Array | None]] = {"mlc.shape": _shape_dims}
_MOVES = ("reshape", "transpose", "expand", "concat", "slice", "gather", "tile", "squeeze", "unsqueeze", "identity")
_SYMBOLIC: dict[str, Callable[..., Array | None]] = {
    **{f"mlc.{name}": _by_evaluate for name in _MOVES},
    "mlc.add": _elementwise(lambda x, y: x + y),
    "mlc.sub": _elementwise(lambda x, y: x - y),
    "mlc.mul": _elementwise(lambda x, y: x * y),
    "mlc.div": _elementwise(_quotient),
    "mlc.mod": _elementwise(_remainder),
    "mlc.min": _elementwise(minimum),
    "mlc.max": _elementwise(maximum),
    "mlc.minimum": _elementwise(minimum),
    "mlc.maximum": _elementwise(maximum),
    "mlc.equal": _elementwise(_is_equal),
    "mlc.less": _elementwise(_is_less),
    "mlc.where": _where,
    "mlc.cast": _cast,
    "mlc.reduce_prod": _product,
}
