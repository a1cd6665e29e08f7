"""Elementwise arithmetic. Operands are converted to the dtype that torch computes in before they meet."""

from __future__ import annotations

from mlc.frontend import quotients
from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import DType, Value
from mlc.ops import (
    Abs,
    Add,
    And,
    Bitcast,
    Cast,
    Ceil,
    Clip,
    Div,
    Equal,
    Floor,
    IsInf,
    IsNan,
    Less,
    Maximum,
    Minimum,
    Mod,
    Mul,
    Neg,
    Or,
    Pow,
    Relu,
    Round,
    Sign,
    Sqrt,
    Sub,
    Where,
)


def operands(g: Graph, x: Value | Scalar, y: Value | Scalar, dtype: DType | None = None) -> tuple[Value, Value]:
    """Both as tensors of the result's dtype, or of the one given."""
    dtype = dtype or g.dtype
    return g.tensor(x, dtype), g.tensor(y, dtype)


@torch_op("aten.add.Tensor", "aten.add.Scalar")
def add(g: Graph, self: Value | Scalar, other: Value | Scalar, alpha: Scalar = 1) -> Value:
    """self + alpha * other; of booleans whether one holds."""
    if g.dtype is DType.BOOL:
        return g(Or(*operands(g, self, other)))
    return g(Add(g.tensor(self, g.dtype), _times(g, other, alpha)))


@torch_op("aten.sub.Tensor", "aten.sub.Scalar")
def sub(g: Graph, self: Value | Scalar, other: Value | Scalar, alpha: Scalar = 1) -> Value:
    """self - alpha * other."""
    return g(Sub(g.tensor(self, g.dtype), _times(g, other, alpha)))


@torch_op("aten.rsub.Tensor", "aten.rsub.Scalar")
def rsub(g: Graph, self: Value | Scalar, other: Value | Scalar, alpha: Scalar = 1) -> Value:
    """other - alpha * self."""
    return g(Sub(g.tensor(other, g.dtype), _times(g, self, alpha)))


def _times(g: Graph, x: Value | Scalar, alpha: Scalar) -> Value:
    value = g.tensor(x, g.dtype)
    return value if alpha == 1 else g(Mul(value, g.scalar(alpha, g.dtype)))


