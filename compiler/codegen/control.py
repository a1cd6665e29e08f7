"""Control flow in main: If, Loop and Scan as basic blocks, where their values are native and of one shape every turn.

Values that go around live in the buffers of the body's block arguments: what the body yields is copied there after each
turn. Stacks of a Loop grow in the arena, since the number of turns is not known before; those of a Scan are written in
place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mlc.codegen.buffers import Names
from mlc.codegen.builder import I8, Num
from mlc.codegen.kernel import Storage, Temporary
from mlc.codegen.main import MainBuilder, registers_hold
from mlc.codegen.schedule import Inline
from mlc.codegen.steps import Copy, LoopControl, Step
from mlc.codegen.steps import If as IfStep
from mlc.codegen.steps import Loop as LoopStep
from mlc.ir import Block, Dim, Op, Value
from mlc.ir.dims import product
from mlc.ops import If, Loop, Scan


class Lowerer(Protocol):
    """What is needed of mlc.codegen.lower.Lowering."""

    names: Names
    known_symbols: dict[str, None]

    def block(self, block: Block) -> list[Step]:
        """The steps of a block."""


def is_control(op: Op) -> bool:
    """Whether the op runs regions."""
    return bool(op.regions)


def host_reason(op: Op, known_symbols: dict[str, None]) -> str:
    """Why an op with regions runs on the host; "" when main runs it."""
    if not isinstance(op, If | Loop | Scan):
        return "no native form of its regions is written"
    around = [v for region in op.regions for v in (*region.block.arguments, *region.block.terminator.operands)]
    if not all(registers_hold(v) for v in (*op.operands, *op.results, *around)):
        return "a value around its regions is no tensor of numbers of known rank"
    for region in op.regions:
        if any(s not in known_symbols for a in region.block.arguments for s in a.tensor.symbols()):
            return "a value changes its shape from turn to turn"
    if isinstance(op, Loop):
        items = op.body.block.terminator.operands[1 + len(op.carried) :]
        if any(s not in known_symbols for v in items for s in v.tensor.symbols()):
            return "the shape of what it stacks is known only in the body"
    return ""


def lower(lowering: Lowerer, op: Op) -> list[Step]:
    """The steps of an op that `host_reason` has nothing against."""
    match op:
        case If():
            return [_if(lowering, op)]
        case Loop():
            return _loop(lowering, op)
        case Scan():
            return _scan(lowering, op)
    raise AssertionError(op)


def _if(lowering: Lowerer, op: If) -> Step:
    branches: list[tuple[Step, ...]] = []
    for region in (op.then_branch, op.else_branch):
        steps = lowering.block(region.block)
        for result, given in zip(op.results, region.block.terminator.operands, strict=True):
            steps += [_same_shape(result, given, op), Copy(given, result, op)]
        branches.append(tuple(steps))
    return IfStep(op.condition, branches[0], branches[1], op)


def _same_shape(target: Value, given: Value, op: Op) -> Step:
    """Main's check that `given` has the dims of `target`'s type, or its new symbols' values from it."""
    return Inline(lambda m: m.resolve(target, [m.dim(d) for d in given.tensor.dims], op), (), op)


def _around(lowering: Lowerer, arguments: Sequence[Value], yields: Sequence[Value], op: Op) -> list[Step]:
    """Copies of what the body yields to where the next turn reads it, through temporaries where one yields another."""
    roots = {lowering.names.root(a)[0] for a in arguments}
    steps: list[Step] = []
    copies: list[Step] = []
    for argument, given in zip(arguments, yields, strict=True):
        root = lowering.names.root(given)[0]
        if root is argument and given.tensor.dims == argument.tensor.dims:
            continue
        steps.append(_same_shape(argument, given, op))
        source: Storage = given
        if root in roots:
            source = Temporary("turn", given.tensor.dtype, given.tensor.dims)
            steps.append(Copy(given, source, op))
        copies.append(Copy(source, argument, op))
    return [*steps, *copies]


def _loop(lowering: Lowerer, op: Loop) -> list[Step]:
    number, flag, *arguments = op.body.block.arguments
    next_flag, *yields = op.body.block.terminator.operands
    count = len(arguments)
    enter: list[Step] = []
    for argument, given in zip(arguments, op.carried, strict=True):
        enter += [_same_shape(argument, given, op), Copy(given, argument, op)]
    body = [*lowering.block(op.body.block)]
    stacks = list(zip(op.results[count:], yields[count:], strict=True))
    grown = _Stacks(op, [r for r, _ in stacks], [v for _, v in stacks])
    body.append(Inline(grown.push, tuple(v for _, v in stacks), op))
    has_condition = op.condition is not None
    body.append(Inline(lambda m: m.set_local(op, m.scalar(next_flag)), (next_flag,), op))
    body += _around(lowering, arguments, yields[:count], op)

    def control(m: MainBuilder) -> LoopControl:
        m.set_local(op, m.scalar(op.condition) if op.condition is not None else m.true)
        limit = m.element(op.trip_count, 0) if op.trip_count is not None else None
        grown.begin(m, limit)

        def goes_on(turn: Num) -> Num:
            wanted = m.get_local(op) if has_condition else m.true
            grown.turn = turn
            return wanted if limit is None else m.ir.and_(wanted, m.compare("<", turn, limit))

        def before(turn: Num) -> None:
            m.store(m.pointer(number), m.i64(turn))
            m.store(m.pointer(flag), m.ir.zext(m.get_local(op), I8))

        return LoopControl(goes_on, before, lambda turns: grown.finish(m, turns))

    operands = tuple(v for v in (op.condition, op.trip_count) if v is not None)
    storages = (*operands, number, flag, *op.results[count:])
    steps: list[Step] = [*enter, LoopStep(tuple(body), control, storages, op.results[count:], op)]
    for result, argument in zip(op.results[:count], arguments, strict=True):
        lowering.names.view(result, argument)
        steps.append(_same_shape(result, argument, op))
    return steps


