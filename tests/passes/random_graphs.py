"""Random small modules for the properties of passes: rows of tests/cases, wired together where types agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cases import Case, all_cases

from mlc.ir import Function, Location, Module, Type, Value
from mlc.ir.core import unattached
from mlc.ops import Constant

# One op of a graph: which row, and for each of its inputs where it comes from (see `_input`).
Step = tuple[int, tuple[int, ...]]


@dataclass
class Graph:
    """A module under construction and the arrays that its inputs get."""

    inputs: list[tuple[str, Type]] = field(default_factory=list)
    arrays: list[Any] = field(default_factory=list)


def usable_cases() -> list[Case]:
    """The rows whose ops stand alone: small, without a symbol of their own."""
    return [case for case in all_cases() if _is_small(case)]


def _is_small(case: Case) -> bool:
    return all(not isinstance(a, np.ndarray) or a.size <= 4096 for a in case.inputs)


def build(steps: Sequence[Step], outputs: int) -> tuple[Module, list[Any]]:
    """A module of these steps, and arrays for its inputs. `outputs` picks which inner values are returned, bit by bit;
    what nobody uses is returned with a chance of one half, else left dead."""
    cases = usable_cases()
    chosen = [cases[row % len(cases)] for row, _ in steps]
    given = [(t, a) for case in chosen for t, a in zip(case.input_types(), case.inputs, strict=True)]
    module = Module()
    main = module.add(Function("main", [(f"x{i}", t) for i, (t, _) in enumerate(given)]))
    pool: list[Value] = []
    at = 0
    for number, (case, (_, wiring)) in enumerate(zip(chosen, steps, strict=True)):
        values = []
        for place in range(len(case.inputs)):
            wire = wiring[place % len(wiring)]
            values.append(_input(main, main.inputs[at], given[at][1], pool, wire))
            at += 1
        op = case.build(*values)
        for fresh in unattached([*op.results]):
            fresh.loc = Location.of(f"{case.name}_{number}")
            main.append(fresh)
        pool.extend(op.results)
    results = [v for i, v in enumerate(pool) if outputs >> (i % 24) & 1] or pool[-1:]
    main.set_outputs([(f"y{i}", v) for i, v in enumerate(results)])
    return module, [a for _, a in given]


def _input(main: Function, argument: Value, array: Any, pool: Sequence[Value], wire: int) -> Value:
    """An earlier value of the argument's type, a constant, or the argument itself."""
    alike = [v for v in pool if v.type == argument.type]
    if alike and wire % 4:
        return alike[wire % len(alike)]
    if wire % 3 == 0 and isinstance(array, np.ndarray) and array.dtype != object:
        return main.append(Constant(array)).result
    return argument
