"""Kernels as LLVM modules of their own: each distinct kernel is written once, compiled once and cached by its text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from llvmlite import ir

from mlc.codegen.builder import I64, POINTER
from mlc.codegen.groups import Group
from mlc.codegen.kernel import Argument, Kernel
from mlc.codegen.math import declare_features
from mlc.codegen.objects import TRIPLE
from mlc.codegen.program import CodeUnit
from mlc.target import Target

# What tuning has chosen: for the key of a group, a candidate's label for each choice by its name.
Tuned = Mapping[str, Mapping[str, str]]

KERNEL_TYPE = ir.FunctionType(ir.VoidType(), [POINTER, I64, I64])


@dataclass(frozen=True)
class Written:
    """A kernel's unit, and the positions among the group's storages (see `Plan`) of what it is called with."""

    unit: CodeUnit
    arguments: tuple[tuple[str, int], ...]


class UnitTable:
    """The kernels of one program by what they compute; `submit` is told of each distinct unit once it is written.

    `tuned` is for the plans of the groups.
    """

    def __init__(self, target: Target, submit: Callable[[CodeUnit], object], tuned: Tuned) -> None:
        self.target = target
        self.tuned = tuned
        self._submit = submit
        self._written: dict[str, Written] = {}
        self._units: dict[str, CodeUnit] = {}

    @property
    def units(self) -> list[CodeUnit]:
        """The distinct units, in the order in which they were first needed."""
        return list(self._units.values())

    def kernel(
        self,
        family: str,
        key: str,
        group: Group,
        body: Callable[[Kernel, Any, Any], None],
        position: Callable[[Argument], tuple[str, int]],
        prepare: Callable[[Kernel], None],
    ) -> Written:
        """The kernel under `key`; `body` writes it when it is new."""
        if key not in self._written:
            module = new_module(self.target)
            function = ir.Function(module, KERNEL_TYPE, "mlc_kernel")
            function.attributes.add("nounwind")
            k = Kernel(function, self.target, group)
            prepare(k)
            body(k, function.args[1], function.args[2])
            k.finish()
            arguments = tuple(position(a) for a in k.arguments)
            unit = replace(named_unit(family, str(module), "mlc_kernel"), where=group.loc.title)
            if unit.name not in self._units:
                self._units[unit.name] = unit
                self._submit(unit)
            self._written[key] = Written(self._units[unit.name], arguments)
        return self._written[key]


def new_module(target: Target) -> ir.Module:
    """An empty module for the target."""
    module = ir.Module("mlc")
    module.triple = TRIPLE
    declare_features(module, target.features)
    return module


def named_unit(family: str, text: str, function: str) -> CodeUnit:
    """The unit with its function named after the family and the text, so that equal kernels have equal names."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    name = f"mlc_{family}_{digest}"
    return CodeUnit(name, text.replace(f'@"{function}"', f'@"{name}"'))
