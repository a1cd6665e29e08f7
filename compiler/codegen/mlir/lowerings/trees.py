"""TreeEnsemble and LabelEncoder by index: their attributes are tables of the stage, searched by scf loops."""

from __future__ import annotations

import math

import numpy as np

from mlc.codegen.kernels.trees import COMPARISONS, sorted_table
from mlc.codegen.mlir.control import Carried, loop, repeat
from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.arithmetic import largest, smallest
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registers import accumulator
from mlc.ir import DType
from mlc.ops import LabelEncoder, TreeEnsemble


@linalg(
    TreeEnsemble,
    attributes="features comparisons splits true_next false_next roots leaves missing_is_true members aggregate",
)
def tree_ensemble(g: Lowering, op: TreeEnsemble) -> None:
    """The leaf that each sample comes to in each tree first, then what these say, tree after tree."""
    reached = g.temporary(DType.I64, op.x.tensor.dims[0], max(len(op.roots), 1))
    g.tabulate("reached_leaves", reached, lambda b, at: _leaf(b, op, *at), cost=64)
    own = DType.of(op.leaves.dtype)
    wide = accumulator(own)
    start = {"min": math.inf, "max": -math.inf}.get(op.aggregate, 0.0)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        row, target = index

        def say(b: Body, tree: Scalar, now: list[Carried]) -> list[Carried]:
            leaf = b.as_index(b.extract(b.stage.tensor(reached), [row, tree]))
            said = converted(b, b.extract(b.stage.table(op.leaves), [leaf, target]), own, wide)
            match op.aggregate:
                case "min":
                    new = smallest(b, wide, now[0], said)
                case "max":
                    new = largest(b, wide, now[0], said)
                case _:
                    new = b.plain("arith.addf", now[0], said)
            is_said = b.compare("ord", said, said)
            return [b.select(is_said, new, now[0]), b.binary("arith.ori", now[1], is_said)]

        zero = b.index(0)
        first = [b.number(start, register_type(wide)), b.number(0, "i1")]
        total, is_any = loop(b, zero, b.index(len(op.roots)), first, say)
        if op.aggregate == "average":
            total = b.div(total, b.like(len(op.roots), total))
        return converted(b, b.select(is_any, total, b.like(0, total)), wide, own)

    g.indexed(op, element, cost=8 * len(op.roots))


def _leaf(b: Body, op: TreeEnsemble, row: Scalar, tree: Scalar) -> Scalar:
    """The number of the leaf, an i64."""
    if not len(op.roots):
        return b.number(0, "i64")

    def is_inner(b: Body, now: list[Carried]) -> Scalar:
        return b.compare("sge", now[0], b.like(0, now[0]))

    def descend(b: Body, now: list[Carried]) -> list[Carried]:
        node = b.as_index(now[0])
        holds = _holds(b, op, row, node)
        yes, no = (b.extract(b.stage.table(a.astype(np.int64)), [node]) for a in (op.true_next, op.false_next))
        return [b.select(holds, yes, no)]

    root = b.extract(b.stage.table(op.roots.astype(np.int64)), [tree])
    # Without inner nodes each root is a leaf.
    last = repeat(b, [root], is_inner, descend)[0] if len(op.features) else root
    return b.sub(b.like(-1, root), last)


def _holds(b: Body, op: TreeEnsemble, row: Scalar, node: Scalar) -> Scalar:
    """Whether the sample goes where the node's comparison, or its rule for a missing feature, says true."""
    feature = b.as_index(b.extract(b.stage.table(op.features.astype(np.int64)), [node]))
    value = b.extract(b.stage.tensor(op.x), [row, feature])
    split = b.extract(b.stage.table(op.splits), [node])
    names = [name for name in COMPARISONS if name in op.comparisons]
    result, *others = [_compared(b, op, name, value, split) for name in names]
    if others:
        code = b.extract(b.stage.table(np.array([names.index(n) for n in op.comparisons], np.int64)), [node])
        for number, answer in enumerate(others, 1):
            result = b.select(b.compare("eq", code, b.like(number, code)), answer, result)
    if op.missing_is_true is None:
        return result
    missing = b.extract(b.stage.table(op.missing_is_true != 0), [node])
    return b.binary("arith.ori", result, b.binary("arith.andi", b.compare("uno", value, value), missing))


_PREDICATES = {"<=": "ole", "<": "olt", ">=": "oge", ">": "ogt", "==": "oeq", "!=": "une"}


def _compared(b: Body, op: TreeEnsemble, name: str, value: Scalar, split: Scalar) -> Scalar:
    if name != "in":
        return b.compare(_PREDICATES[name], *_alike(b, value, split))
    assert op.members is not None
    members = b.stage.table(op.members)
    height, width = op.members.shape
    last = b.like(height - 1, split)
    chosen = b.binary(
        "arith.minimumf", b.select(b.compare("ogt", split, b.like(0, split)), split, b.like(0, split)), last
    )
    row = b.as_index(b.convert("arith.fptosi", chosen, "i64"))

    def look(b: Body, place: Scalar, now: list[Carried]) -> list[Carried]:
        is_it = b.compare("oeq", *_alike(b, value, b.extract(members, [row, place])))
        return [b.binary("arith.ori", now[0], is_it)]

    [found] = loop(b, b.index(0), b.index(width), [b.number(0, "i1")], look)
    assert isinstance(found, Scalar)
    return found


def _alike(b: Body, x: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """Both as f64 where their types differ."""
    if x.type == y.type:
        return x, y
    return b.convert("arith.extf", x, "f64"), b.convert("arith.extf", y, "f64")


@linalg(LabelEncoder, attributes="keys values default")
def label_encoder(g: Lowering, op: LabelEncoder) -> None:
    """Binary search among the sorted keys."""
    keys, values = sorted_table(op.keys, op.values)
    dtype = op.x.tensor.dtype

    def element(b: Body, index: list[Scalar]) -> Scalar:
        default = b.extract(b.stage.table(op.default.reshape(1)), [b.index(0)])
        if not len(keys):
            return default
        x = b.extract(b.stage.tensor(op.x), index)
        table = b.stage.table(keys)

        def halve(b: Body, _: Scalar, now: list[Carried]) -> list[Carried]:
            low, high = now
            middle = b.binary("arith.shrui", b.binary("arith.addi", low, high), b.index(1))
            is_below = _is_less(b, dtype, b.extract(table, [middle]), x)
            above = b.binary("arith.minsi", b.binary("arith.addi", middle, b.index(1)), high)
            return [b.select(is_below, above, low), b.select(is_below, high, middle)]

        ends = [b.index(0), b.index(len(keys) - 1)]
        place, _ = loop(b, b.index(0), b.index((len(keys) - 1).bit_length()), ends, halve)
        key = b.extract(table, [place])
        is_found = b.compare("oeq" if x.is_float else "eq", key, x)
        if x.is_float:
            both = b.binary("arith.andi", b.compare("uno", key, key), b.compare("uno", x, x))
            is_found = b.binary("arith.ori", is_found, both)
        return b.select(is_found, b.extract(b.stage.table(values), [place]), default)

    g.indexed(op, element, cost=2 * max(len(keys), 1).bit_length())


def _is_less(b: Body, dtype: DType, x: Scalar, y: Scalar) -> Scalar:
    """Whether x is before y; NaN is behind all numbers."""
    if not x.is_float:
        return b.compare("slt" if dtype.is_signed else "ult", x, y)
    is_last = b.binary("arith.andi", b.compare("ord", x, x), b.compare("uno", y, y))
    return b.binary("arith.ori", b.compare("olt", x, y), is_last)
