"""Control flow: If, Loop, Scan. Their regions may capture values around them.

`evaluate` gets one callable per region behind its operands: it takes an array per block argument and returns the
yielded arrays. `types` are the results' types as the builder knows them: where branches or turns differ in a dim, it
is a new symbol there, or the shape is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.ir import Array, Op, OptionalType, Region, SequenceType, TensorType, Type, Value
from mlc.ir.dims import is_static
from mlc.ops.structure import RegionCall, yielded


class If(Op):
    """What `then_branch` yields where the one element of `condition` is true, else what `else_branch` does.

    ONNX If (opset 25).
    """

    condition: Value
    then_branch: Region
    else_branch: Region
    result_names = None
    types: tuple[Type, ...]
    defines_symbols = True

    def infer(self) -> tuple[Type, ...]:
        for name, region in (("then_branch", self.then_branch), ("else_branch", self.else_branch)):
            if region.block.arguments:
                raise self.error(f"{name} takes arguments")
            check_types(self, f"{name} yields", [v.type for v in yielded(self, region)], self.types)
        return self.types

    def evaluate(self, condition: Array, then_branch: RegionCall, else_branch: RegionCall) -> tuple[Any, ...]:
        return tuple(then_branch() if condition.item() else else_branch())


class Loop(Op):
    """Runs `body` up to `trip_count` times while the condition holds; values go around, and others are collected.

    The body's block takes the i64 number of the turn, the condition (of one element each), and the `carried` values; it
    yields the next condition, the next carried values, and values that are stacked over the turns. Results are the
    last carried values, then the stacks. Without a `trip_count` the condition alone ends the loop; without a
    `condition` what the body yields for it is ignored. ONNX Loop (opset 25).
    """

    trip_count: Value | None
    condition: Value | None
    carried: Sequence[Value]
    body: Region
    types: tuple[Type, ...]
    result_names = None
    defines_symbols = True

    def infer(self) -> tuple[Type, ...]:
        arguments = [a.type for a in self.body.block.arguments][2:]
        check_types(self, "carried values are", [v.type for v in self.carried], arguments)
        given = [v.type for v in yielded(self, self.body)][1:]
        count = len(self.carried)
        check_types(self, "the body yields", given[:count], arguments)
        check_types(self, "the body yields", given[:count], self.types[:count])
        check_types(self, "the body stacks", [_stacked(self, t, 0) for t in given[count:]], self.types[count:])
        return self.types

    def evaluate(
        self, trip_count: Array | None, condition: Array | None, carried: list[Any], body: RegionCall
    ) -> tuple[Any, ...]:
        values, turn = list(carried), 0
        shapes = [a.tensor.static_shape for a in self.body.block.arguments[:2]]
        goes_on = condition is None or bool(condition.item())
        stacks: list[list[Array]] = [[] for _ in self.types[len(carried) :]]
        while goes_on and (trip_count is None or turn < trip_count.item()):
            counter, flag = np.full(shapes[0], turn, np.int64), np.full(shapes[1], goes_on)
            next_condition, *rest = body(counter, flag, *values)
            values = rest[: len(values)]
            for stack, item in zip(stacks, rest[len(values) :], strict=True):
                stack.append(item)
            goes_on = condition is None or bool(np.asarray(next_condition).item())
            turn += 1
        empties = [_empty(t, 0) for t in self.types[len(carried) :]]
        return (*values, *(np.stack(s) if s else e for s, e in zip(stacks, empties, strict=True)))


class Scan(Op):
    """Runs `body` once for each slice of the `inputs` along their axes, handing `states` from one turn to the next.

    The body's block takes the states, then a slice of each input without its axis; it yields the next states, then
    values that are stacked over the turns along `output_axes`. A direction of 1 goes, or stacks, from the end. Results
    are the last states, then the stacks. ONNX Scan (opset 25).
    """

    states: Sequence[Value]
    inputs: Sequence[Value]
    body: Region
    types: tuple[Type, ...]
    input_axes: tuple[int, ...]
    input_directions: tuple[int, ...]
    output_axes: tuple[int, ...]
    output_directions: tuple[int, ...]
    result_names = None
    defines_symbols = True

    def infer(self) -> tuple[Type, ...]:
        arguments = [a.type for a in self.body.block.arguments]
        count = len(self.states)
        if not self.inputs or len(self.input_axes) != len(self.inputs) != len(self.input_directions):
            raise self.error(f"{len(self.inputs)} inputs need as many axes and directions, and at least one")
        check_types(self, "states are", [v.type for v in self.states], arguments[:count])
        slices = [_sliced(self, v.type, a) for v, a in zip(self.inputs, self.input_axes, strict=True)]
        check_types(self, "slices of the inputs are", slices, arguments[count:])
        given = [v.type for v in yielded(self, self.body)]
        check_types(self, "the body yields", given[:count], arguments[:count])
        check_types(self, "the body yields", given[:count], self.types[:count])
        stacked = [_stacked(self, t, a) for t, a in zip(given[count:], self.output_axes, strict=True)]
        check_types(self, "the body stacks", stacked, self.types[count:])
        return self.types

    def evaluate(self, states: list[Any], inputs: list[Array], body: RegionCall) -> tuple[Any, ...]:
        fed = [np.moveaxis(x, axis, 0) for x, axis in zip(inputs, self.input_axes, strict=True)]
        fed = [x[::-1] if backwards else x for x, backwards in zip(fed, self.input_directions, strict=True)]
        if len({len(x) for x in fed}) != 1:
            raise ValueError(f"the inputs differ in length along their axes: {[len(x) for x in fed]}")
        values = list(states)
        stacks: list[list[Array]] = [[] for _ in self.output_axes]
        for turn in range(len(fed[0])):
            results = list(body(*values, *(np.asarray(x[turn]) for x in fed)))
            values = results[: len(values)]
            for stack, item in zip(stacks, results[len(values) :], strict=True):
                stack.append(item)
        return (*values, *(self._collected(number, stack) for number, stack in enumerate(stacks)))

    def _collected(self, number: int, stack: list[Array]) -> Array:
        axis = self.output_axes[number]
        if not stack:
            return _empty(self.types[len(self.states) + number], axis)
        return np.stack(stack[::-1] if self.output_directions[number] else stack, axis)


def check_types(op: Op, what: str, given: Sequence[Type], declared: Sequence[Type]) -> None:
    """Raises at `op` unless each value of a `given` type may be one of the `declared` type."""
    if len(given) != len(declared) or not all(may_be(g, d) for g, d in zip(given, declared, strict=True)):
        raise op.error(f"{what} ({', '.join(map(str, given))}), declared ({', '.join(map(str, declared))})")


def may_be(given: Type, declared: Type) -> bool:
    """Whether a value of type `given` can be of type `declared`: same elements, no two numbers for one dim.

    A value is an optional that holds it.
    """
    match given, declared:
        case TensorType(), TensorType():
            if given.dtype is not declared.dtype:
                return False
            if given.shape is None or declared.shape is None:
                return True
            pairs = zip(given.shape, declared.shape, strict=False)
            same_rank = len(given.shape) == len(declared.shape)
            return same_rank and all(a == b or not (is_static(a) and is_static(b)) for a, b in pairs)
        case SequenceType(), SequenceType():
            return may_be(given.element, declared.element)
        case OptionalType(), OptionalType():
            return may_be(given.element, declared.element)
        case _, OptionalType():
            return may_be(given, declared.element)
    return False


def _stacked(op: Op, type: Type, axis: int) -> Type:
    """The type of a stack of such tensors; its length is any."""
    if not isinstance(type, TensorType):
        raise op.error(f"only tensors can be stacked, the body yields {type}")
    return type.with_shape(None)


def _sliced(op: Op, type: Type, axis: int) -> Type:
    if not isinstance(type, TensorType):
        raise op.error(f"only tensors can be scanned, got {type}")
    if type.shape is None:
        return type
    if not -type.rank <= axis < type.rank:
        raise op.error(f"axis {axis} is outside of {type}")
    return type.with_shape(tuple(d for i, d in enumerate(type.dims) if i != axis % type.rank))


def _empty(type: Type, axis: int) -> Array:
    """A stack of no turns along `axis`; dims that only a turn would tell are 0."""
    assert isinstance(type, TensorType)
    sizes = [d if isinstance(d, int) else 0 for d in type.shape or (0,)]
    sizes[axis] = 0
    return np.zeros(sizes, type.dtype.numpy)
