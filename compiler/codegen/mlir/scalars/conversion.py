"""Cast and Bitcast."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar, memory_type, register_type
from mlc.codegen.mlir.narrow import encoded, encoded_e8m0, is_narrow_float, rounded_to_odd
from mlc.codegen.mlir.registry import scalar
from mlc.codegen.mlir.text import Body
from mlc.ir import DType
from mlc.ops import Bitcast, Cast


@scalar(Cast, attributes="dtype saturates rounding")
def cast(b: Body, op: Cast, x: Scalar) -> Scalar:
    source, target = op.x.tensor.dtype, op.dtype
    if target is DType.F8E8M0:
        code = encoded_e8m0(b, single(b, x, source), saturates=op.saturates, rounding=op.rounding)
        return b.decoded(code, target)
    if is_narrow_float(target) and op.saturates and source is not target:
        return b.decoded(encoded(b, single(b, x, source), target, saturates=True), target)
    return converted(b, x, source, target)


def single(b: Body, x: Scalar, source: DType) -> Scalar:
    """x as an f32 that rounds to a narrower float as x itself would."""
    return rounded_to_odd(b, x) if source is DType.F64 else converted(b, x, source, DType.F32)


def converted(b: Body, x: Scalar, source: DType, target: DType) -> Scalar:
    """x of dtype `source` as `target`: integers wrap, floats to integers are cut towards zero."""
    if source is target:
        return x
    wanted = register_type(target)
    if target is DType.BOOL:
        return b.compare("une" if x.is_float else "ne", x, b.like(0, x))
    if x.is_float and target.is_float:
        return _resized(b, x, wanted, target)
    if x.is_float:
        return _cut(b, x, target)
    if target.is_float:
        number = b.convert("arith.sitofp" if source.is_signed else "arith.uitofp", x, wanted)
        return b.rounded(number, target)
    have, want = int(x.type[1:]), int(wanted[1:])
    if have > want:
        x = b.convert("arith.trunci", x, wanted)
    elif have < want:
        x = b.convert("arith.extsi" if source.is_signed else "arith.extui", x, wanted)
    return b.rounded(x, target)


def _resized(b: Body, x: Scalar, wanted: str, target: DType) -> Scalar:
    if x.type == "f64" and target not in (DType.F32, DType.F64):
        x = rounded_to_odd(b, x)
    elif x.type != wanted:
        x = b.convert("arith.extf" if wanted == "f64" else "arith.truncf", x, wanted)
    return b.rounded(x, target)


def _cut(b: Body, x: Scalar, target: DType) -> Scalar:
    """Through i64, kept inside its range so that nothing is poison; a u64 of 2^63 or more takes the unsigned way."""
    low, high = b.like(-(2.0**63), x), b.like(2.0**63, x)
    is_fine = b.binary("arith.andi", b.compare("oge", x, low), b.compare("olt", x, high))
    safe = b.select(is_fine, x, b.like(0, x))
    whole = b.convert("arith.fptosi", safe, "i64")
    whole = b.select(is_fine, whole, b.number(-(2**63), "i64"))
    if target is DType.U64:
        is_large = b.binary("arith.andi", b.compare("oge", x, high), b.compare("olt", x, b.like(2.0**64, x)))
        large = b.convert("arith.fptoui", b.select(is_large, x, b.like(0, x)), "i64")
        whole = b.select(is_large, large, whole)
    wanted = register_type(target)
    return b.rounded(b.convert("arith.trunci", whole, wanted), target)


@scalar(Bitcast, attributes="dtype")
def bitcast(b: Body, op: Bitcast, x: Scalar) -> Scalar:
    source, target = op.x.tensor.dtype, op.dtype
    stored = b.encoded(x, source)
    return b.decoded(b.convert("arith.bitcast", stored, memory_type(target)), target)
