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


@pytest.mark.parametrize("group", range(4))
def test_damaged_bytes_are_refused_or_still_a_model(group: int, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    whole = bad_models.good_model().SerializeToString()
    for seed in range(250 * group, 250 * (group + 1)):
        path.write_bytes(bad_models.damaged(whole, seed))
        try:
            load(path)
        except CompileError as error:
            assert "model.onnx" in str(error), f"seed {seed}: {error}"
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}") from error


def test_the_model_they_are_made_from_is_good(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(bad_models.good_model(), path)
    onnx.checker.check_model(path, full_check=True)
    load(path)
