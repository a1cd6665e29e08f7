"""If, Loop and Scan of a whole module's main as scf on tensors: what goes around is carried by value.

The compiled program runs them in its own main, on buffers; copies between those are no ops here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.control import Carried, loop, part_of, repeat, replaced, when
from mlc.codegen.mlir.elements import INDEX, Scalar
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.codegen.steps import If as IfStep
from mlc.codegen.steps import Loop as LoopStep
from mlc.codegen.steps import Step
from mlc.errors import CompileError
from mlc.ir import Dim, DType, Op, Region, Value
from mlc.ops import If, Loop, Scan


class Main(Protocol):
    """What is needed of mlc.codegen.mlir.whole.Main."""

    stage: Stage

    def write(self, steps: Sequence[Step]) -> None:
        """The steps, where the stage is."""

    def seen(self, storage: Storage, dims: Sequence[Dim]) -> Tensor:
        """The tensor of a buffer in this shape."""

    def inside(self, known: Mapping[Value, Tensor]) -> AbstractContextManager[None]:
        """A region in which these values are known as well; what is made in it stays there."""

    def set(self, value: Value, tensor: Tensor) -> None:
        """Makes this the tensor of a value."""

    def is_new(self, op: Op, dim: Dim) -> bool:
        """Whether a dim is a symbol that the op brings in."""

    def define(self, dim: Dim, number: Scalar) -> None:
        """Makes this the value of a dim that is new."""


def told_dims(op: Op) -> list[Dim]:
    """Dims of its results whose value the module tells: of an If's tensors, the turns of a Loop that has a limit."""
    match op:
        case If():
            return [d for r in op.results for d in r.tensor.dims]
        case Loop() if op.trip_count is not None:
            return [r.tensor.dims[0] for r in op.results[len(op.carried) :]]
        case _:
            return []


def write_control(main: Main, step: IfStep | LoopStep) -> None:
    """The op of a step with what it holds. Raises CompileError where a Loop collects values without a limit."""
    match step.op:
        case If() as op:
            assert isinstance(step, IfStep)
            _if(main, op, step)
        case Loop() as op:
            assert isinstance(step, LoopStep)
            _Turns(main, op, step.body).loop(op)
        case Scan() as op:
            assert isinstance(step, LoopStep)
            _Turns(main, op, step.body).scan(op)
        case _:
            raise AssertionError(step.op)


def _if(main: Main, op: If, step: IfStep) -> None:
    b = main.stage.body()
    condition = b.extract(main.seen(op.condition, ()), [])

    def branch(region: Region, steps: Sequence[Step]) -> Callable[[Body], list[Carried]]:
        def write(b: Body) -> list[Carried]:
            with main.inside({}):
                main.write(steps)
                return _yielded(main, region.block.terminator.operands, op.results)

        return write

    then, otherwise = branch(op.then_branch, step.then), branch(op.else_branch, step.otherwise)
    types = [Tensor("", r.tensor.dtype, r.tensor.dims) for r in op.results]
    for result, made in zip(op.results, when(b, condition, types, then, otherwise), strict=True):
        main.set(result, made)
        for axis, dim in enumerate(made.dims):
            if main.is_new(op, dim):
                main.define(dim, b.value(f"tensor.dim {made.name}, {b.index(axis)} : {made.type}", INDEX))


def _yielded(main: Main, values: Sequence[Value], declared: Sequence[Value]) -> list[Carried]:
    """What a region yields, as tensors of the types declared for it."""
    return [_cast(main, main.seen(v, v.tensor.dims), d.tensor.dims) for v, d in zip(values, declared, strict=True)]


def _cast(main: Main, given: Tensor, dims: Sequence[Dim]) -> Tensor:
    """The tensor with dims that are known better, or worse."""
    wanted = Tensor(given.name, given.dtype, tuple(dims))
    if wanted.type == given.type:
        return wanted
    return main.stage.op(f"tensor.cast {given.name} : {given.type} to {wanted.type}", wanted.dtype, wanted.dims)


