"""The text form: what is printed is read back to the same module, by us and by MLIR."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from mlc.errors import ParseError
from mlc.ir import DType, Function, Location, Module, symbol, tensor, type_of
from mlc.ir.parser import parse_module
from mlc.ir.printer import elided_constants, print_module
from mlc.ops import Add, Constant, Matmul, Relu


def mlp() -> Module:
    """relu(x @ w) + b with a symbolic batch, a weight above the elision size and fused locations."""
    rng = np.random.default_rng(0)
    module = Module("mlp")
    main = module.add(Function("main", [("x", tensor(DType.F32, symbol("N"), 256))]))
    weight = main.append(Constant(rng.standard_normal((256, 10)).astype(np.float32), loc=Location.of("w\u00e9"))).result
    product = main.append(Matmul(main.inputs[0], weight, loc=Location.of("fc", "model.py", 3))).result
    bias = main.append(Constant(np.arange(10, dtype=np.float32))).result
    both = Location.of("relu").fused_with(Location.of("add"))
    total = main.append(Add(main.append(Relu(product)).result, bias, loc=both)).result
    main.set_outputs([("y", total)])
    return module


def constants(*arrays: np.ndarray) -> Module:
    """A function that returns the arrays."""
    module = Module()
    main = module.add(Function("main"))
    values = [main.append(Constant(a)).result for a in arrays]
    main.set_outputs([(f"y{i}", v) for i, v in enumerate(values)])
    return module


def arrays_of_every_dtype() -> list[np.ndarray]:
    arrays = []
    for dtype in DType:
        if dtype is DType.STRING:
            arrays.append(np.array([["a", 'q"\\\n'], ["é", ""]], object))
        elif dtype is DType.F8E8M0:
            arrays.append(np.array([[1, 2, np.nan], [0.5, 4, 8]], dtype.numpy))
        elif dtype.is_unsigned or dtype is DType.BOOL:
            arrays.append(np.array([[0, 1, 1], [1, 0, 0]], dtype.numpy))
        else:
            arrays.append(
                np.array([[-1, 1, 0], [1, 0, -0.5 if dtype.is_float or dtype.is_complex else 1]], dtype.numpy)
            )
    return arrays


def mlir_opt(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("torch-mlir-opt", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("torch-mlir is not installed")
    (tmp_path / "dump.mlir").write_text(text)
    command = [program, "--allow-unregistered-dialect", str(tmp_path / "dump.mlir")]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_module_reads_back_to_the_same_text() -> None:
    module = mlp()
    text = print_module(module)
    again = parse_module(text, weights=elided_constants(module))
    assert print_module(again) == text
    assert again.main.input_names == ["x"] and again.main.output_names == ["y"]
    matmul = next(op for op in again.walk() if isinstance(op, Matmul))
    assert matmul.loc == Location.of("fc", "model.py", 3)


def test_constants_of_every_dtype_read_back_bit_for_bit() -> None:
    arrays = arrays_of_every_dtype()
    again = parse_module(print_module(constants(*arrays)))
    for array, value in zip(arrays, again.main.outputs, strict=True):
        read = value.owner.value  # type: ignore[union-attr]
        assert read.dtype == array.dtype and read.shape == array.shape
        assert read.tolist() == array.tolist() if array.dtype == object else read.tobytes() == array.tobytes()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38, 0.1, 16777217.0])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_floats_at_the_edges_keep_their_bits(value: float, dtype: type) -> None:
    with np.errstate(over="ignore", under="ignore"):
        array = np.array([value, 1], dtype)
    again = parse_module(print_module(constants(array)))
    assert again.main.outputs[0].owner.value.tobytes() == array.tobytes()  # type: ignore[union-attr]


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1, 1), (2, 0, 2)])
def test_scalars_and_empty_arrays_keep_their_shape(shape: tuple[int, ...]) -> None:
    again = parse_module(print_module(constants(np.ones(shape, np.int64))))
    assert again.main.outputs[0].type == type_of(np.ones(shape, np.int64))


def test_a_splat_is_written_once() -> None:
    assert "dense<0.02> : tensor<64x64xf32>" in print_module(constants(np.full((64, 64), 0.02, np.float32)))


def test_minus_zero_is_not_a_splat_of_zero() -> None:
    assert "dense<[0.0, -0.0]>" in print_module(constants(np.array([0.0, -0.0], np.float32)))


def test_mlir_takes_the_dump_and_we_take_what_mlir_prints(tmp_path: Path) -> None:
    module = mlp()
    printed = mlir_opt(print_module(module), tmp_path)
    assert printed.returncode == 0, printed.stderr
    again = parse_module(printed.stdout, weights=elided_constants(module))
    assert print_module(again, locations=False) == print_module(module, locations=False)


def test_mlir_takes_constants_of_every_dtype(tmp_path: Path) -> None:
    printed = mlir_opt(print_module(constants(*arrays_of_every_dtype())), tmp_path)
    assert printed.returncode == 0, printed.stderr
    assert parse_module(printed.stdout).main.outputs[3].type == tensor(DType.I8, 2, 3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"mlc.relu"', '"mlc.rely"', "unknown op mlc.rely; did you mean 'mlc.relu'"),
        ('"mlc.relu"(%1)', '"mlc.relu"(%7)', "%7 is not defined here"),
        ('"mlc.relu"(%1)', '"mlc.relu"()', "0 operands but 1 operand types"),
        ("transpose_y = false", "transpose_y = 3", "expected true or false"),
        ("{transpose_y = false, strassen = false} ", "", "mlc.matmul is missing attribute transpose_y"),
        ("transpose_y = false", "transpose_z = false", "no attribute transpose_z; did you mean 'transpose_y'"),
        ("%2 = ", "%1 = ", "%1 is defined twice"),
        ("func.return", "func.retrun", "expected an op like"),
        ('"N,256">', '"N,255">', "the encoding's dims are not those of the shape"),
        ("-> tensor<256x10xf32>", "-> tensor<256x11xf32>", "the text says (tensor<256x11xf32>)"),
        ("module @mlp {", "module @mlp {{", "expected func.func"),
        ('loc(fused["relu", "add"])', 'loc(fused["relu", ])', "nothing follows the ','"),
        ("f32", "f33", "unknown element type 'f33'"),
    ],
)
def test_a_mistake_is_an_error_with_line_column_and_caret(old: str, new: str, message: str) -> None:
    module = mlp()
    text = print_module(module)
    assert old in text
    with pytest.raises(ParseError) as caught:
        parse_module(text.replace(old, new, 1), file="bad.mlir", weights=elided_constants(module))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("bad.mlir:") and message in lines[0]
    assert lines[-1].strip() == "^"


def test_text_that_ends_early_is_a_parse_error_at_every_length() -> None:
    text = print_module(constants(np.arange(3)))
    for length in range(len(text) - 2):
        with pytest.raises(ParseError):
            parse_module(text[:length])


def test_an_elided_constant_without_its_weights_is_named() -> None:
    with pytest.raises(ParseError, match="the numbers of constant w_[0-9a-f]{16} are not in this text"):
        parse_module(print_module(mlp()))
