"""Calling a compiled model: arguments, dim symbols, host steps, errors, threads."""

from __future__ import annotations

import copy
import os
import pickle
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from runtime_models import NO_WORKSPACE, answering, doubling_in_place, scale_and_shift, through_host_steps, unit

from mlc.runtime import (
    Artifact,
    ArtifactError,
    CodeUnit,
    Executable,
    InputError,
    ProfileRow,
    RunError,
    TensorSpec,
    native,
    set_threads,
    threads,
)
from mlc.runtime.artifact import numpy_dtype
from mlc.runtime.call import address_of

SHIFT = np.array([1, 2, 3, 4], np.float32)


@pytest.fixture(scope="module")
def scale() -> Executable:
    return Executable(scale_and_shift())


def rows(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal((count, 4), np.float32)


@pytest.mark.parametrize("count", [0, 1, 7, 64])
def test_one_artifact_runs_at_any_size_of_a_symbol(scale: Executable, count: int) -> None:
    x = rows(count)
    y = scale(x)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, 2 * x + SHIFT)


@pytest.mark.parametrize("thread_count", [1, 2, 5])
def test_thread_count_does_not_change_the_result(scale: Executable, thread_count: int) -> None:
    before = threads()
    set_threads(thread_count)
    try:
        np.testing.assert_array_equal(scale(rows(33)), 2 * rows(33) + SHIFT)
    finally:
        set_threads(before)


def test_arguments_may_come_by_position_by_name_or_in_a_dict(scale: Executable) -> None:
    x = rows(2)
    np.testing.assert_array_equal(scale(x), scale(x=x))
    np.testing.assert_array_equal(scale(x), scale({"x": x}))
    (only,) = scale.run(x)
    np.testing.assert_array_equal(scale(x), only)


def test_an_input_that_cannot_be_written_to_is_read_where_it_lies(scale: Executable) -> None:
    x = rows(6)
    x.flags.writeable = False
    np.testing.assert_array_equal(scale(x), 2 * x + SHIFT)


@pytest.mark.parametrize("dtype", [np.dtype(np.float32), numpy_dtype("bfloat16")])
@pytest.mark.parametrize("shape", [(3, 4), (0, 4)])
def test_the_address_of_an_array_is_that_of_its_data(dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    array = np.zeros(shape, dtype)
    assert address_of(array) == array.ctypes.data
    array.flags.writeable = False
    assert address_of(array) == array.ctypes.data


def test_a_strided_or_unaligned_input_is_made_dense(scale: Executable) -> None:
    x = rows(6)
    np.testing.assert_array_equal(scale(x[::2]), 2 * x[::2] + SHIFT)
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(6, 4)
    assert not unaligned.flags.aligned
    np.testing.assert_array_equal(scale(unaligned), 2 * x + SHIFT)


def test_outputs_are_fresh_and_inputs_untouched(scale: Executable) -> None:
    x = rows(3)
    kept = x.copy()
    first, second = scale(x), scale(x)
    assert not np.shares_memory(first, second) and not np.shares_memory(first, x)
    first[:] = 0
    np.testing.assert_array_equal(second, 2 * x + SHIFT)
    np.testing.assert_array_equal(scale(x), second)
    np.testing.assert_array_equal(x, kept)


def test_many_threads_may_call_one_executable(scale: Executable) -> None:
    def check(seed: int) -> None:
        x = rows(1 + seed % 50, seed)
        for _ in range(30):
            np.testing.assert_array_equal(scale(x), 2 * x + SHIFT)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(check, range(24)))


def test_a_forked_child_runs_the_model(scale: Executable) -> None:
    x = rows(100)
    scale(x)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(scale(x), 2 * x + SHIFT) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda exe: pickle.loads(pickle.dumps(exe))])
def test_a_pickled_or_copied_model_is_linked_anew(scale: Executable, again: Callable[[Executable], Executable]) -> None:
    x = rows(3)
    other = again(scale)
    assert other is not scale
    np.testing.assert_array_equal(other(x), scale(x))


def spec(name: str, *shape: str, dtype: str = "float32") -> TensorSpec:
    return TensorSpec(name, dtype, shape)


