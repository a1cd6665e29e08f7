"""The mlir backend as kernels of a program: groups become linalg stages, stages become LLVM IR through MLIR.

Everything around the kernels is the llvm backend's: groups, main, memory plan, artifact. A kernel of this backend is
the call of a stage; `finish` puts the stage's code behind it, made by MLIR for all kernels in one go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from mlc.codegen.groups import Group
from mlc.codegen.mlir import lowerings as lowerings  # fills the registry
from mlc.codegen.mlir import scalars as scalars  # fills the registry
from mlc.codegen.mlir.checks import add_checks
from mlc.codegen.mlir.llvm_text import bfloats_as_integers, older_floats
from mlc.codegen.mlir.lowering import Functions, Lowering
from mlc.codegen.mlir.registry import LINALG, NAMED, SCALARS, unheeded
from mlc.codegen.mlir.run import Lowered, Schedule, lower, require_mlir
from mlc.codegen.mlir.unsupported import REASONS
from mlc.codegen.mlir.vector_math import with_math
from mlc.codegen.program import CodeUnit
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Plan
from mlc.codegen.units import UnitTable
from mlc.ir import Array, Op, Value
from mlc.target import Target

FAMILY = "linalg"  # of all groups: mlc.codegen.objects knows their units by it


class MlirKernels:
    """Kernels by way of linalg; see mlc.codegen.families for what each method is for."""

    copies_concats = False
    are_whole = False

    def __init__(
        self, schedule: Schedule | None = None, stages: Sequence[str] = (), *, is_portable: bool = False
    ) -> None:
        """`is_portable` kernels are for other compilers: nothing in them is made for a target, and none is compiled."""
        if not is_portable:
            require_mlir()
        self.is_portable = is_portable
        self.functions = Functions()
        self.lowered = Lowered()
        self._schedule, self._stages = schedule, stages
        self._target: Target | None = None  # of the groups planned so far

    def is_light(self, op: Op) -> bool:
        """Whether the op is one of elements, so that it can be part of any group."""
        return type(op) in SCALARS

    def takes_prologue(self, op: Op) -> bool:
        """No: what a root reads lies in buffers."""
        return False

    def joins(self, first: Group, second: Group, target: Target) -> bool:
        """No: a stage has one root."""
        return False

    def missing(self, op: Op) -> str:
        """Why the op cannot go through linalg."""
        cls = type(op)
        for table in (SCALARS, NAMED if self.is_portable and cls in NAMED else LINALG):
            if cls in table:
                left = unheeded(table, cls)
                return f"its linalg form does not heed {left[0]}" if left else ""
        return REASONS.get(type(op), "no lowering to linalg is written for it")

    def plan(
        self,
        group: Group,
        table: UnitTable,
        constants: Callable[[Value], Array | None],
        checks: Callable[[Plan], None],
    ) -> Plan:
        """The launches of a group."""
        self._target = table.target
        plan = Plan(group, FAMILY, table, constants)
        checks(plan)
        lowering = Lowering(plan, self.functions, is_portable=self.is_portable)
        calls = len(self.functions.calls)
        try:
            for op in group.ops:
                add_checks(lowering, op)
            if group.root is not None and not self.is_light(group.root):
                forms = {**LINALG, **NAMED} if self.is_portable else LINALG
                forms[type(group.root)](lowering, group.root)
            else:
                lowering.elementwise(group.outputs)
        except NoKernel:
            del self.functions.calls[calls:]  # no launch stands for them
            raise
        return plan

    def finish(self, units: Sequence[CodeUnit]) -> list[CodeUnit]:
        """The units with the code of the stages they call."""
        wanted = tuple(dict.fromkeys((*self._stages, "llvm")))
        self.lowered = lower(list(self.functions.by_name.values()), self._schedule, wanted)
        return [self._linked(unit) for unit in units]

    def _linked(self, unit: CodeUnit) -> CodeUnit:
        found = re.search(r'^declare void @"(\w+)"\(.*\)$', unit.text, re.MULTILINE)
        assert found is not None, unit.text
        code = self.lowered.stages["llvm"][found.group(1)]
        # What the unit says itself: the module's name, layout and flags.
        code = re.sub(r"^(; ModuleID|source_filename|target |!).*\n", "", code, flags=re.MULTILINE)
        assert self._target is not None
        code = with_math(bfloats_as_integers(older_floats(code)), self._target)
        code = code.replace(f"define void @{found.group(1)}(", f"define internal void @{found.group(1)}(")
        return replace(unit, text=unit.text.replace(found.group(0), "") + code)
