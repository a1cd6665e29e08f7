"""Which ops go through linalg: one function per op, in scalars/ (one element) and lowerings/ (whole tensors).

What is in neither table has no form here yet: mlc.codegen.mlir.unsupported says why, and it becomes a host step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlc.ir import Op

Scalar = Callable[..., Any]
SCALARS: dict[type[Op], Scalar] = {}  # f(body, op, *operand elements) -> element
LINALG: dict[type[Op], Scalar] = {}  # f(lowering, op): adds stages that compute the op's results
NAMED: dict[type[Op], Scalar] = {}  # the same, for a module that goes to other compilers


def scalar(*classes: type[Op]) -> Callable[[Scalar], Scalar]:
    """Registers `f(body, op, *operands)`: the result element, as ops of arith and math in a linalg.generic's region.

    Operands come in registers (see Scalar of mlc.codegen.mlir.text); absent ones as None.
    """
    return _into(SCALARS, classes)


def linalg(*classes: type[Op]) -> Callable[[Scalar], Scalar]:
    """Registers `f(lowering, op)`, which adds the stages of one op; see mlc.codegen.mlir.lowering."""
    return _into(LINALG, classes)


def named(*classes: type[Op]) -> Callable[[Scalar], Scalar]:
    """Registers `f(lowering, op)` for modules that go to other compilers, where it differs from what `linalg` names.

    What the target has no part in: named ops and whole tensors instead of what our schedules tile.
    """
    return _into(NAMED, classes)


def _into(table: dict[type[Op], Scalar], classes: tuple[type[Op], ...]) -> Callable[[Scalar], Scalar]:
    def register(function: Scalar) -> Scalar:
        for cls in classes:
            table[cls] = function
        return function

    return register
