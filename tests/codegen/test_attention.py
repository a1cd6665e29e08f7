"""Attention whose lengths only the run knows, against the op's `evaluate`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import normal
from codegen.running import compiled, module_of

from mlc.interpreter import interpret
from mlc.ir import Array, DType, Function, symbol, tensor
from mlc.ops import Attention

B, L, S = symbol("B"), symbol("L"), symbol("S")


@pytest.mark.parametrize("given", [{}, {"is_causal": True}, {"left_window": 40, "right_window": 3}], ids=str)
@pytest.mark.parametrize("heads", [2, 6])
def test_symbolic_lengths_run_natively(given: dict[str, Any], heads: int) -> None:
    types = [tensor(DType.F32, B, heads, L, 20), tensor(DType.F32, B, 2, S, 20), tensor(DType.F32, B, 2, S, 12)]
    arguments = Function("main", [(f"x{i}", t) for i, t in enumerate(types)]).inputs
    module = module_of(Attention(*arguments, **given), list(arguments))
    run, _ = compiled(module, no_fallback=True)
    for batch, queries, keys in ((2, 1, 200), (1, 131, 131), (1, 7, 3), (1, 3, 0)):
        inputs: list[Array] = [
            normal(batch, heads, queries, 20),
            normal(batch, 2, keys, 20),
            normal(batch, 2, keys, 12),
        ]
        (want,) = interpret(module, inputs)
        np.testing.assert_allclose(run(*inputs), want, rtol=2e-5, atol=2e-5)
