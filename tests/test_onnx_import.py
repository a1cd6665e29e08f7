"""ONNX models become modules: the smallest models, each about one thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import function_of, graph_of, info, initializer, model_of, node

from mlc.frontend import load
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.interpreter import interpret
from mlc.ir import Module, OptionalType, SequenceType, TensorType, Value
from mlc.ops import Add, Constant, Matmul, ReduceMean, Relu

X = np.array([[-1.0, 2.0], [3.0, -4.0]], np.float32)


def run(model: onnx.ModelProto, *inputs: Any) -> Any:
    return interpret(load(model), inputs)[0]


def ops(module: Module, kind: type) -> list[Any]:
    return [op for op in module.walk() if isinstance(op, kind)]


def test_a_node_becomes_an_op_named_after_it() -> None:
    module = load(model_of([node("Relu", ["x"], ["y"], name="act")], {"x": [2, "N"]}, {"y": None}))
    (relu,) = ops(module, Relu)
    assert relu.loc.names == ("act",)
    assert str(relu.result.type) == 'tensor<2x?xf32, "2,N">'
    assert (module.main.input_names, module.main.output_names) == (["x"], ["y"])


def test_an_unnamed_node_goes_by_operator_and_output() -> None:
    module = load(model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]}))
    assert next(module.walk()).loc.title == "Relu:y"


def test_a_used_initializer_is_a_view_of_the_models_bytes() -> None:
    stored = [initializer("w", np.arange(6, dtype=np.float32).reshape(3, 2)), initializer("unused", [1.0])]
    model = model_of([node("MatMul", ["x", "w"], ["y"])], {"x": [4, 3]}, {"y": [4, 2]}, initializer=stored)
    (constant,) = ops(load(model), Constant)
    assert constant.value.base is not None and not constant.value.flags.owndata and not constant.value.flags.writeable
    assert isinstance(constant.result.users[0], Matmul)
    np.testing.assert_array_equal(constant.value, [[0, 1], [2, 3], [4, 5]])


def test_constant_and_identity_are_no_ops_of_their_own() -> None:
    nodes = [
        node("Constant", [], ["c"], value_floats=[1.0, 2.0]),
        node("Identity", ["c"], ["d"]),
        node("Add", ["x", "d"], ["y"]),
    ]
    module = load(model_of(nodes, {"x": [2]}, {"y": [2]}))
    assert [type(op) for op in module.main.block][:2] == [Constant, Add]


def test_an_input_that_is_also_an_initializer_is_a_constant() -> None:
    # IR version 3 demanded that every initializer be listed as an input.
    model = model_of(
        [node("Add", ["x", "w"], ["y"])],
        {"x": [2], "w": [2]},
        {"y": [2]},
        initializer=[initializer("w", [1.0, 2.0])],
        ir_version=3,
        opset=8,
    )
    module = load(model)
    assert module.main.input_names == ["x"]
    assert interpret(module, [np.ones(2, np.float32)])[0].tolist() == [2, 3]


def test_sparse_initializers_are_made_dense() -> None:
    values = initializer("w", [5.0, 7.0])
    linear = helper.make_sparse_tensor(values, initializer("i", np.array([1, 2])), [2, 2])
    coordinates = helper.make_sparse_tensor(values, initializer("i", np.array([[0, 1], [1, 0]])), [2, 2])
    for sparse in (linear, coordinates):
        model = model_of([node("Add", ["x", "w"], ["y"])], {"x": [2, 2]}, {"y": [2, 2]}, sparse_initializer=[sparse])
        assert run(model, np.zeros((2, 2), np.float32)).tolist() == [[0, 5], [7, 0]]


def test_dims_with_one_name_are_one_symbol_and_unnamed_dims_are_new_ones() -> None:
    model = model_of(
        [node("Relu", ["x"], ["y"])], {"x": ["batch size", None, -1, 3, "min"], "z": ["batch size"]}, {"y": None}
    )
    x, z = load(model).main.inputs
    assert [str(d) for d in x.tensor.dims] == ["batch_size", "x_1", "x_2", "3", "min_1"]
    assert z.tensor.dims == x.tensor.dims[:1]


def test_different_names_stay_different_symbols() -> None:
    (x,) = load(model_of([node("Relu", ["x"], ["y"])], {"x": ["a-b", "a_b", "2a"]}, {"y": None})).main.inputs
    assert [str(d) for d in x.tensor.dims] == ["a_b", "a_b_1", "d_2a"]


def test_a_dim_that_spells_an_expression_of_known_symbols_is_that_expression() -> None:
    (x, y) = load(
        model_of([node("Relu", ["x"], ["r"])], {"x": ["N"], "y": ["N + 1", "M + 1"]}, {"r": None})
    ).main.inputs
    assert [str(d) for d in y.tensor.dims] == ["N + 1", "M_1"]


def test_sequence_and_optional_inputs_have_their_types() -> None:
    element = helper.make_tensor_type_proto(TensorProto.FLOAT, [2])
    inputs = {"x": [2], "s": helper.make_sequence_type_proto(element), "o": helper.make_optional_type_proto(element)}
    types = [v.type for v in load(model_of([node("Relu", ["x"], ["y"])], inputs, {"y": [2]})).main.inputs]
    assert isinstance(types[1], SequenceType) and isinstance(types[2], OptionalType)
    assert types[1].element == types[2].element == types[0]


def test_an_input_without_a_shape_is_unranked() -> None:
    (x,) = load(model_of([node("Relu", ["x"], ["y"])], {"x": None}, {"y": None})).main.inputs
    assert isinstance(x.type, TensorType) and x.type.shape is None


# --- functions ---


def test_a_models_own_function_is_inlined_with_its_attributes_bound() -> None:
    body = [node("Constant", [], ["c"]), node("Add", ["a", "c"], ["b"], name="sum")]
    reference = body[0].attribute.add()
    reference.name, reference.ref_attr_name, reference.type = "value_floats", "bias", onnx.AttributeProto.FLOATS
    function = function_of("AddBias", ["a"], ["b"], body, attributes=["bias"])
    call = node("AddBias", ["x"], ["y"], name="call", domain="local", bias=[10.0, 20.0])
    module = load(model_of([call], {"x": [2, 2]}, {"y": [2, 2]}, functions=[function], domains={"local": 1}))
    assert interpret(module, [X])[0].tolist() == [[9, 22], [13, 16]]
    assert ops(module, Add)[0].loc.names == ("call/sum",)


def test_a_functions_attribute_defaults_and_absent_inputs_hold() -> None:
    body = [node("Constant", [], ["c"]), node("Add", ["a", "c"], ["b"])]
    reference = body[0].attribute.add()
    reference.name, reference.ref_attr_name, reference.type = "value_float", "bias", onnx.AttributeProto.FLOAT
    function = function_of("AddOne", ["a", "unused"], ["b"], body)
    function.attribute_proto.append(helper.make_attribute("bias", 1.0))
    call = node("AddOne", ["x"], ["y"], domain="local")
    assert (
        run(model_of([call], {"x": [2, 2]}, {"y": [2, 2]}, functions=[function], domains={"local": 1}), X).tolist()
        == (X + 1).tolist()
    )


def test_functions_call_functions() -> None:
    inner = function_of("Inner", ["a"], ["b"], [node("Relu", ["a"], ["b"])])
    outer = function_of(
        "Outer", ["a"], ["b"], [node("Inner", ["a"], ["t"], domain="local"), node("Add", ["t", "t"], ["b"])]
    )
    outer.opset_import.append(helper.make_opsetid("local", 1))
    model = model_of(
        [node("Outer", ["x"], ["y"], domain="local")],
        {"x": [2, 2]},
        {"y": [2, 2]},
        functions=[inner, outer],
        domains={"local": 1},
    )
    assert run(model, X).tolist() == (2 * np.maximum(X, 0)).tolist()


# --- what operator functions are given ---


@onnx_op("Probe", since=1, domain="test")
def probe(
    g: Graph, x: Value, *, alpha: float = 2.0, axes: tuple[int, ...] = (), body: onnx.GraphProto | None = None
) -> Value:
    PROBED.append((g, x, alpha, axes, body, g.output_count, g.has_output(1), g.declared(), g.result_dims(2)))
    return x


PROBED: list[Any] = []


def test_attributes_become_keywords_of_their_own_types() -> None:
    PROBED.clear()
    call = node("Probe", ["x"], ["y"], domain="test", axes=[1, 2])
    load(model_of([call], {"x": [2]}, {"y": [2]}, domains={"test": 1}))
    (_, _, alpha, axes, *_) = PROBED[0]
    assert (alpha, axes) == (2.0, (1, 2))


def test_result_dims_are_those_the_model_declares_or_new_symbols() -> None:
    PROBED.clear()
    calls = [node("Probe", ["x"], [name], domain="test") for name in ("a", "b")]
    model = model_of(calls, {"x": [2]}, {"b": None}, domains={"test": 1}, value_info=[info("a", ["N", 3])])
    load(model)
    declared, unknown = PROBED
    assert str(declared[-2]) == 'tensor<?x3xf32, "N,3">'
    assert [str(d) for d in declared[-1]] == ["N", "3"]
    assert [str(d) for d in unknown[-1]] == ["b_0", "b_1"]


def test_a_subgraph_becomes_a_region_that_captures() -> None:
    PROBED.clear()
    inner = graph_of([node("Add", ["i", "captured"], ["o"])], {"i": [2]}, {"o": [2]})
    nodes = [node("Relu", ["x"], ["captured"]), node("Probe", ["x"], ["y"], domain="test", body=inner)]
    regions = []

    @onnx_op("Region", since=1, domain="test")
    def with_region(g: Graph, x: Value, *, body: onnx.GraphProto) -> Value:
        regions.append(g.region(body, [x.type]))
        return x

    nodes[1].op_type = "Region"
    load(model_of(nodes, {"x": [2]}, {"y": [2]}, domains={"test": 1}))
    add, end = regions[0].block
    assert [type(v.owner).__name__ for v in add.operands] == ["Block", "Relu"]
    assert end.name == "mlc.yield" and end.operands == add.results


@pytest.mark.parametrize("opset", [7, 13, 14, 21])
def test_the_version_of_an_operator_follows_the_models_opset(opset: int) -> None:
    seen = []

    @onnx_op(f"Versioned{opset}", since=7, domain="test")
    def older(g: Graph, x: Value) -> Value:
        seen.append(7)
        return x

    @onnx_op(f"Versioned{opset}", since=14, domain="test")
    def newer(g: Graph, x: Value) -> Value:
        seen.append(14)
        return x

    load(
        model_of(
            [node(f"Versioned{opset}", ["x"], ["y"], domain="test")], {"x": [2]}, {"y": [2]}, domains={"test": opset}
        )
    )
    assert seen == [14 if opset >= 14 else 7]


def test_a_library_body_uses_the_default_attributes_of_its_operator() -> None:
    x = {"x": [2, 3, 4, 5]}
    module = load(model_of([node("MeanVarianceNormalization", ["x"], ["y"])], x, {"y": [2, 3, 4, 5]}, opset=13))
    assert {mean.axes for mean in ops(module, ReduceMean)} == {(0, 2, 3)}
