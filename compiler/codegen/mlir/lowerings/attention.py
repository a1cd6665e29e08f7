"""Scaled dot product attention in stages: scores, softmax of their rows, the weighted sum of values."""

from __future__ import annotations

import math

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.reduce import row_maxima
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Expressions, Scalar, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim, DType
from mlc.ops import Attention


@linalg(Attention, attributes="is_causal left_window right_window scale softcap softmax_dtype scores zero_rows layout")
def attention(g: Lowering, op: Attention) -> None:
    if op.scores != "none" or op.softmax_dtype is not None or op.zero_rows == "nan":
        raise NoKernel("attention with a second result, a softmax of its own dtype, or zeros for rows of NaN")
    b, h, length, _ = op.by_head(op.q.tensor.dims)
    _, groups, keys, _ = op.by_head(op.k.tensor.dims)
    width = op.v.tensor.dims[3]
    if not isinstance(h, int) or not isinstance(groups, int):
        raise NoKernel("the number of heads is not known when compiling")
    wide = accumulator(op.q.tensor.dtype)
    share = h // groups
    scores = _scores(g, op, wide, groups, share)
    rows = (b * h * length, keys, 1)
    maxima = row_maxima(g, scores, rows)
    weights = _weights(g, op, scores, maxima, (b * h * length, keys), wide)
    stage = g.stage(op)
    is_by_head = op.layout == "bhld"
    shape = (b, groups, share, length, width) if is_by_head else (b, length, groups, share, width)
    out = g.result(stage, op.results[0], shape, wide)
    zero = stage.fill(0, out)
    names = ["b", "g", "s", "l", "e"] if is_by_head else ["b", "l", "g", "s", "e"]
    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(weights, (b, groups, share, length, keys)), ["b", "g", "s", "l", "k"]),
        (stage.tensor(op.v), ["b", *(["g", "k"] if is_by_head else ["k", "g"]), "e"]),
    ]
    [made] = stage.generic(names, ins, [(zero, names)], _multiply_add, reduction=["k"], attributes=g.last())
    g.tile_loops(stage, 5)
    g.finish(stage, made, cost=g.plan.estimate(keys))


