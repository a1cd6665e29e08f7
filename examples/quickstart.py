"""Compile an ONNX model, run it, save it, load it, look inside.

python examples/quickstart.py [model.onnx]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import mlc
from mlc.ir.printer import print_module


def write_model(path: Path) -> Path:
    """A two-layer network with a symbolic batch: y[N,10] = relu(x[N,64] @ w1) @ w2."""
    rng = np.random.default_rng(0)
    shapes = {"w1": (64, 128), "w2": (128, 10)}
    weights = [numpy_helper.from_array(rng.normal(0, 0.1, s).astype(np.float32), n) for n, s in shapes.items()]
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["hidden"], name="layer1"),
        helper.make_node("Relu", ["hidden"], ["active"], name="activation"),
        helper.make_node("MatMul", ["active", "w2"], ["y"], name="layer2"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])
    graph = helper.make_graph(nodes, "quickstart", [x], [y], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else write_model(Path(folder) / "model.onnx")
        print(print_module(mlc.load(path)))  # the IR, as MLIR text

        executable = mlc.compile(path, passes="fold,fuse")
        reference = mlc.compile(path, backend="interp")  # each op's definition, in numpy
        for batch in (1, 7):  # one compiled model for every size of a symbolic dim
            x = np.random.default_rng(batch).standard_normal((batch, 64)).astype(np.float32)
            y = executable(x)
            print(y.shape, "largest difference", np.abs(y - reference(x)).max())

        executable.save(Path(folder) / "model.mlc")  # one file: code, weights, final IR
        again = mlc.Executable.load(Path(folder) / "model.mlc")
        print("loaded again:", np.array_equal(again(x), y))


if __name__ == "__main__":
    main()
