"""Attention whose lengths only the run knows, and at sizes where it changes its ways, against the op's `evaluate`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import normal
from codegen.running import compiled, module_of
from tolerance import assert_close

from mlc.interpreter import interpret
from mlc.ir import Array, Block, DType, Function, symbol, tensor, type_of
from mlc.ops import Attention
from mlc.runtime import native

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


SIZES: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {
    # queries, keys, size of a head
    "keys in several blocks": ((9, 700, 64), {}),
    "keys in several blocks, causal": ((150, 700, 64), {"is_causal": True}),
    "a block of keys behind a window": ((40, 600, 64), {"left_window": 5, "right_window": 2}),
    "more queries than keys, in a window": ((40, 20, 16), {"left_window": 5}),
    "rows in several units": ((300, 50, 16), {"is_causal": True}),
    "keys that fill no vector": ((13, 37, 20), {}),
    "a head that fills no panel": ((20, 40, 33), {"is_causal": True}),
    "one query": ((1, 129, 64), {}),
}


@pytest.mark.parametrize("target", ["host", "x86-64-v3", pytest.param("x86-64-v2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("layout", ["bhld", "blhd"])
@pytest.mark.parametrize("size", SIZES)
def test_attention_equals_evaluate_at_size(size: str, layout: str, target: str) -> None:
    (queries, keys, width), given = SIZES[size]
    inputs = [normal(1, 2, queries, width), normal(1, 2, keys, width), normal(1, 2, keys, width)]
    if layout == "blhd":
        inputs = [np.ascontiguousarray(x.swapaxes(1, 2)) for x in inputs]
    arguments = Block([type_of(x) for x in inputs]).arguments
    module = module_of(Attention(*arguments, layout=layout, **given), arguments)
    (want,) = interpret(module, inputs)
    run, _ = compiled(module, target=target, no_fallback=True)
    np.testing.assert_allclose(run(*inputs), want, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("target", ["host", "x86-64-v3", "x86-64-v2"])
@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_as_many_keys_as_a_head_is_deep_and_values_of_another_width(size: int, target: str) -> None:
    """The two products then differ in nothing but the rows that they write."""
    operands = [normal(1, 2, 6, size), normal(1, 2, size, size), normal(1, 2, size, 2 * size)]
    function = Function("main", [(name, type_of(x)) for name, x in zip("qkv", operands, strict=True)])
    module = module_of(Attention(*function.inputs), function.inputs)
    executable, _ = compiled(module, target=target, no_fallback=True)
    assert_close(executable.run(*operands)[0], interpret(module, operands)[0], model="attention")


def test_the_bits_of_attention_do_not_depend_on_the_threads() -> None:
    inputs = [normal(2, 3, 150, 64), normal(2, 3, 150, 64), normal(2, 3, 150, 64)]
    arguments = Block([type_of(x) for x in inputs]).arguments
    run, _ = compiled(module_of(Attention(*arguments, is_causal=True), arguments))
    before = native.threads()
    try:
        results = []
        for count in (1, 2, 3):
            native.set_threads(count)
            results.append(run.run(*inputs)[0].tobytes())
    finally:
        native.set_threads(before)
    assert len(set(results)) == 1
