"""What is wrong with a model ends in one CompileError that says where: never a traceback of protobuf or numpy."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import function_of, graph_of, info, initializer, model_of, node

from mlc.errors import CompileError
from mlc.frontend import load
from mlc.ir import Module


def error_of(model: Any) -> str:
    with pytest.raises(CompileError) as caught:
        load(model)
    return str(caught.value)


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


RELU = model_of([node("Relu", ["x"], ["y"], name="act")], {"x": [2, 3]}, {"y": [2, 3]})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "model.onnx: is empty, not an ONNX model"),
        (b"import torch\nprint('hello')\n", "model.onnx: is a text file, not an ONNX model"),
        (bytes(range(7, 256)) * 4, "model.onnx: is not an ONNX model"),
        (RELU.SerializeToString()[:-5], "model.onnx: is a truncated or damaged ONNX model"),
        (b"\x08\x0a", "model.onnx: is a truncated or damaged ONNX model: it has no graph"),
    ],
)
def test_a_file_that_is_no_model_says_what_it_is(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert error_of(path) == complaint


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    assert error_of(tmp_path) == f"{tmp_path.name}: is a directory, not an ONNX model"
    assert error_of(tmp_path / "none.onnx") == "none.onnx: cannot be read: No such file or directory"
    assert error_of(3) == (
        "cannot load a int; give the path of an .onnx or .pt2 file, an onnx.ModelProto, or a torch.nn.Module with "
        "example_inputs"
    )


@pytest.mark.parametrize(
    ("nodes", "complaint"),
    [
        (
            [node("Relu", ["b"], ["a"], name="one"), node("Relu", ["a"], ["b"], name="two")],
            "g: node 'one' (Relu): the graph has a cycle: one -> two -> one",
        ),
        (
            [node("Relu", ["b"], ["y"], name="one"), node("Relu", ["x"], ["b"], name="two")],
            "g: node 'one' (Relu): input 'b' is used before it is defined: it is computed later, by node 'two'; "
            "nodes must be in topological order",
        ),
        (
            [node("Relu", ["nowhere"], ["y"])],
            "g: node 'Relu:y' (Relu): input 'nowhere' is not defined anywhere before it",
        ),
        (
            [node("Relu", ["x"], ["a"]), node("Relu", ["x"], ["a"], name="again")],
            "g: node 'again' (Relu): output 'a' is already the name of another value",
        ),
        ([node("Relu", ["x"], ["a"])], "g: output 'y' is computed by no node"),
    ],
)
def test_wrong_names_are_found(nodes: list[onnx.NodeProto], complaint: str) -> None:
    assert error_of(model_of(nodes, {"x": [2]}, {"y": [2]})) == complaint


def test_names_of_inputs_and_initializers_are_unique() -> None:
    twice = [initializer("w", [1.0]), initializer("w", [2.0])]
    assert "initializer 'w' is listed twice" in error_of(model_of([], {"x": [1]}, {"x": [1]}, initializer=twice))
    model = model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]})
    model.graph.input.append(info("x", [2]))
    assert "input 'x' is listed twice" in error_of(model)


def test_an_initializer_of_the_wrong_length_names_both_lengths() -> None:
    wrong = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], raw_data=b"\0" * 12)
    model = model_of([node("Add", ["x", "w"], ["y"])], {"x": [4]}, {"y": [4]}, initializer=[wrong])
    assert error_of(model) == "g: initializer 'w': tensor 'w' has 12 bytes of data; shape (4,) of f32 needs 16"
    model.graph.initializer[0].CopyFrom(
        TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], float_data=[1.0, 2.0])
    )
    assert error_of(model) == "g: initializer 'w': tensor 'w' has 2 elements, its shape (4,) 4"


def test_all_unsupported_nodes_are_listed_at_once() -> None:
    inner = graph_of([node("Gem", ["x"], ["o"], name="inner")], {}, {"o": None})
    nodes = [
        node("MatMull", ["x", "x"], ["a"], name="first"),
        node("Relu", ["x"], ["b"], name="fine"),
        node("Relu", ["x"], ["c"], name="odd", slope=1.0),
        node("MatMull", ["x", "x"], ["d"], name="second"),
        node("Thing", ["x"], ["e"], domain="com.acme"),
        node("Add", ["x"], ["f"], name="half", body=inner),
    ]
    assert error_of(model_of(nodes, {"x": [2]}, {"b": [2]})).splitlines() == [
        "g: 6 nodes are not supported",
        "  MatMull (not an operator of ONNX; did you mean 'MatMul' or 'QLinearMatMul' or 'Mul'?): 'first', 'second'",
        "  Relu (attribute 'slope' is not supported): 'odd'",
        "  com.acme.Thing (the model imports no opset of domain 'com.acme'; it imports 'ai.onnx'): 'Thing:e'",
        "  Add (input b is missing): 'half'",
        "  Add (attribute 'body' is not supported): 'half'",
        "  Gem (not an operator of ONNX; did you mean 'Gemm' or 'Gelu'?): 'inner'",
    ]


def test_an_unknown_domain_and_an_old_or_new_opset_are_named() -> None:
    thing = model_of([node("Thing", ["x"], ["y"], domain="com.acme")], {"x": [2]}, {"y": [2]}, domains={"com.acme": 1})
    assert "com.acme.Thing (domain 'com.acme' is not known): 'Thing:y'" in error_of(thing)
    newest = onnx.defs.onnx_opset_version()
    newer = model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]}, opset=newest + 1)
    assert error_of(newer) == f"g: needs opset {newest + 1}; the newest this onnx package knows is {newest}"
    early = model_of([node("Gelu", ["x"], ["y"])], {"x": [2]}, {"y": [2]}, opset=19)
    assert "Gelu (it came with opset 20, the model imports 19): 'Gelu:y'" in error_of(early)


def test_a_function_that_calls_itself_is_refused() -> None:
    loop = function_of("Loop", ["a"], ["b"], [node("Loop", ["a"], ["b"], domain="local")])
    loop.opset_import.append(helper.make_opsetid("local", 1))
    model = model_of(
        [node("Loop", ["x"], ["y"], domain="local")], {"x": [2]}, {"y": [2]}, functions=[loop], domains={"local": 1}
    )
    assert "local.Loop (a function that calls itself: local.Loop -> local.Loop)" in error_of(model)


def test_a_dtype_mismatch_names_both_inputs() -> None:
    model = model_of(
        [node("Add", ["a", "b"], ["y"], name="sum")], {"a": [2], "b": (TensorProto.INT64, [2])}, {"y": [2]}
    )
    assert error_of(model) == "g: node 'sum' (Add): input B ('b') is tensor(int64), but 'a' is tensor(float)"


def test_an_input_of_a_kind_the_operator_does_not_take_is_refused() -> None:
    element = helper.make_tensor_type_proto(TensorProto.FLOAT, [2])
    model = model_of([node("Relu", ["s"], ["y"])], {"s": helper.make_sequence_type_proto(element)}, {"y": [2]})
    assert "input X ('s') is seq(tensor(float)), which Relu does not take" in error_of(model)
    model = model_of([node("Relu", ["s"], ["y"])], {"s": (TensorProto.STRING, [2])}, {"y": [2]})
    assert "input X ('s') is tensor(string), which Relu does not take" in error_of(model)


def test_an_output_declared_with_other_elements_is_refused() -> None:
    model = model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": (TensorProto.INT32, [2])})
    assert error_of(model) == "g: output 'y': is declared as a tensor of i32, the model computes tensor<2xf32>"


@pytest.mark.parametrize(("declared", "text"), [([3], "3"), ([2, 1], "2x1"), ([], "a scalar")])
def test_an_output_declared_with_another_shape_is_refused(declared: list[int], text: str) -> None:
    model = model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": declared})
    assert error_of(model) == (
        f"g: output 'y': is declared as {text}, the model computes tensor<2xf32>; correct the declaration"
    )


def test_an_output_may_be_declared_by_name_where_its_size_is_known() -> None:
    load(model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": ["N"]}))
    load(model_of([node("Relu", ["x"], ["y"])], {"x": ["N"]}, {"y": [2]}))


def test_shapes_that_do_not_fit_name_the_node() -> None:
    model = model_of([node("MatMul", ["a", "b"], ["y"], name="fc")], {"a": [1, 256], "b": [512, 10]}, {"y": None})
    assert error_of(model).startswith("g: node 'fc' (MatMul): ")
    assert "256" in error_of(model) and "512" in error_of(model)


def test_a_function_whose_body_lacks_what_the_caller_leaves_out_is_refused() -> None:
    function = function_of("F", ["a"], ["b"], [node("Relu", ["a"], ["b"], name="r")])
    call = node("F", [], ["y"], domain="local", name="f")
    model = model_of([call], {"x": [2]}, {"y": None}, functions=[function], domains={"local": 1})
    assert error_of(model) == "g: node 'f/r' (Relu): input x is missing"


def test_a_tensor_too_large_for_memory_is_refused() -> None:
    huge = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[0, 1 << 40, 1 << 40], raw_data=b"")
    model = model_of([node("Relu", ["w"], ["y"])], {}, {"y": None}, initializer=[huge])
    assert "tensor 'w' is too large" in error_of(model)


def test_independent_errors_are_reported_together() -> None:
    nodes = [
        node("MatMul", ["a", "a"], ["p"], name="one"),
        node("Relu", ["p"], ["q"], name="depends"),
        node("MatMul", ["b", "b"], ["r"], name="two"),
        node("Add", ["q", "r"], ["y"], name="both"),
    ]
    text = error_of(model_of(nodes, {"a": [1, 2], "b": [3, 4]}, {"y": None}))
    assert "node 'one'" in text and "node 'two'" in text and "depends" not in text and "both" not in text


@pytest.mark.parametrize(
    ("attribute", "complaint"),
    [
        ({"value_float": "text"}, "attribute 'value_float' must be a float, got STRING"),
        ({"value_ints": 3}, "attribute 'value_ints' must be ints, got INT"),
        ({}, "Constant must have exactly one value, it has 0"),
    ],
)
def test_an_attribute_of_another_kind_is_refused(attribute: dict[str, Any], complaint: str) -> None:
    model = model_of([node("Constant", [], ["y"], name="c", **attribute)], {}, {"y": None})
    assert error_of(model) == f"g: node 'c' (Constant): {complaint}"


def test_element_types_without_a_meaning_are_refused() -> None:
    model = model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]})
    model.graph.input[0].type.tensor_type.elem_type = 99
    assert error_of(model) == "g: input 'x': element type 99 is not supported"
    model.graph.input[0].type.Clear()
    assert error_of(model) == "g: input 'x': its type is not declared"


RICH = model_of(
    [
        node("Constant", [], ["c"], value=initializer("", np.ones((3, 4), np.float32))),
        node("MatMul", ["x", "w"], ["m"]),
        node("Add", ["m", "c"], ["s"]),
        node("Call", ["s"], ["y"], domain="local"),
    ],
    {"x": ["N", 2]},
    {"y": None},
    initializer=[initializer("w", np.ones((2, 4), np.float32))],
    functions=[function_of("Call", ["a"], ["b"], [node("Relu", ["a"], ["b"])])],
    domains={"local": 1},
)


def test_damaged_models_end_in_a_compile_error_or_load(tmp_path: Path) -> None:
    content = RICH.SerializeToString()
    assert isinstance(load(RICH), Module)
    chance = random.Random(20)
    path = tmp_path / "model.onnx"
    refused = 0
    for trial in range(len(content) + 400):
        damaged = bytearray(content[:trial] if trial < len(content) else content)
        for _ in range(0 if trial < len(content) else chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            load(path)
        except CompileError as error:
            refused += 1
            assert str(error).startswith("model.onnx: "), (trial, error)
    assert refused > len(content) // 2
