from __future__ import annotations

import numpy as np
import pytest

from mlc.errors import CompileError
from mlc.ir import Block, DType, Region, tensor
from mlc.ops import Add, Constant, Fused, Relu, Yield

X = Constant(np.array([-1, 2], np.float32)).result


def relu_body() -> Region:
    block = Block([X.type])
    relu = block.append(Relu(block.arguments[0]))
    block.append(Yield([relu.result]))
    return Region(block)


def test_fused_results_have_the_yielded_types() -> None:
    assert Fused([X], relu_body(), kind="elementwise").result.type == tensor(DType.F32, 2)


def test_fused_counts_the_operations_of_its_body() -> None:
    assert Fused([X], relu_body(), kind="elementwise").flops() == 2


def test_fused_refuses_inputs_of_other_types_than_its_body_takes() -> None:
    with pytest.raises(CompileError, match=r"body takes \(tensor<2xf32>\) but inputs are \(\)"):
        Fused([], relu_body(), kind="elementwise")


def test_fused_refuses_a_body_without_a_yield() -> None:
    block = Block([X.type])
    block.append(Add(block.arguments[0], block.arguments[0]))
    with pytest.raises(CompileError, match=r"must end in mlc\.yield, got mlc\.add"):
        Fused([X], Region(block), kind="elementwise")
