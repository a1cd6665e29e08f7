"""Functions that jax exports, against the numbers that jax computed."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import import jax_functions

import mlc
from mlc.interpreter import interpret
from mlc.passes.table import level_passes

pytest.importorskip("torch_mlir")


def compared(got, name):
    expected = jax_functions.results(name)
    assert len(got) == len(expected)
    for number, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, number
        if theirs.dtype.kind == "f":
            limit = 1e-4 * np.abs(theirs[np.isfinite(theirs)]).max(initial=0)
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit, err_msg=f"result {number}")
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=f"result {number}")


@pytest.mark.parametrize("name", jax_functions.ARGUMENTS)
def test_exported_functions_mean_what_they_do_in_jax(name):
    module = mlc.load(jax_functions.text(name))
    compared(interpret(module, jax_functions.arguments(name)), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", jax_functions.ARGUMENTS)
def test_exported_functions_as_native_code(name):
    result = mlc.compile(jax_functions.text(name))(*jax_functions.arguments(name))
    compared(result if isinstance(result, list | tuple) else [result], name)


@pytest.mark.parametrize("size", [1, 4, 7])
def test_a_symbolic_size_is_one_for_all_that_share_it(size):
    module = mlc.load(jax_functions.text("polymorphic"))
    x, w = np.random.default_rng(1).standard_normal((2, 8, 8)).astype(np.float32)
    h, flat, joined, weights = interpret(module, [x[:size], w])
    assert flat.shape == (size * 8,) and joined.shape == (2 * size, 8) and weights.shape == (size, size)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    assert h.shape == (size, 8)


@pytest.mark.slow
@pytest.mark.parametrize("name", jax_functions.ARGUMENTS)
def test_what_the_installed_jax_exports(name, tmp_path):
    jax = pytest.importorskip("jax")
    given = jax_functions.arguments(name)
    path = tmp_path / "model.mlir"
    path.write_text(jax_functions.lowered(name))
    got = interpret(mlc.load(path), given)
    expected = [np.asarray(r) for r in jax.tree.leaves(jax.jit(jax_functions.functions()[name])(*given))]
    for ours, theirs in zip(got, expected, strict=True):
        limit = 1e-4 * np.abs(theirs[np.isfinite(theirs)]).max(initial=0)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit)


def test_norms_and_gelu_that_jax_spells_out_are_recognized():
    for name, found in (("attention", "mlc.layer_norm"), ("mlp", "mlc.gelu")):
        module = mlc.load(jax_functions.text(name))
        for one in level_passes(2)[:-2]:  # all but layout and fuse
            one.run(module)
        assert [op.name for op in module.main.block].count(found) == 1
