"""Vector math of our own, as LLVM IR: each function emits code for a float or double, scalar or vector.

    y = exp(builder, x)

Every operation is lane by lane and no fast-math flag is set, so a scalar gives the bits a vector lane gives.
No call of libm remains in the object code. Call declare_features on the module first, or the code is the
portable one, without FMA. In f32 exp, exp2, expm1, log, log1p, tanh, sigmoid, softplus, erf, gelu and their
variants are emitted inline; everything else, and everything in f64, is a call of an internal function that the
module holds once for each vector type. Errors, measured over the whole range: docs/vector-math.md.
"""

from __future__ import annotations

from mlc.codegen.math.error_function import erf, erfc, gelu, gelu_erf, gelu_logistic, gelu_tanh
from mlc.codegen.math.exponential import (
    RAISED,
    cosh,
    exp,
    exp2,
    exp_up_to_zero,
    expm1,
    raised_exp_up_to_zero,
    sigmoid,
    sinh,
    tanh,
)
from mlc.codegen.math.float8 import NARROW_FORMATS, NarrowFormat, decode, decode_e8m0, encode, encode_e8m0
from mlc.codegen.math.half import bf16_to_f32, f16_to_f32, f32_to_bf16, f32_to_f16, f64_to_f32_odd
from mlc.codegen.math.inverse_trigonometry import acos, asin, atan
from mlc.codegen.math.lanes import declare_features
from mlc.codegen.math.logarithm import acosh, asinh, atanh, log, log1p, log2, log10, softplus
from mlc.codegen.math.power import pow, pow_int, pow_of_integers
from mlc.codegen.math.remainder import floor_mod, fmod
from mlc.codegen.math.rounding import ceil, floor, round_even, sqrt, trunc
from mlc.codegen.math.trigonometry import cos, sin, tan

__all__ = [
    "NARROW_FORMATS",
    "NarrowFormat",
    "RAISED",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bf16_to_f32",
    "ceil",
    "cos",
    "cosh",
    "declare_features",
    "decode",
    "decode_e8m0",
    "encode",
    "encode_e8m0",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "exp_up_to_zero",
    "expm1",
    "f16_to_f32",
    "f32_to_bf16",
    "f32_to_f16",
    "f64_to_f32_odd",
    "floor",
    "floor_mod",
    "fmod",
    "gelu",
    "gelu_erf",
    "gelu_logistic",
    "gelu_tanh",
    "log",
    "log10",
    "log1p",
    "log2",
    "pow",
    "pow_int",
    "pow_of_integers",
    "raised_exp_up_to_zero",
    "round_even",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
]
