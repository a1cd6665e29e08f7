"""Bad input ends in one located error: no traceback, no internal error, and what was there stays there."""

from __future__ import annotations

from pathlib import Path

import bad_models
import onnx
import pytest
from click.testing import CliRunner

from mlc.cli import main
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


def test_the_command_prints_one_error_and_leaves_files_alone(bad: bad_models.BadModel, tmp_path: Path) -> None:
    output = tmp_path / "out.mlc"
    output.write_bytes(b"made earlier")
    before = files_under(tmp_path)
    done = CliRunner().invoke(main, ["compile", str(bad.path), "-o", str(output)])
    assert done.exit_code in (1, 2), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    # one line that is not indented: details of the same error stand below it
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith(" ")]
    assert line.startswith("error: ") and "model.onnx" in line
    assert "Traceback" not in done.output and "internal error" not in done.output
    for words in bad.says:
        assert words in done.stderr
    assert done.stdout == ""
    assert output.read_bytes() == b"made earlier"
    assert files_under(tmp_path) == before


def test_an_output_that_did_not_exist_is_not_begun(tmp_path: Path) -> None:
    bad = bad_models.write("cycle", tmp_path)
    CliRunner().invoke(main, ["compile", str(bad.path), "-o", str(tmp_path / "out.mlc")])
    assert not (tmp_path / "out.mlc").exists()


@pytest.mark.parametrize("command", ["compile", "opt", "run", "inspect"])
def test_every_command_that_reads_a_model_refuses_alike(command: str, tmp_path: Path) -> None:
    bad = bad_models.write("bytes_too_few", tmp_path)
    done = CliRunner().invoke(main, [command, str(bad.path)])
    assert done.exit_code in (1, 2)
    assert done.stderr.startswith("error: model.onnx: initializer 'w'")


def files_under(folder: Path) -> list[tuple[str, int]]:
    """Names and times of change of everything below folder."""
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*") if not path.is_dir())
