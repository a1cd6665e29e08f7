"""Rows for the ops of mlc.ops.structure."""

from __future__ import annotations

from cases import Case, normal
from mlc.ir import Block, Op, Region, Value
from mlc.ops import Add, Fused, Relu, Yield


def sum_and_relu(x: Value, y: Value) -> Op:
    """relu(x + y) and x + y in one group."""
    block = Block([x.type, y.type])
    total = block.append(Add(*block.arguments)).result
    block.append(Yield([block.append(Relu(total)).result, total]))
    return Fused([x, y], Region(block), kind="elementwise")


CASES = [Case("fused", sum_and_relu, (normal(2, 3), normal(2, 3)))]
