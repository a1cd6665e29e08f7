"""What a backend is to the lowering of a program: which ops it has kernels for, and how a group becomes launches.

The llvm backend's is here; the mlir backend's is mlc.codegen.mlir.backend.MlirKernels. All else is shared: groups,
main, memory plan, host steps, artifact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from mlc.codegen.groups import Group
from mlc.codegen.kernels.conv_separable import is_separable, separable_conv
from mlc.codegen.kernels.elementwise import elementwise
from mlc.codegen.kernels.transpose import moves_innermost, transpose
from mlc.codegen.program import CodeUnit
from mlc.codegen.registry import CHECKS, KERNELS, is_light
from mlc.codegen.schedule import Plan
from mlc.codegen.units import UnitTable
from mlc.ir import Array, Op, Value
from mlc.ops import Transpose
from mlc.target import Target

Constants = Callable[[Value], Array | None]


class Kernels(Protocol):
    """The kernels of one program."""

    are_whole: bool  # whether a kernel's unit is all of its code as soon as it is written; else `finish` completes it
    copies_concats: bool  # whether a large concat is copied operand by operand, by mlc.codegen.kernels.concat

    def is_light(self, op: Op) -> bool:
        """Whether the op can be part of any group, computed where its result is needed."""

    def takes_prologue(self, op: Op) -> bool:
        """Whether a group with this root may hold light ops before it."""

    def missing(self, op: Op) -> str:
        """Why the op has no kernel, in words for the user; "" when it has one."""

    def joins(self, first: Group, second: Group, target: Target) -> bool:
        """Whether one kernel computes both groups, the second on the only result of the first."""

    def plan(self, group: Group, table: UnitTable, constants: Constants, checks: Callable[[Plan], None]) -> Plan:
        """The launches of a group. `checks` adds main's checks of it. Raises NoKernel."""

    def finish(self, units: Sequence[CodeUnit]) -> list[CodeUnit]:
        """The kernels' units with all their code, before they are compiled."""


class LlvmKernels:
    """Kernels written over llvmlite's builder: the families of kernels/ and the index functions of elements/."""

    are_whole = True
    copies_concats = True

    def is_light(self, op: Op) -> bool:
        """Whether index functions compute it."""
        return is_light(op)

    def takes_prologue(self, op: Op) -> bool:
        """Whether the op's family reads its operands by index functions."""
        return KERNELS[type(op)].takes_prologue

    def missing(self, op: Op) -> str:
        """Whether neither table has it."""
        return "" if is_light(op) or type(op) in KERNELS else "no kernel is written for it"

    def joins(self, first: Group, second: Group, target: Target) -> bool:
        """Whether they are a separable convolution."""
        return is_separable(first, second, target)

    def plan(self, group: Group, table: UnitTable, constants: Constants, checks: Callable[[Plan], None]) -> Plan:
        """By the parts, the root's family, or element by element."""
        if group.parts:
            plan = Plan(group, "separable_conv", table, constants)
            _check(plan, checks)
            separable_conv(plan)
        elif group.root is not None and not is_light(group.root):
            family = KERNELS[type(group.root)]
            plan = Plan(group, family.name, table, constants)
            _check(plan, checks)
            family.plan(plan, group.root)
        elif isinstance(group.root, Transpose) and moves_innermost(group.root):
            plan = Plan(group, "transpose", table, constants)
            transpose(plan, group.root)
        else:
            plan = Plan(group, "elementwise", table, constants)
            _check(plan, checks)
            elementwise(plan)
        return plan

    def finish(self, units: Sequence[CodeUnit]) -> list[CodeUnit]:
        """They are whole."""
        return list(units)


def _check(plan: Plan, checks: Callable[[Plan], None]) -> None:
    checks(plan)
    for op in plan.group.ops:
        if type(op) in CHECKS:
            CHECKS[type(op)](plan, op)
