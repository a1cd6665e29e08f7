"""Rows for the ops of mlc.ops.math."""

from __future__ import annotations

import numpy as np

from cases import Case, normal, special
from cases.elementwise import FLOATS, unary
from mlc.ops import (
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Cos,
    Cosh,
    Elu,
    Erf,
    Exp,
    Expm1,
    Gelu,
    Log,
    Log1p,
    Sigmoid,
    Sin,
    Sinh,
    Softplus,
    Sqrt,
    Tan,
    Tanh,
)

_EVERYWHERE = (Exp, Expm1, Log, Log1p, Sqrt, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh, Acosh, Atanh)
_ACTIVATIONS = (Erf, Sigmoid, Softplus, Elu, Gelu)
_WIDE = np.linspace(-120, 120, 481).astype(np.float32)

CASES = [
    *(row for op in (*_EVERYWHERE, *_ACTIVATIONS) for row in unary(op, dtypes=FLOATS)),
    *(Case(f"{op.name.removeprefix('mlc.')}_wide", op, (_WIDE,)) for op in (*_EVERYWHERE, *_ACTIVATIONS)),
    Case("elu_alpha", lambda x: Elu(x, alpha=0.5), (normal(3, 17),)),
    Case("gelu_tanh", lambda x: Gelu(x, approximation="tanh"), (normal(3, 17),)),
    Case("gelu_tanh_special", lambda x: Gelu(x, approximation="tanh"), (special(),)),
]
