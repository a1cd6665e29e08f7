"""What the ops' `infer` functions share: broadcasting, axes, dtype checks. Each failure is an error at the op."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.ir import Dim, DType, Op, TensorType, Value


def broadcast(op: Op, *values: Value) -> tuple[Dim, ...]:
    """The numpy broadcast of the values' shapes.

    A symbolic dim against 1 or against itself is that dim, against another number the number: that the symbol then
    equals it (or 1) is checked when the model runs. Raises when two numbers differ.
    """
    rank = max(v.tensor.rank for v in values)
    padded = [(1,) * (rank - v.tensor.rank) + v.tensor.dims for v in values]
    return tuple(_broadcast_dim(op, values, axis, [shape[axis] for shape in padded]) for axis in range(rank))


def _broadcast_dim(op: Op, values: Sequence[Value], axis: int, dims: list[Dim]) -> Dim:
    wide = list(dict.fromkeys(d for d in dims if d != 1))
    numbers = [d for d in wide if isinstance(d, int)]
    if len(numbers) > 1:
        shapes = " and ".join(str(v.type) for v in values)
        raise op.error(f"{shapes} do not broadcast: dim {axis} is {numbers[0]} and {numbers[1]}")
    return numbers[0] if numbers else wide[0] if wide else 1


def same_dtype(op: Op, *values: Value) -> DType:
    """The element type all values share, or an error that names the first that differs."""
    first = values[0].tensor.dtype
    for number, value in enumerate(values):
        if value.tensor.dtype is not first:
            raise op.error(f"operand {number} has elements of {value.tensor.dtype}, operand 0 of {first}")
    return first


def elementwise_type(op: Op, *values: Value, dtype: DType | None = None) -> TensorType:
    """The broadcast type of operands of one dtype; `dtype` overrides the result's."""
    common = same_dtype(op, *values)
    if any(v.tensor.shape is None for v in values):
        return TensorType(dtype or common, None)
    return TensorType(dtype or common, broadcast(op, *values))


def normalized_axis(op: Op, axis: int, rank: int) -> int:
    """`axis` counted from the front, or an error when it is outside [-rank, rank)."""
    if not -rank <= axis < max(rank, 1):
        raise op.error(f"axis {axis} is outside [-{rank}, {rank - 1}] of a rank-{rank} operand")
    return axis % rank if rank else 0


def normalized_axes(op: Op, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """The axes counted from the front, sorted; an error when one repeats or is outside."""
    normal = sorted(normalized_axis(op, a, rank) for a in axes)
    if len(set(normal)) != len(normal):
        raise op.error(f"axes {tuple(axes)} repeat an axis")
    return tuple(normal)


def require_dtype(op: Op, value: Value, what: str, accepts: Callable[[DType], bool]) -> None:
    """An error unless the value's elements are of a dtype that `accepts` takes; `what` says it in words."""
    if not accepts(value.tensor.dtype):
        raise op.error(f"operand must hold {what} per element, got {value.type}")


def merged_dim(op: Op, axis: int, dims: Sequence[Dim]) -> Dim:
    """The one extent all `dims` must be: a number where one is known, or an error when two numbers differ."""
    numbers = list(dict.fromkeys(d for d in dims if isinstance(d, int)))
    if len(numbers) > 1:
        raise op.error(f"operands differ along axis {axis}: {numbers[0]} and {numbers[1]}")
    return numbers[0] if numbers else dims[0]


def numbers(dims: Sequence[Dim]) -> tuple[int, ...]:
    """Dims that are numbers by now, as all are of an op that is evaluated or made for one size."""
    static = tuple(d for d in dims if isinstance(d, int))
    assert len(static) == len(dims), dims
    return static
