"""`mlc tune`: what it keeps, that it goes on after an interruption, and who uses what it found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from mlc import driver
from mlc.cli import main
from mlc.driver import tuning
from mlc.driver.cache import Cache
from mlc.driver.tuning import TunedKernel, Tuning, load_tuning, save_tuning
from mlc.errors import CompileError
from mlc.target import Target
from mlc.tools import tune

Mlc = Callable[..., Result]
HOST = Target.parse("host")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tune, "ROUNDS", 1)
    return Cache.default()


@pytest.fixture
def mlc() -> Mlc:
    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """relu(x[32,64] @ a) @ b: two products of different shapes."""
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.standard_normal(s, np.float32), n) for n, s in (("a", (64, 48)), ("b", (48, 80)))
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["p"], name="first"),
        helper.make_node("Relu", ["p"], ["r"], name="act"),
        helper.make_node("MatMul", ["r", "b"], ["y"], name="second"),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [32, 64]), ("y", [32, 80]))]
    path = tmp_path / "two.onnx"
    graph = helper.make_graph(nodes, "two", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return path


def tuner(model: Path, trials: int = 2, name_filter: str = "") -> tune.Tuner:
    return tune.tuner_for(model, driver.Options(jobs=1), [], trials, name_filter)


def test_each_kernel_has_its_trials_measured_and_kept(cache: Cache, model: Path) -> None:
    search = tuner(model)
    advanced = []
    search.run(lambda: advanced.append(1))
    assert len(advanced) == search.trial_count == 2
    kept = load_tuning(cache, HOST)
    assert sorted(k.title for k in kept.kernels.values()) == ["matmul [second]", "matmul+relu [first+act]"]
    for kernel in search.kernels:
        trials = kept.kernels[kernel.key].trials
        assert len(trials) == 2 and all(ratio > 0 for ratio in trials.values())


def test_what_was_measured_is_not_measured_again(cache: Cache, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    measure = tune.Tuner._measure

    def interrupted_at_second(self: tune.Tuner, trial: tune.Choices) -> None:
        measured.append(trial)
        if len(measured) == 2:
            raise KeyboardInterrupt
        measure(self, trial)

    monkeypatch.setattr(tune.Tuner, "_measure", interrupted_at_second)
    with pytest.raises(KeyboardInterrupt):
        tuner(model).run(lambda: None)
    assert all(len(k.trials) == 1 for k in load_tuning(cache, HOST).kernels.values())
    tuner(model).run(lambda: None)
    assert len(measured) == 3, "the interrupted trial again, and the first one not"


def test_a_filter_leaves_other_kernels_alone(cache: Cache, model: Path) -> None:
    assert [kernel.title for kernel in tuner(model, name_filter="second").kernels] == ["matmul [second]"]
    with pytest.raises(CompileError, match="the model has no kernel with choices to tune whose name holds 'third'"):
        tuner(model, name_filter="third")


def keep_winner(cache: Cache, model: Path) -> str:
    """The second candidate of the kernel `second` as if it had won; its label."""
    (kernel,) = tuner(model, name_filter="second").kernels
    label = kernel.alternatives[0].candidates[1]
    save_tuning(cache, HOST, Tuning({kernel.key: TunedKernel(kernel.title, {"tile": label}, 0.5)}))
    return label


def test_compiling_uses_winners_and_the_schedule_says_so(cache: Cache, model: Path, mlc: Mlc, tmp_path: Path) -> None:
    def is_cached() -> bool:
        result = mlc("compile", model, "-o", tmp_path / "m.mlc", "--json")
        return bool(json.loads(result.stdout)["from_cache"])

    assert [is_cached(), is_cached()] == [False, True]
    label = keep_winner(cache, model)
    assert [is_cached(), is_cached()] == [False, True], "an artifact of before the tuning is no hit"
    rows = mlc("compile", model, "--emit", "schedule").stdout.splitlines()
    assert f"tile {label} (tuned, fewest cycles for " in next(row for row in rows if "[second]" in row)
    assert "tuned" not in next(row for row in rows if "[first+act]" in row)
    assert "tuned" not in mlc("compile", model, "--emit", "schedule", "--no-cache").stdout


def test_tuning_of_another_version_is_named_and_not_used(
    cache: Cache, model: Path, mlc: Mlc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setattr(tuning, "codegen_version", lambda: "of long ago")
        keep_winner(cache, model)
    note = "note: the tuning for host is from another version of mlc and is not used; run `mlc tune` again\n"
    for _ in range(2):  # compiled, and from the cache
        result = mlc("compile", model, "-o", tmp_path / "m.mlc")
        assert result.exit_code == 0 and note in result.stderr
    assert "tuned" not in mlc("compile", model, "--emit", "schedule").stdout


def test_a_winner_must_be_worth_it_and_the_fastest_yet() -> None:
    kernel = TunedKernel("k")
    for label, ratio in (("a", 0.99), ("b", 0.9), ("c", 0.95)):
        kernel.add({"tile": label}, ratio, tune.WORTH_IT)
    assert (kernel.choices, kernel.ratio) == ({"tile": "b"}, 0.9)
    assert kernel.trials == {'{"tile": "a"}': 0.99, '{"tile": "b"}': 0.9, '{"tile": "c"}': 0.95}


@pytest.mark.slow
def test_the_command_prints_each_kernel_and_the_whole(cache: Cache, model: Path, mlc: Mlc) -> None:
    found = json.loads(mlc("tune", model, "--trials", 1, "--json").stdout)
    assert [row["trials"] for row in found["kernels"]] == [1, 1]
    low, high = found["speedup"][1:]
    assert 0 < low <= found["speedup"][0] <= high
    printed = mlc("tune", model, "--trials", 1).stdout
    assert "matmul [second]" in printed and "times as fast as without tuning" in printed
