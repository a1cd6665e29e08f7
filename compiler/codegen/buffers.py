"""The memory plan: where each tensor of a program lives.

A storage is a value, a group's temporary or a prepared weight. Values that are the same bytes (reshapes, a fused
region's arguments) are one storage under one name, see `Names`. Storages of static size get offsets in the workspace by
their lifetimes, best fit first, and an elementwise result takes the place of an operand that ends there. Those whose
size is an expression in the input symbols share slots behind them, whose offsets are computed at the start of a call;
those whose size is known only in mid-run come from the call's arena.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mlc.codegen.kernel import Prepared, Storage
from mlc.codegen.lookups import looked_up
from mlc.codegen.program import Weight
from mlc.codegen.schedule import Launch
from mlc.codegen.steps import Host, If, Loop, Step, byte_count, touched
from mlc.ir import Array, Dim, Value
from mlc.ir.dims import ceildiv, is_static, lower_bound, symbols_of

ALIGNMENT = 64


class Names:
    """Which values share memory: each value stands for a root storage and an offset into it in bytes."""

    def __init__(self) -> None:
        self._views: dict[Value, tuple[Value, Dim]] = {}

    def view(self, value: Value, of: Value, offset: Dim = 0) -> None:
        """Makes `value` the bytes of another value from `offset` on."""
        root, base = self.root(of)
        self._views[value] = (root, base + offset)

    def root(self, value: Value) -> tuple[Value, Dim]:
        """The storage behind a value, and where in it the value starts."""
        at: Dim = 0
        while value in self._views:
            value, offset = self._views[value]
            at = at + offset
        return value, at

    def storage(self, storage: Storage) -> Storage:
        """The storage itself, or the root behind a value."""
        return self.root(storage)[0] if isinstance(storage, Value) else storage


@dataclass(frozen=True)
class Place:
    """Where a storage is: `kind` is input, output, weights, workspace, slot or variable, `at` a number or offset."""

    kind: str
    at: int


@dataclass
class Memory:
    """The finished plan. `slots` are the sizes of the symbolic slots behind `static_bytes` of workspace."""

    places: dict[Storage, Place] = field(default_factory=dict)
    weights: list[Weight] = field(default_factory=list)
    weight_bytes: int = 0
    static_bytes: int = 0
    slots: list[Dim] = field(default_factory=list)
    variable_count: int = 0

    @property
    def workspace_bytes(self) -> Dim:
        """What a call takes from the pool of workspaces."""
        total: Dim = self.static_bytes
        for size in self.slots:
            total = total + size
        return total

    def text(self) -> str:
        """The plan in words for the printed schedule."""
        kinds = [place.kind for place in self.places.values()]
        counts = ", ".join(f"{kinds.count(k)} in {k}" for k in dict.fromkeys(kinds))
        symbolic = f" + {' + '.join(f'({s})' for s in self.slots)}" if self.slots else ""
        return (
            f"memory         workspace {self.static_bytes}{symbolic} bytes, weights {self.weight_bytes} bytes; {counts}"
        )


@dataclass
class _Life:
    first: int
    last: int
    is_made_at_run_time: bool = False


def plan_memory(
    steps: Sequence[Step],
    names: Names,
    inputs: Sequence[Value],
    outputs: Sequence[tuple[int, Value]],
    constants: dict[Value, Array],
    input_symbols: frozenset[str],
) -> Memory:
    """Places every storage that the steps touch, and the outputs.

    `outputs` are the native ones with their places among all outputs.
    An output made by kernels alone is computed where the caller wants it; main copies the others there at the end.
    """
    memory = Memory()
    lives = _Lifetimes(names)
    lives.visit(steps)
    end = lives.position
    for number, value in enumerate(inputs):
        memory.places[value] = Place("input", number)
    tables = looked_up(steps, names.storage, constants)
    for storage in lives.lives:
        if isinstance(storage, Prepared):
            _add_weight(memory, storage, storage.make(storage.source), storage.layout)
        elif isinstance(storage, Value) and storage in constants:
            _add_weight(memory, storage, constants[storage], "", is_looked_up=storage in tables)
    for number, value in outputs:
        root, offset = names.root(value)
        if root in constants and root not in memory.places:
            _add_weight(memory, root, constants[root], "")
        elif root in lives.lives:
            lives.lives[root].last = end
        _place_output(memory, lives, root, offset, value, number, input_symbols)
    rest = [(s, life) for s, life in lives.lives.items() if s not in memory.places]
    fixed = [(s, life) for s, life in rest if not life.is_made_at_run_time and is_static(byte_count(s))]
    symbolic = [
        (s, x)
        for s, x in rest
        if not x.is_made_at_run_time and not is_static(byte_count(s)) and _is_known(s, input_symbols)
    ]
    _place_fixed(memory, fixed, lives.replaced)
    _place_symbolic(memory, symbolic)
    for storage, _ in rest:
        if storage not in memory.places:
            memory.places[storage] = Place("variable", memory.variable_count)
            memory.variable_count += 1
    return memory


def is_known(dims: Sequence[Dim], symbols: frozenset[str]) -> bool:
    """Whether the dims follow from these symbols."""
    return all(s in symbols for d in dims for s in symbols_of(d))


def _is_known(storage: Storage, symbols: frozenset[str]) -> bool:
    return is_known([byte_count(storage)], symbols)


def _place_output(
    memory: Memory,
    lives: _Lifetimes,
    root: Value,
    offset: Dim,
    value: Value,
    number: int,
    symbols: frozenset[str],
) -> None:
    is_whole = offset == 0 and byte_count(root) == byte_count(value)
    life = lives.lives.get(root)
    if (
        root not in memory.places
        and life is not None
        and is_whole
        and not life.is_made_at_run_time
        and _is_known(root, symbols)
    ):
        memory.places[root] = Place("output", number)


def _add_weight(memory: Memory, storage: Storage, array: Array, layout: str, *, is_looked_up: bool = False) -> None:
    name = storage.layout if isinstance(storage, Prepared) else layout
    memory.places[storage] = Place("weights", memory.weight_bytes)
    memory.weights.append(Weight(memory.weight_bytes, array, name, is_looked_up))
    memory.weight_bytes += _aligned(array.nbytes)


def _aligned(count: int) -> int:
    return -(-count // ALIGNMENT) * ALIGNMENT


class _Lifetimes:
    """First and last position at which each storage is touched; what a loop reads from outside lives until its end."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.lives: dict[Storage, _Life] = {}
        self.replaced: dict[Storage, list[Storage]] = {}  # for a result, the operands whose place it may take
        self.position = 0

    def visit(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.position += 1
            start = self.position
            for storage in touched(step):
                self._touch(storage)
            if isinstance(step, Launch) and step.overwrites:
                self._note_replaced(step)
            if isinstance(step, Host):
                self._mark_made(step.results)
            if isinstance(step, If):
                self.visit(step.then)
                self.visit(step.otherwise)
            elif isinstance(step, Loop):
                self._mark_made(step.grown)
                self.visit(step.body)
                self.position += 1
                for storage in step.storages:
                    self._touch(storage)
                for life in self.lives.values():
                    if life.first <= start <= life.last:
                        life.last = self.position

    def _note_replaced(self, step: Launch) -> None:
        result = step.group.outputs[0]
        root, offset = self.names.root(result)
        operands = [self.names.root(value) for value in step.overwrites]
        size = byte_count(root)
        if offset == 0 and byte_count(result) == size:
            whole = [operand for operand, at in operands if at == 0 and byte_count(operand) == size]
            self.replaced[root] = [operand for operand in whole if operand is not root]

    def _mark_made(self, values: Sequence[Value]) -> None:
        for value in values:
            self.lives[self.names.root(value)[0]].is_made_at_run_time = True

    def _touch(self, storage: Storage) -> None:
        root = self.names.storage(storage)
        life = self.lives.setdefault(root, _Life(self.position, self.position))
        life.last = self.position


def _place_fixed(memory: Memory, storages: list[tuple[Storage, _Life]], replaced: dict[Storage, list[Storage]]) -> None:
    """Offsets by time: each storage takes the place of an operand that ends there, or the smallest hole that fits among
    what is alive, or grows the workspace."""
    alive: dict[Storage, tuple[int, int, int]] = {}  # (offset, end, last position)
    for storage, life in sorted(storages, key=lambda item: item[1].first):
        size = max(_aligned(_static(byte_count(storage))), ALIGNMENT)
        alive = {s: block for s, block in alive.items() if block[2] >= life.first}
        ends_here = (s for s in replaced.get(storage, []) if s in alive and alive[s][2] == life.first)
        if (operand := next(ends_here, None)) is not None:
            offset = alive.pop(operand)[0]
        else:
            offset = _best_hole(sorted(alive.values()), size)
        alive[storage] = (offset, offset + size, life.last)
        memory.places[storage] = Place("workspace", offset)
        memory.static_bytes = max(memory.static_bytes, offset + size)


def _best_hole(alive: list[tuple[int, int, int]], size: int) -> int:
    best: tuple[int, int] | None = None
    at = 0
    for offset, end, _ in alive:
        if offset - at >= size and (best is None or offset - at < best[0]):
            best = (offset - at, at)
        at = max(at, end)
    return best[1] if best is not None else at


def _place_symbolic(memory: Memory, storages: list[tuple[Storage, _Life]]) -> None:
    """A slot is shared by storages that never live at once and are provably no larger than it."""
    free_from: list[int] = []
    for storage, life in sorted(storages, key=lambda item: item[1].first):
        size = ceildiv(byte_count(storage), ALIGNMENT) * ALIGNMENT
        number = next((n for n, p in enumerate(free_from) if p < life.first and _fits(size, memory.slots[n])), None)
        if number is None:
            number = len(memory.slots)
            memory.slots.append(size)
            free_from.append(0)
        free_from[number] = life.last
        memory.places[storage] = Place("slot", number)


def _fits(size: Dim, room: Dim) -> bool:
    if size == room:
        return True
    spare = lower_bound(room - size)
    return spare is not None and spare >= 0


def _static(dim: Dim) -> int:
    assert isinstance(dim, int)
    return dim
