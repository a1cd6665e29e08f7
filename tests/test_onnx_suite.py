"""The ONNX backend test suite passes on every engine, but for the cases on the skip list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_suite
import pytest
from onnx.backend.test.loader import load_model_tests
from onnx_builder import model_of, node
from onnx_suite import Outcome

from mlc.errors import CompileError
from mlc.onnx_backend import MlcBackend

Array = np.ndarray[Any, Any]
PASSED_AT_LEAST = 1500
NATIVE_AT_LEAST = 1200


@pytest.mark.slow
@pytest.mark.parametrize("engine", onnx_suite.LEVELS)
def test_the_onnx_suite_passes(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # empty, then shared by the levels
    skipped = onnx_suite.skips(engine)
    for level in onnx_suite.LEVELS[engine]:
        outcomes = onnx_suite.run_all(engine, level, list(onnx_suite.cases()))
        record_property("figures", f"ONNX suite, {engine} -{level}: {onnx_suite.counts(outcomes, skipped)}")
        assert onnx_suite.problems(outcomes, skipped) == []
        passed = [o for o in outcomes if o.status == "passed"]
        assert len(passed) >= PASSED_AT_LEAST
        if engine == "llvm":
            assert sum(o.is_native for o in passed) >= NATIVE_AT_LEAST


def inverse_dft(x: Array) -> Array:
    """The inverse transform of x[..., N, 1, 2], pairs of real and imaginary part, along axis 1 in f64."""
    found = np.fft.ifft(x[..., 0].astype(np.float64) + 1j * x[..., 1].astype(np.float64), axis=1)
    return np.stack([found.real, found.imag], -1)


TRUTH: dict[str, Callable[[Sequence[Array]], Array]] = {
    "test_attention_4d_causal_fp16_expanded": lambda inputs: causal_attention(*(x.astype(np.float64) for x in inputs)),
    "test_dft_inverse": lambda inputs: inverse_dft(inputs[0]),
    "test_dft_inverse_opset19": lambda inputs: inverse_dft(inputs[0]),
}


def test_every_case_listed_as_wrong_in_the_suite_has_its_proof() -> None:
    assert onnx_suite.wrong_in_suite() == set(TRUTH)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the suite divides by zero while it makes its data
@pytest.mark.parametrize("name", TRUTH)
def test_the_suite_is_further_off_than_mlc_where_it_is_listed_as_wrong(name: str) -> None:
    case = next(c for c in load_model_tests(kind="node") if c.name == name)
    (inputs, (want,)) = case.data_sets[0]
    got = MlcBackend.run_model(case.model, inputs)[0]
    truth = TRUTH[name](inputs)
    assert got.shape == truth.shape
    assert np.abs(got - truth).max() < np.abs(want - truth).max() < 1e-3


def causal_attention(q: Array, k: Array, v: Array) -> Array:
    """softmax(q @ k' / sqrt(d)) @ v, where query i sees the keys up to i."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


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


def test_a_wrong_result_is_reported_unless_it_is_the_suite_s() -> None:
    name = "test_attention_4d_causal_fp16_expanded"
    assert onnx_suite.problems([Outcome(name, "wrong", "1 is not 2")], {name: "rounding"}) == []
    assert onnx_suite.problems([Outcome(name, "crashed", "signal 11")], {name: "rounding"}) != []


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


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # as above
def test_a_case_is_native_when_nothing_of_it_runs_in_python() -> None:
    native = model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]})
    assert MlcBackend.prepare(native, no_fallback=True).is_native
    host = next(c.model for c in load_model_tests(kind="node") if c.name == "test_string_concat")
    assert not MlcBackend.prepare(host).is_native
    with pytest.raises(CompileError, match="string_concat"):
        MlcBackend.prepare(host, no_fallback=True)


def test_of_random_cases_what_is_not_random_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_suite._Runner, "case", "test_training_dropout")
    want = [np.array([0, 2, 4], np.float32)]
    compare = onnx_suite._Runner.assert_similar_outputs
    compare(want, [np.array([1, 0, 4], np.float32)], 1e-3, 1e-7)
    for other in ([1, 0, 5], [1, 0]):
        with pytest.raises(AssertionError):
            compare(want, [np.array(other, np.float32)], 1e-3, 1e-7)
