"""How elements of each dtype lie in memory and in registers, and the conversions between dtypes.

| dtype | memory | register |
|---|---|---|
| bool | i8, 0 or 1 | i1 |
| 2- and 4-bit integers | i8, low bits | i8, sign- or zero-extended |
| other integers | as they are | as they are |
| f16, bf16 | i16 bits | f32 |
| 8- and 4-bit floats | i8 bits | f32 |
| f32, f64 | as they are | as they are |

Arithmetic on a dtype that is narrower than its register ends in `rounded`, so that a chain of ops in registers gives
the bits that the same ops would give through memory.
"""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen import math
from mlc.codegen.builder import F32, F64, I1, I8, I16, I64, Builder, scalar_type, with_lanes
from mlc.ir import DType

NATIVE = frozenset(d for d in DType if not d.is_complex and d is not DType.STRING)


def memory_type(dtype: DType) -> ir.Type:
    """The LLVM type of one element in memory."""
    match dtype:
        case DType.F32:
            return F32
        case DType.F64:
            return F64
        case DType.F16 | DType.BF16:
            return I16
        case _:
            return ir.IntType(8 * dtype.itemsize)


def register_type(dtype: DType) -> ir.Type:
    """The LLVM type of one element while it is computed with."""
    if dtype is DType.BOOL:
        return I1
    if dtype.is_float:
        return F64 if dtype is DType.F64 else F32
    return ir.IntType(8 * dtype.itemsize)


def accumulator(dtype: DType) -> DType:
    """What products of this dtype are summed in: f32 for floats up to f32, else the dtype itself."""
    return DType.F32 if dtype.is_float and dtype.itemsize < 4 else dtype


def constant(dtype: DType, number: float) -> ir.Constant:
    """`number` in a register of this dtype; the caller rounds it for narrow floats."""
    return ir.Constant(register_type(dtype), float(number) if dtype.is_float else int(number))


def decoded(k: Builder, dtype: DType, x: ir.Value) -> ir.Value:
    """The register value of what was loaded from memory."""
    match dtype:
        case DType.BOOL:
            return k.ir.icmp_unsigned("!=", x, k.like(0, x))
        case DType.I2 | DType.I4:
            shift = k.like(8 - dtype.bits, x)
            return k.ir.ashr(k.ir.shl(x, shift), shift)
        case DType.F16:
            return math.f16_to_f32(k.ir, x)
        case DType.BF16:
            return math.bf16_to_f32(k.ir, x)
        case _ if dtype.is_float and dtype.itemsize == 1:
            return _decoded8(k, dtype, x)
        case _:
            return x


def encoded(k: Builder, dtype: DType, x: ir.Value) -> ir.Value:
    """What is stored to memory for a register value."""
    match dtype:
        case DType.BOOL:
            return k.ir.zext(x, with_lanes(x.type, I8))
        case DType.I2 | DType.U2 | DType.I4 | DType.U4:
            return k.ir.and_(x, k.like((1 << dtype.bits) - 1, x))
        case DType.F16:
            return math.f32_to_f16(k.ir, x)
        case DType.BF16:
            return math.f32_to_bf16(k.ir, x)
        case _ if dtype.is_float and dtype.itemsize == 1:
            return _encoded8(k, dtype, x)
        case _:
            return x


def _decoded8(k: Builder, dtype: DType, x: ir.Value) -> ir.Value:
    if dtype is DType.F8E8M0:
        return math.decode_e8m0(k.ir, x)
    return math.decode(k.ir, x, math.NARROW_FORMATS[dtype.value])


def _encoded8(k: Builder, dtype: DType, x: ir.Value) -> ir.Value:
    if dtype is DType.F8E8M0:
        return math.encode_e8m0(k.ir, x, saturate=False, round_mode="nearest")
    return math.encode(k.ir, x, math.NARROW_FORMATS[dtype.value], saturate=False)


