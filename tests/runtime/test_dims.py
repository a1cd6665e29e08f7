"""Dim expressions of a manifest: the IR's own text, read and evaluated without the IR."""

from __future__ import annotations

import random

import pytest

from mlc.ir.dims import Dim, evaluate, floordiv, maximum, minimum, mod, symbol
from mlc.runtime import dims


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("N", 5),
        ("2 * N + 1", 11),
        ("N - 1 - 1", 3),
        ("N - (1 - 1)", 5),
        ("-N + 7", 2),
        ("(H + 1) floordiv 2", 4),
        ("H - 9 floordiv 2", 3),
        ("(H - 8) floordiv 2", -1),
        ("H mod 4 * 2", 6),
        ("min(N, H) * max(N, 3)", 25),
        ("max(min(N, 2), H - 4)", 3),
    ],
)
def test_expression(text: str, value: int) -> None:
    assert dims.evaluate(dims.parse(text), {"N": 5, "H": 7}) == value


def test_symbols_are_collected() -> None:
    assert dims.symbols_of(dims.parse("min(N, 3) + H.1 * batch_2 - N")) == {"N", "H.1", "batch_2"}


@pytest.mark.parametrize("text", ["", "N +", "(N", "N)", "N 3", "min(N)", "3 @ 4", "floordiv", "* N"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dim"):
        dims.parse(text)


def test_what_the_ir_prints_means_the_same_here() -> None:
    random.seed(0)
    names = ["N", "H", "batch.1"]

    def random_dim(depth: int) -> Dim:
        if depth == 0:
            return random.choice([symbol(random.choice(names)), random.randint(1, 9)])
        x, y = random_dim(depth - 1), random_dim(random.randrange(depth))
        divisor = random.randint(1, 5)
        makers = [x + y, x - y, x * y, floordiv(x, divisor), mod(x, divisor), minimum(x, y), maximum(x, y)]
        return random.choice(makers)

    for _ in range(300):
        dim = random_dim(3)
        values = {name: random.randint(0, 50) for name in names}
        assert dims.evaluate(dims.parse(str(dim)), values) == evaluate(dim, values), str(dim)
