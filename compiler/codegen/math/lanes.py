"""The small vocabulary the math functions are written in: constants, bits, selects, polynomials.

Everything here takes a scalar or a vector `ir.Value` and emits the same operations for both, so that a
scalar tail computes the same bits as a vector lane. Used by mlc.codegen.math alone, but for Splat.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from llvmlite import ir

_FEATURES = "mlc.features"


@dataclass(frozen=True)
class Format:
    """An IEEE 754 binary format: its width, its stored mantissa bits and its exponent bias."""

    bits: int
    mantissa_bits: int
    bias: int

    @property
    def sign_mask(self) -> int:
        """The sign bit alone."""
        return 1 << (self.bits - 1)

    @property
    def abs_mask(self) -> int:
        """Every bit but the sign."""
        return self.sign_mask - 1

    @property
    def mantissa_mask(self) -> int:
        """The stored mantissa bits."""
        return (1 << self.mantissa_bits) - 1

    @property
    def infinity_bits(self) -> int:
        """The bits of +inf: the exponent full, the mantissa zero."""
        return (2 * self.bias + 1) << self.mantissa_bits

    @property
    def min_normal(self) -> float:
        """The smallest positive number that is not subnormal."""
        return 2.0 ** (1 - self.bias)


F32 = Format(32, 23, 127)
F64 = Format(64, 52, 1023)


def declare_features(module: ir.Module, features: Iterable[str]) -> None:
    """States the LLVM target features ("fma", "f16c", ...) the functions emitted into module may rely on.

    Call it once, before any function is emitted. It is kept in the module's text as named metadata; a
    module without it gets code that is right on any x86-64 with SSE4.1.
    """
    named = module.add_named_metadata(_FEATURES)
    for feature in sorted(set(features)):
        named.add(module.add_metadata([ir.MetaDataString(module, feature)]))


def has_feature(b: ir.IRBuilder, feature: str) -> bool:
    """Whether declare_features named feature for the module b writes into."""
    named = b.module.namedmetadata.get(_FEATURES)
    if named is None:
        return False
    return any(node.operands[0].string == feature for node in named.operands)


def lane_count(ty: ir.Type) -> int | None:
    """The number of lanes of a vector type; None for a scalar type."""
    return ty.count if isinstance(ty, ir.VectorType) else None


def scalar_type(ty: ir.Type) -> ir.Type:
    """The lane type of a vector type, or the scalar type itself."""
    return ty.element if isinstance(ty, ir.VectorType) else ty


def with_lanes(ty: ir.Type, scalar: ir.Type) -> ir.Type:
    """scalar with as many lanes as ty."""
    return ir.VectorType(scalar, ty.count) if isinstance(ty, ir.VectorType) else scalar


def format_of(x: ir.Value) -> Format:
    """F32 or F64; raises AssertionError for any other lane type, which no caller may pass."""
    match scalar_type(x.type):
        case ir.FloatType():
            return F32
        case ir.DoubleType():
            return F64
        case other:
            raise AssertionError(f"vector math is for float and double, not {other}")


def int_type(ty: ir.Type) -> ir.Type:
    """Integers as wide as the floats of ty, with as many lanes."""
    return with_lanes(ty, ir.IntType(64 if isinstance(scalar_type(ty), ir.DoubleType) else 32))


def splat(ty: ir.Type, value: float | int) -> ir.Constant:
    """The constant of type ty with value in every lane; floats are rounded to the lane type."""
    scalar = ir.Constant(scalar_type(ty), value)
    if lane_count(ty) is None:
        return scalar
    return Splat(ty, scalar)


class Splat(ir.Constant):  # type: ignore[misc]
    """A vector with scalar in every lane, printed in LLVM's short form: the long one repeats it for each."""

    def _get_reference(self) -> str:
        return f"splat ({self.constant[0]})"


def constant(x: ir.Value, value: float | int) -> ir.Constant:
    """value in the type of x."""
    return splat(x.type, value)


def intrinsic(b: ir.IRBuilder, name: str, result: ir.Type, args: Sequence[ir.Value]) -> ir.Value:
    """A call of the overloaded LLVM intrinsic name, overloaded on the type of its first argument."""
    full_name = f"llvm.{name}.{_mangled(args[0].type)}"
    function = b.module.globals.get(full_name)
    if function is None:
        function = ir.Function(b.module, ir.FunctionType(result, [a.type for a in args]), full_name)
    return b.call(function, args)


def _mangled(ty: ir.Type) -> str:
    scalar = scalar_type(ty)
    match scalar:
        case ir.FloatType():
            name = "f32"
        case ir.DoubleType():
            name = "f64"
        case ir.IntType():
            name = f"i{scalar.width}"
        case other:
            raise AssertionError(f"no intrinsic is overloaded on {other} here")
    count = lane_count(ty)
    return name if count is None else f"v{count}{name}"


