"""A few seeds of the random graphs; `python tests/fuzz/differential.py --minutes 30` runs as many as one wants."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the reference of random graphs")

from fuzz.differential import check, findings
from fuzz.graphs import Graph, run_reference
from fuzz.layers import LAYERS, grow

from mlc.runtime import set_threads, threads

# Some of them found a mistake when they were drawn: a reshape behind a conv, a concat of a concat with itself.
FAST = (10010, 10076)
SLOW = (10012, 10043, 10093, *range(5))


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    before = threads()
    yield
    set_threads(before)


@pytest.mark.parametrize("seed", FAST)
def test_a_random_graph_answers_as_onnxruntime(seed: int) -> None:
    assert list(findings(seed, ("interp", "O2", "passes"))) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW)
def test_a_random_graph_answers_as_onnxruntime_in_every_way(seed: int) -> None:
    assert list(findings(seed, ("interp", "O1", "O3", "v2", "passes"))) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [10043, 10093])
def test_a_random_graph_answers_as_onnxruntime_through_mlir(seed: int) -> None:
    pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")
    assert list(findings(seed, ("mlir",))) == []


def test_the_same_seed_grows_the_same_graph() -> None:
    first, second = (g.model(2) for g in (grow(7), grow(7)))
    assert first[0].SerializeToString() == second[0].SerializeToString() and first[1] == second[1]


def test_each_kind_of_layer_is_drawn() -> None:
    nodes = {node.op_type for seed in range(60) for node in grow(seed).nodes}
    assert len(LAYERS) == 40 and {"Conv", "MatMul", "Softmax", "Split", "Gather", "Cast", "QuantizeLinear"} <= nodes


def test_a_wrong_number_is_found() -> None:
    g = Graph(np.random.default_rng(0))
    g.emit("Relu", [g.add_input(np.ones((2, 3), np.float32))])
    model, names = g.model(1)
    wanted = run_reference(model, g.inputs)
    check(g, model, names, [(g.inputs, wanted)], "O2")
    with pytest.raises(AssertionError, match="over the limit"):
        check(g, model, names, [(g.inputs, [a * 1.01 for a in wanted])], "O2")
