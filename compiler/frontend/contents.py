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
from mlc.ir.dims import floordiv, lower_bound, maximum, minimum, mod, product
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
            return _plain(_FROM_TYPES[op.name](op), value)
        arrays = [self._known[v] for v in op.operands]
        if any(a is None for a in arrays):
            return None
        if not any(a is not None and _is_symbolic(a) for a in arrays):
            return _plain(_concrete(op, self._arguments(op), value.index), value)
        rule = _SYMBOLIC.get(op.name)
        return None if rule is None else _plain(rule(op, *self._arguments(op)), value)

    def _arguments(self, op: Op) -> list[Any]:
        return [
            [self._known[v] for v in field]
            if isinstance(field, list)
            else None
            if field is None
            else self._known[field]
            for field in op.operand_fields()
        ]


def _is_followed(op: Op, value: Value) -> bool:
    if isinstance(op, Constant):
        return op.value.size <= ELEMENT_LIMIT
    if op.name in _FROM_TYPES:
        return True
    type = value.type
    if op.purity is Purity.RANDOM or op.regions or not isinstance(type, TensorType) or not type.is_static:
        return False
    count = type.element_count
    if not isinstance(count, int) or count > ELEMENT_LIMIT or type.dtype is DType.STRING:
        return False
    has_symbols = any(isinstance(d, DimExpr) for a in op.attributes.values() for d in (a if _is_tuple(a) else (a,)))
    return not has_symbols and all(isinstance(v.type, TensorType) and v.op is not None for v in op.operands)


def _is_tuple(attribute: object) -> bool:
    return isinstance(attribute, tuple)


def _is_symbolic(array: Array) -> bool:
    return array.dtype == object and any(isinstance(d, DimExpr) for d in array.reshape(-1))


def _unknown_operands(op: Op, known: dict[Value, Array | None]) -> list[Value]:
    return [] if isinstance(op, Constant) or op.name in _FROM_TYPES else [v for v in op.operands if v not in known]


def _concrete(op: Op, arguments: list[Any], index: int) -> Array | None:
    try:
        with np.errstate(all="ignore"):
            result = op.evaluate(*arguments)
    except (CompileError, ArithmeticError, IndexError, ValueError):
        return None  # it fails the same way when the model runs, which is where that error belongs
    return np.asarray(result[index] if isinstance(result, tuple) else result)


def _plain(array: Array | None, value: Value) -> Array | None:
    """The array with the value's own elements where it holds no symbols."""
    if array is None or _is_symbolic(array):
        return array
    return array.astype(value.tensor.dtype.numpy)


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


def _moved(op: Op, x: Array, shape: Array | None = None) -> Array | None:
    return x.reshape(op.results[0].tensor.static_shape)


def _broadcast(op: Op, x: Array, shape: Array | None = None) -> Array | None:
    return np.broadcast_to(x, op.results[0].tensor.static_shape)


def _joined(op: Op, xs: list[Array]) -> Array | None:
    return np.asarray(op.evaluate([x.astype(object) for x in xs]))


def _alone(op: Op, x: Array) -> Array | None:
    return np.asarray(op.evaluate(x))


def _gathered(op: Op, x: Array, indices: Array) -> Array | None:
    return None if _is_symbolic(indices) else _concrete(op, [x, indices], 0)


def _negated(op: Op, x: Array) -> Array | None:
    return np.asarray(np.frompyfunc(lambda d: -1 * d, 1, 1)(x), object)


def _where(op: Op, condition: Array, x: Array, y: Array) -> Array | None:
    if condition.dtype == object:
        return None
    return np.where(condition, x.astype(object), y.astype(object))


def _cast(op: Op, x: Array) -> Array | None:
    type = op.results[0].tensor
    return x if type.dtype in (DType.I64, DType.I32, DType.U64, DType.U32) else None


def _product(op: Op, x: Array, axes: Array | None = None) -> Array | None:
    if x.ndim > 1:
        return None
    result = np.empty(op.results[0].tensor.static_shape, object)
    result[...] = product(list(x.reshape(-1)))
    return result if result.size == 1 else None


_FROM_TYPES: dict[str, Callable[[Op], Array | None]] = {"mlc.shape": _shape_dims}
_SYMBOLIC: dict[str, Callable[..., Array | None]] = {
    "mlc.reshape": _moved,
    "mlc.expand": _broadcast,
    "mlc.concat": _joined,
    "mlc.transpose": _alone,
    "mlc.slice": _alone,
    "mlc.gather": _gathered,
    "mlc.add": _elementwise(lambda x, y: x + y),
    "mlc.sub": _elementwise(lambda x, y: x - y),
    "mlc.mul": _elementwise(lambda x, y: x * y),
    "mlc.div": _elementwise(_quotient),
    "mlc.mod": _elementwise(_remainder),
    "mlc.minimum": _elementwise(minimum),
    "mlc.maximum": _elementwise(maximum),
    "mlc.equal": _elementwise(_is_equal),
    "mlc.less": _elementwise(_is_less),
    "mlc.neg": _negated,
    "mlc.where": _where,
    "mlc.cast": _cast,
    "mlc.reduce_prod": _product,
}
