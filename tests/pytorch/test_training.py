"""torch.compile with gradients wanted: both passes of attention are compiled, and give eager's gradients."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tolerance import assert_op_close

pytest.importorskip("torch")
import torch
from comparing import assert_same_training
from torch import Tensor, nn

from mlc.torch_backend import compile_graph

attention = nn.functional.scaled_dot_product_attention


@pytest.fixture(autouse=True)
def fresh_dynamo() -> Iterator[None]:
    torch._dynamo.reset()
    torch.manual_seed(0)
    yield
    torch._dynamo.reset()


def blind(rows: int, columns: int) -> Tensor:
    """A mask under which the first query sees no key, and the others some."""
    mask = torch.rand(rows, columns) < 0.7
    mask[0] = False
    return mask


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": ((2, 3, 5, 7, 8), {}),
    "causal": ((1, 2, 6, 6, 4), {"is_causal": True}),
    "causal, fewer queries": ((1, 2, 3, 6, 4), {"is_causal": True}),
    "scaled": ((1, 2, 5, 7, 8), {"scale": 0.3}),
    "float mask": ((2, 2, 5, 7, 8), {"attn_mask": torch.linspace(-3, 3, 35).view(5, 7)}),
    "mask of heads": ((2, 2, 5, 7, 8), {"attn_mask": torch.linspace(-3, 3, 140).view(2, 2, 5, 7)}),
    "boolean mask": ((2, 2, 5, 7, 8), {"attn_mask": torch.ones(5, 7, dtype=torch.bool).tril(1)}),
    "query that sees no key": ((2, 2, 5, 7, 8), {"attn_mask": blind(5, 7)}),
    "one key": ((1, 1, 1, 1, 8), {}),
    "groups": ((2, 4, 5, 7, 8), {"enable_gqa": True}),
}


def operands(shape: tuple[int, ...], groups: int) -> list[Tensor]:
    """query, key and value, of which the last two have as many heads as there are groups."""
    batch, heads, queries, keys, width = shape
    shapes = [(batch, heads, queries, width), (batch, groups, keys, width), (batch, groups, keys, width)]
    return [torch.randn(s) for s in shapes]


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "causal" else pytest.mark.slow) for n in CASES])
def test_attention_and_its_gradients_are_compiled_and_eagers(name: str, dynamic: bool) -> None:
    shape, options = CASES[name]
    given = operands(shape, 2 if options.get("enable_gqa") else shape[1])
    compiled = torch.compile(attention, backend=compile_graph, dynamic=dynamic, options={"fallback": False})
    results: list[list[Tensor]] = []
    for function, dtype in ((compiled, torch.float32), (attention, torch.float64)):
        leaves = [t.detach().clone().to(dtype).requires_grad_() for t in given]
        mask = options.get("attn_mask")
        floats = {"attn_mask": mask.to(dtype)} if mask is not None and mask.is_floating_point() else {}
        y = function(*leaves, **{**options, **floats})
        (y * torch.linspace(-1, 1, y.numel(), dtype=dtype).view(y.shape)).sum().backward()
        results.append([y.detach(), *(leaf.grad for leaf in leaves)])
    for got, want in zip(*results, strict=True):
        want = want.float()
        magnitude = np.full(want.shape, float(want.abs().max()) + 1)
        assert_op_close(got.numpy(), want.numpy(), magnitude=magnitude, terms=shape[2] * shape[3], op=name)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_attention_of_narrow_floats_is_as_close_as_eagers(dtype: torch.dtype) -> None:
    given = [t.to(dtype) for t in operands((1, 2, 5, 7, 8), 2)]
    compiled = torch.compile(attention, backend=compile_graph, options={"fallback": False})
    results: list[list[Tensor]] = []
    for function, kind in ((compiled, dtype), (attention, dtype), (attention, torch.float64)):
        leaves = [t.detach().clone().to(kind).requires_grad_() for t in given]
        function(*leaves).sum().backward()
        results.append([leaf.grad.double() for leaf in leaves])
    for ours, theirs, exact in zip(*results, strict=True):
        step = float(torch.finfo(dtype).eps) * exact.abs().max()
        assert (ours - exact).abs().max() <= (theirs - exact).abs().max() + step


@pytest.mark.slow
def test_a_transformer_trains_without_a_graph_that_runs_eagerly() -> None:
    layers = [nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, activation="gelu", batch_first=True) for _ in range(2)]
    ours, theirs = nn.Sequential(*layers), nn.Sequential(*layers)
    ours = nn.Sequential(*layers)
    theirs = copy.deepcopy(ours)
    compiled = torch.compile(ours, backend=compile_graph, options={"fallback": False})
    x = torch.randn(2, 7, 16)
    for model in (compiled, theirs):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
    assert_same_training(ours, theirs)


def test_second_derivatives_are_refused_in_one_line_and_first_ones_stay_right() -> None:
    x, w = (torch.randn(s, requires_grad=True) for s in ((3, 4), (4, 2)))
    compiled = torch.compile(lambda x, w: torch.tanh(x @ w).sum(), backend=compile_graph)
    (first,) = torch.autograd.grad(compiled(x, w), x, create_graph=True)
    (expected,) = torch.autograd.grad(torch.tanh(x @ w).sum(), x)
    torch.testing.assert_close(first.detach(), expected)
    with pytest.raises(RuntimeError) as caught:
        torch.autograd.grad((first**2).sum(), w)
    assert str(caught.value) == "torch.compile with aot_autograd does not currently support double backward"
