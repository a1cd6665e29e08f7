"""The mlir backend on fused groups whose first dim is data: what leads to a group's last op runs in its turns alone."""

from __future__ import annotations

import pytest
from cases import normal
from cases.conv import conv
from cases.pool import pool
from codegen.running import compiled
from codegen.test_epilogues import HEAVY, IMAGE, Build
from codegen.test_fused import fused_module
from tolerance import assert_close

from mlc.codegen.mlir.backend import MlirKernels
from mlc.interpreter import interpret
from mlc.ir import Array, TensorType, Value, symbol, type_of
from mlc.ops import AveragePool, Matmul, MaxPool, Mul, ReduceSum, Relu, Sigmoid, Softmax

# What is computed, its inputs, and of how many of them, from the first on, the first dim is N.
GROUPS: dict[str, tuple[Build, tuple[Array, ...], int]] = {
    "matmul": (Matmul, (normal(7, 64), normal(64, 128)), 1),
    "matmul of ragged panels": (Matmul, (normal(13, 20), normal(20, 37)), 1),
    "matmul of rows of all batches": (Matmul, (normal(3, 7, 20), normal(20, 48)), 1),
    "matmul of batches": (Matmul, (normal(3, 7, 20), normal(3, 20, 16)), 2),
    "conv": (conv(pads=(1, 1, 1, 1)), (IMAGE, normal(8, 6, 3, 3)), 1),
    "depthwise conv": (*HEAVY["depthwise conv"], 1),
    "max pool": (pool(MaxPool, 3, 3, strides=(2, 2)), (IMAGE,), 1),
    "average pool": (pool(AveragePool, 2, 2), (IMAGE,), 1),
    "softmax": (Softmax, (normal(5, 33),), 1),
    "sum": (lambda x: ReduceSum(x, axes=(1,)), (normal(5, 30, 7),), 1),
}


def symbolic(array: Array) -> TensorType:
    """The array's type with N as its first dim."""
    return TensorType(type_of(array).dtype, (symbol("N"), *array.shape[1:]))


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_with_a_symbolic_first_dim_equals_its_meaning(name: str) -> None:
    build, inputs, symbolic_count = GROUPS[name]

    def body(*values: Value) -> Value:
        y = build(*values).results[0]
        return Mul(Relu(y).result, Sigmoid(y).result).result

    types = [symbolic(x) if i < symbolic_count else type_of(x) for i, x in enumerate(inputs)]
    module = fused_module(body, types)
    executable, program = compiled(module, no_fallback=True, kernels=MlirKernels())
    assert len(program.schedule) == 1, [row.title for row in program.schedule]
    for count in (1, inputs[0].shape[0]):
        given = [x[:count] if i < symbolic_count else x for i, x in enumerate(inputs)]
        assert_close(list(executable.run(*given)), interpret(module, given), model=f"{name} of {count}")
