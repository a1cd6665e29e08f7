"""TfIdfVectorizer over numbers by index: each place of the result counts its own n-grams."""

from __future__ import annotations

import numpy as np

from mlc.codegen.mlir.control import Carried, loop
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registry import NoKernel
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import TfIdfVectorizer


@linalg(TfIdfVectorizer, attributes="pool ngram_starts places weights min_length max_length max_skip mode")
def tf_idf_vectorizer(g: Lowering, op: TfIdfVectorizer) -> None:
    """The count first, then what the mode makes of it."""
    if op.pool.dtype == object:
        raise NoKernel("no kernel computes with strings")
    scale = np.ones(max(op.places) + 1, np.float32)
    if op.weights is not None:
        scale[list(op.places)] = op.weights

    def element(b: Body, index: list[Scalar]) -> Scalar:
        row = index[0] if len(index) == 2 else b.index(0)
        seen = b.number(0, "i64")
        for length in range(op.min_length, op.max_length + 1):
            seen = _count(b, op, row, index[-1], length, seen)
        value = converted(b, seen, DType.I64, DType.F32)
        if op.mode == "idf":
            value = b.select(b.compare("ogt", value, b.like(0, value)), b.like(1, value), b.like(0, value))
        return value if op.mode == "tf" else b.mul(value, b.extract(b.stage.table(scale), [index[-1]]))

    length = g.plan.estimate(op.x.tensor.dims[-1])
    g.indexed(op, element, cost=max(1, length * (op.max_skip + 1) * len(op.pool) // len(scale)))


def _count(b: Body, op: TfIdfVectorizer, row: Scalar, place: Scalar, length: int, seen: Scalar) -> Scalar:
    """`seen` and how often the place's n-grams of one length occur, with every number of elements left out allowed."""
    known = sorted(((at, gram) for gram, at in op.grams().items() if len(gram) == length), key=lambda item: item[0])
    if not known:
        return seen
    grams = b.stage.table(np.array([gram for _, gram in known], np.int64))
    first = b.stage.table(np.searchsorted([at for at, _ in known], np.arange(max(op.places) + 2)).astype(np.int64))
    *rows, extent = op.x.tensor.dims
    x = b.stage.tensor(op.x, (product(rows), extent))

    def gram_of(b: Body, number: Scalar, now: list[Carried]) -> list[Carried]:
        def step_of(b: Body, step: Scalar, now: list[Carried]) -> list[Carried]:
            def start_at(b: Body, start: Scalar, now: list[Carried]) -> list[Carried]:
                is_it = b.number(1, "i1")
                for n in range(length):
                    at = b.binary("arith.addi", start, b.binary("arith.muli", step, b.index(n)))
                    element = converted(b, b.extract(x, [row, at]), x.dtype, DType.I64)
                    same = b.compare("eq", element, b.extract(grams, [number, b.index(n)]))
                    is_it = b.binary("arith.andi", is_it, same)
                return [b.add(now[0], b.convert("arith.extui", is_it, "i64"))]

            span = b.binary("arith.muli", step, b.index(length - 1))
            return loop(b, b.index(0), b.binary("arith.subi", b.stage.dim(extent), span), now, start_at)

        return loop(b, b.index(1), b.index(2 + (op.max_skip if length > 1 else 0)), now, step_of)

    ends = [b.as_index(b.extract(first, [b.binary("arith.addi", place, b.index(n))])) for n in range(2)]
    [total] = loop(b, ends[0], ends[1], [seen], gram_of)
    assert isinstance(total, Scalar)
    return total
