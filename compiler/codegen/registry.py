"""Which op classes can be computed how. The files of elements/ and kernels/ fill these tables when imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlc.ir import Op

Element = Callable[..., Any]
ELEMENTS: dict[type[Op], Element] = {}  # f(k, op, *operand elements) -> element
INDEXED: dict[type[Op], Element] = {}  # f(values, op, index) -> element


class NoKernel(Exception):
    """Why an op has no native kernel, in words for the user: it becomes a host step."""


@dataclass(frozen=True)
class Family:
    """How ops of a class become launches: `plan(plan, op)`; `takes_prologue` when it reads operands by `k.value_of`."""

    name: str
    plan: Callable[..., None]
    takes_prologue: bool


KERNELS: dict[type[Op], Family] = {}
CHECKS: dict[type[Op], Callable[..., None]] = {}  # f(plan, op): launches and checks that run before the group of op


def element(*classes: type[Op]) -> Callable[[Element], Element]:
    """Registers `f(k, op, *operands)`: the result element from the operand elements, scalars or vectors alike.

    Operands come in registers (mlc.codegen.registers), absent ones as None; all have the same number of lanes.
    """
    return _into(ELEMENTS, classes)


def indexed(*classes: type[Op]) -> Callable[[Element], Element]:
    """Registers `f(values, op, index)`: the result element at `index` from operand elements at other indices."""
    return _into(INDEXED, classes)


def kernel(*classes: type[Op], prologue: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers `f(plan, op)`, which adds launches to the plan; see mlc.codegen.kernels."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        for cls in classes:
            KERNELS[cls] = Family(function.__name__.strip("_"), function, prologue)
        return function

    return register


def checked(*classes: type[Op]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers `f(plan, op)`, called before the group of `op` is planned: tests what the op may not meet."""
    return _into(CHECKS, classes)


def is_light(op: Op) -> bool:
    """Whether the op is computed by index functions, so that it can be part of any kernel."""
    return type(op) in ELEMENTS or type(op) in INDEXED


def _into(table: dict[type[Op], Element], classes: tuple[type[Op], ...]) -> Callable[[Element], Element]:
    def register(function: Element) -> Element:
        for cls in classes:
            table[cls] = function
        return function

    return register
