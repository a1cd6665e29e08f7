"""Rows for the ops of mlc.ops.control."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cases import Case, normal
from mlc.ir import Block, DType, Op, Region, SequenceType, TensorType, Type, Value, symbol, tensor
from mlc.ops import Add, Constant, If, Less, Loop, Mul, Relu, Scan, SequenceInsert, Slice, Yield

LIST = SequenceType(TensorType(DType.F32, None))


def region(types: Sequence[Type], build: Callable[[Block], Sequence[Value]]) -> Region:
    """A region with arguments of these types that yields what `build` makes of its block."""
    block = Block(types)
    block.append(Yield(build(block)))
    return Region(block)


def added(block: Block, op: Op) -> Value:
    """The result of `op`, placed in the block."""
    return block.append(op).result


def relu_or_square(condition: Value, x: Value) -> Op:
    """relu(x), or x * x: both branches capture x."""
    then = region([], lambda b: [added(b, Relu(x)), x])
    otherwise = region([], lambda b: [added(b, Mul(x, x)), x])
    return If(condition, then, otherwise, (x.type, x.type))


def half_or_whole(condition: Value, x: Value) -> Op:
    """x, or its first two elements: the branches differ in length."""
    then = region([], lambda b: [x])
    otherwise = region([], lambda b: [added(b, Slice(x, (0,), (2,), (1,)))])
    return If(condition, then, otherwise, (tensor(DType.F32, symbol("K")),))


def doubling(limit: Value, go: Value, x: Value, step: Value) -> Op:
    """x = x + x + step each turn; collects x before each turn. `step` is captured."""
    kinds = [tensor(DType.I64), tensor(DType.BOOL), x.type]

    def body(b: Block) -> list[Value]:
        _, again, now = b.arguments
        return [again, added(b, Add(added(b, Add(now, now)), step)), now]

    stack = x.tensor.with_shape((symbol("T"), *x.tensor.dims))
    return Loop(limit, go, [x], region(kinds, body), (x.type, stack))


def doubling_then_squaring(limit: Value, x: Value) -> Op:
    """x + x in the first two turns, x * x in those behind; collects them."""
    kinds = [tensor(DType.I64), tensor(DType.BOOL), x.type]

    def body(b: Block) -> list[Value]:
        number, again, now = b.arguments
        is_early = added(b, Less(number, added(b, Constant(np.array(2)))))
        then = region([], lambda b: [added(b, Add(now, now))])
        otherwise = region([], lambda b: [added(b, Mul(now, now))])
        y = added(b, If(is_early, then, otherwise, (x.type,)))
        return [again, y, y]

    stack = x.tensor.with_shape((symbol("T"), *x.tensor.dims))
    return Loop(limit, None, [x], region(kinds, body), (x.type, stack))


def once(go: Value, x: Value) -> Op:
    """Stops itself behind the first turn: no trip count."""
    kinds = [tensor(DType.I64), tensor(DType.BOOL), x.type]

    def body(b: Block) -> list[Value]:
        return [added(b, Constant(np.array(False))), added(b, Relu(b.arguments[2]))]

    return Loop(None, go, [x], region(kinds, body), (x.type,))


def growing(limit: Value, start: Value, x: Value) -> Op:
    """A sequence that takes x in on every turn."""
    kinds = [tensor(DType.I64), tensor(DType.BOOL), LIST]

    def body(b: Block) -> list[Value]:
        return [b.arguments[1], added(b, SequenceInsert(b.arguments[2], x))]

    return Loop(limit, None, [start], region(kinds, body), (LIST,))


def running_sum(backwards: int = 0, axis: int = 0, out_axis: int = 0) -> Callable[[Value, Value], Op]:
    """Sums of the slices of x so far."""

    def build(start: Value, x: Value) -> Op:
        slice_type = x.tensor.with_shape(tuple(d for i, d in enumerate(x.tensor.dims) if i != axis))

        def body(b: Block) -> list[Value]:
            total = added(b, Add(*b.arguments))
            return [total, total]

        stack = list(slice_type.dims)
        stack.insert(out_axis, x.tensor.dims[axis])
        kinds = [start.type, slice_type]
        return Scan(
            [start],
            [x],
            region(kinds, body),
            (start.type, x.tensor.with_shape(tuple(stack))),
            input_axes=(axis,),
            input_directions=(backwards,),
            output_axes=(out_axis,),
            output_directions=(backwards,),
        )

    return build


TRUE, FALSE = np.array(True), np.array(False)
CASES = [
    Case("if_true", relu_or_square, (TRUE, normal(2, 3))),
    Case("if_false", relu_or_square, (FALSE, normal(2, 3))),
    Case("if_of_one_element", relu_or_square, (np.array([True]), normal(2, 3))),
    Case("if_branches_differ", half_or_whole, (FALSE, normal(5))),
    Case("loop", doubling, (np.array(3), TRUE, normal(2), normal(2))),
    Case("loop_no_turns", doubling, (np.array(0), TRUE, normal(2), normal(2))),
    Case("loop_condition_is_false", doubling, (np.array(3), FALSE, normal(2), normal(2))),
    Case("loop_of_ifs", doubling_then_squaring, (np.array(4), normal(3))),
    Case("loop_ends_itself", once, (TRUE, normal(2, 3))),
    Case(
        "loop_sequence", growing, (np.array(2), [normal(1)], normal(3)), (tensor(DType.I64), LIST, tensor(DType.F32, 3))
    ),
    Case("scan", running_sum(), (normal(3), normal(4, 3))),
    Case("scan_backwards", running_sum(backwards=1), (normal(3), normal(4, 3))),
    Case("scan_other_axes", running_sum(axis=1, out_axis=1), (normal(4), normal(4, 3))),
    Case("scan_no_turns", running_sum(), (normal(3), normal(0, 3))),
]