def rounded(k: Builder, dtype: DType, x: ir.Value) -> ir.Value:
    """A register value brought back to the numbers its dtype has: what storing and loading it would give."""
    if dtype.bits < 8 * dtype.itemsize and dtype is not DType.BOOL or (dtype.is_float and dtype.itemsize < 4):
        return decoded(k, dtype, encoded(k, dtype, x))
    return x


def converted(k: Builder, x: ir.Value, source: DType, target: DType) -> ir.Value:
    """x of dtype `source` as `target`: integers wrap, floats to integers are cut towards zero, never poison."""
    if source is target:
        return x
    if target is DType.BOOL:
        return (
            k.ir.fcmp_unordered("!=", x, k.like(0, x)) if source.is_float else k.ir.icmp_signed("!=", x, k.like(0, x))
        )
    wanted = with_lanes(x.type, register_type(target))
    if source.is_float:
        return rounded(k, target, _resized(k, x, target, wanted)) if target.is_float else _cut(k, x, target, wanted)
    if target.is_float:
        is_negative_possible = source.is_signed
        number = k.ir.sitofp(x, wanted) if is_negative_possible else k.ir.uitofp(x, wanted)
        return rounded(k, target, number)
    return rounded(k, target, _extended(k, x, source, wanted))


def single(k: Builder, x: ir.Value, source: DType) -> ir.Value:
    """x as an f32 that rounds to a narrower float as x itself would."""
    if source is DType.F64:
        return math.f64_to_f32_odd(k.ir, x)
    return converted(k, x, source, DType.F32)


def _resized(k: Builder, x: ir.Value, target: DType, wanted: ir.Type) -> ir.Value:
    if x.type == wanted:
        return x
    if scalar_type(wanted) == F64:
        return k.ir.fpext(x, wanted)
    # Rounded to odd where a narrower rounding follows, so that both together round once.
    return k.ir.fptrunc(x, wanted) if target is DType.F32 else math.f64_to_f32_odd(k.ir, x)


def _extended(k: Builder, x: ir.Value, source: DType, wanted: ir.Type) -> ir.Value:
    have, want = scalar_type(x.type).width, scalar_type(wanted).width
    if have == want:
        return x
    if have > want:
        return k.ir.trunc(x, wanted)
    return k.ir.sext(x, wanted) if source.is_signed else k.ir.zext(x, wanted)


def _cut(k: Builder, x: ir.Value, target: DType, wanted: ir.Type) -> ir.Value:
    """A float cut to an integer as C does on x86-64: through i64 (u64 from 2^63 on), wrapped to the narrower type.

    Out-of-range numbers and NaN give what that conversion saturates to, not poison.
    """
    wide = with_lanes(x.type, I64)
    kind = "fptoui.sat" if target is DType.U64 else "fptosi.sat"
    name = f"{kind}.{_name(wide)}.{_name(x.type)}"
    if target is DType.U64:
        # Negative numbers wrap as they do through i64.
        signed = k.call(f"llvm.fptosi.sat.{_name(wide)}.{_name(x.type)}", x, result=wide)
        unsigned = k.call(f"llvm.{name}", x, result=wide)
        number = k.ir.select(k.ir.fcmp_ordered("<", x, k.like(0, x)), signed, unsigned)
    elif target.bits <= 16 or target in (DType.I32,):
        narrow = with_lanes(x.type, ir.IntType(32))
        number = k.call(f"llvm.fptosi.sat.{_name(narrow)}.{_name(x.type)}", x, result=narrow)
    else:
        number = k.call(f"llvm.{name}", x, result=wide)
    have, want = scalar_type(number.type).width, scalar_type(wanted).width
    return rounded(k, target, k.ir.trunc(number, wanted) if have > want else number)


def _name(type: ir.Type) -> str:
    scalar = scalar_type(type)
    name = f"i{scalar.width}" if isinstance(scalar, ir.IntType) else "f64" if scalar == F64 else "f32"
    return f"v{type.count}{name}" if isinstance(type, ir.VectorType) else name
