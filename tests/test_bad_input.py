"""Bad input ends in one located error: no traceback, no internal error, and what was there stays there."""

from __future__ import annotations

from pathlib import Path

import bad_models
import onnx
import pytest

from mlc.errors import CompileError
from mlc.frontend import load


@pytest.fixture(params=list(bad_models.TABLE))
def bad(request: pytest.FixtureRequest, tmp_path: Path) -> bad_models.BadModel:
    return bad_models.write(request.param, tmp_path)


def test_loading_raises_one_located_error(bad: bad_models.BadModel) -> None:
    with pytest.raises(CompileError) as caught:
        load(bad.path)
    for words in ("model.onnx", *bad.says):
        assert words in str(caught.value)


def test_the_model_they_are_made_from_is_good(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(bad_models.good_model(), path)
    onnx.checker.check_model(path, full_check=True)
    load(path)
