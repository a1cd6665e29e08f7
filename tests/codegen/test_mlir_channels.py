"""Channels, groups of them and filters whose number only the run knows, in stages and in whole modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cases import normal
from codegen.running import compiled, module_of
from op_comparison import compare

from mlc.codegen.mlir.backend import MlirKernels
from mlc.interpreter import interpret
from mlc.ir import Block, DType, Module, Op, Value, symbol, tensor
from mlc.mlir import module_text
from mlc.ops import Conv, GroupNorm
from mlc.runtime.executable import RunError

ir = pytest.importorskip("torch_mlir.ir", reason="the mlir backend is an extra")

N, C, F, H, PART = map(symbol, ("N", "C", "F", "H", "P"))


def group_norm(x: Value, scale: Value, bias: Value) -> GroupNorm:
    return GroupNorm(x, scale, bias, groups=4)


def conv(groups: int = 1, rank: int = 2, pad: int = 0) -> Callable[[Value, Value, Value], Conv]:
    ones = (1,) * rank
    return lambda x, w, b: Conv(x, w, b, strides=ones, pads=(pad,) * 2 * rank, dilations=ones, groups=groups)


# What to build, the declared shapes, and the shapes that it runs with.
FORMS = {
    "group_norm": (group_norm, [(N, C, H, H), (C,), (C,)], [(2, 12, 3, 3), (12,), (12,)]),
    "conv_1x1": (conv(), [(N, C, H, H), (F, C, 1, 1), (F,)], [(2, 8, 5, 5), (12, 8, 1, 1), (12,)]),
    "conv": (conv(pad=1), [(N, 3, H, H), (F, 3, 3, 3), (F,)], [(2, 3, 5, 5), (5, 3, 3, 3), (5,)]),
    "conv_grouped": (conv(2), [(N, C, H, H), (F, PART, 1, 1), (F,)], [(2, 8, 5, 5), (6, 4, 1, 1), (6,)]),
    "conv_grouped_image": (conv(2), [(N, 8, H, H), (F, PART, 1, 1), (F,)], [(2, 8, 5, 5), (6, 4, 1, 1), (6,)]),
    "conv_grouped_filters": (conv(2), [(N, C, H, H), (F, 4, 1, 1), (F,)], [(2, 8, 5, 5), (6, 4, 1, 1), (6,)]),
    "conv_grouped_1d": (conv(2, 1, 1), [(N, 8, H), (F, 4, 3), (F,)], [(2, 8, 5), (6, 4, 3), (6,)]),
}
MISFITS = {
    "group_norm": ([(2, 6, 3, 3), (6,), (6,)], r"C = 6 must equal 4 \* \(C floordiv 4\) = 4"),
    "conv_grouped": ([(2, 8, 5, 5), (5, 4, 1, 1), (5,)], r"F = 5 must equal 2 \* \(F floordiv 2\) = 4"),
}


def built(name: str) -> tuple[Module, Op]:
    build, dims, _ = FORMS[name]
    arguments = Block([tensor(DType.F32, *d) for d in dims]).arguments
    op = build(*arguments)
    return module_of(op, arguments), op


@pytest.mark.parametrize("name", FORMS)
def test_symbolic_channels_have_a_form_that_equals_evaluate(name: str) -> None:
    module, op = built(name)
    inputs: Sequence[Any] = [normal(*shape) for shape in FORMS[name][2]]
    [want] = interpret(module, list(inputs))
    [got] = compiled(module, no_fallback=True, kernels=MlirKernels())[0].run(*inputs)
    compare(got, want, op, list(inputs), name)


@pytest.mark.parametrize("name", FORMS)
def test_the_whole_is_a_module_though_no_dims_of_it_merge_exactly(name: str) -> None:
    """Groups times channels of each are as many elements as all channels; equal they are only when it runs."""
    text = module_text(built(name)[0])
    with ir.Context():
        assert ir.Module.parse(text).operation.verify()


@pytest.mark.parametrize("backend", ["llvm", "mlir"])
@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_split_into_groups_is_refused_by_the_run(name: str, backend: str) -> None:
    shapes, message = MISFITS[name]
    executable, _ = compiled(built(name)[0], no_fallback=True, kernels=MlirKernels() if backend == "mlir" else None)
    with pytest.raises(RunError, match=message):
        executable.run(*(normal(*shape) for shape in shapes))
