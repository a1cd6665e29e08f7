"""An op of your own: what it means, how ONNX names it, how native code computes it. One class and two functions.

python examples/custom_op.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper

import mlc
from mlc.codegen import math
from mlc.codegen.registry import element
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Array, Value
from mlc.ops.elementwise import Binary


class Hypotenuse(Binary, dialect="geometry"):
    """sqrt(x*x + y*y), elementwise with broadcasting."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.sqrt(x * x + y * y)


@onnx_op("Hypotenuse", since=1, domain="geometry")
def import_hypotenuse(g: Graph, x: Value, y: Value) -> Value:
    """The ONNX node of the same name; its inputs are the positional parameters, attributes would be keyword-only."""
    return g(Hypotenuse(x, y))


@element(Hypotenuse)
def emit_hypotenuse(k: Any, op: Hypotenuse, x: Any, y: Any) -> Any:
    """LLVM IR for one element, or for a vector of them: the caller loops, broadcasts and fuses."""
    return math.sqrt(k.ir, k.ir.fadd(k.ir.fmul(x, x), k.ir.fmul(y, y)))


def main() -> None:
    x, y, z = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 100]) for n in "xyz")
    nodes = [
        helper.make_node("Hypotenuse", ["x", "y"], ["h"], name="distance", domain="geometry"),
        helper.make_node("Relu", ["h"], ["z"], name="relu"),
    ]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("geometry", 1)]
    model = helper.make_model(helper.make_graph(nodes, "custom", [x, y], [z]), opset_imports=opsets)

    executable = mlc.compile(model, passes="fuse", fallback=False)  # fallback=False: no step may run in Python
    a, b = np.random.default_rng(0).standard_normal((2, 3, 100), np.float32)
    print("largest difference from numpy:", np.abs(executable(a, b) - np.hypot(a, b)).max())


if __name__ == "__main__":
    main()
