"""The ONNX backend test suite passes on every engine, but for the cases on the skip list."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_suite
import pytest
from onnx_builder import model_of, node
from onnx_suite import Outcome

from mlc.errors import CompileError
from mlc.onnx_backend import MlcBackend

PASSED_AT_LEAST = 1500


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "level"), [(engine, level) for engine, levels in onnx_suite.LEVELS.items() for level in levels]
)
def test_the_onnx_suite_passes(engine: str, level: str) -> None:
    outcomes = onnx_suite.run_all(engine, level, list(onnx_suite.cases()))
    skipped = onnx_suite.skips(engine)
    print(f"{engine} -{level}: {onnx_suite.counts(outcomes, skipped)}")
    assert onnx_suite.problems(outcomes, skipped) == []
    assert sum(o.status == "passed" for o in outcomes) >= PASSED_AT_LEAST


def test_a_complete_run_reports_what_is_wrong_with_it() -> None:
    outcomes = [
        Outcome("fine", "passed"),
        Outcome("listed", "unsupported", "no Foo"),
        Outcome("unlisted", "unsupported", "no Bar"),
        Outcome("fixed", "passed"),
        Outcome("off", "wrong", "1 is not 2"),
        Outcome("gone", "crashed", "signal 11"),
    ]
    skipped = {"listed": "Foo", "fixed": "Baz", "off": "numbers", "renamed": "x"}
    assert onnx_suite.problems(outcomes, skipped) == [
        "off: wrong: 1 is not 2",
        "gone: crashed: signal 11",
        "unlisted is not on the skip list: no Bar",
        "fixed passes: take it off the skip list",
        "renamed is on the skip list and no case",
    ]


def test_every_skip_has_a_reason() -> None:
    for engine in onnx_suite.LEVELS:
        assert all(reason.strip() for reason in onnx_suite.skips(engine).values())


# --- the backend itself ---

X = np.array([-1.0, 2.0], np.float32)


def test_the_backend_runs_models_by_position_and_by_name() -> None:
    model = model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]})
    assert MlcBackend.is_compatible(model)
    assert MlcBackend.run_model(model, [X])[0].tolist() == [0, 2]
    assert MlcBackend.prepare(model).run({"x": X})[0].tolist() == [0, 2]
    with pytest.raises(CompileError, match="the model has no input 'z'"):
        MlcBackend.prepare(model).run({"z": X})


def test_the_backend_runs_single_nodes() -> None:
    assert MlcBackend.run_node(onnx.helper.make_node("Add", ["a", "b"], ["c"]), [X, X])[0].tolist() == [-2, 4]


def test_the_backend_is_for_the_cpu() -> None:
    assert MlcBackend.supports_device("CPU") and not MlcBackend.supports_device("CUDA:0")
    model = model_of([node("Nonsense", ["x"], ["y"])], {"x": [2]}, {"y": [2]})
    assert not MlcBackend.is_compatible(model)
    with pytest.raises(CompileError, match="no support for device CUDA"):
        MlcBackend.prepare(model, "CUDA")
