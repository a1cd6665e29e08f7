"""MelWeightMatrix by index: the bands' edges first, then the weights."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import only_element
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import as_float
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registry import NoKernel
from mlc.ir import DType
from mlc.ops import MelWeightMatrix


@linalg(MelWeightMatrix, attributes="dtype dims")
def mel_weight_matrix(g: Lowering, op: MelWeightMatrix) -> None:
    """Three edges make a triangle: it rises to the second and falls to the third."""
    if g.is_portable:
        raise NoKernel("other compilers have no logarithm of f64 to base 10")
    _, bands = op.dims
    edges = g.temporary(DType.I64, bands + 2)

    def edge(b: Body, index: list[Scalar]) -> Scalar:
        low, high = (_mel(b, only_element(b, hertz, DType.F64)) for hertz in (op.lower, op.upper))
        step = b.div(b.plain("arith.subf", high, low), as_float(b, b.stage.dim(bands + 2), "f64"))
        mel = b.plain("arith.addf", b.plain("arith.mulf", as_float(b, index[0], "f64"), step), low)
        power = b.binary("math.powf", b.like(10, mel), b.div(mel, b.like(2595, mel)))
        hertz = b.plain("arith.mulf", b.like(700, mel), b.plain("arith.subf", power, b.like(1, mel)))
        places = b.plain("arith.addf", only_element(b, op.dft_length, DType.F64), b.like(1, mel))
        place = b.div(b.plain("arith.mulf", places, hertz), only_element(b, op.sample_rate, DType.F64))
        return converted(b, b.unary("math.floor", place), DType.F64, DType.I64)

    g.tabulate("band_edges", edges, edge, cost=64)

    def weight(b: Body, index: list[Scalar]) -> Scalar:
        place = b.convert("arith.index_cast", index[0], "i64")
        left, center, right = (
            b.extract(b.stage.tensor(edges), [b.binary("arith.addi", index[1], b.index(n))]) for n in range(3)
        )
        rising, falling = _share(b, place, left, left, center), _share(b, right, place, center, right)
        zero = b.like(0, rising)
        rising = b.select(b.compare("sge", place, left), rising, zero)
        falling = b.select(b.compare("slt", place, right), falling, zero)
        behind = b.select(b.compare("eq", place, center), b.like(1, zero), falling)
        return converted(b, b.select(b.compare("slt", place, center), rising, behind), DType.F64, op.dtype)

    g.indexed(op, weight, cost=4)


def _mel(b: Body, hertz: Scalar) -> Scalar:
    inner = b.plain("arith.addf", b.like(1, hertz), b.div(hertz, b.like(700, hertz)))
    return b.plain("arith.mulf", b.like(2595, hertz), b.unary("math.log10", inner))


def _share(b: Body, last: Scalar, first: Scalar, begin: Scalar, end: Scalar) -> Scalar:
    """(last - first) / (end - begin), the divisor 1 at least."""
    whole = b.binary("arith.maxsi", b.sub(end, begin), b.like(1, end))
    part = b.sub(last, first)
    return b.div(b.convert("arith.sitofp", part, "f64"), b.convert("arith.sitofp", whole, "f64"))
