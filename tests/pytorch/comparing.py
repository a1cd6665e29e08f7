"""What two runs of PyTorch code gave, compared by the one rule of tests/tolerance.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from tolerance import assert_close, assert_op_close
from torch import Tensor, nn
from torch.utils import _pytree as pytree


def assert_same(got: Any, want: Any, *, strides: bool = False) -> None:
    """Equal nests of equal numbers and close tensors; with `strides` they also lie in memory alike."""
    ours, our_nest = pytree.tree_flatten(got)
    theirs, their_nest = pytree.tree_flatten(want)
    assert our_nest == their_nest
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        assert type(one) is type(other)
        if isinstance(other, Tensor):
            assert_tensor_close(one, other, f"result {number}")
            assert not strides or one.stride() == other.stride()
        else:
            assert one == other


def assert_tensor_close(got: Tensor, want: Tensor, name: str = "tensor") -> None:
    """A tensor within the limit for a whole model."""
    assert got.dtype is want.dtype, name
    if want.dtype.is_complex:
        got, want = torch.view_as_real(got), torch.view_as_real(want)
    assert_close([got.detach().numpy()], [want.detach().numpy()], model=name)


def assert_same_training(ours: nn.Module, theirs: nn.Module) -> None:
    """Parameters, buffers, and the gradient as one vector: parts of it may be no more than rounding."""
    for kind in ("parameters", "buffers"):
        pairs = zip(getattr(ours, f"named_{kind}")(), getattr(theirs, f"named_{kind}")(), strict=True)
        for (name, got), (_, want) in pairs:
            assert_tensor_close(got, want, name)
    assert_gradients_close((p.grad for p in ours.parameters()), (p.grad for p in theirs.parameters()))


def assert_gradients_close(ours: Iterable[Tensor | None], theirs: Iterable[Tensor | None]) -> None:
    """All gradients of one backward pass as one vector."""
    got, want = list(ours), list(theirs)
    assert [g is None for g in got] == [w is None for w in want]
    vectors = [torch.cat([g.flatten() for g in gradients if g is not None]) for gradients in (got, want)]
    for one, other in zip(got, want, strict=True):
        assert one is None or other is None or one.shape == other.shape
    assert_tensor_close(*vectors, "gradient")


def assert_values_close(got: np.ndarray, want: np.ndarray, op: str) -> None:
    """Elementwise results: each within the limit for one term, NaN and infinities in the same places."""
    assert_op_close(got, want, magnitude=np.abs(want.astype(np.float64)), op=op)