def fma(b: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
    """x * y + z: rounded once where the target has FMA, and after each step where it has not.

    Without the hardware instruction llvm.fma is a call of libm, so it is never emitted there.
    """
    if has_feature(b, "fma"):
        return intrinsic(b, "fma", x.type, [x, y, z])
    return b.fadd(b.fmul(x, y), z)


def polynomial(b: ir.IRBuilder, z: ir.Value, coefficients: Sequence[float]) -> ir.Value:
    """The polynomial with these coefficients, lowest power first, at z by Horner's rule."""
    result: ir.Value = constant(z, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        result = fma(b, result, z, constant(z, c))
    return result


def bits(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The bit patterns of floats x, as integers of the same width."""
    return b.bitcast(x, int_type(x.type))


def from_bits(b: ir.IRBuilder, pattern: ir.Value) -> ir.Value:
    """The floats whose bit patterns are the 32- or 64-bit integers pattern."""
    width = scalar_type(pattern.type).width
    return b.bitcast(pattern, with_lanes(pattern.type, ir.FloatType() if width == 32 else ir.DoubleType()))


def absolute(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """|x|, also of NaN and -0."""
    return intrinsic(b, "fabs", x.type, [x])


def sign_bit(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The bit pattern of x with all but the sign cleared."""
    pattern = bits(b, x)
    return b.and_(pattern, constant(pattern, format_of(x).sign_mask))


def with_sign_flipped_by(b: ir.IRBuilder, x: ir.Value, sign: ir.Value) -> ir.Value:
    """x, negated where the sign bit of the pattern sign is set."""
    return from_bits(b, b.xor(bits(b, x), sign))


def at_most(b: ir.IRBuilder, x: ir.Value, limit: float) -> ir.Value:
    """min(x, limit), NaN where x is NaN."""
    bound = constant(x, limit)
    return b.select(b.fcmp_ordered(">", x, bound), bound, x)


def at_least(b: ir.IRBuilder, x: ir.Value, limit: float) -> ir.Value:
    """max(x, limit), NaN where x is NaN."""
    bound = constant(x, limit)
    return b.select(b.fcmp_ordered("<", x, bound), bound, x)


def round_to_int(b: ir.IRBuilder, scaled: Callable[[ir.Value], ir.Value], like: ir.Value) -> tuple[ir.Value, ir.Value]:
    """scaled(0) rounded to the nearest integer, as floats n and as the integers n + 2 * bias + 2.

    scaled(c) must emit an expression plus the constant c. Adding 1.5 * 2^mantissa_bits leaves the integer
    in the low bits, so no conversion instruction is needed, which would be poison for NaN. Right for
    |n| < 2^(mantissa_bits - 2); the bias keeps the integers positive for |n| <= 2 * bias + 2.
    """
    fmt = format_of(like)
    magic = 1.5 * 2.0**fmt.mantissa_bits
    shifted = scaled(constant(like, magic))
    n = b.fsub(shifted, constant(like, magic))
    pattern = bits(b, shifted)
    offset = _pattern_of(fmt, magic) - (2 * fmt.bias + 2)
    return n, b.sub(pattern, constant(pattern, offset))


def _pattern_of(fmt: Format, value: float) -> int:
    codes = ("<I", "<f") if fmt.bits == 32 else ("<Q", "<d")
    pattern: int = struct.unpack(codes[0], struct.pack(codes[1], value))[0]
    return pattern


def any_lane(b: ir.IRBuilder, condition: ir.Value) -> ir.Value:
    """One i1: whether condition holds in some lane."""
    if lane_count(condition.type) is None:
        return condition
    return intrinsic(b, "vector.reduce.or", ir.IntType(1), [condition])


def outlined(name: str, emit: Callable[..., ir.Value]) -> Callable[..., ir.Value]:
    """emit(b, *args) as a function of its own in the module, made once for each argument type, and a call of it.

    For code too large to be repeated in every fused kernel. The function is internal and never inlined.
    """

    def call(b: ir.IRBuilder, *args: ir.Value) -> ir.Value:
        full_name = f"mlc.math.{name}.{_mangled(args[0].type)}"
        function = b.module.globals.get(full_name)
        if function is None:
            function = _define(b.module, full_name, emit, args)
        return b.call(function, args)

    call.__name__ = name
    call.__doc__ = emit.__doc__
    return call


def _define(module: ir.Module, name: str, emit: Callable[..., ir.Value], args: Sequence[ir.Value]) -> ir.Function:
    function = ir.Function(module, ir.FunctionType(args[0].type, [a.type for a in args]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    body = ir.IRBuilder(function.append_basic_block("entry"))
    body.ret(emit(body, *function.args))
    return function


def outlined_in_f64(name: str, emit: Callable[..., ir.Value]) -> Callable[..., ir.Value]:
    """outlined, with emit applied in f64 for f32 arguments too: one rounding more than the f64 result."""

    def either(b: ir.IRBuilder, *args: ir.Value) -> ir.Value:
        ty = args[0].type
        if format_of(args[0]) is F64:
            return emit(b, *args)
        wide = with_lanes(ty, ir.DoubleType())
        return b.fptrunc(emit(b, *(b.fpext(a, wide) for a in args)), ty)

    return outlined(name, either)
