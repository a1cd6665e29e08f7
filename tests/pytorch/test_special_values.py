"""Operators that are written out of others, where sums and quotients go wrong: NaN, infinities, zeros of both signs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="torch's own test tables need it")

import opinfo
import torch
from comparing import assert_values_close
from torch.testing._internal.opinfo.core import SampleInput

from mlc.frontend.torch_import.importer import import_program

VALUES = torch.tensor(
    [*(float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1.5, 2.5, 3e18, -3e18, 20.5, -20.5)]
)
X, Y = (v.reshape(-1).contiguous() for v in torch.meshgrid(VALUES, VALUES, indexing="ij"))
FUNCTIONS: dict[str, Callable[..., torch.Tensor]] = {
    "atan2": torch.atan2,
    "clamp": lambda x, y: torch.clamp(x, min=y),
    "copysign": torch.copysign,
    "fmax": torch.fmax,
    "fmin": torch.fmin,
    "floor quotient": lambda x, y: torch.div(x, y, rounding_mode="floor"),
    "truncated quotient": lambda x, y: torch.div(x, y, rounding_mode="trunc"),
    "hypot": torch.hypot,
    "lerp": lambda x, y: torch.lerp(x, y, 0.3),
    "maximum": torch.maximum,
    "remainder": torch.remainder,
    "power": torch.pow,
    "root": lambda x, y: x**0.5,
    "reciprocal square": lambda x, y: x**-2,
    "hardswish": lambda x, y: torch.nn.functional.hardswish(x),
    "mish": lambda x, y: torch.nn.functional.mish(x),
    "nan_to_num": lambda x, y: torch.nan_to_num(x),
    "sign": lambda x, y: torch.sign(x),
    "silu": lambda x, y: torch.nn.functional.silu(x),
    "softplus": lambda x, y: torch.nn.functional.softplus(x),
    "softshrink": lambda x, y: torch.nn.functional.softshrink(x),
    "trunc": lambda x, y: torch.trunc(x),
}


class Info:
    """What opinfo.traced wants to know of an operator."""

    def __init__(self, name: str) -> None:
        self.name, self.op = name, FUNCTIONS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values_answer_as_eager(name: str) -> None:
    program, tensors, (want,) = opinfo.traced(Info(name), SampleInput(X, args=(Y,)))
    (got,) = opinfo.interpreted(import_program(program), [t.numpy() for t in tensors])
    expected = want.numpy()
    assert_values_close(got, expected, name)
    if name in ("fmax", "fmin", "maximum"):  # of two zeros either is the larger
        return
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]))


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8])
def test_integers_divide_down_over_their_whole_range(dtype: torch.dtype) -> None:
    limits = torch.iinfo(dtype)
    divisors = [d for d in (limits.min, -7, -1, 1, 2, 3, limits.max) if d]
    x, y = (
        v.reshape(-1).contiguous()
        for v in torch.meshgrid(
            torch.arange(limits.min + (limits.min < 0), limits.max + 1, dtype=dtype),
            torch.tensor([d for d in divisors if d >= limits.min], dtype=dtype),
            indexing="ij",
        )
    )
    program, tensors, (want,) = opinfo.traced(Info("floor quotient"), SampleInput(x, args=(y,)))
    (got,) = opinfo.interpreted(import_program(program), [t.numpy() for t in tensors])
    np.testing.assert_array_equal(got, want.numpy())
