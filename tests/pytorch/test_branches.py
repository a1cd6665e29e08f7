"""torch.cond at both doors: a branch on the values of tensors is an If, with gradients, and beside what is refused."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

import mlc
from mlc.ops import If

pytest.importorskip("torch")
import torch
from comparing import assert_gradients_close, assert_same
from torch import Tensor, nn

from mlc.torch_backend import compile_graph, eager


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    torch._dynamo.reset()
    torch.manual_seed(0)
    monkeypatch.setattr(eager, "_said", set())
    yield
    torch._dynamo.reset()


class Branching(nn.Module):
    """Either branch has a weight of its own, takes values from outside, and gives two results."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.register_buffer("factor", torch.randn(4))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = torch.relu(x) + x

        def positive(v: Tensor) -> tuple[Tensor, Tensor]:
            return torch.tanh(self.first(v)), v.sum(0)

        def negative(v: Tensor) -> tuple[Tensor, Tensor]:
            return self.second(v) * self.factor, v.mean(0)

        p, q = torch.cond(x.sum() > 0, positive, negative, (y,))
        return p + 1, q * 2


@pytest.mark.parametrize("is_dynamic", [False, True], ids=["static", "dynamic"])
def test_a_branch_on_values_is_an_if(is_dynamic: bool) -> None:
    model, x = Branching(), torch.rand(3, 4)
    shapes = ({0: torch.export.Dim("n")},) if is_dynamic else None
    assert sum(isinstance(op, If) for op in mlc.load(model, (x,), dynamic_shapes=shapes).walk()) == 1
    compiled = mlc.compile(model, (x,), dynamic_shapes=shapes, fallback=False)
    with torch.no_grad():
        for given in (x, -x, torch.rand(5, 4), -torch.rand(5, 4))[: 4 if is_dynamic else 2]:
            assert_same(compiled(given), model(given))


def test_torch_compile_branches_and_has_eagers_gradients() -> None:
    ours, theirs = Branching(), Branching()
    theirs.load_state_dict(ours.state_dict())
    compiled = torch.compile(ours, backend=compile_graph, options={"fallback": False})
    for x in (torch.rand(3, 4), -torch.rand(3, 4)):
        with torch.no_grad():
            assert_same(compiled(x), theirs(x))
        for model in (compiled, theirs):
            model.zero_grad()
            sum((r * torch.linspace(-1, 1, r.numel()).view(r.shape)).sum() for r in model(x)).backward()
        assert_gradients_close((p.grad for p in ours.parameters()), (p.grad for p in theirs.parameters()))


def beside(x: Tensor) -> Tensor:
    """A branch behind an operator that is not supported."""
    y = torch.special.i0(x)
    return torch.cond(y.sum() > 4, lambda v: torch.tanh(v) * 2, lambda v: v - 1, (y,)) + 1


def inside(x: Tensor) -> Tensor:
    """A branch with an operator that is not supported in it."""
    return torch.cond(x.sum() > 4, lambda v: torch.special.i0(v) * 2, lambda v: v - 1, (torch.relu(x),)) + 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (beside, r"aten.i0 \(no support yet\); options"),
        (inside, r"cond \(its branch has aten.i0: no support yet\);"),
    ],
)
def test_what_is_not_supported_beside_or_in_a_branch_runs_eagerly(function: object, message: str) -> None:
    compiled = torch.compile(function, backend=compile_graph)
    with pytest.warns(UserWarning, match=message):
        compiled(torch.ones(3))
    for x in (torch.ones(3), torch.full((3,), 2.0)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert_same(compiled(x), function(x))  # type: ignore[operator]


class Aliasing(nn.Module):
    """Branches that give views of what they take."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cond(x.sum() > 0, lambda v: v[:2], lambda v: v[:1], (x,))


class Uneven(nn.Module):
    """Branches that give tensors of different sizes."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cond(x.sum() > 0, lambda v: v[:2] * 2, lambda v: v[:1] * 2, (x,))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Aliasing(), "Aliasing: torch.export failed: .*cond_true might be aliasing the input"),
        (Uneven(), r"its branches give tensor<2xf32> and tensor<1xf32>, .*: cond \(test_branches.py:\d+\)"),
    ],
)
def test_branches_that_cannot_be_imported_are_an_error(model: nn.Module, message: str) -> None:
    with pytest.raises(mlc.CompileError, match=message):
        mlc.compile(model, (torch.ones(3),))


class RefusedInside(nn.Module):
    """Two operators in the branches that are refused: one unknown, one known and not as it is used."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cond(x.sum() > 0, torch.special.i0, lambda v: nn.functional.dropout(v, 0.5, training=True), (x,))


def test_what_branches_have_that_is_refused_is_named() -> None:
    with pytest.raises(mlc.CompileError, match=r"cond \(its branch has aten.special_i0: no support yet\)"):
        mlc.compile(RefusedInside(), (torch.ones(3),))
