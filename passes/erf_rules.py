"""The rule of recognize for the error function, which MLIR legalizes CHLO to as a quotient of two polynomials."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir import DType, Op, Value
from mlc.ops import Add, Clip, Div, Erf, Mul
from mlc.passes.patterns import close, leak, scalar
from mlc.rewrite import Miss, Rule

# Of erf(c) = c * P(c * c) / Q(c * c) for c within 4 of 0, highest powers first; the same in XLA and Eigen.
_NUMERATOR = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_DENOMINATOR = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


def recognize_erf(op: Clip) -> Value | Miss | None:
    """clip(c * P(c * c) / Q(c * c), -1, 1) with c = clip(x, -4, 4) -> erf(x), for the coefficients that XLA has."""
    quotient = op.x.op
    if not isinstance(quotient, Div) or op.x.tensor.dtype is not DType.F32 or _bounds(op) != (-1.0, 1.0):
        return None
    numerator = quotient.x.op
    if not isinstance(numerator, Mul):
        return None
    for c, polynomial in ((numerator.x, numerator.y), (numerator.y, numerator.x)):
        clip = c.op
        if not isinstance(clip, Clip) or _bounds(clip) != (-4.0, 4.0):
            continue
        ops: list[Op] = [quotient, numerator, clip]
        if _is_polynomial(polynomial, c, _NUMERATOR, ops) and _is_polynomial(quotient.y, c, _DENOMINATOR, ops):
            return leak(ops, op) or Erf(clip.x).result
    return None


def _bounds(op: Clip) -> tuple[float | None, float | None]:
    return scalar(op.low), scalar(op.high)


def _is_polynomial(value: Value, c: Value, coefficients: Sequence[float], ops: list[Op]) -> bool:
    """Whether `value` is the polynomial in c * c by Horner's rule; its ops are added to `ops`."""
    *higher, last = coefficients
    if not higher:
        found = scalar(value)
        return found is not None and close(found, last, DType.F32)
    add = value.op
    found = scalar(add.y) if isinstance(add, Add) else None
    product = add.x.op if isinstance(add, Add) else None
    if add is None or found is None or not close(found, last, DType.F32) or not isinstance(product, Mul):
        return False
    for square, inner in ((product.x, product.y), (product.y, product.x)):
        power = square.op
        if isinstance(power, Mul) and power.x is c and power.y is c:
            ops += [add, product, power]
            return _is_polynomial(inner, c, higher, ops)
    return False


RULES: tuple[Rule, ...] = (recognize_erf,)