def _multiply_add(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
    return [b.add(old[0], b.mul(*given))]


def _scores(g: Lowering, op: Attention, wide: DType, groups: int, share: int) -> Storage:
    """q k^T, scaled and masked: -inf where a key is unseen."""
    b, h, length, depth = op.by_head(op.q.tensor.dims)
    keys = op.by_head(op.k.tensor.dims)[2]
    is_by_head = op.layout == "bhld"
    queries = (b, groups, share, length, depth) if is_by_head else (b, length, groups, share, depth)
    made = g.temporary(wide, b, h, length, keys)
    stage = Stage("scores")
    out = stage.destination(made, (b, groups, share, length, keys))
    names = ["b", "g", "s", "l", "k"]
    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(op.q, queries), ["b", *(["g", "s", "l"] if is_by_head else ["l", "g", "s"]), "d"]),
        (stage.tensor(op.k), ["b", *(["g", "k"] if is_by_head else ["k", "g"]), "d"]),
    ]
    [products] = stage.generic(
        names, ins, [(stage.fill(0, out), names)], _multiply_add, reduction=["d"], attributes="mlc.inner"
    )
    if op.scale is None and not isinstance(depth, int):
        raise NoKernel("the scale depends on a dim known only when the model runs")
    scale = op.scale if op.scale is not None else 1 / math.sqrt(depth) if isinstance(depth, int) else 0.0

    def region(body: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        score = body.mul(old[0], body.like(scale, old[0]))
        if op.softcap > 0:
            cap = body.like(op.softcap, score)
            score = body.mul(body.unary("math.tanh", body.div(score, cap)), cap)
        index = [body.loop_index(axis) for axis in range(5)]
        return [_masked(body, op, score, index, share)]

    [masked] = stage.generic(names, [], [(products, names)], region, attributes="mlc.last")
    g.tile_loops(stage, 5)
    g.close(stage, [masked], cost=g.plan.estimate(depth))
    return made


def _masked(b: Body, op: Attention, score: Scalar, index: list[Scalar], share: int) -> Scalar:
    batch, group, member, query, key = index
    unseen = b.like(float("-inf"), score)
    if op.mask is not None:
        score = _with_mask(b, op, score, [batch, group, member, query, key], share)
    here = query
    if op.offset is not None or op.lengths is not None:
        here = b.binary("arith.addi", here, _offset(b, op, batch))
    seen: list[Scalar] = []
    if op.is_causal:
        seen.append(b.compare("sle", key, here))
    if op.left_window >= 0:
        seen.append(b.compare("sge", key, b.binary("arith.subi", here, b.index(op.left_window))))
    if op.right_window >= 0:
        seen.append(b.compare("sle", key, b.binary("arith.addi", here, b.index(op.right_window))))
    if op.lengths is not None:
        seen.append(b.compare("slt", key, _integer(b, op.lengths, [batch])))
    for condition in seen:
        score = b.select(condition, score, unseen)
    return score


def _integer(b: Body, value: object, index: list[Scalar]) -> Scalar:
    from mlc.ir import Value

    assert isinstance(value, Value)
    found = b.extract(b.stage.tensor(value), index[: value.tensor.rank] if value.tensor.dims != (1,) else [b.index(0)])
    return b.as_index(converted(b, found, value.tensor.dtype, DType.I64))


def _offset(b: Body, op: Attention, batch: Scalar) -> Scalar:
    if op.offset is not None:
        return _integer(b, op.offset, [batch])
    assert op.lengths is not None
    return b.binary("arith.subi", _integer(b, op.lengths, [batch]), b.stage.dim(op.by_head(op.q.tensor.dims)[2]))


def _with_mask(b: Body, op: Attention, score: Scalar, index: list[Scalar], share: int) -> Scalar:
    """The score with the mask's element added; -inf where it is false, or behind its last dim."""
    assert op.mask is not None
    dims = op.mask.tensor.dims
    batch, group, member, query, key = index
    head = b.binary("arith.addi", b.binary("arith.muli", group, b.index(share)), member)
    full: list[Scalar] = [batch, head, query, key]
    extents: tuple[Dim, ...] = (*op.by_head(op.q.tensor.dims)[:3], op.by_head(op.k.tensor.dims)[2])
    at: list[Scalar] = []
    beyond: Scalar | None = None
    for axis, (dim, i, extent) in enumerate(zip(dims, full[4 - len(dims) :], extents[4 - len(dims) :], strict=True)):
        if dim == 1:
            at.append(b.index(0))
        elif axis == len(dims) - 1 and dim != extent:
            size = b.stage.dim(dim)
            beyond = b.compare("sge", i, size)
            at.append(b.binary("arith.minsi", i, b.binary("arith.subi", size, b.index(1))))
        elif dim != extent:
            raise NoKernel("whether the mask broadcasts is known only when the model runs")
        else:
            at.append(i)
    value = b.extract(b.stage.tensor(op.mask), at)
    unseen = b.like(float("-inf"), score)
    if op.mask.tensor.dtype is DType.BOOL:
        masked = b.select(value, score, unseen)
    else:
        added = converted(b, value, op.mask.tensor.dtype, DType.F64 if score.type == "f64" else DType.F32)
        masked = b.select(b.compare("oeq", added, unseen), unseen, b.add(score, added))
    return masked if beyond is None else b.select(beyond, unseen, masked)


def _weights(
    g: Lowering, op: Attention, scores: Storage, maxima: Storage, rows: tuple[Dim, Dim], wide: DType
) -> Storage:
    """The softmax of each row of scores; zeros where no key is seen, unless `zero_rows` is none."""
    sums = g.temporary(wide, rows[0])
    stage = Stage("sum_of_exponentials")
    zero = stage.fill(0, stage.destination(sums))
    guards = op.zero_rows == "unseen"

    def exponential(b: Body, x: Scalar, largest: Scalar) -> Scalar:
        if guards:
            is_empty = b.compare("oeq", largest, b.like(float("-inf"), largest))
            largest = b.select(is_empty, b.like(0, largest), largest)
        return b.unary("math.exp", b.sub(x, largest))

    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(scores, rows), ["r", "k"]),
        (stage.tensor(maxima, (rows[0],)), ["r"]),
    ]
    [total] = stage.generic(
        ["r"],
        ins,
        [(zero, ["r"])],
        lambda b, given, old: [b.add(old[0], exponential(b, *given))],
        reduction=["k"],
        attributes="mlc.last",
    )
    stage.family, stage.parameters = "loops", {"tile": (1,)}
    g.close(stage, [total], cost=16 * g.plan.estimate(rows[1]))
    made = g.temporary(wide, *rows)
    last = Stage("weights")
    out = last.destination(made)

    def quotient(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        found = b.div(exponential(b, given[0], given[1]), given[2])
        if guards:
            is_empty = b.compare("oeq", given[1], b.like(float("-inf"), given[1]))
            found = b.select(is_empty, b.like(0, found), found)
        return [found]

    ins = [
        (last.tensor(scores, rows), ["r", "k"]),
        (last.tensor(maxima, (rows[0],)), ["r"]),
        (last.tensor(sums), ["r"]),
    ]
    [weights] = last.generic(["r", "k"], ins, [(out, ["r", "k"])], quotient, attributes="mlc.last")
    g.tile_loops(last, 2)
    g.close(last, [weights], cost=16)
    return made
