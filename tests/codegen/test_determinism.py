"""The same module gives the same text, and the same inputs the same bits, whatever the threads and the process."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
from cases import normal
from codegen.running import compiled

from mlc.codegen import emit
from mlc.ir import DType, Function, Module, symbol, tensor, unattached
from mlc.ops import Add, Constant, Conv, Matmul, Relu, Reshape, Transpose
from mlc.runtime import native
from mlc.target import Target


def network() -> Module:
    """A conv, a transpose, a product and what is elementwise around them, with a symbolic batch."""
    function = Function("main", [("x", tensor(DType.F32, symbol("N"), 3, 17, 19))])
    w, v, b = (Constant(normal(*s)).result for s in ((20, 3, 3, 3), (20, 33), (33,)))
    y = Relu(Conv(function.inputs[0], w, strides=(1, 1), pads=(1,) * 4, dilations=(1, 1)).result).result
    y = Reshape(Transpose(y, perm=(0, 2, 3, 1)).result, dims=(symbol("N"), 17 * 19, 20)).result
    y = Add(Matmul(y, v).result, b).result
    for op in unattached([y]):
        function.append(op)
    function.set_outputs([("y", y)])
    module = Module("network")
    module.add(function)
    return module


def text_digest() -> str:
    """A digest of all LLVM text and the schedule of the network."""
    program = emit(network(), Target.parse("x86-64-v3"))
    text = "".join(unit.text for unit in program.units) + program.schedule_text
    return hashlib.sha256(text.encode()).hexdigest()


def test_two_processes_emit_the_same_text() -> None:
    root = Path(__file__).parents[1]
    paths = [str(root), str(root.parent / "build" / "python")]
    code = (
        f"import sys; sys.path[:0] = {paths!r}; from codegen.test_determinism import text_digest; print(text_digest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == text_digest() == text_digest()


def test_results_have_the_same_bits_for_any_thread_count() -> None:
    executable, _ = compiled(network())
    x = normal(5, 3, 17, 19)
    before = native.threads()
    try:
        results = []
        for count in (1, 2, 3, 7):
            native.set_threads(count)
            results.append(executable(x).tobytes())
    finally:
        native.set_threads(before)
    assert len(set(results)) == 1


def test_an_element_does_not_depend_on_the_batch_around_it() -> None:
    executable, _ = compiled(network())
    x = normal(7, 3, 17, 19)
    whole = executable(x)
    for number in range(7):
        assert np.array_equal(executable(x[number : number + 1])[0], whole[number])
    assert executable(x[:0]).shape == (0, 17 * 19, 33)


def test_inputs_need_no_more_than_their_elements_alignment() -> None:
    executable, _ = compiled(network())
    x = normal(2, 3, 17, 19)
    room = np.zeros(x.nbytes + 128, np.uint8)
    for shift in (4, 8, 20):
        start = -room.ctypes.data % 64 + shift
        moved = room[start : start + x.nbytes].view(np.float32).reshape(x.shape)
        moved[...] = x
        assert np.array_equal(executable(moved), executable(x))


def test_equal_kernels_are_written_once() -> None:
    function = Function("main", [("x", tensor(DType.F32, 4, 4)), ("y", tensor(DType.F32, 4, 4))])
    x, y = function.inputs
    first = function.append(Matmul(x, y)).results[0]
    second = function.append(Matmul(y, x)).results[0]
    function.set_outputs([("a", first), ("b", second)])
    module = Module("twice")
    module.add(function)
    executable, program = compiled(module)
    assert len({k for row in program.schedule for k in row.kernels}) == 2  # packing and product
    a, b = executable.run(normal(4, 4), normal(4, 4) + 1)
    np.testing.assert_allclose(a, normal(4, 4) @ (normal(4, 4) + 1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(b, (normal(4, 4) + 1) @ normal(4, 4), rtol=1e-5, atol=1e-5)
