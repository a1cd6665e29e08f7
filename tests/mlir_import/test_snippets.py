"""Each op of linalg, arith, math and tensor against its meaning in numpy, interpreted and native."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch_mlir")

from mlir_import.snippets import SNIPPETS
from mlir_import.snippets.forms import Snippet
from tolerance import assert_op_close

import mlc
from mlc.ir import TensorType


def drawn(kind: TensorType, sizes: dict[str, int], generator: np.random.Generator) -> Any:
    """Random numbers of a type: normal ones, booleans, or integers: small ones, any, and the least and greatest."""
    shape = [d if isinstance(d, int) else sizes[str(d)] for d in kind.dims]
    if kind.dtype.is_float:
        return generator.standard_normal(shape).astype(kind.dtype.numpy)
    if kind.dtype.bits == 1:
        return generator.integers(0, 2, shape).astype(kind.dtype.numpy)
    limits = np.iinfo(kind.dtype.numpy)
    small = generator.integers(-9, 10, shape).astype(kind.dtype.numpy)
    wide = generator.integers(limits.min, limits.max, shape, kind.dtype.numpy, endpoint=True)
    ends = generator.choice(np.array([limits.min, limits.max], kind.dtype.numpy), shape)
    return np.choose(generator.integers(0, 4, shape), (small, small, wide, ends)).astype(kind.dtype.numpy)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: s.name)
def test_an_op_means_what_numpy_says(snippet: Snippet) -> None:
    module = mlc.load(snippet.text)
    names = {op.name for op in module.walk()}
    assert set(snippet.ops) <= names, names
    assert not set(snippet.absent) & names, names
    symbols = list(dict.fromkeys(s for v in module.main.inputs for s in v.tensor.symbols()))
    sizes = dict(zip(symbols, dict.fromkeys(snippet.sizes), strict=True))
    generator = np.random.default_rng(len(snippet.name))
    inputs = [drawn(v.tensor, sizes, generator) for v in module.main.inputs]
    wanted = snippet.meaning(*inputs)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    for backend in ("interp", "llvm"):
        executable: Any = mlc.compile(module, backend=backend)  # type: ignore[arg-type]
        for got, reference, kind in zip(executable.run(*inputs), wanted, module.main.outputs, strict=True):
            reference = np.asarray(reference).astype(kind.tensor.dtype.numpy)
            largest = float(np.abs(reference.astype(np.float64)).max(initial=0, where=np.isfinite(reference)))
            magnitude = max(largest, snippet.terms)  # of terms that are about 1
            assert_op_close(got, reference, magnitude=magnitude, terms=snippet.terms, op=f"{snippet.name} on {backend}")


def test_every_name_is_used_once() -> None:
    names = [snippet.name for snippet in SNIPPETS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)