@torch_op("aten.mul.Tensor", "aten.mul.Scalar")
def mul(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """self * other; of booleans whether both hold."""
    x, y = operands(g, self, other)
    return g(And(x, y)) if g.dtype is DType.BOOL else g(Mul(x, y))


@torch_op("aten.div.Tensor", "aten.div.Scalar", "aten.true_divide.Tensor")
def div(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """self / other, a float."""
    return g(Div(*operands(g, self, other)))


@torch_op("aten.div.Tensor_mode", "aten.div.Scalar_mode")
def div_mode(g: Graph, self: Value | Scalar, other: Value | Scalar, rounding_mode: str | None = None) -> Value:
    """self / other, rounded towards zero ("trunc"), down ("floor") or not at all."""
    x, y = operands(g, self, other)
    match rounding_mode:
        case None:
            return g(Div(x, y))
        case "trunc":
            return truncated(g, g(Div(x, y))) if g.dtype.is_float else g(Div(x, y))
        case _:
            return floor_quotient(g, x, y)


@torch_op("aten.floor_divide", "aten.floor_divide.Scalar")
def floor_divide(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """self / other rounded down."""
    return floor_quotient(g, *operands(g, self, other))


def floor_quotient(g: Graph, x: Value, y: Value) -> Value:
    """x / y rounded down, exactly."""
    if not g.dtype.is_float:
        return quotients.floor_quotient(g, x, y)
    # As torch does: the remainder with the sign of x is exact, and what is left divides up to one rounding.
    remainder = g(Mod(x, y, sign_of="dividend"))
    quotient = g(Div(g(Sub(x, remainder)), y))
    zero, one = g.scalar(0, g.dtype), g.scalar(1, g.dtype)
    is_inexact = g(Less(zero, g(Abs(remainder))))
    has_other_sign = g(Less(g(Mul(g(Sign(remainder)), g(Sign(y)))), zero))
    quotient = g(Where(g(And(is_inexact, has_other_sign)), g(Sub(quotient, one)), quotient))
    floor = g(Floor(quotient))
    half = g.scalar(0.5, g.dtype)
    nearest = g(Where(g(Less(half, g(Sub(quotient, floor)))), g(Add(floor, one)), floor))
    plain = g(Div(x, y))
    signed = g(Where(g(Equal(nearest, zero)), g(Mul(plain, zero)), nearest))  # a zero has the sign of x / y
    return g(Where(g(Equal(y, zero)), plain, signed))


@torch_op("aten.remainder.Tensor", "aten.remainder.Scalar", "aten.remainder.Scalar_Tensor")
def remainder(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """What is left of self / other, with the sign of other; a zero with that of self."""
    x, y = operands(g, self, other)
    left = g(Mod(x, y))
    if not g.dtype.is_float:
        return left
    zero = g.scalar(0, g.dtype)
    return g(Where(g(Equal(left, zero)), g(Mul(x, zero)), left))


@torch_op("aten.fmod.Tensor", "aten.fmod.Scalar")
def fmod(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """What is left of self / other, with the sign of self."""
    x, y = operands(g, self, other)
    return g(Mod(x, y, sign_of="dividend"))


@torch_op("aten.pow.Tensor_Tensor", "aten.pow.Tensor_Scalar", "aten.pow.Scalar")
def pow_(g: Graph, self: Value | Scalar, exponent: Value | Scalar) -> Value:
    """self to the power exponent."""
    if isinstance(self, Value) and not isinstance(exponent, Value) and g.dtype.is_float:
        x = g.cast(self, g.dtype)
        if exponent == 2:
            return g(Mul(x, x))
        if exponent == 3:
            return g(Mul(g(Mul(x, x)), x))
        if exponent == 1:
            return x
        # A root, where the power of -inf would be inf; and reciprocals, as torch takes them.
        if exponent in (0.5, -0.5):
            root = g(Sqrt(x))
            return root if exponent > 0 else g(Div(g.scalar(1, g.dtype), root))
        if exponent in (-1, -2):
            return g(Div(g.scalar(1, g.dtype), x if exponent == -1 else g(Mul(x, x))))
    return g(Pow(*operands(g, self, exponent)))


@torch_op("aten.square")
def square(g: Graph, self: Value) -> Value:
    """self * self."""
    return g(Mul(self, self))


@torch_op("aten.neg", "aten.negative")
def neg(g: Graph, self: Value) -> Value:
    """-self."""
    return g(Neg(self))


@torch_op("aten.abs")
def abs_(g: Graph, self: Value) -> Value:
    """|self|."""
    return self if self.tensor.dtype is DType.BOOL else g(Abs(self))


@torch_op("aten.sign", "aten.sgn")
def sign(g: Graph, self: Value) -> Value:
    """-1, 0 or 1, and 0 for NaN."""
    if self.tensor.dtype is DType.BOOL:
        return self
    result = g(Sign(self))
    return _zero_for_nan(g, self, result) if self.tensor.dtype.is_float else result


def _zero_for_nan(g: Graph, x: Value, result: Value) -> Value:
    return g(Where(g(IsNan(x)), g.scalar(0, x.tensor.dtype), result))


@torch_op("aten.relu")
def relu(g: Graph, self: Value) -> Value:
    """max(self, 0)."""
    return g(Relu(self))


@torch_op("aten.clamp", "aten.clamp.Tensor", "aten.clip", "aten.clip.Tensor")
def clamp(g: Graph, self: Value, min: Value | Scalar | None = None, max: Value | Scalar | None = None) -> Value:
    """min(max(self, min), max); NaN in any of them stays."""
    x = g.cast(self, g.dtype)
    if isinstance(min, Value) or isinstance(max, Value):
        x = x if min is None else g(Maximum(x, g.tensor(min, g.dtype)))
        return x if max is None else g(Minimum(x, g.tensor(max, g.dtype)))
    low, high = (None if bound is None else g.scalar(bound, g.dtype) for bound in (min, max))
    return g(Clip(x, low, high))


@torch_op("aten.clamp_min", "aten.clamp_min.Tensor")
def clamp_min(g: Graph, self: Value, min: Value | Scalar) -> Value:
    """max(self, min)."""
    return g(Maximum(*operands(g, self, min)))


@torch_op("aten.clamp_max", "aten.clamp_max.Tensor")
def clamp_max(g: Graph, self: Value, max: Value | Scalar) -> Value:
    """min(self, max)."""
    return g(Minimum(*operands(g, self, max)))


@torch_op("aten.hardtanh")
def hardtanh(g: Graph, self: Value, min_val: Scalar = -1, max_val: Scalar = 1) -> Value:
    """self kept between min_val and max_val."""
    return g(Clip(self, g.scalar(min_val, g.dtype), g.scalar(max_val, g.dtype)))


@torch_op("aten.relu6")
def relu6(g: Graph, self: Value) -> Value:
    """self kept between 0 and 6."""
    return hardtanh(g, self, 0, 6)


@torch_op("aten.maximum", "aten.max.other")
def maximum(g: Graph, self: Value, other: Value) -> Value:
    """The larger of both; NaN when either is."""
    x, y = operands(g, self, other)
    return g(Or(x, y)) if g.dtype is DType.BOOL else g(Maximum(x, y))


@torch_op("aten.fmax")
def fmax(g: Graph, self: Value, other: Value) -> Value:
    """The larger of both, or the one that is no NaN."""
    x, y = operands(g, self, other)
    return _without_nan(g, x, y, maximum(g, self, other))


@torch_op("aten.fmin")
def fmin(g: Graph, self: Value, other: Value) -> Value:
    """The smaller of both, or the one that is no NaN."""
    x, y = operands(g, self, other)
    return _without_nan(g, x, y, minimum(g, self, other))


def _without_nan(g: Graph, x: Value, y: Value, result: Value) -> Value:
    if not g.dtype.is_float:
        return result
    return g(Where(g(IsNan(x)), y, g(Where(g(IsNan(y)), x, result))))


@torch_op("aten.hypot")
def hypot(g: Graph, self: Value, other: Value) -> Value:
    """sqrt(self^2 + other^2) without overflow: the larger times the root of 1 + the square of their ratio."""
    x, y = (g(Abs(v)) for v in operands(g, self, other))
    zero, one = g.scalar(0, g.dtype), g.scalar(1, g.dtype)
    small, large = g(Minimum(x, y)), g(Maximum(x, y))
    ratio = g(Where(g(Equal(small, zero)), small, g(Div(small, large))))
    size = g(Mul(large, g(Sqrt(g(Add(one, g(Mul(ratio, ratio))))))))
    infinite = g(Or(g(IsInf(x)), g(IsInf(y))))
    return g(Where(infinite, g.scalar(float("inf"), g.dtype), size))


@torch_op("aten.minimum", "aten.min.other")
def minimum(g: Graph, self: Value, other: Value) -> Value:
    """The smaller of both; NaN when either is."""
    x, y = operands(g, self, other)
    return g(And(x, y)) if g.dtype is DType.BOOL else g(Minimum(x, y))


@torch_op("aten.where.self", "aten.where.ScalarSelf", "aten.where.ScalarOther", "aten.where.Scalar")
def where(g: Graph, condition: Value, self: Value | Scalar, other: Value | Scalar) -> Value:
    """self where the condition holds, else other."""
    return g(Where(g.cast(condition, DType.BOOL), *operands(g, self, other)))


@torch_op("aten.floor")
def floor(g: Graph, self: Value) -> Value:
    """The largest integer <= self."""
    return g(Floor(self)) if g.dtype.is_float else self


@torch_op("aten.ceil")
def ceil(g: Graph, self: Value) -> Value:
    """The smallest integer >= self."""
    return g(Ceil(self)) if g.dtype.is_float else self


@torch_op("aten.round", "aten.round.decimals")
def round_(g: Graph, self: Value, decimals: int = 0) -> Value:
    """The nearest number of that many decimals, the even one of two."""
    if not g.dtype.is_float:
        if decimals:
            raise g.error(f"argument decimals={decimals} of integers is not supported")
        return self
    if decimals == 0:
        return g(Round(self))
    scale = g.scalar(10.0 ** abs(decimals), g.dtype)
    if decimals > 0:
        return g(Div(g(Round(g(Mul(self, scale)))), scale))
    return g(Mul(g(Round(g(Div(self, scale)))), scale))


@torch_op("aten.trunc", "aten.fix")
def trunc(g: Graph, self: Value) -> Value:
    """self rounded towards zero."""
    return truncated(g, self) if g.dtype.is_float else self


def truncated(g: Graph, x: Value) -> Value:
    """A float x rounded towards zero; the sign of a zero is that of x."""
    is_negative = g(Less(x, g.scalar(0, x.tensor.dtype)))
    return g(Where(is_negative, g(Ceil(x)), g(Floor(x))))


@torch_op("aten.frac")
def frac(g: Graph, self: Value) -> Value:
    """self less its whole part."""
    return g(Sub(self, truncated(g, self)))


@torch_op("aten.reciprocal")
def reciprocal(g: Graph, self: Value) -> Value:
    """1 / self."""
    return g(Div(*operands(g, 1, self)))


@torch_op("aten.rsqrt")
def rsqrt(g: Graph, self: Value) -> Value:
    """1 / sqrt(self)."""
    x = g.cast(self, g.dtype)
    return g(Div(g.scalar(1, g.dtype), g(Sqrt(x))))


@torch_op("aten.copysign.Tensor", "aten.copysign.Scalar")
def copysign(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """|self| with the sign of other."""
    x, y = operands(g, self, other)
    size = g(Abs(x))
    return g(Where(is_signed(g, y), g(Neg(size)), size))


def is_signed(g: Graph, x: Value) -> Value:
    """Whether the sign bit of a float x is set: true for -0 too."""
    bits = {2: DType.I16, 4: DType.I32, 8: DType.I64}[x.tensor.dtype.itemsize]
    return g(Less(g(Bitcast(x, bits)), g.scalar(0, bits)))


@torch_op("aten.lerp.Tensor", "aten.lerp.Scalar")
def lerp(g: Graph, self: Value, end: Value, weight: Value | Scalar) -> Value:
    """self + weight * (end - self), from the nearer end as torch computes it."""
    w = g.tensor(weight, g.dtype)
    difference = g(Sub(end, self))
    near = g(Add(self, g(Mul(w, difference))))
    far = g(Sub(end, g(Mul(difference, g(Sub(g.scalar(1, g.dtype), w))))))
    return g(Where(g(Less(g(Abs(w)), g.scalar(0.5, g.dtype))), near, far))


@torch_op("aten.addcmul")
def addcmul(g: Graph, self: Value, tensor1: Value, tensor2: Value, value: Scalar = 1) -> Value:
    """self + value * tensor1 * tensor2."""
    product = mul(g, tensor1, tensor2)
    return g(Add(g.cast(self, g.dtype), _times(g, product, value)))


@torch_op("aten.addcdiv")
def addcdiv(g: Graph, self: Value, tensor1: Value, tensor2: Value, value: Scalar = 1) -> Value:
    """self + value * tensor1 / tensor2."""
    quotient = g(Div(*operands(g, tensor1, tensor2)))
    return g(Add(g.cast(self, g.dtype), _times(g, quotient, value)))


@torch_op("aten.threshold")
def threshold(g: Graph, self: Value, threshold: Scalar, value: Scalar) -> Value:
    """self where it is above the threshold, else the value; NaN stays."""
    is_below = g(Less(self, g.scalar(threshold, g.dtype)))
    is_at = g(Equal(self, g.scalar(threshold, g.dtype)))
    return g(Where(g(Or(is_below, is_at)), g.scalar(value, g.dtype), self))


@torch_op(
    "aten._to_copy",
    "aten.to.dtype",
    "aten.to.dtype_layout",
    "aten.type_as",
    "prims.convert_element_type",
    ignores=("copy", "other", "dtype"),
)
def convert(g: Graph, self: Value | None = None, a: Value | None = None) -> Value:
    """The tensor with the elements of the result's dtype."""
    x = self or a
    assert x is not None
    return g(Cast(x, g.dtype)) if x.tensor.dtype is not g.dtype else x


@torch_op(
    "aten.clone", "aten.alias", "aten.detach", "aten.contiguous", "aten.lift_fresh", "aten.lift_fresh_copy",
    "aten.positive",
)  # fmt: skip
def clone(g: Graph, self: Value) -> Value:
    """The tensor itself: values never change here."""
    return self


@torch_op("aten.dropout", ignores=("p",))
def dropout(g: Graph, input: Value, train: bool) -> Value:
    """The input itself, outside of training."""
    if train:
        raise g.error("draws random numbers in training mode; call eval() on the model")
    return input


@torch_op("aten.native_dropout", ignores=("p",))
def native_dropout(g: Graph, input: Value, train: bool | None) -> tuple[Value, Value]:
    """The input and a mask that keeps everything, outside of training."""
    if train or train is None:
        raise g.error("draws random numbers in training mode; call eval() on the model")
    kept = g.scalar(True, DType.BOOL)
    return input, g.expand(kept, input.tensor.dims)


@torch_op("aten.copy", ignores=("non_blocking",))
def copy(g: Graph, self: Value, src: Value) -> Value:
    """src in the shape and dtype of self."""
    return g.expand(g.cast(src, self.tensor.dtype), self.tensor.dims)
