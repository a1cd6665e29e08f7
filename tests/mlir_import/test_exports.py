"""Networks that torch-mlir exports, against torch itself: through import, -O2 and native code."""

from __future__ import annotations

import numpy as np
import pytest

import mlc
from mlc.passes.table import level_passes

pytest.importorskip("torch_mlir")
pytest.importorskip("torch")
from mlir_import import exported

DIALECTS = ["tosa", "stablehlo"]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", exported.NETWORKS)
def test_exported_networks_compute_what_torch_does(name, dialect):
    executable = mlc.compile(exported.text(name, dialect))
    _, x = exported.network(name)
    expected = exported.expected(name)
    result = executable(x.numpy())
    y = result[0] if isinstance(result, list | tuple) else result
    assert np.abs(y - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.slow
def test_no_transposes_are_left_between_convolutions():
    """tosa has channels last: sink-transpose and canonicalize remove what its convolutions are surrounded by."""
    module = mlc.load(exported.text("resnet", "tosa"))
    assert sum(op.name == "mlc.transpose" for op in module.main.block) > 10
    for one in level_passes(2)[:-2]:  # all but layout and fuse
        one.run(module)
    assert [op.name for op in module.main.block if op.name == "mlc.transpose"] == []


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_an_export_spells_out_is_recognized(dialect):
    module = mlc.load(exported.text("bert", dialect))
    for one in level_passes(2)[:-2]:
        one.run(module)
    names = [op.name for op in module.main.block]
    assert [names.count(f"mlc.{name}") for name in ("attention", "layer_norm", "gelu")] == [1, 2, 1]
    assert not {"mlc.exp", "mlc.erf", "mlc.reduce_sum", "mlc.reduce_max"} & set(names)
