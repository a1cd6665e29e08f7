"""Operators in forms the ONNX suite has no case for, against ONNX Runtime and numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import model_of, node
from tolerance import assert_close

from mlc.frontend import load
from mlc.interpreter import interpret

RNG = np.random.default_rng(5)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def ours(model: onnx.ModelProto, arrays: dict[str, Any]) -> list[Any]:
    return interpret(load(model), list(arrays.values()))


def assert_as_onnxruntime(
    nodes: list[Any], arrays: dict[str, Any], outputs: int = 1, kind: int = TensorProto.FLOAT, **graph: Any
) -> None:
    """The nodes' outputs y0, y1, ... are those of ONNX Runtime."""
    runtime = pytest.importorskip("onnxruntime")
    kinds = {n: (helper.np_dtype_to_tensor_dtype(a.dtype), list(a.shape)) for n, a in arrays.items()}
    names = [f"y{i}" for i in range(outputs)]
    model = model_of(nodes, kinds, dict.fromkeys(names, (kind, None)), **graph)
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for got, want in zip(ours(model, arrays), session.run(None, arrays), strict=True):
        assert_close(got, want, model="one node")


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bkj->bki", [(2, 3, 4), (2, 5, 4)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ii->i", [(3, 3)]),
        ("iij->j", [(3, 3, 2)]),
        ("ii", [(3, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("i,i->", [(3,), (3,)]),
        ("ij,ij->ij", [(2, 3), (2, 3)]),
        ("ij,kl->", [(2, 3), (4, 5)]),
        ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 6)]),
        ("...i->...", [(2, 3, 4)]),
        ("b...ij,bj->b...i", [(2, 5, 3, 4), (2, 4)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("bhld,bhsd,bhse->blhe", [(1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 6)]),
        ("i j , j k -> k i", [(2, 3), (3, 4)]),
        ("aij,ajk->", [(2, 3, 4), (2, 4, 3)]),
    ],
)
def test_einsum_is_numpys(equation: str, shapes: list[tuple[int, ...]]) -> None:
    arrays = {f"x{i}": normal(*s) for i, s in enumerate(shapes)}
    one = node("Einsum", list(arrays), ["y"], equation=equation)
    model = model_of([one], {n: list(a.shape) for n, a in arrays.items()}, {"y": None})
    assert_close(ours(model, arrays)[0], np.asarray(np.einsum(equation, *arrays.values())), model=equation)


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose", "MaxPool", "AveragePool"])
def test_automatic_pads(operator: str, mode: str) -> None:
    arrays = {"x": normal(1, 2, 7, 8)}
    if operator in ("Conv", "ConvTranspose"):
        arrays["w"] = normal(2, 2, 3, 4)
    one = node(operator, list(arrays), ["y0"], auto_pad=mode, strides=[2, 3], kernel_shape=[3, 4])
    assert_as_onnxruntime([one], arrays)


def test_same_pads_of_symbolic_sizes_are_the_same() -> None:
    x, w = normal(1, 2, 7, 8), normal(3, 2, 3, 3)
    one = node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", strides=[2, 2])
    results = [
        ours(model_of([one], {"x": shape, "w": [3, 2, 3, 3]}, {"y": None}), {"x": x, "w": w})[0]
        for shape in ([1, 2, 7, 8], ["N", 2, "H", "W"])
    ]
    np.testing.assert_array_equal(*results)


def test_a_transposed_conv_of_a_given_shape() -> None:
    arrays = {"x": normal(1, 2, 4, 5), "w": normal(2, 3, 3, 3)}
    one = node("ConvTranspose", list(arrays), ["y0"], strides=[2, 2], output_shape=[10, 10], output_padding=[1, 1])
    assert_as_onnxruntime([one], arrays)


