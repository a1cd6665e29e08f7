"""Files that are no valid model, each broken in one way, with the words its error must have.

`write_all` fills a folder; test_bad_input.py and whoever takes files from users feed them in.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

F32, I64 = TensorProto.FLOAT, TensorProto.INT64
Builder = Callable[[Path], "ModelProto | bytes | None"]


@dataclass(frozen=True)
class BadModel:
    """A path that is to be refused, and the words that say where it is wrong and in what."""

    name: str
    path: Path
    says: tuple[str, ...]


def write_all(folder: Path) -> list[BadModel]:
    """Each bad model in a directory of its own under folder."""
    return [write(name, folder) for name in TABLE]


def write(name: str, folder: Path) -> BadModel:
    """The bad model called `name`, written as folder/<name>/model.onnx."""
    says, build = TABLE[name]
    path = folder / name / "model.onnx"
    path.parent.mkdir(parents=True)
    content = build(path)
    if content is not None:
        path.write_bytes(content.SerializeToString() if isinstance(content, ModelProto) else content)
    return BadModel(name, path, says)


def good_model() -> ModelProto:
    """x[N,4] @ w[4,3] + b[3]: valid, and what most of the bad ones are made from."""
    weights = [_tensor("w", np.ones((4, 3), np.float32)), _tensor("b", np.ones(3, np.float32))]
    model = _model([_node("MatMul", ["x", "w"], "h"), _node("Add", ["h", "b"], "y")], weights)
    _declared_output("N", 3)(model)
    return model


def damaged(content: bytes, seed: int) -> bytes:
    """The content with one to four bytes changed, taken out or put in."""
    generator, damaged = random.Random(seed), bytearray(content)
    for _ in range(generator.randint(1, 4)):
        at, fresh = generator.randrange(len(damaged)), generator.randbytes(generator.randint(0, 2))
        damaged[at : at + generator.randint(0, 2)] = fresh
    return bytes(damaged)


def _model(nodes: list[NodeProto], weights: list[TensorProto], opset: int = 17) -> ModelProto:
    inputs = [helper.make_tensor_value_info("x", F32, ["N", 4])]
    outputs = [helper.make_tensor_value_info("y", F32, None)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _node(kind: str, inputs: list[str], output: str, **attributes: object) -> NodeProto:
    return helper.make_node(kind, inputs, [output], name=f"{kind.lower()}_{output}", **attributes)


def _tensor(name: str, value: np.ndarray) -> TensorProto:
    return numpy_helper.from_array(value, name)


def _changed(change: Callable[[ModelProto], None]) -> Builder:
    """The good model after `change`."""

    def build(path: Path) -> ModelProto:
        model = good_model()
        change(model)
        return model

    return build


def _nodes(*nodes: NodeProto, opset: int = 17, weights: tuple[TensorProto, ...] = ()) -> Builder:
    """A model of these nodes from x[N,4] to y."""
    return lambda path: _model(list(nodes), list(weights), opset)


def _cut(share: float) -> Builder:
    """The first part of a good model of 40 nodes."""

    def build(path: Path) -> bytes:
        names = ["x", *(f"h{i}" for i in range(39)), "y"]
        whole = _model([_node("Relu", [a], b) for a, b in zip(names, names[1:], strict=False)], []).SerializeToString()
        return whole[: int(len(whole) * share)]

    return build


def _random(seed: int) -> Builder:
    return lambda path: np.random.default_rng(seed).bytes(4096)


def _directory(path: Path) -> None:
    path.mkdir()


def _dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "gone.onnx")


def _external(location: str, prepare: Callable[[Path], None] | None = None, **entries: int) -> Builder:
    """The good model with w's 48 bytes in the file `location`, which `prepare` makes in the model's folder."""

    def build(path: Path) -> ModelProto:
        model, secret = good_model(), path.parent.parent / "secret.bin"
        secret.write_bytes(b"\0" * 48)
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location.format(secret=secret), **entries}.items():
            tensor.external_data.add(key=key, value=str(value))
        if prepare:
            prepare(path.parent)
        return model

    return build


def _link_file(folder: Path) -> None:
    (folder / "w.bin").symlink_to(folder.parent / "secret.bin")


def _link_folder(folder: Path) -> None:
    (folder / "data").symlink_to(folder.parent, target_is_directory=True)


def _short_file(folder: Path) -> None:
    (folder / "w.bin").write_bytes(b"\0" * 47)


def _enough_file(folder: Path) -> None:
    (folder / "w.bin").write_bytes(b"\0" * 48)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "w.bin")


def _set_raw(size: int) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        model.graph.initializer[0].raw_data = b"\0" * size

    return change


def _set_dims(*dims: int) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        model.graph.initializer[0].dims[:] = dims

    return change


def _remove_a_float(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.float_data[:] = [1.0] * 11


def _output_type(number: int) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        model.graph.output[0].type.tensor_type.elem_type = number

    return change


def _element_type(number: int) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        model.graph.initializer[0].data_type = number

    return change


def _input_type(number: int) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        model.graph.input[0].type.tensor_type.elem_type = number

    return change


def _remove_input_type(model: ModelProto) -> None:
    model.graph.input[0].ClearField("type")


def _rename_output(model: ModelProto) -> None:
    model.graph.output[0].name = "z"


def _no_graph(model: ModelProto) -> None:
    model.ClearField("graph")


def _remove_opsets(model: ModelProto) -> None:
    del model.opset_import[:]


def _repeat_input(model: ModelProto) -> None:
    model.graph.input.append(model.graph.input[0])


def _declared_output(*dims: int | str) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", F32, list(dims)))

    return change


def _endless_function(path: Path) -> ModelProto:
    """A model function that calls itself."""
    model = _model([helper.make_node("F", ["x"], ["y"], name="call", domain="own")], [])
    model.opset_import.append(helper.make_opsetid("own", 1))
    body = [helper.make_node("F", ["a"], ["b"], name="again", domain="own")]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    model.functions.append(helper.make_function("own", "F", ["a"], ["b"], body, opsets))
    return model


def _branch_reads_later_value(path: Path) -> ModelProto:
    """An If whose branch reads a value that is computed after it."""
    inner = [helper.make_tensor_value_info("t", F32, None)]
    branch = helper.make_graph([_node("Relu", ["late"], "t")], "branch", [], inner)
    nodes = [
        _node("If", ["condition"], "h", then_branch=branch, else_branch=branch),
        _node("Relu", ["x"], "late"),
        _node("Add", ["h", "late"], "y"),
    ]
    return _model(nodes, [_tensor("condition", np.array(True))])


def _if_without_else(path: Path) -> ModelProto:
    inner = [helper.make_tensor_value_info("t", F32, None)]
    branch = helper.make_graph([_node("Relu", ["x"], "t")], "branch", [], inner)
    return _model([_node("If", ["condition"], "y", then_branch=branch)], [_tensor("condition", np.array(True))])


NOT_A_MODEL = "not an ONNX model"

# name -> (words the error must have besides the file's name, who writes the file)
TABLE: dict[str, tuple[tuple[str, ...], Builder]] = {
    # the file
    "missing_file": (("No such file",), lambda path: None),
    "dangling_link": (("No such file",), _dangling_link),
    "directory": (("directory",), _directory),
    "empty_file": (("is empty",), lambda path: b""),
    "text_file": ((NOT_A_MODEL,), lambda path: b"import torch\nprint('hello')\n" * 10),
    "git_lfs_pointer": ((NOT_A_MODEL,), lambda path: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "zeros": ((), lambda path: b"\0" * 1000),
    "random_bytes_1": ((), _random(1)),
    "random_bytes_2": ((), _random(2)),
    "random_bytes_3": ((), _random(3)),
    "cut_to_a_byte": ((), lambda path: good_model().SerializeToString()[:1]),
    "cut_to_a_tenth": ((), _cut(0.1)),
    "cut_to_a_half": ((), _cut(0.5)),
    "cut_near_the_end": ((), _cut(0.95)),
    "no_graph": (("no graph",), _changed(_no_graph)),
    # the graph
    "cycle": (
        ("node 'relu_a' (Relu)", "cycle", "relu_a -> neg_b -> relu_a"),
        _nodes(_node("Relu", ["b"], "a"), _node("Neg", ["a"], "b"), _node("Add", ["x", "b"], "y")),
    ),
    "own_input": (("node 'add_y' (Add)", "cycle"), _nodes(_node("Add", ["x", "y"], "y"))),
    "wrong_order": (
        ("node 'relu_y' (Relu)", "'h'", "neg_h"),
        _nodes(_node("Relu", ["h"], "y"), _node("Neg", ["x"], "h")),
    ),
    "missing_input": (("node 'add_y' (Add)", "input 'nowhere'"), _nodes(_node("Add", ["x", "nowhere"], "y"))),
    "missing_output": (("output 'z'",), _changed(_rename_output)),
    "name_defined_twice": (
        ("node 'neg_h' (Neg)", "output 'h'"),
        _nodes(_node("Relu", ["x"], "h"), _node("Neg", ["x"], "h"), _node("Add", ["h", "h"], "y")),
    ),
    "input_defined_again": (
        ("node 'relu_x' (Relu)", "output 'x'"),
        _nodes(_node("Relu", ["x"], "x"), _node("Relu", ["x"], "y")),
    ),
    "two_inputs_of_one_name": (("input 'x'", "twice"), _changed(_repeat_input)),
    "branch_reads_later_value": (("'late'",), _branch_reads_later_value),
    "endless_function": (("own.F", "calls itself"), _endless_function),
    "name_is_not_text": (
        ("not UTF-8",),
        lambda path: good_model().SerializeToString().replace(b"MatMul", b"Mat\xfful"),
    ),
    # operators
    "unknown_operator": (("Frobnicate", "'frobnicate_y'"), _nodes(_node("Frobnicate", ["x"], "y"))),
    "unknown_domain": (("com.example", "'relu_y'"), _nodes(_node("Relu", ["x"], "y", domain="com.example"))),
    "no_inputs": (("Relu", "'relu_y'", "missing"), _nodes(_node("Relu", [], "y"))),
    "too_many_inputs": (("Relu", "'relu_y'", "input"), _nodes(_node("Relu", ["x", "x"], "y"))),
    "unknown_attribute": (("'relu_y'", "'slope'"), _nodes(_node("Relu", ["x"], "y", slope=2.0))),
    "attribute_of_wrong_type": (("'softmax_y'", "axis"), _nodes(_node("Softmax", ["x"], "y", axis="last"))),
    "axis_out_of_range": (("'softmax_y'", "axis"), _nodes(_node("Softmax", ["x"], "y", axis=5))),
    "missing_attribute": (("'cast_y'", "to"), _nodes(_node("Cast", ["x"], "y"))),
    "if_without_else": (("'if_y'", "else_branch"), _if_without_else),
    "opset_too_new": (("opset 999",), _nodes(_node("Relu", ["x"], "y"), opset=999)),
    "opset_too_old": (("opset 1", "'relu_y'"), _nodes(_node("Relu", ["x"], "y", consumed_inputs=[0]), opset=1)),
    "no_opset": (("opset",), _changed(_remove_opsets)),
    "operator_newer_than_opset": (("Gelu", "'gelu_y'", "opset 20"), _nodes(_node("Gelu", ["x"], "y"), opset=17)),
    # types and shapes
    "dtypes_differ": (
        ("node 'add_y' (Add)", "int64", "float"),
        _nodes(_node("Add", ["x", "i"], "y"), weights=(_tensor("i", np.ones(4, np.int64)),)),
    ),
    "dtype_not_allowed": (
        ("node 'sqrt_s' (Sqrt)", "int64"),
        _nodes(
            _node("Sqrt", ["i"], "s"), _node("Cast", ["s"], "y", to=F32), weights=(_tensor("i", np.ones(4, np.int64)),)
        ),
    ),
    "output_of_another_dtype": (("output 'y'", "i64"), _changed(_output_type(I64))),
    "shapes_do_not_multiply": (
        ("node 'matmul_y' (MatMul)", "K=4", "K=5"),
        _nodes(_node("MatMul", ["x", "v"], "y"), weights=(_tensor("v", np.ones((5, 3), np.float32)),)),
    ),
    "shapes_do_not_broadcast": (
        ("node 'add_y' (Add)", "broadcast"),
        _nodes(_node("Add", ["x", "v"], "y"), weights=(_tensor("v", np.ones(3, np.float32)),)),
    ),
    "unknown_element_type": (("initializer 'w'", "99"), _changed(_element_type(99))),
    "undefined_element_type": (("initializer 'w'",), _changed(_element_type(0))),
    "unknown_input_type": (("input 'x'", "99"), _changed(_input_type(99))),
    "untyped_input": (("input 'x'",), _changed(_remove_input_type)),
    # initializers
    "bytes_too_few": (("initializer 'w'", "47", "48"), _changed(_set_raw(47))),
    "bytes_too_many": (("initializer 'w'", "49", "48"), _changed(_set_raw(49))),
    "no_bytes": (("initializer 'w'",), _changed(_set_raw(0))),
    "floats_too_few": (("initializer 'w'", "11", "12"), _changed(_remove_a_float)),
    "negative_dim": (("initializer 'w'", "-1"), _changed(_set_dims(-1, 3))),
    "huge_dims": (("initializer 'w'",), _changed(_set_dims(1 << 40, 1 << 40))),
    # data beside the model
    "external_missing": (("'w'", "'w.bin'", "No such file"), _external("w.bin")),
    "external_above": (("'w'", "'../secret.bin'", "folder"), _external("../secret.bin")),
    "external_above_from_below": (("'w'", "'a/../../secret.bin'", "folder"), _external("a/../../secret.bin")),
    "external_absolute": (("'w'", "secret.bin'", "absolute"), _external("{secret}")),
    "external_link": (("'w'", "'w.bin'", "symbolic link"), _external("w.bin", _link_file)),
    "external_through_link": (("'w'", "'data/secret.bin'", "link"), _external("data/secret.bin", _link_folder)),
    "external_too_short": (("'w'", "'w.bin'", "47"), _external("w.bin", _short_file)),
    "external_offset_too_far": (("'w'", "'w.bin'", "1000"), _external("w.bin", _enough_file, offset=1000)),
    "external_negative_offset": (("'w'", "offset", "-4"), _external("w.bin", _enough_file, offset=-4)),
    "external_wrong_length": (("'w'", "44", "48"), _external("w.bin", _enough_file, length=44)),
    "external_no_location": (("'w'",), _external("")),
    "external_is_a_folder": (("'w'",), _external(".")),
    "external_is_a_pipe": (("'w'", "'w.bin'", "regular file"), _external("w.bin", _pipe)),
}
