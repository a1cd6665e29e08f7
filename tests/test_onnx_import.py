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
from mlc.frontend.onnx_import.registry import onnx_op, registered
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
    (_, y) = load(
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


# --- function bodies of onnx.defs ---


@pytest.mark.parametrize(
    ("operator", "opset", "attributes"),
    [
        ("HardSwish", 14, {}),
        ("ThresholdedRelu", 10, {}),  # its body refers to alpha, whose default only the schema has
        ("ThresholdedRelu", 22, {"alpha": 2.0}),
        ("Softmax", 13, {"axis": 0}),  # the body is made from the node's attributes
        ("Selu", 6, {}),
        ("Selu", 22, {"gamma": 0.5}),
        ("Clip", 13, {}),  # the body is made from which inputs are there
    ],
)
def test_an_operator_that_nobody_registered_is_its_function_body(
    monkeypatch: pytest.MonkeyPatch, operator: str, opset: int, attributes: dict[str, Any]
) -> None:
    from onnx.reference import ReferenceEvaluator

    monkeypatch.delitem(registered(), ("", operator), raising=False)
    model = model_of(
        [node(operator, ["x"], ["y"], name="call", **attributes)], {"x": [2, 2]}, {"y": [2, 2]}, opset=max(opset, 18)
    )
    module = load(model)
    assert {op.loc.title for op in module.walk() if op.name != "func.return"} <= {"call"}
    (expected,) = ReferenceEvaluator(model).run(None, {"x": X})
    np.testing.assert_allclose(interpret(module, [X])[0], expected, rtol=1e-6)


def test_a_library_body_uses_the_default_attributes_of_its_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registered(), ("", "MeanVarianceNormalization"), raising=False)
    x = {"x": [2, 3, 4, 5]}
    module = load(model_of([node("MeanVarianceNormalization", ["x"], ["y"])], x, {"y": [2, 3, 4, 5]}, opset=13))
    assert {mean.axes for mean in ops(module, ReduceMean)} == {(0, 2, 3)}


def test_outputs_that_the_caller_leaves_out_are_not_needed_of_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registered(), ("", "LayerNormalization"), raising=False)
    nodes = [node("LayerNormalization", ["x", "s"], ["y", "", "d"])]
    module = load(model_of(nodes, {"x": [2, 2], "s": [2]}, {"y": [2, 2], "d": [2, 1]}))
    y, d = interpret(module, [X, np.ones(2, np.float32)])
    np.testing.assert_allclose(y, [[-1, 1], [1, -1]], atol=1e-4)
    assert d.shape == (2, 1)


# --- contents of small tensors ---


def contents_of(nodes: list[onnx.NodeProto], name: str, *shapes: list[Any], **graph: Any) -> Any:
    """What `g.dims` says about the value `name` in a model whose inputs x0, x1, ... have these shapes."""
    seen = []

    @onnx_op("Contents", since=1, domain=f"contents.{len(CONTENTS_DOMAINS)}")
    def contents(g: Graph, x: Value) -> Value:
        seen.append((g.dims(x), g.ints_of(x), g.array(x)))
        return x

    domain = f"contents.{len(CONTENTS_DOMAINS)}"
    CONTENTS_DOMAINS.append(domain)
    inputs = {f"x{i}": shape for i, shape in enumerate(shapes)}
    load(
        model_of(
            [*nodes, node("Contents", [name], ["end"], domain=domain)],
            inputs,
            {"end": onnx.TypeProto()},
            domains={domain: 1},
            **graph,
        )
    )
    return seen[0]


CONTENTS_DOMAINS: list[str] = []


def shape_arithmetic(operator: str, *constants: list[int], **attributes: Any) -> list[onnx.NodeProto]:
    """y = operator(Shape(x0), constants...)."""
    stored = [node("Constant", [], [f"c{i}"], value_ints=c) for i, c in enumerate(constants)]
    names = ["s", *(f"c{i}" for i in range(len(constants)))]
    return [node("Shape", ["x0"], ["s"]), *stored, node(operator, names, ["y"], **attributes)]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("Shape", ["x0"], ["y"])], "N 3 H"),
        ([node("Shape", ["x0"], ["y"], start=1, end=-1)], "3"),
        ([node("Size", ["x0"], ["y"])], "3 * H * N"),
        (shape_arithmetic("Gather", [2, 0]), "H N"),
        (shape_arithmetic("Mul", [2]), "2 * N 6 2 * H"),
        (shape_arithmetic("Sub", [1]), "N - 1 2 H - 1"),
        (shape_arithmetic("Div", [2]), "N floordiv 2 1 H floordiv 2"),
        (shape_arithmetic("Slice", [1], [3]), "3 H"),
        (shape_arithmetic("Unsqueeze", [0]), None),  # a matrix
        (shape_arithmetic("Max", [2]), "max(2, N) 3 max(2, H)"),
        (shape_arithmetic("ReduceProd", keepdims=0), "3 * H * N"),
        (shape_arithmetic("Cast", to=TensorProto.INT32), "N 3 H"),
        ([*shape_arithmetic("Gather", [0]), node("Concat", ["y", "s"], ["z"], axis=0)], "N N 3 H"),
        # -1 equals no extent, so the rest of the shape is chosen whatever N is.
        ([*shape_arithmetic("Equal", [-1]), node("Where", ["y", "s", "s"], ["z"])], "N 3 H"),
        # 3 may equal N.
        ([*shape_arithmetic("Equal", [3]), node("Where", ["y", "s", "s"], ["z"])], None),
    ],
)
def test_shape_arithmetic_is_known_over_symbols(nodes: list[onnx.NodeProto], expected: str | None) -> None:
    dims, ints, array = contents_of(nodes, nodes[-1].output[0], ["N", 3, "H"])
    assert (None if dims is None else " ".join(map(str, dims))) == expected
    assert (array is None) == (expected != "3")
    assert ints == ((3,) if expected == "3" else None)


def test_static_shapes_are_known_through_floats() -> None:
    # What exporters write for interpolate(scale_factor=1.5).
    nodes = [
        node("Shape", ["x0"], ["s"]),
        node("Cast", ["s"], ["f"], to=TensorProto.FLOAT),
        node("Constant", [], ["c"], value_float=1.5),
        node("Mul", ["f", "c"], ["m"]),
        node("Floor", ["m"], ["r"]),
        node("Cast", ["r"], ["y"], to=TensorProto.INT64),
    ]
    assert contents_of(nodes, "y", [3, 5])[1] == (4, 7)
    assert contents_of(nodes, "y", ["N", 5])[0] is None


def test_contents_of_an_input_and_of_a_long_vector_are_not_known() -> None:
    assert contents_of([], "x0", [3]) == (None, None, None)
    many = initializer("w", np.arange(100))
    dims, ints, array = contents_of([], "w", initializer=[many])
    assert dims is None and ints == tuple(range(100)) and array.shape == (100,)
