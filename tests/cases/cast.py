"""Rows for the ops of mlc.ops.cast."""

from __future__ import annotations

import numpy as np

from cases import Case, integers, normal, special
from cases.elementwise import FLOATS, INTEGERS
from mlc.ir import DType
from mlc.ops import Bitcast, Cast, FormatNumber, ParseNumber

_SMALL = (DType.I2, DType.I4, DType.U2, DType.U4)
_FLOAT8 = (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ)
_NARROW = (*_FLOAT8, DType.F4E2M1)
_NUMBERS = (DType.BOOL, *INTEGERS, *_SMALL, *FLOATS, *_NARROW)
_PAIRS = [(a, b) for a in _NUMBERS for b in _NUMBERS]
# Within the range of every type but the boolean: what lies outside of an integer's range is undefined.
_VALUES = np.array([[0, 1, 1], [1, 0, 1]], np.int64)
_TEXTS = np.array([["3.5", "-1e-5", "INF"], ["+inf", "-INF", "nan"]], object)

CASES = [
    *(
        Case(f"cast_{a.name.lower()}_to_{b.name.lower()}", lambda x, b=b: Cast(x, dtype=b), (_VALUES.astype(a.numpy),))
        for a, b in _PAIRS
    ),
    *(
        Case(f"cast_special_{a.name.lower()}_to_{b.name.lower()}", lambda x, b=b: Cast(x, dtype=b), (special(a),))
        for a in FLOATS
        for b in (*FLOATS, *_FLOAT8, DType.BOOL)
    ),
    *(
        Case(f"cast_overflow_to_{b.name.lower()}", lambda x, b=b: Cast(x, dtype=b, saturates=False), (special(),))
        for b in _FLOAT8
    ),
    *(
        Case(
            f"cast_to_e8m0_{rounding}_{saturates}",
            lambda x, r=rounding, s=saturates: Cast(x, dtype=DType.F8E8M0, rounding=r, saturates=s),
            (np.array([0, 0.124, 0.25, 1.1, 1.5, 3, 6, 1e38, 1e-40, np.inf, np.nan], np.float32),),
        )
        for rounding in ("up", "down", "nearest")
        for saturates in (True, False)
    ),
    Case("cast_from_e8m0", lambda x: Cast(x, dtype=DType.F32), (np.array([0.5, 1, 4]).astype(DType.F8E8M0.numpy),)),
    Case("cast_truncates", lambda x: Cast(x, dtype=DType.I32), (np.array([1.9, -1.9, 0.5, -0.5], np.float32),)),
    Case("cast_wraps", lambda x: Cast(x, dtype=DType.I8), (np.array([200, -200, 127, 128], np.int16),)),
    Case("cast_rounds", lambda x: Cast(x, dtype=DType.BF16), (normal(3, 17),)),
    Case("cast_empty", lambda x: Cast(x, dtype=DType.I64), (normal(0, 3),)),
    Case("cast_scalar", lambda x: Cast(x, dtype=DType.F64), (normal(),)),
    *(
        Case(f"bitcast_{a.name.lower()}_to_{b.name.lower()}", lambda x, b=b: Bitcast(x, dtype=b), (x,))
        for a, b, x in [
            (DType.F32, DType.I32, normal(3, 5)),
            (DType.I32, DType.F32, integers(3, 5, dtype=DType.I32)),
            (DType.F16, DType.U16, normal(3, 5, dtype=DType.F16)),
            (DType.I8, DType.U8, integers(3, 5, dtype=DType.I8)),
            (DType.I64, DType.F64, integers(0, 5)),
            (DType.U8, DType.F8E5M2, integers(dtype=DType.U8)),
        ]
    ),
    Case("parse_number", lambda x: ParseNumber(x, dtype=DType.F32), (_TEXTS,)),
    Case("parse_integers", lambda x: ParseNumber(x, dtype=DType.I64), (np.array(["7", "-12"], object),)),
    Case("parse_empty", lambda x: ParseNumber(x, dtype=DType.F16), (np.array([], object),)),
    Case("format_number", FormatNumber, (np.array([1.5, np.inf, -0.0], np.float32),)),
    Case("format_integers", FormatNumber, (integers(2, 3),)),
]
