"""Kernels at the sizes where they change their ways: lines longer than the stack's, many vectors, parts, large k."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from cases import integers, normal
from cases.pool import pool
from codegen.running import compiled, module_of
from tolerance import assert_op_close

from mlc.interpreter import interpret
from mlc.ir import Array, Block, DType, Op, TensorType, symbol, type_of
from mlc.ops import (
    ArgMax,
    ArgMin,
    AveragePool,
    CumSum,
    LayerNorm,
    LogSoftmax,
    LpPool,
    MaxPool,
    MaxUnpool,
    ReduceMax,
    ReduceMean,
    ReduceProd,
    ReduceSum,
    Softmax,
    TopK,
)
from mlc.runtime import native
from mlc.runtime.executable import RunError

Build = Callable[..., Op]


def with_ties(*shape: int) -> Array:
    """Few distinct floats, zeros of both signs and NaN among them."""
    values = np.float32([0.0, -0.0, 1.5, -1.5, np.nan, np.inf, -np.inf, 7.0])
    return values[integers(*shape, low=0, high=8)]


PADS = {"strides": (1, 1), "pads": (1, 1, 1, 1)}
ROWS: dict[str, tuple[Build, tuple[Array, ...]]] = {
    "softmax of lines in registers": (lambda x: Softmax(x), (normal(2, 3, 64),)),
    "softmax of the longest line in registers": (lambda x: Softmax(x), (normal(5, 128),)),
    "softmax of a line with NaN": (lambda x: Softmax(x), (with_ties(4, 48),)),
    "log softmax of lines in registers": (lambda x: LogSoftmax(x), (normal(7, 96),)),
    "softmax of many lines at once and some left": (lambda x: Softmax(x), (normal(1003, 32),)),
    "softmax of masked and of hardly visible numbers": (
        lambda x: Softmax(x),
        (np.where(integers(9, 64, low=0, high=3), normal(9, 64) * 50, np.float32(-np.inf)).astype(np.float32),),
    ),
    "softmax longer than the stack": (lambda x: Softmax(x), (normal(3, 5001),)),
    "softmax of f16 longer than the stack": (lambda x: Softmax(x), (normal(2, 5001, dtype=DType.F16),)),
    "log softmax longer than the stack": (lambda x: LogSoftmax(x), (normal(3, 5001),)),
    "softmax across more lines than a unit has": (lambda x: Softmax(x, axis=1), (normal(2, 9, 1100),)),
    "softmax of f64": (lambda x: Softmax(x), (normal(5, 131, dtype=DType.F64),)),
    "layer norm of f16 longer than the stack": (lambda x: LayerNorm(x), (normal(2, 5001, dtype=DType.F16),)),
    "sum of all in parts": (lambda x: ReduceSum(x), (normal(3, 1000, 101),)),
    "largest in parts": (lambda x: ReduceMax(x, axes=(1,)), (normal(2, 200001),)),
    "mean of integers in parts": (lambda x: ReduceMean(x, axes=(1,)), (integers(1, 150001, high=90),)),
    "sum across more lines than a unit has": (lambda x: ReduceSum(x, axes=(0,)), (normal(37, 1100),)),
    "product over the first and last dim": (lambda x: ReduceProd(x, axes=(0, 2)), (1 + normal(9, 3, 70) / 50,)),
    "sum over axes that are data": (
        lambda x, a: ReduceSum(x, a, keep_dims=False, dims=(symbol("p"), symbol("q"))),
        (normal(5, 7, 3, 9), np.array([-2, 0])),
    ),
    "the first of equals in a long line": (lambda x: ArgMax(x, axis=1), (with_ties(5, 333),)),
    "the last of equals in a long line": (lambda x: ArgMax(x, axis=1, picks_last=True), (with_ties(5, 333),)),
    "the first of the smallest": (lambda x: ArgMin(x, axis=1), (integers(5, 333, dtype=DType.U8, low=0, high=7),)),
    "the last of the smallest across": (lambda x: ArgMin(x, axis=1, picks_last=True), (with_ties(3, 50, 70),)),
    "the least integer everywhere": (lambda x: ArgMax(x, axis=1), (np.full((2, 77), -128, np.int8),)),
    "running sums across bundles": (lambda x: CumSum(x, axis=0, is_reverse=True), (normal(20, 77),)),
    "few of many": (lambda x: TopK(x, k=17), (with_ties(4, 500),)),
    "few of the smallest": (lambda x: TopK(x, k=17, is_largest=False), (with_ties(4, 500),)),
    "most, sorted": (lambda x: TopK(x, k=450), (with_ties(4, 500),)),
    "most of the smallest, sorted": (lambda x: TopK(x, k=450, is_largest=False), (with_ties(4, 500),)),
    "sorted along the first dim": (lambda x: TopK(x, k=40, axis=0), (normal(45, 3),)),
    **{
        f"sorted {dtype.name}": (lambda x: TopK(x, k=100), (integers(2, 300, low=-120, high=120, dtype=dtype),))
        for dtype in (DType.I8, DType.U8, DType.I16, DType.U32, DType.I64, DType.F16, DType.F64, DType.BOOL)
    },
    **{
        f"{kind.__name__} of rows of {width}": (pool(kind, 3, 3, **PADS), (normal(2, 3, 5, width),))
        for kind in (MaxPool, AveragePool, LpPool)
        for width in (9, 28, 33, 100)
    },
    "every other window of a wide row": (
        pool(MaxPool, 3, 3, strides=(2, 2), pads=(1, 1, 1, 1)),
        (normal(1, 2, 6, 113),),
    ),
    "a last window that hangs over": (
        pool(AveragePool, 3, 4, strides=(2, 3), pads=(1, 1, 1, 2), dilations=(1, 2), ceil_mode=True),
        (normal(1, 2, 9, 60),),
    ),
    "a window wider than what is unrolled": (pool(MaxPool, 1, 12), (normal(1, 2, 3, 50),)),
    "a row longer than the stack": (pool(AveragePool, 3, pads=(1, 1), strides=(2,)), (normal(1, 2, 9001),)),
    "pixels of a wide blocked row": (
        pool(MaxPool, 3, 3, layout="nchw8c", strides=(2, 2), pads=(1, 1, 1, 1)),
        (normal(1, 2, 7, 40, 8),),
    ),
    "a blocked mean that counts pads": (
        pool(AveragePool, 2, 3, layout="nchw16c", count_pads=True, pads=(0, 1, 1, 1)),
        (normal(1, 1, 5, 9, 16),),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_native_code_equals_evaluate_at_size(name: str) -> None:
    build, inputs = ROWS[name]
    arguments = Block([type_of(x) for x in inputs]).arguments
    module = module_of(build(*arguments), arguments)
    wants = interpret(module, list(inputs))
    executable, _ = compiled(module, no_fallback=True)
    for got, want in zip(executable.run(*inputs), wants, strict=True):
        assert_op_close(got, want, magnitude=largest(want), terms=inputs[0].size // max(want.size, 1) + 1, op=name)


@pytest.mark.parametrize(
    "name", ["sum of all in parts", "sum across more lines than a unit has", "softmax longer than the stack"]
)
def test_the_bits_do_not_depend_on_the_threads(name: str) -> None:
    build, inputs = ROWS[name]
    arguments = Block([type_of(x) for x in inputs]).arguments
    executable, _ = compiled(module_of(build(*arguments), arguments))
    before = native.threads()
    try:
        results = []
        for count in (1, 2, 3):
            native.set_threads(count)
            results.append(executable.run(*inputs)[0].tobytes())
    finally:
        native.set_threads(before)
    assert len(set(results)) == 1


def largest(x: Array) -> float:
    """The largest finite magnitude."""
    size = np.abs(x.astype(np.float64))
    return float(np.max(size, initial=1e-30, where=np.isfinite(size)))


@pytest.mark.parametrize(
    ("build", "inputs", "text"),
    [
        (
            lambda x, a: ReduceSum(x, a, dims=(symbol("p"), symbol("q"))),
            (normal(3, 4), np.array([2])),
            "axis 2 is not one of",
        ),
        (lambda x, a: CumSum(x, a), (normal(3, 4), np.array(-3)), "axis -3 is not one of"),
        (lambda x, k: TopK(x, k, k=symbol("k")), (normal(3, 4), np.array([5])), "k is 5 but the axis has 4 elements"),
        (
            lambda x, i: MaxUnpool(x, i, source=(1, 1, 4), dims=(1, 1, 4)),
            (normal(1, 1, 2), np.array([[[1, 4]]])),
            "1 indices lie outside of [0, 4)",
        ),
    ],
    ids=["axes", "axis", "k", "indices"],
)
def test_what_an_operand_may_not_say_is_an_error(build: Build, inputs: tuple[Array, ...], text: str) -> None:
    types = [TensorType(DType.of(x.dtype), x.shape) for x in inputs]
    arguments = Block(types).arguments
    executable, _ = compiled(module_of(build(*arguments), arguments), no_fallback=True)
    with pytest.raises(RunError, match=re.escape(text)):
        executable.run(*inputs)
