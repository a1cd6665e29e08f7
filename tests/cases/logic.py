"""Rows for the ops of mlc.ops.logic."""

from __future__ import annotations

import numpy as np

from cases import Case, booleans, integers, normal, special
from cases.elementwise import FLOATS, INTEGERS, binary
from mlc.ir import DType
from mlc.ops import (
    And,
    Assert,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Equal,
    IsInf,
    IsNan,
    Less,
    LessOrEqual,
    Not,
    Or,
    Shift,
    Xor,
)

_NARROW_FLOATS = (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ)

CASES = [
    *(row for op in (Equal, Less, LessOrEqual) for row in binary(op)),
    Case("equal_bool", Equal, (booleans(3, 5), booleans(5))),
    Case("assert", lambda x: Assert(x, "each {holds}"), (booleans(3, 17) | True,)),
    Case("assert_scalar", lambda x: Assert(x, "it holds"), (np.array(True),)),
    Case("assert_nothing", lambda x: Assert(x, "none are false"), (booleans(0, 3),)),
    Case("equal_string", Equal, (np.array(["a", "b"], object), np.array(["a", "c"], object))),
    *(
        row
        for op in (And, Or, Xor)
        for row in (
            Case(f"{op.name.removeprefix('mlc.')}", op, (booleans(3, 17), ~booleans(3, 17))),
            Case(f"{op.name.removeprefix('mlc.')}_broadcast", op, (booleans(3, 1), booleans(17))),
            Case(f"{op.name.removeprefix('mlc.')}_scalar", op, (np.array(True), np.array(False))),
            Case(f"{op.name.removeprefix('mlc.')}_empty", op, (booleans(0, 3), booleans(3))),
        )
    ),
    Case("not", Not, (booleans(3, 17),)),
    Case("not_scalar", Not, (np.array(True),)),
    Case("not_empty", Not, (booleans(0),)),
    *(
        Case(f"{op.name.removeprefix('mlc.')}_{d.name.lower()}", op, (integers(3, 17, dtype=d), integers(17, dtype=d)))
        for op in (BitwiseAnd, BitwiseOr, BitwiseXor)
        for d in INTEGERS
    ),
    *(Case(f"bitwise_not_{d.name.lower()}", BitwiseNot, (integers(3, 17, dtype=d),)) for d in INTEGERS),
    *(
        Case(
            f"shift_{direction}_{d.name.lower()}",
            lambda x, y, direction=direction: Shift(x, y, direction=direction),
            (integers(3, 17, dtype=d), integers(17, low=-2 if d.is_signed else 0, high=70, dtype=d)),
        )
        for direction in ("left", "right")
        for d in INTEGERS
    ),
    *(
        row
        for d in (*FLOATS, *_NARROW_FLOATS)
        for row in (
            Case(f"is_nan_{d.name.lower()}", IsNan, (special(d),)),
            Case(f"is_inf_{d.name.lower()}", IsInf, (special(d),)),
        )
    ),
    Case("is_nan_empty", IsNan, (normal(0, 3),)),
    Case("is_inf_positive", lambda x: IsInf(x, is_negative=False), (special(),)),
    Case("is_inf_negative", lambda x: IsInf(x, is_positive=False), (special(),)),
    Case("is_inf_neither", lambda x: IsInf(x, is_positive=False, is_negative=False), (special(),)),
]