PAIR = (spec("a", "N", "3"), spec("b", "N", "(N + 1) floordiv 2"))


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ([], {}, "missing input 'a', 'b'"),
        ([np.zeros((2, 3), "f")], {}, "missing input 'b'"),
        ([0, 0, 0], {}, "the model has 2 inputs (a, b), got 3"),
        ([0], {"a": 0}, "input 'a' was given twice, by position and by name"),
        ([0], {"bb": 0}, "the model has no input 'bb', it has 'a', 'b'; did you mean 'b'?"),
        ([np.zeros((2, 3)), 0], {}, "input 'a': expected dtype float32, got float64"),
        ([np.zeros((2, 3), ">f4"), 0], {}, "input 'a': expected dtype float32, got >f4"),
        ([np.zeros(2, "f"), 0], {}, "input 'a': expected 2 dims (N, 3), got 1 (2,)"),
        ([np.zeros((2, 4), "f"), np.zeros((2, 1), "f")], {}, "input 'a': dim 1 is 4 but the model has 3 (N, 3)"),
        ([np.zeros((2, 3), "f"), np.zeros((3, 1), "f")], {}, "input 'b': dim 0 is 3 but N=2 from input 'a'"),
        (
            [np.zeros((5, 3), "f"), np.zeros((5, 2), "f")],
            {},
            "input 'b': dim 1 is 2 but (N + 1) floordiv 2 is 3 with N=5 from input 'a'",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments: list[object], named: dict[str, object], message: str) -> None:
    exe = Executable(answering(PAIR, symbols=("N",)))
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        exe(*arguments, **named)


def test_a_ragged_list_is_named() -> None:
    with pytest.raises(InputError, match="^input 'a': not an array: .*inhomogeneous"):
        Executable(answering(PAIR, symbols=("N",)))([[1.0, 2.0], [3.0]], 0)


def test_right_arguments_of_a_pair_pass() -> None:
    assert Executable(answering(PAIR, symbols=("N",)))(np.zeros((5, 3), "f"), np.zeros((5, 3), "f")) == ()


@pytest.mark.parametrize("dtype", ["bool", "int4", "uint4", "bfloat16", "float8_e4m3fn", "float16", "complex64"])
def test_every_dtype_is_known_by_its_numpy_name(dtype: str) -> None:
    exe = Executable(answering((spec("x", "2", dtype=dtype),)))
    assert exe(np.zeros(2, numpy_dtype(dtype))) == ()
    with pytest.raises(InputError, match=f"expected dtype {dtype}, got float32"):
        exe(np.zeros(2, np.float32))


def test_an_error_number_becomes_its_message() -> None:
    errors = ("unused", "node 'g{{x}}' (Gather): index {0} out of range [0, {1})")
    with pytest.raises(RunError, match=r"^node 'g\{x\}' \(Gather\): index 7 out of range \[0, 9\)$"):
        Executable(answering((), 2, errors=errors))()


def test_out_of_memory_in_native_code_is_a_memory_error() -> None:
    with pytest.raises(MemoryError):
        Executable(answering((), -2))()


def test_an_unknown_error_number_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="mlc_main returned 5"):
        Executable(answering((), 5))()


def test_profile_is_filled_only_when_asked() -> None:
    exe = Executable(answering((), profile_rows=(ProfileRow("k0", ("fc1",)),)))
    assert exe() == ()
    assert exe.run_profiled() == ((), [1234])


def test_code_with_an_undefined_symbol_is_an_artifact_error(capfd: pytest.CaptureFixture[str]) -> None:
    main = "declare i64 @no_such_kernel(ptr)\ndefine i64 @mlc_main(ptr %c) {\n  %r = call i64 @no_such_kernel(ptr %c)\n"
    code = unit("m", NO_WORKSPACE + main + "  ret i64 %r\n}")
    with pytest.raises(ArtifactError, match="^its code does not link: "):
        Executable(Artifact((), (), (code,)))
    assert "no_such_kernel" in capfd.readouterr().err


def test_bytes_that_are_no_object_file_are_an_artifact_error() -> None:
    with pytest.raises(ArtifactError, match="does not link"):
        Executable(Artifact((), (), (CodeUnit("m", b"nonsense"),)))


