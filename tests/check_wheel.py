"""Run by .ci/run, not by pytest, with the Python of an environment that holds the wheel alone: does mlc work there?"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import mlc
import mlc.passes
from mlc.runtime import native


def main() -> None:
    for package in ("torch", "torch_mlir", "onnxruntime", "pytest"):
        assert importlib.util.find_spec(package) is None, f"{package} is installed here"
    for tool in ("c++", "g++", "gcc", "cc", "clang", "ld", "cmake", "make"):
        assert shutil.which(tool) is None, f"{tool} is on PATH"
    for place in (mlc.__file__, mlc.passes.__file__, str(native.library_path())):
        assert place is not None and Path(place).is_relative_to(sys.prefix), f"{place} is not from the wheel"
    with tempfile.TemporaryDirectory() as folder:
        compile_and_run(Path(folder))
    print(f"mlc {mlc.__version__} from {Path(mlc.__file__ or '').parent} compiles and runs a model")


def compile_and_run(folder: Path) -> None:
    """The `mlc` command on a model with a symbolic batch, its output compared with numpy's."""
    rng = np.random.default_rng(0)
    weights = {"w": rng.standard_normal((16, 8), np.float32), "b": rng.standard_normal(8, np.float32)}
    x = rng.standard_normal((5, 16), np.float32)
    write_model(folder / "model.onnx", weights)
    np.save(folder / "x.npy", x)
    mlc_command("compile", folder / "model.onnx", "-o", folder / "model.mlc", "--passes", "fold,fuse", "--no-cache")
    mlc_command("run", folder / "model.mlc", "--input", f"x=@{folder}/x.npy", "--save-outputs", folder)
    expected = np.maximum(x @ weights["w"] + weights["b"], 0)
    np.testing.assert_allclose(np.load(folder / "y.npy"), expected, rtol=0, atol=1e-4 * expected.max())


def write_model(path: Path, weights: dict[str, np.ndarray[Any, Any]]) -> None:
    """y[N,8] = relu(x[N,16] @ w + b)."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["y"]),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", n]) for name, n in (("x", 16), ("y", 8)))
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "check", [x], [y], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)


def mlc_command(*arguments: object) -> None:
    """Runs the installed command; its output is this script's."""
    subprocess.run([Path(sys.prefix, "bin", "mlc"), *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
