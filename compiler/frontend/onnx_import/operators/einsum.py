"""Einsum, as transposes, matrix products and sums: one product for each operand behind the first."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import reshaped, transposed
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Equal, Expand, Matmul, Mul, Range, ReduceSum, Shape, Where

# A dim's label: a letter, or the place of an ellipsis' dim counted from its end.
Label = str
Term = tuple[Value, tuple[Label, ...]]


@onnx_op("Einsum", since=12)
def einsum(g: Graph, *xs: Value, equation: str) -> Value:
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(xs):
        raise g.error(f"equation {equation!r} has {len(parts)} operands, the node {len(xs)}")
    terms = [_diagonal(g, x, _labels(g, part, x.tensor.rank, equation)) for part, x in zip(parts, xs, strict=True)]
    spread = max((sum(label.isdigit() for label in labels) for _, labels in terms), default=0)
    result = _labels(g, right, _rank(right, spread), equation) if arrow else _implied(terms, left)
    known = {label for _, labels in terms for label in labels}
    if unknown := [label for label in result if label not in known]:
        raise g.error(f"equation {equation!r} asks for {unknown[0]!r}, which no operand has")
    if len(set(result)) != len(result):
        raise g.error(f"equation {equation!r} repeats a label of the result")
    first = terms[0]
    for position, second in enumerate(terms[1:], start=1):
        later = {label for _, labels in terms[position + 1 :] for label in labels}
        first = _contracted(g, first, second, later | set(result))
    x, labels = _summed(g, first, set(result))
    return transposed(g, x, tuple(labels.index(label) for label in result))


def _rank(part: str, spread: int) -> int:
    return len(part.replace("...", "")) + (spread if "..." in part else 0)


def _labels(g: Graph, part: str, rank: int, equation: str) -> tuple[Label, ...]:
    """A label for each dim of an operand with these letters."""
    before, dots, after = part.partition("...")
    letters = before + after
    if not all(letter.isascii() and letter.isalpha() for letter in letters):
        raise g.error(f"equation {equation!r} has {part!r}, which is not letters and one ellipsis")
    hidden = rank - len(letters)
    if hidden < 0 or (hidden and not dots):
        raise g.error(f"equation {equation!r} has {part!r} for an operand of rank {rank}")
    return (*before, *(str(hidden - 1 - i) for i in range(hidden)), *after)


def _implied(terms: list[Term], left: str) -> tuple[Label, ...]:
    """The result of an equation without one: the ellipsis' dims, then the letters that occur once, in order."""
    places = {label for _, labels in terms for label in labels if label.isdigit()}
    letters = [c for c in left if c.isalpha()]
    return (*sorted(places, key=int, reverse=True), *sorted(c for c in set(letters) if letters.count(c) == 1))


def _diagonal(g: Graph, x: Value, labels: tuple[Label, ...]) -> Term:
    """x with each repeated label's later dim taken at the place of the earlier one."""
    for axis, label in enumerate(labels):
        earlier = labels.index(label)
        if earlier == axis:
            continue
        rank = x.tensor.rank
        places = [_positions(g, x, a, rank) for a in (earlier, axis)]
        zero = g.scalar(0, x.tensor.dtype)
        kept = g(Where(g(Equal(*places)), x, zero))
        rest = labels[:axis] + labels[axis + 1 :]
        return _diagonal(g, g(ReduceSum(kept, axes=(axis,), keep_dims=False)), rest)
    return x, labels


def _positions(g: Graph, x: Value, axis: int, rank: int) -> Value:
    """0, 1, 2, ... along one axis, shaped to broadcast with x."""
    size = x.tensor.dims[axis]
    extent = reshaped(g, g(Shape(x, start=axis, end=axis + 1)), ())
    numbers = g(Range(g.scalar(0, DType.I64), extent, g.scalar(1, DType.I64), count=size))
    return reshaped(g, numbers, tuple(size if a == axis else 1 for a in range(rank)))


def _summed(g: Graph, term: Term, kept: set[Label]) -> Term:
    """The term without the labels that are not kept."""
    x, labels = term
    axes = tuple(a for a, label in enumerate(labels) if label not in kept)
    if not axes:
        return term
    return g(ReduceSum(x, axes=axes, keep_dims=False)), tuple(label for label in labels if label in kept)


def _contracted(g: Graph, first: Term, second: Term, kept: set[Label]) -> Term:
    """The product of two terms, summed over what is not kept."""
    (x, xs), (y, ys) = _summed(g, first, kept | set(second[1])), _summed(g, second, kept | set(first[1]))
    sizes: dict[Label, Dim] = dict(zip(ys, y.tensor.dims, strict=True))
    sizes.update({label: d for label, d in zip(xs, x.tensor.dims, strict=True) if d != 1 or label not in sizes})
    inner = [label for label in xs if label in ys and label not in kept]
    batch = [label for label in xs if label in ys and label in kept]
    rows, columns = [v for v in xs if v not in ys], [v for v in ys if v not in xs]
    if not inner:
        return _outer(g, (x, xs), (y, ys), [*batch, *rows, *columns])
    left = _arranged(g, (x, xs), sizes, batch, rows, inner)
    right = _arranged(g, (y, ys), sizes, batch, inner, columns)
    result = g(Matmul(left, right))
    labels = (*batch, *rows, *columns)
    return reshaped(g, result, tuple(sizes[label] for label in labels)), labels


def _arranged(
    g: Graph, term: Term, sizes: dict[Label, Dim], batch: list[Label], rows: list[Label], columns: list[Label]
) -> Value:
    """The term as [batch..., product of rows, product of columns], its dims of 1 broadcast."""
    x, labels = term
    order = [*batch, *rows, *columns]
    moved = transposed(g, x, tuple(labels.index(label) for label in order))
    dims = tuple(sizes[label] for label in order)
    if moved.tensor.dims != dims:
        moved = g(Expand(moved, dims=dims))
    heads = tuple(sizes[label] for label in batch)
    return reshaped(g, moved, (*heads, product([sizes[v] for v in rows]), product([sizes[v] for v in columns])))


def _outer(g: Graph, first: Term, second: Term, labels: list[Label]) -> Term:
    """The elementwise product, each term given dims of 1 for the labels it has not."""
    spread = []
    for x, own in (first, second):
        held = [label for label in labels if label in own]
        moved = transposed(g, x, tuple(own.index(label) for label in held))
        dims = iter(moved.tensor.dims)
        spread.append(reshaped(g, moved, tuple(next(dims) if label in own else 1 for label in labels)))
    return g(Mul(*spread)), tuple(labels)
