"""The schedule: for each group its kernel family, launches and choices, recorded as they are made.

`Plan` is what a kernel's planning function writes to. It adds launches, temporaries, prepared weights and checks; the
kernels' bodies are written when no equal kernel has been, which `_describe` decides: same family, ops, attributes,
types and constants mean the same kernel, whatever the values and symbols are called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from mlc.codegen.groups import Group
from mlc.codegen.kernel import Argument, Kernel, Prepared, Storage, Temporary
from mlc.codegen.program import Alternatives, ScheduleRow
from mlc.codegen.units import UnitTable, Written
from mlc.ir import Array, Dim, DimExpr, DType, Op, TensorType, Value, symbol
from mlc.ir.dims import evaluate, substitute, symbols_of
from mlc.ops import constant_value
from mlc.target import Target

# What one thread should at least get, in units of an element read, computed and stored: about 10 microseconds.
WORTH_A_THREAD = 16384
# What a symbol is taken for where a choice must be made when compiling.
USUAL_EXTENT = 64

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Launch:
    """A kernel called over [0, count) in chunks of multiples of `grain`; `is_last` marks the last one of its group.

    The group's one output may lie where one of `overwrites` does, if nobody reads that any more: each of its elements
    is computed from the element at the same place, which is read before.
    """

    kernel: Written
    arguments: tuple[Argument, ...]
    count: Dim
    grain: int
    group: Group
    key: str
    overwrites: tuple[Value, ...] = ()
    is_last: bool = False


@dataclass(frozen=True, eq=False)
class Inline:
    """Code in main itself; `storages` are the buffers it touches."""

    emit: Callable[[Any], None]
    storages: tuple[Storage, ...]
    op: Op


class Plan:
    """How one group runs. `constants` finds the array behind a value of the group, if it is a constant."""

    def __init__(self, group: Group, family: str, table: UnitTable, constants: Callable[[Value], Array | None]) -> None:
        self.group = group
        self.family = family
        self.target: Target = table.target
        self.steps: list[Launch | Inline] = []
        self.choices: list[tuple[str, str]] = []
        self.alternatives: list[Alternatives] = []
        self._table = table
        self._constants = constants
        self._values = _numbered(group)
        self._symbols = _symbols(self._values, group)
        self._extras: list[Temporary | Prepared] = []
        self._description: str | None = None

    def constant(self, value: Value | None) -> Array | None:
        """The array `value` always is, or None."""
        return None if value is None else self._constants(value)

    def choose(self, name: str, value: object) -> None:
        """Records a choice for the printed schedule."""
        self.choices.append((name, str(value)))

    def choice(
        self, name: str, candidates: Iterable[T], *, cost: Callable[[T], Any], label: Callable[[T], str], why: str
    ) -> T:
        """The candidate of lowest `cost`, or the one that tuning has found faster; recorded like `choose` does.

        Candidates are known by their labels, which tell them apart. `why` says in words what the cost is of.
        """
        ordered = sorted(candidates, key=cost)
        labels = [label(candidate) for candidate in ordered]
        assert len(set(labels)) == len(labels) > 0, labels
        chosen = self._table.tuned.get(self.key, {}).get(name, labels[0])
        if chosen not in labels:  # tuned when the model's earlier choices left other candidates
            chosen = labels[0]
        self.alternatives.append(Alternatives(name, chosen, tuple(labels)))
        is_tuned = chosen != labels[0]
        reason = f"tuned, {why} for {labels[0]}" if is_tuned else f"{why} of {len(labels)}"
        self.choose(name, f"{chosen} ({reason})")
        return ordered[labels.index(chosen)]

    @property
    def key(self) -> str:
        """Stands for what the group computes on this target, in any model."""
        return hashlib.sha256(f"{self.family}\n{self._describe()}".encode()).hexdigest()[:16]

    def temporary(self, dtype: DType, *dims: Dim) -> Temporary:
        """A dense workspace tensor for this group's launches."""
        made = Temporary(f"t{len(self._extras)}", dtype, dims)
        self._extras.append(made)
        return made

    def prepared(
        self, source: Value, layout: str, dtype: DType, dims: tuple[int, ...], make: Callable[[Array], Array]
    ) -> Prepared:
        """The constant `source` in another layout, made once when compiling."""
        array = self._constants(source)
        assert array is not None, "only constants are prepared"
        made = Prepared(f"p{len(self._extras)}", array, layout, dtype, dims, make)
        self._extras.append(made)
        return made

    def launch(
        self,
        body: Callable[[Kernel, Any, Any], None],
        *,
        count: Dim,
        cost: Dim,
        shapes: dict[Value, tuple[Dim, ...]] | None = None,
        variant: str = "",
        overwrites: tuple[Value, ...] = (),
    ) -> None:
        """Adds a kernel over `count` units of about `cost` elements of work; `body(k, begin, end)` writes it.

        `shapes` overrides how the values' dims are seen. What the body depends on must follow from the group, or be
        told apart by `variant`. `overwrites` is the Launch's.
        """
        number = len(self.steps)
        key = f"{self.family}#{number} {variant}\n{self._describe()}"

        def prepare(k: Kernel) -> None:
            k.shapes = shapes or {}

        written = self._table.kernel(self.family, key, self.group, body, self._position, prepare)
        arguments = tuple(self._at(kind, n) for kind, n in written.arguments)
        grain = max(1, -(-WORTH_A_THREAD // max(1, self.estimate(cost))))
        self.steps.append(Launch(written, arguments, count, grain, self.group, self.key, overwrites))

    def each(self, count: Dim, cost: Dim, **shapes: Any) -> Callable[[Callable[[Kernel, Any], None]], None]:
        """Decorator: a launch whose body is written for one unit of the parallel range, `f(k, number)`."""

        def add(one: Callable[[Kernel, Any], None]) -> None:
            def body(k: Kernel, begin: Any, end: Any) -> None:
                with k.loop(begin, end) as number:
                    one(k, number)

            self.launch(body, count=count, cost=cost, **shapes)

        return add

    def inline(self, emit: Callable[[Any], None], *storages: Storage) -> None:
        """Code in main between the launches: `emit(m)` with a mlc.codegen.main.MainBuilder."""
        self.steps.append(Inline(emit, storages, self.group.ops[0]))

    def estimate(self, dim: Dim) -> int:
        """A number for `dim`, its symbols taken as USUAL_EXTENT."""
        return dim if isinstance(dim, int) else evaluate(dim, dict.fromkeys(symbols_of(dim), USUAL_EXTENT))

    def finished(self) -> list[Launch | Inline]:
        """All steps, the last launch marked as such."""
        last = max((n for n, step in enumerate(self.steps) if isinstance(step, Launch)), default=None)
        return [
            replace(step, is_last=True) if n == last and isinstance(step, Launch) else step
            for n, step in enumerate(self.steps)
        ]

    def row(self) -> ScheduleRow:
        """The group's line of the printed schedule."""
        kernels = tuple(s.kernel.unit.name for s in self.steps if isinstance(s, Launch))
        return ScheduleRow(
            self.group.title,
            self.family,
            self.group.loc,
            kernels,
            tuple(self.choices),
            self.key,
            tuple(self.alternatives),
        )

    # --- what makes two kernels equal ---

    def _position(self, argument: Argument) -> tuple[str, int]:
        match argument:
            case str():
                return "symbol", self._symbols.index(argument)
            case Value():
                return "value", self._values.index(argument)
            case _:
                return "extra", self._extras.index(argument)

    def _at(self, kind: str, number: int) -> Argument:
        match kind:
            case "symbol":
                return self._symbols[number]
            case "value":
                return self._values[number]
            case _:
                return self._extras[number]

    def _describe(self) -> str:
        if self._description is None:
            names = {name: symbol(f"s{number}") for number, name in enumerate(self._symbols)}
            numbers = {value: number for number, value in enumerate(self._values)}
            lines = [self._input_text(v, names) for v in self.group.inputs]
            for op in self.group.ops:
                attributes = ", ".join(f"{n}={_text(a, names)}" for n, a in sorted(op.attributes.items()))
                operands = [
                    [numbers[v] for v in f] if isinstance(f, list) else f and numbers[f] for f in op.operand_fields()
                ]
                types = ", ".join(_text(r.type, names) for r in op.results)
                lines.append(f"{op.name}{operands} {{{attributes}}} -> {types}")
            lines.append(f"outputs {[numbers[v] for v in self.group.outputs]} for {self.target}")
            self._description = "\n".join(lines)
        return self._description

    def _input_text(self, value: Value, names: dict[str, Any]) -> str:
        text = _text(value.type, names)
        if value in self.group.immediates:
            return f"{text} = {self.group.immediates[value].tobytes().hex()}"
        return f"{text} constant" if self._constants(value) is not None else text


def _numbered(group: Group) -> list[Value]:
    return [*group.inputs, *(r for op in group.ops for r in op.results)]


def _symbols(values: list[Value], group: Group) -> list[str]:
    """The symbols in the values' types, in order of appearance, then those in the attributes of the ops."""
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value.type, TensorType):
            found.update(dict.fromkeys(value.type.symbols()))
    for op in group.ops:
        for attribute in op.attributes.values():
            for dim in attribute if isinstance(attribute, tuple) else (attribute,):
                if isinstance(dim, DimExpr):
                    found.update(dict.fromkeys(symbols_of(dim)))
    return list(found)


def _text(attribute: Any, names: dict[str, Any]) -> str:
    match attribute:
        case TensorType():
            dims = None if attribute.shape is None else [str(substitute(d, names)) for d in attribute.shape]
            return f"{attribute.dtype}{dims}"
        case np.ndarray():
            return f"array {attribute.dtype}{attribute.shape} {hashlib.sha256(attribute.tobytes()).hexdigest()}"
        case tuple():
            return f"({', '.join(_text(a, names) for a in attribute)})"
        case DimExpr():
            return str(substitute(attribute, names))
        case _:
            return str(attribute)


def array_of(value: Value) -> Array | None:
    """The array of a value that a Constant defines."""
    return constant_value(value)
