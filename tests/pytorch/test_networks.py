"""Golden networks of PyTorch: each through each level gives eager's answers; one code serves every size of a cache."""

from __future__ import annotations

from typing import Any

import pytest
from tolerance import MODEL, PRECISION_CHANGING, assert_close

import mlc
from mlc.passes.table import level_passes

pytest.importorskip("torch")
pytest.importorskip("transformers", reason="defines some of the networks")

import torch
from networks import NETWORKS, network
from torch.utils import _pytree as pytree

from mlc.torch_backend import compile_graph

FAST = {("gru", 0), ("dlrm", 3)}
SMALL = [
    pytest.param(name, level, marks=[] if (name, level) in FAST else [pytest.mark.slow])
    for name in NETWORKS
    for level in (0, 2, 3)
]
FULL = ("resnet50", "bert", "gpt2", "vit_b16", "mobilenet_v2", "gpt2_decode")


def share(level: int) -> float:
    """The wider limit when one of the level's passes says that it changes precision."""
    return PRECISION_CHANGING if any(p.numerics == "precision-changing" for p in level_passes(level)) else MODEL


def arrays(nest: Any) -> list[Any]:
    return [leaf.numpy() for leaf in pytree.tree_leaves(nest) if isinstance(leaf, torch.Tensor)]


@pytest.mark.parametrize(("name", "level"), SMALL)
def test_a_small_network_answers_as_eager(name: str, level: Any) -> None:
    module, arguments, shapes = network(name, "small")
    compiled = mlc.compile(module, arguments, dynamic_shapes=shapes, level=level, fallback=False)
    with torch.no_grad():
        assert_close(arrays(compiled(*arguments)), arrays(module(*arguments)), model=name, share=share(level))


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 2, 3])
@pytest.mark.parametrize("name", FULL)
def test_a_network_of_published_size_answers_as_eager(name: str, level: Any) -> None:
    module, arguments, shapes = network(name, "full")
    compiled = mlc.compile(module, arguments, dynamic_shapes=shapes, level=level, fallback=False)
    with torch.no_grad():
        assert_close(arrays(compiled(*arguments)), arrays(module(*arguments)), model=name, share=share(level))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_torch_compile_answers_as_eager(name: str) -> None:
    torch._dynamo.reset()
    module, arguments, _ = network(name, "small")
    compiled = torch.compile(module, backend=compile_graph, options={"fallback": False})
    with torch.no_grad():
        assert_close(arrays(compiled(*arguments)), arrays(module(*arguments)), model=name, share=share(2))
    torch._dynamo.reset()


@pytest.mark.slow
def test_a_cache_of_keys_and_values_grows_without_another_compilation() -> None:
    module, (token, keys, values), shapes = network("gpt2_decode", "small")
    compiled = mlc.compile(module, (token, keys, values), dynamic_shapes=shapes)
    ours = theirs = ([k[:, :, :3] for k in keys], [v[:, :, :3] for v in values])
    for step in range(6):
        token = torch.tensor([[step]])
        with torch.no_grad():
            want, *theirs = module(token, *theirs)
        got, *ours = compiled(token, *ours)
        assert ours[0][0].shape[2] == 4 + step
        assert_close([got.numpy()], [want.numpy()], model=f"gpt2 after {3 + step} tokens")