def test_resize_before_opset_11_rounds_down() -> None:
    arrays = {"x": normal(1, 1, 3, 4), "s": np.array([1, 1, 1.5, 2], np.float32)}
    assert_as_onnxruntime([node("Resize", ["x", "s"], ["y0"])], arrays, opset=10)
    assert_as_onnxruntime([node("Resize", ["x", "s"], ["y0"], mode="linear")], arrays, opset=10)


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
# Scales that f32 holds: of 0.6 it holds more, and ONNX Runtime's own rounding makes a tie of 1.5 / 0.6.
@pytest.mark.parametrize("scales", [(2.0, 3.0), (0.625, 0.5), (1.5, 0.75)])
def test_nearest_neighbors_as_tensorflow_counts_half_pixels(rounding: str, scales: tuple[float, float]) -> None:
    arrays = {"x": normal(1, 1, 5, 7), "r": np.zeros(0, np.float32), "s": np.array([1, 1, *scales], np.float32)}
    how = {"coordinate_transformation_mode": "tf_half_pixel_for_nn", "nearest_mode": rounding}
    assert_as_onnxruntime([node("Resize", ["x", "r", "s"], ["y0"], mode="nearest", **how)], arrays, opset=11)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("operator", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_recurrent_layers_with_everything(operator: str, gates: int, direction: str) -> None:
    d = 2 if direction == "bidirectional" else 1
    arrays: dict[str, Any] = {
        "x": normal(5, 3, 4),
        "w": normal(d, gates * 6, 4),
        "r": normal(d, gates * 6, 6),
        "b": normal(d, 2 * gates * 6),
        "n": np.array([5, 2, 4], np.int32),
        "h": normal(d, 3, 6),
    }
    # ONNX Runtime does not clip what goes into the last activation of an LSTM; ONNX says all activations.
    extra: dict[str, Any] = {"clip": 2.0} if operator != "LSTM" else {}
    extra |= {"linear_before_reset": 1} if operator == "GRU" else {}
    if operator == "LSTM":
        arrays |= {"c": normal(d, 3, 6), "p": normal(d, 18)}
    outputs = 3 if operator == "LSTM" else 2
    one = node(operator, list(arrays), [f"y{i}" for i in range(outputs)], direction=direction, hidden_size=6, **extra)
    assert_as_onnxruntime([one], arrays, outputs)


def test_activations_take_their_parameters_in_order() -> None:
    arrays = {"x": normal(3, 2, 4), "w": normal(1, 12, 4), "r": normal(1, 12, 4)}
    one = node(
        "GRU",
        list(arrays),
        ["y0", "y1"],
        hidden_size=4,
        activations=["HardSigmoid", "ScaledTanh"],
        activation_alpha=[0.3, 1.5],
        activation_beta=[0.4, 0.7],
    )
    assert_as_onnxruntime([one], arrays, 2)


def body(nodes: list[Any], inputs: list[tuple[str, int, Any]], outputs: list[tuple[str, int, Any]]) -> onnx.GraphProto:
    infos = [[helper.make_tensor_value_info(*i) for i in side] for side in (inputs, outputs)]
    return helper.make_graph(nodes, "body", *infos)


def test_a_loop_whose_value_grows() -> None:
    inner = body(
        [
            node("Identity", ["go"], ["again"]),
            node("Concat", ["now", "now"], ["next"], axis=0),
            node("ReduceSum", ["now"], ["total"], keepdims=0),
        ],
        [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("now", TensorProto.FLOAT, None)],
        [("again", TensorProto.BOOL, []), ("next", TensorProto.FLOAT, None), ("total", TensorProto.FLOAT, None)],
    )
    arrays = {"m": np.array(3), "go": np.array(True), "x": normal(2)}
    assert_as_onnxruntime([node("Loop", ["m", "go", "x"], ["y0", "y1"], body=inner)], arrays, 2)


def test_a_loop_that_stops_itself() -> None:
    inner = body(
        [
            node("Add", ["now", "now"], ["next"]),
            node("Less", ["next", "limit"], ["again"]),
        ],
        [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("now", TensorProto.FLOAT, [])],
        [("again", TensorProto.BOOL, []), ("next", TensorProto.FLOAT, []), ("next", TensorProto.FLOAT, [])],
    )
    arrays = {"go": np.array(True), "x": np.array(1, np.float32), "limit": np.array(50, np.float32)}
    assert_as_onnxruntime([node("Loop", ["", "go", "x"], ["y0", "y1"], body=inner)], arrays, 2)


def test_branches_of_different_lengths() -> None:
    longer = body([node("Concat", ["x", "x"], ["a"], axis=0)], [], [("a", TensorProto.FLOAT, None)])
    same = body([node("Neg", ["x"], ["b"])], [], [("b", TensorProto.FLOAT, None)])
    for condition in (True, False):
        arrays = {"c": np.array(condition), "x": normal(3)}
        assert_as_onnxruntime([node("If", ["c"], ["y0"], then_branch=longer, else_branch=same)], arrays)


def test_a_branch_whose_condition_is_known_is_inlined() -> None:
    yes = body([node("Relu", ["x"], ["a"])], [], [("a", TensorProto.FLOAT, None)])
    no = body([node("Neg", ["x"], ["b"])], [], [("b", TensorProto.FLOAT, None)])
    nodes = [
        node("Constant", [], ["c"], value=helper.make_tensor("c", TensorProto.BOOL, [], [False])),
        node("If", ["c"], ["y0"], then_branch=yes, else_branch=no),
    ]
    module = load(model_of(nodes, {"x": [3]}, {"y0": None}))
    assert [op.name for op in module.main.block][-2:] == ["mlc.neg", "func.return"]


def test_a_scan_with_axes_and_directions() -> None:
    inner = body(
        [node("Add", ["s", "x_t"], ["next"]), node("Identity", ["next"], ["out"])],
        [("s", TensorProto.FLOAT, [2]), ("x_t", TensorProto.FLOAT, [2])],
        [("next", TensorProto.FLOAT, [2]), ("out", TensorProto.FLOAT, [2])],
    )
    one = node(
        "Scan",
        ["s0", "x"],
        ["y0", "y1"],
        body=inner,
        num_scan_inputs=1,
        scan_input_axes=[1],
        scan_input_directions=[1],
        scan_output_axes=[1],
        scan_output_directions=[1],
    )
    assert_as_onnxruntime([one], {"s0": normal(2), "x": normal(2, 5)}, 2)


@pytest.mark.parametrize("block", [0, 2])
def test_quantization_to_and_fro(block: int) -> None:
    scale = np.abs(normal(2, 3) if block else normal(6)) + 0.1
    arrays = {"x": normal(2, 6) * 50, "s": scale, "z": np.zeros(scale.shape, np.int8)}
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"], axis=1, block_size=block),
        node("DequantizeLinear", ["q", "s", "z"], ["y0"], axis=1, block_size=block),
    ]
    assert_as_onnxruntime(nodes, arrays, opset=21)