class _Stacks:
    """The stacks of one Loop while main is written: buffers of the arena that double when they are full."""

    def __init__(self, op: Loop, results: Sequence[Value], items: Sequence[Value]) -> None:
        self.op, self.results, self.items = op, results, items
        self.turn: Num = 0

    def begin(self, m: MainBuilder, limit: Num | None) -> None:
        """Takes room for a few turns."""
        if self.results:
            # One turn at least, so that doubling grows.
            m.set_local(self, m.i64(m.maximum(m.minimum(limit, 16), 1) if limit is not None else 16))
        for result, item in zip(self.results, self.items, strict=True):
            m.set_pointer(result, m.arena(m.mul(m.get_local(self), _bytes(m, item))))

    def push(self, m: MainBuilder) -> None:
        """Puts this turn's items behind the others."""
        if not self.results:
            return
        with m.when(m.compare("==", self.turn, m.get_local(self))):
            m.set_local(self, m.mul(m.get_local(self), 2))
            for result, item in zip(self.results, self.items, strict=True):
                wider = m.arena(m.mul(m.get_local(self), _bytes(m, item)))
                m.copy(wider, m.pointer(result), m.mul(self.turn, _bytes(m, item)))
                m.set_pointer(result, wider)
        for result, item in zip(self.results, self.items, strict=True):
            size = _bytes(m, item)
            m.copy(m.at(m.pointer(result), I8, m.mul(self.turn, size)), m.pointer(item), size)

    def finish(self, m: MainBuilder, turns: Num) -> None:
        """The results' shapes."""
        for result, item in zip(self.results, self.items, strict=True):
            m.resolve(result, [turns, *(m.dim(d) for d in item.tensor.dims)], self.op)


def _bytes(m: MainBuilder, value: Value) -> Num:
    return m.dim(value.tensor.byte_count)


def _scan(lowering: Lowerer, op: Scan) -> list[Step]:
    count = len(op.states)
    states, slices = op.body.block.arguments[:count], op.body.block.arguments[count:]
    yields = op.body.block.terminator.operands
    length = op.inputs[0].tensor.dims[op.input_axes[0]]
    enter: list[Step] = []
    for argument, given in zip(states, op.states, strict=True):
        enter += [_same_shape(argument, given, op), Copy(given, argument, op)]
    for number, value in enumerate(op.inputs[1:], 1):
        enter.append(_same_length(op, length, value.tensor.dims[op.input_axes[number]]))
    stacked = list(zip(op.results[count:], yields[count:], op.output_axes, op.output_directions, strict=True))
    turn_of: list[Num] = []
    body = list(lowering.block(op.body.block))
    for result, item, axis, direction in stacked:

        def put(m: MainBuilder, r: Value = result, v: Value = item, a: int = axis, d: int = direction) -> None:
            _move_slice(m, r, v, a % r.tensor.rank, _place(m, turn_of[0], length, d), into_stack=True)

        body.append(Inline(put, (result, item), op))
    body += _around(lowering, states, yields[:count], op)

    def control(m: MainBuilder) -> LoopControl:
        for result, item, axis, _ in stacked:
            extents = [m.dim(d) for d in item.tensor.dims]
            extents.insert(axis % result.tensor.rank, m.dim(length))
            m.resolve(result, extents, op)
            m.allocate(result)

        def goes_on(turn: Num) -> Num:
            turn_of[:] = [turn]
            return m.compare("<", turn, m.dim(length))

        def before(turn: Num) -> None:
            moved = zip(op.inputs, slices, op.input_axes, op.input_directions, strict=True)
            for value, part, axis, direction in moved:
                place = _place(m, turn, length, direction)
                _move_slice(m, value, part, axis % value.tensor.rank, place, into_stack=False)

        return LoopControl(goes_on, before, lambda turns: None)

    storages = (*op.inputs, *slices, *op.results[count:])
    steps: list[Step] = [*enter, LoopStep(tuple(body), control, storages, (), op)]
    for result, argument in zip(op.results[:count], states, strict=True):
        lowering.names.view(result, argument)
        steps.append(_same_shape(result, argument, op))
    return steps


def _same_length(op: Scan, length: Dim, other: Dim) -> Step:
    def emit(m: MainBuilder) -> None:
        if length != other:
            text = "the inputs differ in length along their axes: {0} and {1}"
            m.require(m.compare("==", m.dim(length), m.dim(other)), text, m.dim(length), m.dim(other), op=op)

    return Inline(emit, (), op)


def _place(m: MainBuilder, turn: Num, length: Dim, direction: int) -> Num:
    return m.sub(m.sub(m.dim(length), 1), turn) if direction else turn


def _move_slice(m: MainBuilder, whole: Value, part: Value, axis: int, place: Num, *, into_stack: bool) -> None:
    """Copies slice `place` along the axis of `whole` to the dense `part`, or the other way."""
    dims = whole.tensor.dims
    size = m.mul(m.dim(product(dims[axis + 1 :])), whole.tensor.dtype.itemsize)
    stride = m.mul(m.dim(dims[axis]), size)
    with m.loop(0, m.dim(product(dims[:axis]))) as outer:
        start = m.add(m.mul(outer, stride), m.mul(place, size))
        here, there = m.at(m.pointer(whole), I8, start), m.at(m.pointer(part), I8, m.mul(outer, size))
        target, source = (here, there) if into_stack else (there, here)
        m.copy(target, source, size)
