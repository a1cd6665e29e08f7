"""ONNX models become modules: the smallest models, each about one thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mlc.frontend import load
from mlc.ops import Add, Constant, Matmul, Relu


def model_of(nodes: list[onnx.NodeProto], inputs: dict[str, Any], outputs: dict[str, Any], **graph: Any) -> Any:
    """A checked-free ModelProto; inputs and outputs map a name to its shape, or to (element type, shape)."""

    def info(name: str, what: Any) -> onnx.ValueInfoProto:
        kind, shape = what if isinstance(what, tuple) else (TensorProto.FLOAT, what)
        return helper.make_tensor_value_info(name, kind, shape)

    opset, ir_version = graph.pop("opset", 21), graph.pop("ir_version", 10)
    functions = graph.pop("functions", [])
    proto = helper.make_graph(
        nodes, "g", [info(*i) for i in inputs.items()], [info(*o) for o in outputs.items()], **graph
    )
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(proto, opset_imports=imports, ir_version=ir_version, functions=functions)


def test_a_node_becomes_an_op_named_after_it() -> None:
    module = load(model_of([helper.make_node("Relu", ["x"], ["y"], name="act")], {"x": [2, "N"]}, {"y": None}))
    (relu,) = [op for op in module.walk() if isinstance(op, Relu)]
    assert relu.loc.names == ("act",)
    assert str(relu.result.type) == 'tensor<2x?xf32, "2,N">'
    assert (module.main.input_names, module.main.output_names) == (["x"], ["y"])


def test_an_unnamed_node_goes_by_operator_and_output() -> None:
    module = load(model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]}))
    assert next(module.walk()).loc.title == "Relu:y"


def test_an_initializer_is_a_view_of_the_models_bytes() -> None:
    weight = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(3, 2), "w")
    module = load(
        model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [4, 3]}, {"y": [4, 2]}, initializer=[weight])
    )
    constant = next(op for op in module.walk() if isinstance(op, Constant))
    assert isinstance(constant.value.base, np.ndarray | bytes)
    assert not constant.value.flags.writeable
    assert isinstance(constant.result.users[0], Matmul)
    np.testing.assert_array_equal(constant.value, [[0, 1], [2, 3], [4, 5]])


def test_constant_and_identity_are_no_ops_of_their_own() -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], value_floats=[1.0, 2.0]),
        helper.make_node("Identity", ["c"], ["d"]),
        helper.make_node("Add", ["x", "d"], ["y"]),
    ]
    module = load(model_of(nodes, {"x": [2]}, {"y": [2]}))
    assert [type(op) for op in module.main.block][:2] == [Constant, Add]
