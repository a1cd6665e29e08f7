"""A pass of your own, in one file. Use it by its path; nothing has to be registered:

mlc opt model.onnx --passes fold,examples/custom_pass.py --remarks=passed,missed
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlc.ir import Value
from mlc.ops import Div, Mul, constant_value
from mlc.ops.constant import Constant
from mlc.rewrite import Miss, Pass


# x / c -> x * (1 / c), exact when c is a power of two: then 1 / c is a float and both round the same number.
def multiply_by_reciprocal(op: Div) -> Value | Miss | None:
    """x / c -> x * (1/c) for a constant c whose elements are all powers of two."""
    divisor = constant_value(op.y)
    if divisor is None:
        return None if op.y.op is None else Miss("the divisor is not a constant", blocker=op.y)
    if not op.result.tensor.dtype.is_float:
        return Miss("integer division does not round", blocker=f"dtype {op.result.tensor.dtype}")
    mantissa, _ = np.frexp(divisor)
    if not np.all(np.abs(mantissa) == 0.5):
        return Miss("the divisor is not a power of two, so the result would round twice", blocker=op.y)
    return Mul(op.x, Constant(np.reciprocal(divisor)).result).result


@dataclass(frozen=True)
class DivToMul(Pass):
    """Multiplies instead of dividing where that is exact.

    x / 8 -> x * 0.125
    Divisions by other constants, by values known only at run time, and of integers stay.
    """

    rules = (multiply_by_reciprocal,)
