"""ONNX's shape operators over symbolic dims mean the same as numpy at every size, 0 and 1 included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx_builder import initializer, model_of, node

from mlc.errors import CompileError
from mlc.frontend import load
from mlc.interpreter import interpret
from mlc.ir import Array, DimExpr, Module, TensorType
from mlc.ir.dims import parse_dim
from mlc.ops import DynamicSlice, Expand, Pad, Reshape, Slice, Trilu

SIZES = (0, 1, 2, 3, 7, 101)
FAR = 2**63 - 1
INTEGERS = (TensorProto.INT64, None)


def one_input(nodes: list[onnx.NodeProto], x: list[Any], *, y: Any = None, **constants: Any) -> Module:
    """x to y, with the constants as initializers."""
    stored = [initializer(name, np.array(value)) for name, value in constants.items()]
    return load(model_of(nodes, {"x": x}, {"y": y}, initializer=stored))


def result_type(module: Module) -> TensorType:
    return module.main.outputs[0].tensor


def numbered(*shape: int) -> Array:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def agrees_at(module: Module, shape: Callable[[int], tuple[int, ...]], expected: Callable[[Array], Array]) -> None:
    for size in SIZES:
        x = numbered(*shape(size))
        np.testing.assert_array_equal(interpret(module, [x])[0], expected(x), err_msg=f"N = {size}")


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("start", [0, 1, 3, -1, -3, -200])
@pytest.mark.parametrize("end", [0, 1, 5, -1, -2, 2**31 - 1, FAR, 1000])
def test_slice_of_a_symbolic_dim(start: int, end: int, step: int) -> None:
    slice_ = node("Slice", ["x", "starts", "ends", "axes", "steps"], ["y"])
    module = one_input([slice_], ["N"], starts=[start], ends=[end], axes=[0], steps=[step])
    assert any(isinstance(op, Slice) for op in module.walk()) or result_type(module).dims == (parse_dim("N"),)
    agrees_at(module, lambda n: (n,), lambda x: x[start:end:step])


@pytest.mark.parametrize("step", [-1, -2])
def test_slice_backwards_over_a_whole_symbolic_dim(step: int) -> None:
    slice_ = node("Slice", ["x", "starts", "ends", "axes", "steps"], ["y"])
    module = one_input([slice_], ["N", 3], starts=[-1], ends=[-FAR], axes=[0], steps=[step])
    assert any(isinstance(op, Slice) for op in module.walk())
    agrees_at(module, lambda n: (n, 3), lambda x: x[::step])


def test_slice_backwards_over_a_part_is_left_to_the_run() -> None:
    slice_ = node("Slice", ["x", "starts", "ends", "axes", "steps"], ["y"])
    module = one_input([slice_], ["N", 3], starts=[-2], ends=[1], axes=[0], steps=[-2])
    (dynamic,) = [op for op in module.walk() if isinstance(op, DynamicSlice)]
    rows, columns = dynamic.result.tensor.dims
    assert isinstance(rows, DimExpr) and columns == 3
    agrees_at(module, lambda n: (n, 3), lambda x: x[-2:1:-2])


def test_a_cut_symbolic_dim_has_a_plain_name() -> None:
    def dim_of(start: int, end: int) -> str:
        slice_ = node("Slice", ["x", "starts", "ends"], ["y"])
        return str(result_type(one_input([slice_], ["N"], starts=[start], ends=[end])).dims[0])

    assert dim_of(1, FAR) == "max(0, N - 1)"
    assert dim_of(0, 5) == "min(5, N)"
    assert dim_of(-3, FAR) == "min(3, N)"
    assert dim_of(0, -1) == "max(0, N - 1)"


def test_slice_from_the_end_of_another_tensor() -> None:
    nodes = [
        node("Shape", ["past"], ["length"], start=1, end=2),
        node("Slice", ["x", "length", "end", "axis"], ["y"]),
    ]
    stored = [initializer("end", np.array([FAR])), initializer("axis", np.array([1]))]
    model = model_of(nodes, {"x": [2, "T"], "past": [2, "P"]}, {"y": None}, initializer=stored)
    module = load(model)
    for total, past in [(7, 3), (7, 7), (3, 0), (1, 1), (0, 0), (2, 5)]:
        x = numbered(2, total)
        np.testing.assert_array_equal(interpret(module, [x, numbered(2, past)])[0], x[:, past:])


@pytest.mark.parametrize("shape, dims", [
    ([-1], "6 * N"), ([0, -1], "N,6"), ([-1, 2], "3 * N,2"), ([0, 2, -1], "N,2,3"), ([1, -1, 6], "1,N,6")
])  # fmt: skip
def test_reshape_of_a_symbolic_dim(shape: list[int], dims: str) -> None:
    module = one_input([node("Reshape", ["x", "shape"], ["y"])], ["N", 2, 3], shape=shape)
    assert ",".join(map(str, result_type(module).dims)) == dims
    agrees_at(module, lambda n: (n, 2, 3), lambda x: x.reshape([s or len(x) for s in dims_at(dims, len(x))]))


def dims_at(dims: str, size: int) -> list[int]:
    return [int(eval(d, {"N": size})) for d in dims.split(",")]


def test_reshape_by_shape_arithmetic_needs_no_shape_at_run_time() -> None:
    nodes = [
        node("Shape", ["x"], ["n"], start=0, end=1),
        node("Shape", ["x"], ["t"], start=1, end=2),
        node("Mul", ["n", "t"], ["rows"]),
        node("Concat", ["rows", "rest"], ["shape"], axis=0),
        node("Reshape", ["x", "shape"], ["y"]),
    ]
    module = one_input(nodes, ["N", "T", 4], rest=[-1])
    (reshape,) = [op for op in module.walk() if isinstance(op, Reshape)]
    assert reshape.shape is None
    assert [str(d) for d in result_type(module).dims] == ["N * T", "4"]


def test_reshape_by_an_unknown_shape_checks_what_is_declared() -> None:
    model = model_of(
        [node("Reshape", ["x", "shape"], ["y"])], {"x": [6], "shape": (TensorProto.INT64, [2])}, {"y": [2, "K"]}
    )
    module = load(model)
    assert interpret(module, [numbered(6), np.array([2, -1])])[0].shape == (2, 3)
    with pytest.raises(
        CompileError, match=r"node 'Reshape:y': mlc.reshape: result 0 has shape \[3, 2\]: dim 0 must be 2"
    ):
        interpret(module, [numbered(6), np.array([3, 2])])


@pytest.mark.parametrize("shape, message", [
    ([-1, -1], "more than one -1"), ([4, -1], "do not fill the shape"), ([2, 3, 0], "copies dim 2")
])  # fmt: skip
def test_a_wrong_shape_is_an_error_at_the_node(shape: list[int], message: str) -> None:
    with pytest.raises(CompileError, match=message):
        one_input([node("Reshape", ["x", "shape"], ["y"])], [2, 3], shape=shape)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_split_of_a_symbolic_dim_into_equal_parts(count: int) -> None:
    outputs = [f"y{i}" for i in range(count)]
    split = node("Split", ["x"], outputs, num_outputs=count)
    module = load(model_of([split], {"x": ["N"]}, dict.fromkeys(outputs)))
    for size in SIZES:
        x = numbered(size)
        chunk = -(-size // count)
        expected = [x[i * chunk : (i + 1) * chunk] for i in range(count)]
        for ours, wanted in zip(interpret(module, [x]), expected, strict=True):
            np.testing.assert_array_equal(ours, wanted, err_msg=f"N = {size}")


def test_split_by_sizes_known_at_run_time_alone() -> None:
    model = model_of(
        [node("Split", ["x", "sizes"], ["a", "b"], axis=1)],
        {"x": [2, "N"], "sizes": (TensorProto.INT64, [2])},
        {"a": None, "b": None},
    )
    x = numbered(2, 7)
    a, b = interpret(load(model), [x, np.array([3, 4])])
    np.testing.assert_array_equal(a, x[:, :3])
    np.testing.assert_array_equal(b, x[:, 3:])


def test_parts_that_do_not_add_up_are_an_error_at_the_node() -> None:
    with pytest.raises(CompileError, match=r"parts of \[1, 1\] do not add up to the 3 elements of axis 0"):
        load(
            model_of(
                [node("Split", ["x", "s"], ["a", "b"])],
                {"x": [3]},
                {"a": None, "b": None},
                initializer=[initializer("s", np.array([1, 1]))],
            )
        )


@pytest.mark.parametrize("axis, shape", [(0, (1, -1)), (1, (0, 6)), (2, (0, 3)), (-1, (0, 3)), (3, (-1, 1))])
def test_flatten_of_a_symbolic_dim(axis: int, shape: tuple[int, int]) -> None:
    module = one_input([node("Flatten", ["x"], ["y"], axis=axis)], ["N", 2, 3])
    split = axis % 3 if axis < 0 else axis
    agrees_at(
        module, lambda n: (n, 2, 3), lambda x: x.reshape(int(np.prod(x.shape[:split])), int(np.prod(x.shape[split:])))
    )


def test_unsqueeze_and_squeeze_move_no_symbols() -> None:
    nodes = [node("Unsqueeze", ["x", "two"], ["wide"]), node("Squeeze", ["wide", "last"], ["y"])]
    module = one_input(nodes, ["N", 3], two=[0, -1], last=[-1])
    assert [str(d) for d in result_type(module).dims] == ["1", "N", "3"]


@pytest.mark.parametrize("operator, change", [("Unsqueeze", 1), ("Squeeze", -1)])
def test_axes_known_at_run_time_alone(operator: str, change: int) -> None:
    shape = ["A", 1, "B"] if change < 0 else ["A", "B"]
    model = model_of(
        [node(operator, ["x", "axes"], ["y"])], {"x": shape, "axes": (TensorProto.INT64, [1])}, {"y": None}
    )
    x = numbered(2, 1, 3) if change < 0 else numbered(2, 3)
    wanted = (2, 3) if change < 0 else (2, 1, 3)
    for axis in (1, -2):
        assert interpret(load(model), [x, np.array([axis])])[0].shape == wanted


@pytest.mark.parametrize(
    "axes, shape", [([0], (1, 0, 3)), ([1, 3], (0, 1, 3, 1)), ([-1, -4], (1, 0, 3, 1)), ([-2], (0, 1, 3))]
)
def test_unsqueeze_of_a_tensor_of_unknown_rank(axes: list[int], shape: tuple[int, ...]) -> None:
    model = model_of(
        [node("Unsqueeze", ["x", "a"], ["y"])], {"x": None}, {"y": None}, initializer=[initializer("a", axes)]
    )
    assert interpret(load(model), [numbered(0, 3)])[0].shape == shape


def test_squeeze_of_an_axis_that_is_not_1_is_an_error() -> None:
    with pytest.raises(CompileError, match="axis 1 of tensor<2x3xf32> is not 1"):
        one_input([node("Squeeze", ["x", "axes"], ["y"])], [2, 3], axes=[1])


def test_expand_to_the_shape_of_another_tensor() -> None:
    nodes = [node("Shape", ["like"], ["shape"]), node("Expand", ["x", "shape"], ["y"])]
    module = load(model_of(nodes, {"x": [1, 3], "like": ["N", 1]}, {"y": None}))
    (expand,) = [op for op in module.walk() if isinstance(op, Expand)]
    assert expand.shape is None and [str(d) for d in expand.result.tensor.dims] == ["N", "3"]
    for size in SIZES:
        assert interpret(module, [numbered(1, 3), numbered(size, 1)])[0].shape == (size, 3)


def test_an_extent_above_1_survives_an_unknown_expand() -> None:
    model = model_of([node("Expand", ["x", "s"], ["y"])], {"x": [1, 3], "s": (TensorProto.INT64, [3])}, {"y": None})
    module = load(model)
    assert result_type(module).dims[2] == 3
    assert interpret(module, [numbered(1, 3), np.array([2, 4, 1])])[0].shape == (2, 4, 3)


def test_an_expand_target_of_minus_one_chosen_by_where_is_followed() -> None:
    # What torch's exporter writes for x.expand(-1, 4): minus one means "as it is".
    nodes = [
        node("Equal", ["target", "minus"], ["is_open"]),
        node("Shape", ["x"], ["own"]),
        node("Where", ["is_open", "own", "target"], ["shape"]),
        node("Expand", ["x", "shape"], ["y"]),
    ]
    module = one_input(nodes, ["N", 1], target=[-1, 4], minus=[-1])
    assert [str(d) for d in result_type(module).dims] == ["N", "4"]


def test_constant_of_shape_over_symbols() -> None:
    nodes = [node("Shape", ["x"], ["shape"]), node("ConstantOfShape", ["shape"], ["y"])]
    module = one_input(nodes, ["N", 3])
    agrees_at(module, lambda n: (n, 3), np.zeros_like)


def test_range_up_to_a_symbol_is_as_long_as_it() -> None:
    nodes = [
        node("Shape", ["x"], ["shape"], start=0, end=1),
        node("Squeeze", ["shape"], ["n"]),
        node("Range", ["zero", "n", "one"], ["y"]),
    ]
    module = one_input(nodes, ["N"], y=INTEGERS, zero=0, one=1)
    assert str(result_type(module).dims[0]) == "N"
    agrees_at(module, lambda n: (n,), lambda x: np.arange(len(x)))


def test_size_of_symbols() -> None:
    module = one_input([node("Size", ["x"], ["y"])], ["N", 3], y=INTEGERS)
    agrees_at(module, lambda n: (n, 3), lambda x: np.array(x.size))


def test_pad_and_tile_of_symbols() -> None:
    pad = one_input([node("Pad", ["x", "pads", "", "axes"], ["y"])], ["N", 3], pads=[1, 2], axes=[0])
    assert [str(d) for d in result_type(pad).dims] == ["N + 3", "3"]
    agrees_at(pad, lambda n: (n, 3), lambda x: np.pad(x, [(1, 2), (0, 0)]))
    tile = one_input([node("Tile", ["x", "repeats"], ["y"])], ["N", 3], repeats=[2, 1])
    assert [str(d) for d in result_type(tile).dims] == ["2 * N", "3"]
    agrees_at(tile, lambda n: (n, 3), lambda x: np.tile(x, (2, 1)))


def test_pad_by_amounts_known_at_run_time_alone() -> None:
    model = model_of([node("Pad", ["x", "p"], ["y"])], {"x": [3, "N"], "p": (TensorProto.INT64, [4])}, {"y": None})
    module = load(model)
    assert next(op for op in module.walk() if isinstance(op, Pad)).pads is None
    assert interpret(module, [numbered(3, 2), np.array([0, 1, -1, 2])])[0].shape == (2, 5)


def test_eye_like_a_symbolic_matrix() -> None:
    module = one_input([node("EyeLike", ["x"], ["y"], k=1)], ["N", 3])
    agrees_at(module, lambda n: (n, 3), lambda x: np.eye(len(x), 3, 1, dtype=np.float32))


def test_trilu_by_a_computed_diagonal() -> None:
    model = model_of([node("Trilu", ["x", "k"], ["y"])], {"x": [3, 3], "k": (TensorProto.INT64, [])}, {"y": None})
    module = load(model)
    assert any(isinstance(op, Trilu) and op.k is not None for op in module.walk())
    np.testing.assert_array_equal(interpret(module, [numbered(3, 3), np.array(1)])[0], np.triu(numbered(3, 3), 1))


def test_reduction_axes_known_at_run_time_alone() -> None:
    model = model_of(
        [node("ReduceLogSumExp", ["x", "axes"], ["y"], keepdims=0)],
        {"x": ["A", "B"], "axes": (TensorProto.INT64, [1])},
        {"y": None},
    )
    x = np.array([[0.0, 0.0], [-np.inf, -np.inf]], np.float32)
    np.testing.assert_allclose(interpret(load(model), [x, np.array([1])])[0], [np.log(2), -np.inf], rtol=1e-6)


def test_two_extents_of_one_symbol_must_agree() -> None:
    module = load(model_of([node("Add", ["x", "z"], ["y"])], {"x": ["N"], "z": ["N"]}, {"y": None}))
    with pytest.raises(CompileError, match=r"input 'z' has shape \[3\]: dim 0 must be N = 2, got 3"):
        interpret(module, [numbered(2), numbered(3)])
