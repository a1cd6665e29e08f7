"""How the Python API answers mistakes; what it computes is tested with the models."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_builder import model_of, node

import mlc


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    onnx.save(model_of([node("Relu", ["x"], ["y"])], {"x": ["N", 4]}, {"y": ["N", 4]}), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def test_names_in_a_list_are_no_passes(model: Path) -> None:
    with pytest.raises(mlc.CompileError, match="takes a pipeline as text or Pass objects, got 'fuse'"):
        mlc.compile(model, passes=["fuse"])  # type: ignore[list-item]


def test_a_compiled_model_is_loaded_and_not_compiled(model: Path) -> None:
    compiled = model.with_name("m.mlc")
    mlc.compile(model).save(compiled)
    with pytest.raises(mlc.CompileError, match="m.mlc: is compiled already; mlc.Executable.load reads it"):
        mlc.compile(compiled, level=3)
    with pytest.raises(mlc.CompileError, match="m.mlc: is compiled already"):
        mlc.load(compiled)
    x = np.array([[-1, 2, -3, 4]], np.float32)
    np.testing.assert_array_equal(mlc.Executable.load(compiled)(x), [[0, 2, 0, 4]])


def test_a_model_that_does_not_verify_is_located_in_its_file(model: Path) -> None:
    proto = onnx.load(model)
    proto.graph.output.append(proto.graph.output[0])
    onnx.save(proto, model)
    with pytest.raises(mlc.CompileError, match="m.onnx: .*two outputs named 'y'"):
        mlc.load(model)


def test_an_input_of_unknown_rank_is_named_as_such(model: Path) -> None:
    proto = model_of([node("Relu", ["x"], ["y"])], {"x": None}, {"y": None})
    onnx.save(proto, model)
    executable = mlc.compile(model)
    assert isinstance(executable, mlc.Executable)
    with pytest.raises(mlc.CompileError, match="input 'x' is no tensor of known rank"):
        _ = executable.inputs
    np.testing.assert_array_equal(executable(np.array([-1, 2], np.float32)), [0, 2])


def test_an_output_behind_one_that_is_no_tensor_of_numbers_is_delivered() -> None:
    text = (onnx.TensorProto.STRING, [2])
    nodes = [node("Relu", ["x"], ["a"]), node("StringConcat", ["s", "s"], ["b"]), node("Neg", ["x"], ["c"])]
    proto = model_of(nodes, {"x": [2], "s": text}, {"a": [2], "b": text, "c": [2]})
    a, b, c = mlc.compile(proto)(np.array([-1, 2], np.float32), np.array(["p", "q"], object))
    assert (a.tolist(), b.tolist(), c.tolist()) == ([0, 2], ["pp", "qq"], [1, -2])


def test_a_pickled_model_knows_its_steps_in_python(tmp_path: Path) -> None:
    text = (onnx.TensorProto.STRING, [3])
    proto = model_of(
        [node("StringConcat", ["s", "s"], ["y"]), node("Relu", ["x"], ["z"])],
        {"s": text, "x": [2]},
        {"y": text, "z": [2]},
    )
    executable = mlc.compile(proto)
    assert isinstance(executable, mlc.Executable) and executable.artifact.steps
    again = pickle.loads(pickle.dumps(executable))
    y, z = again(np.array(["a", "b", ""], object), np.array([-1, 2], np.float32))
    assert y.tolist() == ["aa", "bb", ""] and z.tolist() == [0, 2]


def test_what_the_api_gives_says_what_it_is(model: Path) -> None:
    module = mlc.load(model)
    assert repr(module.main).startswith("<Function main(x: tensor<") and repr(module.main) in repr(module)
    executable = repr(mlc.compile(model))
    assert executable.startswith("<Executable (x: float32[") and executable.endswith(" for host>")
    assert repr(mlc.compile(model, backend="interp")) == f"<Interpreted {module!r}>"


def test_a_level_that_is_text_is_shown_as_text(model: Path) -> None:
    with pytest.raises(mlc.CompileError, match="there is no optimization level '3'"):
        mlc.compile(model, level="3")  # type: ignore[arg-type]