class _Turns:
    """A Loop or Scan while it is written: states go around, and stacks take a slice of themselves each turn."""

    def __init__(self, main: Main, op: Loop | Scan, body: Sequence[Step]) -> None:
        self.main, self.op, self.body = main, op, body
        self.block = op.body.block
        self.b = main.stage.body()
        count = len(op.carried if isinstance(op, Loop) else op.states)
        self.states, self.stacks = op.results[:count], op.results[count:]
        self.axes = [0] * len(self.stacks) if isinstance(op, Loop) else op.output_axes

    def scan(self, op: Scan) -> None:
        """scf.for over the slices of the inputs."""
        arguments = self.block.arguments
        length = self.main.stage.dim(op.inputs[0].tensor.dims[op.input_axes[0]])
        inputs = [self.main.seen(v, v.tensor.dims) for v in op.inputs]

        def turn(b: Body, n: Scalar, now: list[Carried]) -> list[Carried]:
            known: dict[Value, Tensor] = {}
            slices = zip(arguments[len(self.states) :], inputs, op.input_axes, op.input_directions, strict=True)
            for argument, whole, axis, is_backwards in slices:
                known[argument] = part_of(b, whole, _at(whole, axis, _place(b, length, n, is_backwards)))
            places = [_place(b, length, n, backwards) for backwards in op.output_directions]
            return self._turn(b, known, places, now)[1]

        start = self._start(op.states, arguments[: len(self.states)])
        self._finish(loop(self.b, self.b.index(0), length, start, turn), arguments[: len(self.states)])

    def loop(self, op: Loop) -> None:
        """scf.for where a number of turns is all that ends it, else scf.while."""
        arguments = self.block.arguments[2:]
        limit = None if op.trip_count is None else self._limit(op.trip_count)
        if limit is None and self.stacks:
            raise CompileError(
                f"there is no MLIR module of the whole: {op.name} collects values over turns that nothing bounds"
            )
        self._count(limit)
        start = self._start(op.carried, arguments)
        if op.condition is None and limit is not None:

            def count(b: Body, n: Scalar, now: list[Carried]) -> list[Carried]:
                return self._loop_turn(b, n, b.number(1, "i1"), now)[1]

            self._finish(loop(self.b, self.b.index(0), limit, start, count), arguments)
            return

        def goes_on(b: Body, now: list[Carried]) -> Scalar:
            wanted = now[1]
            assert isinstance(wanted, Scalar)
            return wanted if limit is None else b.binary("arith.andi", wanted, b.compare("slt", now[0], limit))

        def turn(b: Body, now: list[Carried]) -> list[Carried]:
            number, flag, *rest = now
            again, made = self._loop_turn(b, number, flag, rest)
            return [b.binary("arith.addi", number, b.index(1)), flag if op.condition is None else again, *made]

        first = self.b.number(1, "i1")
        if op.condition is not None:
            first = self.b.extract(self.main.seen(op.condition, ()), [])
        turns, _, *made = repeat(self.b, [self.b.index(0), first, *start], goes_on, turn)
        assert isinstance(turns, Scalar)
        self._count(turns)
        held = len(self.states)
        self._finish([*made[:held], *(self._first(stack) for stack in made[held:])], arguments)

    def _limit(self, count: Value) -> Scalar:
        b, found = self.b, self.b.extract(self.main.seen(count, ()), [])
        limit = b.as_index(converted(b, found, count.tensor.dtype, DType.I64))
        return b.binary("arith.maxsi", limit, b.index(0))

    def _count(self, turns: Scalar | None) -> None:
        if turns is None:
            return
        for stack in self.stacks:
            if self.main.is_new(self.op, stack.tensor.dims[0]):
                self.main.define(stack.tensor.dims[0], turns)

    def _first(self, stack: Tensor) -> Tensor:
        """What the turns filled of a stack with room for all that there may be."""
        if isinstance(stack.dims[0], int):
            return stack
        starts, steps = (", ".join([number] * len(stack.dims)) for number in "01")
        sizes = ", ".join(str(d) if isinstance(d, int) else str(self.main.stage.dim(d)) for d in stack.dims)
        text = f"tensor.extract_slice {stack.name}[{starts}] [{sizes}] [{steps}] : {stack.type} to {stack.type}"
        return self.main.stage.op(text, stack.dtype, stack.dims)

    def _loop_turn(self, b: Body, number: Scalar, flag: Scalar, now: list[Carried]) -> tuple[Scalar, list[Carried]]:
        """Whether the body wants another turn, and what that gets."""
        turn, again = self.block.arguments[:2]
        counted = b.convert("arith.index_cast", number, "i64")
        known = {turn: _single(b, turn, counted), again: _single(b, again, b.encoded(flag, DType.BOOL))}
        [wanted], made = self._turn(b, known, [number] * len(self.stacks), now, extra=1)
        return b.extract(wanted, [b.index(0)] * len(wanted.dims)), made

    def _start(self, given: Sequence[Value], arguments: Sequence[Value]) -> list[Carried]:
        empty = [self.main.stage.empty(r.tensor.dtype, r.tensor.dims) for r in self.stacks]
        return [*_yielded(self.main, given, arguments), *empty]

    def _turn(
        self, b: Body, known: dict[Value, Tensor], places: Sequence[Scalar], now: list[Carried], extra: int = 0
    ) -> tuple[list[Tensor], list[Carried]]:
        """The body once: the first `extra` of what it yields, then states and stacks as the next turn gets them."""
        count, yields = len(self.states), self.block.terminator.operands
        first = len(self.block.arguments) - count if isinstance(self.op, Loop) else 0
        arguments = self.block.arguments[first : first + count]
        with self.main.inside({**known, **dict(zip(arguments, now[:count], strict=True))}):
            self.main.write(self.body)
            others = [self.main.seen(v, v.tensor.dims) for v in yields[:extra]]
            states = _yielded(self.main, yields[extra : extra + count], arguments)
            items = [self.main.seen(v, v.tensor.dims) for v in yields[extra + count :]]
            stacks = [
                replaced(b, item, stack, _at(stack, axis, place))
                for item, stack, axis, place in zip(items, now[count:], self.axes, places, strict=True)
            ]
        return others, [*states, *stacks]

    def _finish(self, made: Sequence[Carried], arguments: Sequence[Value]) -> None:
        # The results of states are the arguments' buffers.
        for value, tensor in zip((*arguments, *self.stacks), made, strict=True):
            self.main.set(value, tensor)


def _at(whole: Tensor, axis: int, place: Scalar) -> list[Scalar | None]:
    """A place along an axis, for part_of and replaced."""
    return [place if n == axis % len(whole.dims) else None for n in range(len(whole.dims))]


def _place(b: Body, length: Scalar, n: Scalar, is_backwards: int) -> Scalar:
    return b.binary("arith.subi", b.binary("arith.subi", length, b.index(1)), n) if is_backwards else n


def _single(b: Body, value: Value, stored: Scalar) -> Tensor:
    """A tensor of one element, as it lies in memory."""
    kind = Tensor("", value.tensor.dtype, value.tensor.dims)
    return b.stage.op(f"tensor.from_elements {stored} : {kind.type}", kind.dtype, kind.dims)
