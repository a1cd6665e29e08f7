"""TfIdfVectorizer over numbers: runs of elements are looked up among the n-grams of their length; a unit is one row."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from mlc.codegen.builder import F32, I64, Num
from mlc.codegen.kernel import Kernel, Tensor
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import TfIdfVectorizer


@kernel(TfIdfVectorizer)
def tf_idf_vectorizer(plan: Plan, op: TfIdfVectorizer) -> None:
    """Counts first, then what the mode makes of them."""
    if op.pool.dtype == object:
        raise NoKernel("no kernel computes with strings")
    *rows, size = op.result.tensor.dims
    length = op.x.tensor.dims[-1]
    counts = plan.temporary(DType.F32, product(rows), size)
    scale = np.ones(max(op.places) + 1, np.float32)
    if op.weights is not None:
        scale[list(op.places)] = op.weights

    @plan.each(product(rows), cost=length * len(op.pool) * (op.max_skip + 1))
    def row(k: Kernel, number: Any) -> None:
        count = k.tensor(counts)
        with k.loop(0, k.dim(size)) as place:
            k.write(count, (number, place), k.constant(DType.F32, 0))
        x = k.tensor(op.x, (product(rows), length))
        for gram_length in range(op.min_length, op.max_length + 1):
            _count(k, op, x, number, gram_length, count)
        weights = k.table(scale)
        with k.loop(0, k.dim(size)) as place:
            seen = k.read(count, (number, place))
            value = seen
            if op.mode == "idf":
                value = k.select(k.ir.fcmp_ordered(">", seen, k.like(0.0, seen)), k.like(1.0, seen), k.like(0.0, seen))
            if op.mode != "tf":
                value = k.ir.fmul(value, k.load(weights, F32, place))
            k.emit((*k.unravel(number, [k.dim(d) for d in rows]), place), value)


def _count(k: Kernel, op: TfIdfVectorizer, x: Tensor, row: Num, length: int, count: Tensor) -> None:
    """Counts the n-grams of one length, with every number of elements left out that is allowed."""
    known = [(gram, place) for gram, place in op.grams().items() if len(gram) == length]
    if not known:
        return
    grams = k.table(np.array([gram for gram, _ in known], np.int64))
    places = k.table(np.array([place for _, place in known], np.int64))
    with k.loop(1, 2 + (op.max_skip if length > 1 else 0)) as step:
        last = k.sub(x.dims[1], k.mul(step, length - 1))
        with k.loop(0, last) as start, k.loop(0, len(known)) as number:
            is_it: list[ir.Value] = []
            for n in range(length):
                element = k.read_as(DType.I64, x, (row, k.add(start, k.mul(step, n))))
                is_it.append(k.compare("==", element, k.load(grams, I64, k.add(k.mul(number, length), n))))
            with k.when(k.all_of(is_it)):
                place = k.load(places, I64, number)
                k.write(count, (row, place), k.ir.fadd(k.read(count, (row, place)), ir.Constant(F32, 1.0)))