def test_several_hundred_object_files_link_together() -> None:
    count = 300
    kernels = [unit(f"k{i}", f"define i64 @k{i}() {{\n  ret i64 {i}\n}}\n") for i in range(count)]
    calls = [f"  %r{i} = call i64 @k{i}()\n  %s{i + 1} = add i64 %s{i}, %r{i}\n" for i in range(count)]
    main = NO_WORKSPACE + "".join(f"declare i64 @k{i}()\n" for i in range(count))
    main += f"define i64 @mlc_main(ptr %c) {{\n  %s0 = add i64 0, 0\n{''.join(calls)}"
    main += f"  %wrong = icmp ne i64 %s{count}, {sum(range(count))}\n  %r = zext i1 %wrong to i64\n  ret i64 %r\n}}\n"
    assert Executable(Artifact((), (), (*kernels, unit("main", main))))() == ()


# ---- host steps ------------------------------------------------------------------------------------------------------


def positive(x: np.ndarray[Any, Any]) -> Sequence[object]:
    return (x[x > 0],)


def to_list(x: np.ndarray[Any, Any]) -> Sequence[object]:
    return ([x],)


def test_host_steps_make_tensors_of_new_shape_and_objects() -> None:
    exe = Executable(through_host_steps(), [positive, to_list])
    found, as_list = exe(np.array([3, -1, 4, 0], np.int32))
    np.testing.assert_array_equal(found, np.array([3, 4], np.int32))
    (kept,) = as_list
    exe(np.array([9, 9, 9, 9], np.int32))  # reuses the buffers; what was handed out must not change
    np.testing.assert_array_equal(found, [3, 4])
    np.testing.assert_array_equal(kept, [3, 4])


def test_an_empty_result_of_a_host_step() -> None:
    found, _ = Executable(through_host_steps(), [positive, to_list])(np.array([-3], np.int32))
    assert found.shape == (0,) and found.dtype == np.int32


def test_a_host_step_fills_its_planned_buffer() -> None:
    exe = Executable(doubling_in_place(), [lambda x: (2 * x,)])
    np.testing.assert_array_equal(exe(np.array([1.5, 2.5])), [3.0, 5.0])


def test_what_a_host_step_raises_reaches_the_caller() -> None:
    def fail(_x: object) -> Sequence[object]:
        raise ZeroDivisionError("in step")

    with pytest.raises(ZeroDivisionError, match="in step"):
        Executable(doubling_in_place(), [fail])(np.zeros(2))


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        ((np.zeros(3),), r"Double 'd': a result has shape \(3,\), its buffer is for \(2,\)"),
        ((np.zeros(2, np.float32),), "Double 'd': a result is float32 of rank 1, expected float64 of rank 1"),
        ((np.zeros((2, 1)),), "Double 'd': a result is float64 of rank 2, expected float64 of rank 1"),
        ((), "Double 'd': 0 results, expected 1"),
    ],
)
def test_a_host_step_must_return_what_it_declared(result: Sequence[object], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        Executable(doubling_in_place(), [lambda x: result])(np.zeros(2))


def test_operands_of_host_steps_are_read_only() -> None:
    def overwrite(x: np.ndarray[Any, Any]) -> Sequence[object]:
        x[:] = 0
        return (x,)

    with pytest.raises(ValueError, match="read-only"):
        Executable(doubling_in_place(), [overwrite])(np.ones(2))


def test_host_steps_of_concurrent_calls_do_not_mix() -> None:
    meeting = threading.Barrier(4, timeout=10)

    def meet_and_double(x: np.ndarray[Any, Any]) -> Sequence[object]:
        meeting.wait()
        return (2 * x,)

    exe = Executable(doubling_in_place(), [meet_and_double])
    with ThreadPoolExecutor(4) as pool:
        for i, y in enumerate(pool.map(exe, [np.full(3, float(i)) for i in range(4)])):
            np.testing.assert_array_equal(y, np.full(3, 2.0 * i))


def test_memory_of_a_failed_call_is_given_back() -> None:
    exe = Executable(answering((), 1, errors=("always",)))
    native.library().mlc_workspace_trim()
    for _ in range(50):
        with pytest.raises(RunError):
            exe()
    assert native.library().mlc_workspace_trim() <= 4096