def test_quantized_products_per_channel() -> None:
    arrays = {
        "a": RNG.integers(0, 255, (3, 4)).astype(np.uint8),
        "a_s": np.array(0.02, np.float32),
        "a_z": np.array(120, np.uint8),
        "b": RNG.integers(-99, 99, (4, 5)).astype(np.int8),
        "b_s": np.abs(normal(5)) * 0.05 + 0.01,
        "b_z": np.zeros(5, np.int8),
        "y_s": np.array(0.1, np.float32),
        "y_z": np.array(128, np.uint8),
    }
    assert_as_onnxruntime([node("QLinearMatMul", list(arrays), ["y0"])], arrays, kind=TensorProto.UINT8)


def test_quantized_convolution_per_channel() -> None:
    # Weights below 64: ONNX Runtime adds two products in 16 bits, with saturation, on CPUs without VNNI.
    arrays = {
        "x": RNG.integers(0, 255, (1, 3, 5, 5)).astype(np.uint8),
        "x_s": np.array(0.02, np.float32),
        "x_z": np.array(120, np.uint8),
        "w": RNG.integers(-63, 64, (4, 3, 3, 3)).astype(np.int8),
        "w_s": np.abs(normal(4)) * 0.05 + 0.01,
        "w_z": np.zeros(4, np.int8),
        "y_s": np.array(0.4, np.float32),
        "y_z": np.array(128, np.uint8),
        "b": RNG.integers(-999, 999, 4).astype(np.int32),
    }
    one = node("QLinearConv", list(arrays), ["y0"], pads=[1, 1, 1, 1])
    assert_as_onnxruntime([one], arrays, kind=TensorProto.UINT8)


def test_grid_sample_and_roi_align() -> None:
    arrays = {"x": normal(2, 3, 6, 5), "g": (normal(2, 4, 4, 2) * 0.8)}
    for padding in ("zeros", "border", "reflection"):
        one = node("GridSample", ["x", "g"], ["y0"], mode="bicubic", padding_mode=padding, align_corners=1)
        assert_as_onnxruntime([one], arrays, opset=16)
    boxes = {"x": normal(2, 3, 6, 5), "r": np.array([[0, 0, 3, 4], [1, 1, 5, 3]], np.float32), "b": np.array([0, 1])}
    one = node("RoiAlign", list(boxes), ["y0"], output_height=2, output_width=3, sampling_ratio=2, spatial_scale=0.9)
    assert_as_onnxruntime([one], boxes, opset=16)


def test_max_roi_pool_is_onnxruntimes() -> None:
    arrays = {"x": normal(2, 3, 8, 8), "r": np.array([[0, 0, 0, 5, 7], [1, 2, 3, 6, 6]], np.float32)}
    assert_as_onnxruntime([node("MaxRoiPool", list(arrays), ["y0"], pooled_shape=[3, 2])], arrays)


def test_group_normalization_before_opset_21_has_a_scale_for_each_group() -> None:
    arrays = {"x": normal(2, 4, 3), "s": normal(2), "b": normal(2)}
    one = node("GroupNormalization", list(arrays), ["y0"], num_groups=2)
    model = model_of([one], {n: list(a.shape) for n, a in arrays.items()}, {"y0": None}, opset=18)
    grouped = arrays["x"].reshape(2, 2, -1)
    plain = (grouped - grouped.mean(-1, keepdims=True)) / np.sqrt(grouped.var(-1, keepdims=True) + 1e-5)
    want = (plain * arrays["s"][:, None] + arrays["b"][:, None]).reshape(2, 4, 3)
    assert_close(ours(model, arrays)[0], want, model="group norm")


def test_batch_normalization_of_training_is_refused_before_opset_7() -> None:
    one = node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"])
    inputs = {"x": [2, 3], **{n: [3] for n in "sbmv"}}
    with pytest.raises(Exception, match="attribute 'is_test' must be 1: training is not supported"):
        load(model_of([one], inputs, {"y": None}, opset=6))


def test_an_unknown_automatic_pad_is_refused() -> None:
    one = node("MaxPool", ["x"], ["y"], kernel_shape=[2], auto_pad="SOME")
    with pytest.raises(Exception, match="'auto_pad' must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, got 'SOME'"):
        load(model_of([one], {"x": [1, 1, 5]}, {"y": None}))
