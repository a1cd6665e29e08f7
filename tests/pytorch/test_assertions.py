"""What a model asserts of numbers that only the run knows is asserted by the compiled model too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mlc

pytest.importorskip("torch")
import torch
from comparing import assert_same
from torch import Tensor, nn


class Checked(nn.Module):
    """Asserts an element to be within limits before it is a number of rows."""

    def forward(self, x: Tensor, count: Tensor) -> Tensor:
        rows = count.item()
        torch._check(rows >= 2, lambda: "too few rows")
        torch._check(rows < 6, lambda: "too many rows")
        return x.new_ones(rows, 3) * x


class Positive(nn.Module):
    """Asserts what a tensor holds."""

    def forward(self, x: Tensor) -> Tensor:
        torch._assert_async((x > 0).all(), "x must be positive")
        return torch.sqrt(x)


@pytest.mark.parametrize("backend", ["interp", "llvm"])
def test_a_module_that_asserts_a_number_fails_where_eager_does(backend: Any) -> None:
    x = torch.randn(3)
    compiled = mlc.compile(Checked(), (x, torch.tensor(3)), backend=backend)
    for count in (2, 5):
        assert_same(compiled(x, torch.tensor(count)), Checked()(x, torch.tensor(count)))
    for count in (1, 6, -3):
        with pytest.raises(RuntimeError):
            Checked()(x, torch.tensor(count))
        with pytest.raises(mlc.CompileError, match=r"node '.*' \(assert\): |mlc.assert: ") as caught:
            compiled(x, torch.tensor(count))
        assert len(str(caught.value).splitlines()[0]) > 20


def test_an_assertion_about_a_tensor_is_its_message_at_its_node(tmp_path: Path) -> None:
    x = torch.tensor([1.0, 4.0])
    compiled = mlc.compile(Positive(), (x,))
    compiled.save(tmp_path / "model.mlc")
    again = mlc.Executable.load(tmp_path / "model.mlc")
    assert_same(compiled(x), torch.sqrt(x))
    for call in (compiled, lambda x: again(x.numpy())):
        with pytest.raises(mlc.CompileError, match=r"node '_assert_async' \(assert\): x must be positive"):
            call(-x)


def test_torch_compile_asserts_too() -> None:
    x = torch.tensor([1.0, 4.0])
    compiled = torch.compile(Positive(), backend="mlc", options={"fallback": False})
    with torch.no_grad():
        assert_same(compiled(x), torch.sqrt(x))
        with pytest.raises(mlc.CompileError, match="x must be positive"):
            compiled(-x)
