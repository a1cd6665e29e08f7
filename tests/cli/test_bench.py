"""`mlc bench` as a user meets it: its table, its JSON, what it refuses."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from mlc.cli import main
from mlc.cli.options import thread_counts
from mlc.errors import CompileError
from mlc.tools.bench_child import Child
from mlc.tools.bench_protocol import PEAK, Job, Started, Turn
from mlc.tools.bench_result import Row
from mlc.tools.engines import Setup, Subject

Mlc = Callable[..., Result]


@pytest.fixture
def mlc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mlc:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """x[8,64] @ w, 65,536 FLOPs with seeded weights."""
    weight = np.random.default_rng(0).standard_normal((64, 64), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [8, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [8, 64])],
        [numpy_helper.from_array(weight, "w")],
    )
    path = tmp_path / "product.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return path


@pytest.mark.slow
def test_the_json_holds_every_round_of_every_engine(mlc: Mlc, model: Path) -> None:
    result = mlc("bench", model, "--vs", "ort,onnxref", "--rounds", 3, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["flops"] == 2 * 8 * 64 * 64
    assert [row["engine"] for row in found["rows"]] == ["mlc", "ort", "onnxref"]
    for row in found["rows"]:
        assert len(row["seconds"]) == 3
        assert row["minimum_seconds"] == min(row["seconds"]) > 0
        assert row["median_seconds"] == pytest.approx(float(np.median(row["seconds"])))
        assert row["settings"] and row["versions"] and row["load_seconds"] > 0 and row["peak_bytes"] > 0
    ours, ort, _ = found["rows"]
    assert ort["ratio"]["value"] == pytest.approx(ort["median_seconds"] / ours["median_seconds"])
    assert ort["ratio"]["low"] <= ort["ratio"]["value"] <= ort["ratio"]["high"]
    share = found["flops"] / ours["median_seconds"] / found["peak_flops_per_second"]["1"]
    assert ours["share_of_peak"] == pytest.approx(share)
    assert 0 <= ort["largest_difference"]["relative"] < 1e-5


@pytest.mark.slow
def test_the_table_has_a_row_for_each_engine_and_its_options(mlc: Mlc, model: Path) -> None:
    result = mlc("bench", model, "--vs", "ort", "--rounds", 2)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["mlc", "1"], ["ort", "1"]]
    assert any(line.startswith("peak with 1 thread: ") for line in lines)
    assert any(line.startswith("ort: onnxruntime ") and "all optimizations" in line for line in lines)


def test_a_missing_engine_names_what_installs_it(mlc: Mlc, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find_spec(name))
    result = mlc("bench", model, "--vs", "ort,openvino")
    assert result.exit_code == 2
    assert result.stderr == "error: engine openvino is not installed: pip install mlc-compiler[bench]\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vs", "ortt"], "unknown engine 'ortt'; did you mean 'ort'"),
        (["--vs", "ort,ort"], "engine ort is measured anyway: name each other engine once"),
        (
            ["--vs", "torch"],
            "product.onnx: engine torch runs torch modules; give package.module:factory as the model, or",
        ),
        (["--threads", "0"], "'0' is no thread count: 1 to 1024"),
        (["--threads", "1,1"], "'1,1' names a count twice"),
        (["--threads", "1,"], "'' is no thread count"),
        (["--threads", "1000"], "cannot measure 1000 threads: this process may use"),
        (["--rounds", "1"], "1 is not in the range x>=2"),
        (["--also", "-O2"], "mlc -O2 would be measured twice: name other passes or another level"),
        (["--also", "-O7"], "there is no optimization level 7; there are 0, 1, 2 and 3"),
        (["--also", "fuze"], "unknown pass 'fuze'; did you mean 'fuse'"),
        (["--also", ""], "name passes, or a level such as -O3"),
    ],
)
def test_what_cannot_be_measured_is_refused_first(mlc: Mlc, model: Path, arguments: list[str], message: str) -> None:
    result = mlc("bench", model, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_bits_are_compared_with_those_of_the_fewest_threads() -> None:
    assert thread_counts("2,10,1") == (1, 2, 10)


def test_an_engine_that_refuses_the_model_says_so(mlc: Mlc, tmp_path: Path) -> None:
    child = Child(Job("ort", Subject(tmp_path / "no.onnx"), Setup(), (0,)))
    with child, pytest.raises(CompileError, match=r"no\.onnx: ONNX Runtime refuses the model: .*"):
        child.started()


def test_a_child_that_dies_is_an_error_and_no_hang(tmp_path: Path) -> None:
    child = Child(Job(PEAK, Subject(tmp_path / "model.onnx"), Setup(), (0,)))
    with child:
        started = child.started()
        assert isinstance(started, Started) and started.flops > 0
        child.kill()
        with pytest.raises(CompileError, match="the process of engine peak was killed by SIGKILL"):
            child.turn(Turn((), 0.0))


@pytest.mark.slow
def test_the_mlir_backend_is_measured_by_an_artifact_as_llvm_is(
    mlc: Mlc, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that compiles keeps the model and what the passes made: its memory is not that of a call."""
    pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")
    jobs: list[Job] = []

    class Recorded(Child):
        def __init__(self, job: Job) -> None:
            jobs.append(job)
            super().__init__(job)

    monkeypatch.setattr("mlc.tools.bench.Child", Recorded)
    result = mlc("bench", model, "--vs", "mlir", "--rounds", 2, "--threads", 1)
    assert result.exit_code == 0, result.output
    paths = {job.engine: job.subject.path for job in jobs if job.engine in ("llvm", "mlir")}
    assert {path.suffix for path in paths.values()} == {".mlc"} and len(set(paths.values())) == 2


def test_the_worst_difference_of_all_rounds_is_kept() -> None:
    row = Row("ort", 1, Started(0.0, "", ""), 1e-4)
    one = np.ones(4, np.float32)
    for distance in (0.0, 0.5, 0.25):
        row.compare(["y"], [one], [one + np.float32(distance)], [one])
    assert row.worst is not None and row.worst.relative == 0.5 and row.is_off()


def test_other_bits_than_with_the_first_thread_count_are_kept_apart_from_the_difference_to_ours() -> None:
    row = Row("mlc -O3", 2, Started(0.0, "", ""), 1e-3)
    one = np.ones(4, np.float32)
    row.compare(["y"], [one], [one], [one])
    assert row.is_bit_equal
    row.compare(["y"], [one], [one], [np.nextafter(one, np.float32(2))])
    assert not row.is_bit_equal and not row.is_off()


@pytest.mark.slow
def test_other_passes_are_measured_in_the_same_rounds(mlc: Mlc, model: Path) -> None:
    found = mlc(
        "bench", model, "--vs", "", "--also", "-O0", "--also", "fold,fuse", "--rounds", 2, "--threads", "1,2", "--json"
    )
    assert found.exit_code == 0, found.output
    rows = json.loads(found.stdout)["rows"]
    titles = ["mlc", "mlc -O0", "mlc --passes fold,fuse"]
    assert [(row["engine"], row["threads"]) for row in rows] == [(t, n) for n in (1, 2) for t in titles]
    assert all(row["compile_seconds"] > 0 and row["same_bits_as_first_threads"] for row in rows)
    assert all(row["largest_difference"]["relative"] < 1e-5 for row in rows if row["engine"] != "mlc")
    assert [row["settings"].partition(",")[0] for row in rows[:2]] == ["-O2", "-O0"]
