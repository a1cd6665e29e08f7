"""What main does, in order: the tree that the memory plan and main are made from.

`Launch` and `Inline` come from a group's plan (mlc.codegen.schedule); the others are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlc.codegen.kernel import Storage
from mlc.codegen.schedule import Inline, Launch
from mlc.ir import Dim, Op, Value


@dataclass(frozen=True, eq=False)
class Host:
    """A call of the host step `number` for `op`."""

    number: int
    op: Op
    operands: tuple[Value, ...]
    results: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Copy:
    """Copies the dense bytes of `source` to `target`; both have the source's size."""

    source: Storage
    target: Storage
    op: Op


@dataclass(frozen=True, eq=False)
class If:
    """One of two blocks, by a boolean scalar."""

    condition: Value
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]
    op: Op


@dataclass(frozen=True, eq=False)
class Loop:
    """A block repeated; `control(m)` gives the functions that main's loop consists of. `grown` come from the arena."""

    body: tuple[Step, ...]
    control: Callable[[Any], LoopControl]
    storages: tuple[Storage, ...]
    grown: tuple[Value, ...]
    op: Op


@dataclass(frozen=True)
class LoopControl:
    """Code around a loop's body: whether to go on, what comes before a turn, and what behind the last.

    The first two get the number of the turn, the last how many there were.
    """

    goes_on: Callable[[Any], Any]
    before: Callable[[Any], None]
    finish: Callable[[Any], None]


Step = Launch | Inline | Host | Copy | If | Loop


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps in program order, an If or Loop before what it holds."""
    for step in steps:
        yield step
        match step:
            case If():
                yield from walk(step.then)
                yield from walk(step.otherwise)
            case Loop():
                yield from walk(step.body)


def touched(step: Step) -> tuple[Storage, ...]:
    """The buffers that a step itself reads or writes."""
    match step:
        case Launch():
            return tuple(a for a in step.arguments if not isinstance(a, str))
        case Inline() | Loop():
            return step.storages
        case Host():
            return (*step.operands, *step.results)
        case Copy():
            return (step.source, step.target)
        case If():
            return (step.condition,)


def byte_count(storage: Storage) -> Dim:
    """Bytes of the dense tensor."""
    if isinstance(storage, Value):
        return storage.tensor.byte_count
    count: Dim = storage.dtype.itemsize
    for dim in storage.dims:
        count = count * dim
    return count
