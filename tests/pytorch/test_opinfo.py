"""Every core operator of torch on torch's own samples of it: what is imported answers as eager does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mlc

pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="torch's own test tables need it")

import opinfo

# Random numbers, complex numbers, storage: operators with a reason in mlc.frontend.torch_import.reasons.
NEVER = {"rand", "randn", "randperm", "_fft_r2c", "_fft_c2r", "sym_storage_offset", "sym_is_contiguous", "resize_"}
FAST = {"add", "where", "cumsum", "native_layer_norm", "slice_scatter", "index_select", "nn.functional.pad", "topk"}


def _rows() -> list[Any]:
    infos = opinfo.opinfos()
    ids = [f"{i.name}.{i.variant_test_name}".rstrip(".") for i in infos]
    marks = [() if i.name in FAST else (pytest.mark.slow,) for i in infos]
    return [pytest.param(info, id=name, marks=mark) for info, name, mark in zip(infos, ids, marks, strict=True)]


ROWS = _rows()


@pytest.mark.parametrize("info", ROWS)
def test_samples_answer_as_eager(info: Any, record_property: Callable[[str, object], None]) -> None:
    tally = opinfo.run(info)
    record_property("opinfo", (tally.passed, sum(tally.refused.values()), len(tally.wrong)))
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.passed or opinfo.core_name(info) in NEVER, dict(tally.refused)


def natively(module: mlc.Module, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The module compiled at -O2, in the order of its inputs."""
    outputs = mlc.compile(module, cache=False).run(*arrays)
    return [np.asarray(output) for output in outputs]


@pytest.mark.slow
@pytest.mark.parametrize("info", [pytest.param(*row.values, id=row.id) for row in ROWS])
def test_the_first_samples_answer_natively(info: Any) -> None:
    tally = opinfo.run(info, natively, limit=3)
    assert not tally.wrong, "\n".join(tally.wrong)
