"""Tensors stored in models, in every element type and place: fields, raw bytes, files beside the model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_builder import model_of, node

from mlc.errors import CompileError
from mlc.frontend import load
from mlc.frontend.onnx_import.dtypes import DTYPES, array_of, dtype_of, element_type, packed
from mlc.ir import Array, DType
from mlc.ops import Constant


def sample(dtype: DType) -> Array:
    """Seven elements, an odd number that leaves a packed byte half full."""
    if dtype is DType.STRING:
        return np.array(["", "a", "ü", "日本", "x y", "0", "-"], object)
    values = np.array(
        [0, 1, -2, 1, 0, -1, 1] if not (dtype.is_unsigned or dtype is DType.F8E8M0) else [1, 2, 3, 1, 2, 1, 2]
    )
    return values.astype(np.float32).astype(dtype.numpy) if dtype.is_float else values.astype(dtype.numpy)


@pytest.mark.parametrize("number", list(DTYPES))
def test_every_element_type_is_read_as_onnx_reads_it(number: int) -> None:
    dtype = dtype_of(number)
    assert element_type(dtype) == number
    array = sample(dtype)
    raw = numpy_helper.from_array(array, "t")
    assert raw.data_type == number
    fields = helper.make_tensor("t", number, [7], list(array) if dtype is not DType.BOOL else array.tolist())
    for tensor in (raw, fields):
        read = array_of(tensor)
        assert read.dtype == dtype.numpy and read.shape == (7,)
        np.testing.assert_array_equal(read.astype(object), array.astype(object))
        if dtype.bits < 8 and dtype is not DType.BOOL:
            assert packed(read).tobytes() == raw.raw_data


def test_scalars_and_empty_tensors_have_their_shape() -> None:
    assert array_of(numpy_helper.from_array(np.float32(2.5))).shape == ()
    assert array_of(numpy_helper.from_array(np.zeros((0, 3), np.int64))).shape == (0, 3)
    assert array_of(helper.make_tensor("t", TensorProto.INT4, [0], [])).shape == (0,)


def test_strings_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(CompileError, match="tensor 't' holds a string that is not UTF-8"):
        array_of(TensorProto(name="t", data_type=TensorProto.STRING, dims=[1], string_data=[b"\xff\xfe"]))


# --- external data ---


def external(name: str, shape: list[int], **entries: str) -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def model_with(*tensors: TensorProto) -> onnx.ModelProto:
    nodes = [node("Add", ["x", t.name], [f"y{i}"]) for i, t in enumerate(tensors)]
    shape = {f"y{i}": None for i in range(len(tensors))}
    return model_of(nodes, {"x": [1]}, shape, initializer=list(tensors))


def saved(folder: Path, *tensors: TensorProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model_with(*tensors).SerializeToString())
    return path


def test_external_data_is_mapped_at_its_offset(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w.bin").write_bytes(values.tobytes())
    path = saved(
        tmp_path,
        external("a", [2], location="sub/w.bin", length="8"),
        external("b", [4], location="sub/w.bin", offset="8", length="16", checksum="ignored"),
    )
    a, b = [op.value for op in load(path).walk() if isinstance(op, Constant)]
    assert (a.tolist(), b.tolist()) == ([0, 1], [2, 3, 4, 5])
    assert not a.flags.writeable and not a.flags.owndata


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ({"location": "../w.bin"}, "'../w.bin' leaves the model's folder"),
        ({"location": "sub/../../w.bin"}, "'sub/../../w.bin' leaves the model's folder"),
        ({"location": "/etc/passwd"}, "'/etc/passwd' is absolute; data must lie in the model's folder"),
        ({"location": "C:\\w.bin"}, "'C:\\w.bin' is absolute; data must lie in the model's folder"),
        ({"location": "link.bin"}, "'link.bin' passes through a symbolic link"),
        ({"location": "linked/w.bin"}, "'linked/w.bin' passes through a symbolic link"),
        ({"location": "none.bin"}, "cannot open 'none.bin': No such file or directory"),
        ({"location": "sub"}, "'sub' is not a regular file"),
        ({"location": "fifo"}, "'fifo' is not a regular file"),
        ({"location": ""}, "names no file"),
        ({}, "names no file"),
        ({"location": "w.bin", "length": "4"}, "has length 4; shape (2,) of f32 needs 8"),
        ({"location": "w.bin", "offset": "4"}, "bytes 4 to 12 lie outside of 'w.bin', which has 8"),
        ({"location": "w.bin", "offset": "-4"}, "offset must be a number, got '-4'"),
        ({"location": "empty.bin"}, "bytes 0 to 8 lie outside of 'empty.bin', which has 0"),
    ],
)
def test_external_data_that_cannot_be_trusted_is_refused(
    tmp_path: Path, entries: dict[str, str], complaint: str
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "model"
    outside.mkdir(), (folder / "sub").mkdir(parents=True)
    for place in (tmp_path, outside, folder):
        (place / "w.bin").write_bytes(b"\0" * 8)
    (folder / "empty.bin").touch()
    (folder / "link.bin").symlink_to(outside / "w.bin")
    (folder / "linked").symlink_to(outside)
    os.mkfifo(folder / "fifo")
    with pytest.raises(CompileError) as caught:
        load(saved(folder, external("w", [2], **entries)))
    text = str(caught.value)
    assert text.startswith("model.onnx: initializer 'w': external data of tensor 'w'") and text.endswith(complaint), (
        text
    )


def test_external_data_needs_a_folder() -> None:
    with pytest.raises(CompileError, match="the model was not loaded from a file, so 'w.bin' has no folder"):
        load(model_with(external("w", [2], location="w.bin")))


def test_a_model_of_more_than_two_gigabytes_is_mapped_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "w.bin", "wb") as file:
        file.truncate(3 << 30)  # a hole in the file: no disk is used
    path = saved(tmp_path, external("w", [3 << 28], location="w.bin"))
    script = (
        "import re\nfrom mlc.frontend import load\n"
        f"module = load({str(path)!r})\n"
        # Not ru_maxrss: a child's starts at what its parent held when it was forked.
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert int(done.stdout) < 500_000  # kilobytes
