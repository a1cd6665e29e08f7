"""Scaled dot product attention in stages: scores, softmax of their rows, the weighted sum of values.

Both products are of a batch of matrices, one for each head of keys, and run in register tiles. Keys are turned for the
first, and heads that lie apart are brought together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import read_index
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.matmul import contraction, tile_product
from mlc.codegen.mlir.lowerings.reduce import reduction, row_maxima
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import as_float
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Expressions, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim, DType, Value
from mlc.ops import Attention


@linalg(Attention, attributes="is_causal left_window right_window scale softcap softmax_dtype scores zero_rows layout")
def attention(g: Lowering, op: Attention) -> None:
    b, h, length, _ = op.by_head(op.q.tensor.dims)
    _, groups, keys, _ = op.by_head(op.k.tensor.dims)
    width = op.v.tensor.dims[3]
    if not isinstance(h, int) or not isinstance(groups, int):
        raise NoKernel("the number of heads is not known when compiling")
    wide = accumulator(op.q.tensor.dtype)
    share = h // groups
    shown = g.written(op.results[1]) if op.scores != "none" else None
    scores = _scores(g, op, shown, groups, share)
    rows = (b * h * length, keys, 1)
    maxima = row_maxima(g, scores, rows)
    weights = _weights(g, op, scores, maxima, (b * h * length, keys), shown)
    factors = _copied(g, weights, (b, h, length, keys), "bhlk", "bhlk", wide)
    values = _by_head(g, op, op.v, wide)
    mixed = g.temporary(wide, b, h, length, width)
    _product(g, "weighted_values", factors, values, mixed, (b * groups, share * length, width), keys)
    stage = g.stage(op)
    names = ["b", "h", "l", "e"] if op.layout == "bhld" else ["b", "l", "h", "e"]
    shape = tuple({"b": b, "h": h, "l": length, "e": width}[name] for name in names)
    if shown is None:
        out = g.result(stage, op.results[0], shape, wide)
    else:
        out = stage.destination(g.written(op.results[0], wide), shape)
    attribute = g.last() if shown is None else "mlc.last"
    ins: list[tuple[Tensor, Expressions]] = [(stage.tensor(mixed), ["b", "h", "l", "e"])]
    [made] = stage.generic(names, ins, [(out, names)], lambda b, given, _: [given[0]], attributes=attribute)
    g.tile_loops(stage, 4)
    if shown is None:
        g.finish(stage, made)
    else:
        g.close(stage, [made])
        g.finish_written()


def _product(
    g: Lowering, title: str, left: Storage, right: Storage, target: Storage, dims: tuple[Dim, Dim, Dim], depth: Dim
) -> None:
    """A stage of the products of a batch of matrices, left[B, M, K] and right[B, K, N], in register tiles."""
    batches, rows, columns = dims
    stage = Stage(title)
    a, b = stage.tensor(left, (batches, rows, depth)), stage.tensor(right, (batches, depth, columns))
    zero = stage.fill(0, stage.destination(target, dims))
    made = contraction(stage, "linalg.batch_matmul", a, b, zero, "mlc.last")
    tile_product(g, stage, "batch_matmul", rows, columns, depth)
    g.close(stage, [made], cost=max(1, g.plan.estimate(depth)) // 8 + 1)


def _by_head(g: Lowering, op: Attention, value: Value, wide: DType, *, is_turned: bool = False) -> Storage:
    """The value as [B, H, L, D] in the dtype of the sums, or [B, H, D, L] where it is turned: itself, or a copy."""
    lies = "bhld" if op.layout == "bhld" else "blhd"
    return _copied(g, value, value.tensor.dims, lies, "bhdl" if is_turned else "bhld", wide)


def _copied(g: Lowering, source: Storage, dims: Sequence[Dim], names: str, order: str, dtype: DType) -> Storage:
    """A buffer whose dims are called `names`, one letter each, in another order and dtype; itself where it is that."""
    own = source.tensor.dtype if isinstance(source, Value) else source.dtype
    if names == order and own is dtype:
        return source
    extents = dict(zip(names, dims, strict=True))
    made = g.temporary(dtype, *(extents[name] for name in order))
    stage = Stage("heads")

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        return [converted(b, given[0], own, dtype)]

    ins: list[tuple[Tensor, Expressions]] = [(stage.tensor(source, dims), list(names))]
    outs: list[tuple[Tensor, Expressions]] = [(stage.destination(made), list(order))]
    [copied] = stage.generic(list(order), ins, outs, region, attributes="mlc.last")
    g.tile_loops(stage, len(order))
    g.close(stage, [copied])
    return made


def _softmax_dtype(op: Attention) -> DType:
    """What the softmax is computed in."""
    return accumulator(op.softmax_dtype or op.q.tensor.dtype)


def _scores(g: Lowering, op: Attention, shown: Storage | None, groups: int, share: int) -> Storage:
    """q k^T, scaled, capped and biased, as the softmax sees them: -inf where a key is unseen.

    What the second result has of them is written there.
    """
    b, h, length, depth = op.by_head(op.q.tensor.dims)
    keys = op.by_head(op.k.tensor.dims)[2]
    own, wide = op.q.tensor.dtype, accumulator(op.q.tensor.dtype)
    shape = (b, groups, share, length, keys)
    made = g.temporary(_softmax_dtype(op), b, h, length, keys)
    # Where nothing but scores of the same dtype comes of the products, they are updated in place.
    is_in_place = (shown is None or op.scores == "weights") and _softmax_dtype(op) is wide
    products = made if is_in_place else g.temporary(wide, b, h, length, keys)
    queries, turned = _by_head(g, op, op.q, wide), _by_head(g, op, op.k, wide, is_turned=True)
    _product(g, "products_of_heads", queries, turned, products, (b * groups, share * length, keys), depth)
    stage = Stage("scores")
    names = ["b", "g", "s", "l", "k"]
    outs = [(stage.destination(made, shape), names)]
    if shown is not None and op.scores != "weights":
        outs.append((stage.destination(shown, shape), names))

    def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        index = [b.loop_index(axis) for axis in range(5)]
        seen = _seen_scores(b, op, old[0] if is_in_place else given[0], index, share)
        found = [_biased(b, op, seen["capped"], seen["bias"])]
        return found if len(outs) == 1 else [*found, converted(b, seen[op.scores], wide, own)]

    ins = [] if is_in_place else [(stage.tensor(products, shape), names)]
    scores = stage.generic(names, ins, outs, region, attributes="mlc.last")
    g.tile_loops(stage, 5)
    g.close(stage, scores, cost=4)
    return made


def _seen_scores(b: Body, op: Attention, product: Scalar, index: list[Scalar], share: int) -> dict[str, Any]:
    """A score at each of the steps that a second result may show, and the bias between the last two, None without."""
    raw = b.mul(product, _scale(b, op, product))
    capped = raw
    if op.softcap > 0:
        cap = b.like(op.softcap, raw)
        capped = b.mul(b.unary("math.tanh", b.div(raw, cap)), cap)
    bias = _bias(b, op, capped, index, share)
    biased = capped if bias is None else b.add(capped, bias)
    return {"raw": raw, "capped": capped, "biased": biased, "bias": bias}


def _scale(b: Body, op: Attention, like: Scalar) -> Scalar:
    depth = op.q.tensor.dims[3]
    if op.scale is not None or isinstance(depth, int):
        return b.like(
            op.scale if op.scale is not None else 1 / math.sqrt(depth) if isinstance(depth, int) else 0.0, like
        )
    root = b.unary("math.sqrt", as_float(b, b.stage.dim(depth), "f64"))
    return converted(b, b.div(b.like(1, root), root), DType.F64, accumulator(op.q.tensor.dtype))


def _biased(b: Body, op: Attention, score: Scalar, bias: Scalar | None) -> Scalar:
    """What the softmax sees of a score: both with the digits of its dtype."""
    wide, dtype = accumulator(op.q.tensor.dtype), _softmax_dtype(op)

    def narrowed(x: Scalar) -> Scalar:
        digits = op.softmax_dtype or wide
        return converted(b, converted(b, x, wide, digits), digits, dtype)

    score = narrowed(score)
    if bias is None:
        return score
    bias = narrowed(bias)
    total = b.add(score, bias)
    if op.zero_rows != "unseen":
        return total
    unseen = b.like(float("-inf"), bias)
    return b.select(b.compare("oeq", bias, unseen), unseen, total)


def _bias(b: Body, op: Attention, like: Scalar, index: list[Scalar], share: int) -> Scalar | None:
    """What is added to a score: the mask's element, -inf where the key is unseen; None where there is nothing."""
    batch, group, member, query, key = index
    bias: Scalar | None = None
    seen: list[Scalar] = []
    if op.mask is not None:
        head = b.binary("arith.addi", b.binary("arith.muli", group, b.index(share)), member)
        element = _mask(b, op, op.mask, [batch, head, query, key], seen)
        if op.mask.tensor.dtype is DType.BOOL:
            seen.append(element)
        else:
            bias = converted(b, element, op.mask.tensor.dtype, accumulator(op.q.tensor.dtype))
    here = query
    if op.offset is not None or op.lengths is not None:
        here = b.binary("arith.addi", here, _offset(b, op, batch))
    if op.is_causal:
        seen.append(b.compare("sle", key, here))
    if op.left_window >= 0:
        seen.append(b.compare("sge", key, b.binary("arith.subi", here, b.index(op.left_window))))
    if op.right_window >= 0:
        seen.append(b.compare("sle", key, b.binary("arith.addi", here, b.index(op.right_window))))
    if op.lengths is not None:
        seen.append(b.compare("slt", key, _integer(b, op.lengths, [batch])))
    if not seen:
        return bias
    is_seen = seen[0]
    for condition in seen[1:]:
        is_seen = b.binary("arith.andi", is_seen, condition)
    return b.select(is_seen, b.like(0, like) if bias is None else bias, b.like(float("-inf"), like))


def _mask(b: Body, op: Attention, mask: Value, full: list[Scalar], seen: list[Scalar]) -> Scalar:
    """The mask's element; a condition more in `seen` where its last dim may end before the keys do."""
    dims = mask.tensor.dims
    extents: tuple[Dim, ...] = (*op.by_head(op.q.tensor.dims)[:3], op.by_head(op.k.tensor.dims)[2])
    at: list[Scalar] = []
    for axis, (dim, i, extent) in enumerate(zip(dims, full[4 - len(dims) :], extents[4 - len(dims) :], strict=True)):
        if dim == extent:
            at.append(i)
            continue
        size, one = b.stage.dim(dim), b.index(1)
        is_one = b.compare("eq", size, one)
        if axis == len(dims) - 1 and dim != 1:
            seen.append(b.binary("arith.ori", b.compare("slt", i, size), is_one))
            i = b.binary("arith.minsi", i, b.binary("arith.subi", size, one))
        at.append(b.index(0) if dim == 1 else b.select(is_one, b.index(0), i))
    return b.extract(b.stage.tensor(mask), at)


def _integer(b: Body, value: Value, index: list[Scalar]) -> Scalar:
    return read_index(b, value, index[: value.tensor.rank] if value.tensor.dims != (1,) else [b.index(0)])


def _offset(b: Body, op: Attention, batch: Scalar) -> Scalar:
    if op.offset is not None:
        return _integer(b, op.offset, [batch])
    assert op.lengths is not None
    return b.binary("arith.subi", _integer(b, op.lengths, [batch]), b.stage.dim(op.by_head(op.q.tensor.dims)[2]))


def _weights(
    g: Lowering, op: Attention, scores: Storage, maxima: Storage, rows: tuple[Dim, Dim], shown: Storage | None
) -> Storage:
    """The softmax of each row of scores; what `zero_rows` names is zero. A second result of weights is written too."""
    dtype, own = _softmax_dtype(op), op.q.tensor.dtype
    powers, sums = _exponentials(g, op, scores, maxima, rows)
    made = g.temporary(dtype, *rows)
    last = Stage("weights")
    outs = [(last.destination(made), ["r", "k"])]
    if shown is not None and op.scores == "weights":
        outs.append((last.destination(shown, rows), ["r", "k"]))

    def quotient(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        power, total, largest = given
        found = b.div(power, total)
        if op.zero_rows == "unseen":
            found = b.select(b.compare("oeq", largest, b.like(float("-inf"), largest)), b.like(0, found), found)
        elif op.zero_rows != "none":
            found = b.select(b.compare("uno", found, found), b.like(0, found), found)
        return [found, converted(b, found, dtype, own)][: len(outs)]

    ins: list[tuple[Tensor, Expressions]] = [
        (last.tensor(powers), ["r", "k"]),
        (last.tensor(sums), ["r"]),
        (last.tensor(maxima, (rows[0],)), ["r"]),
    ]
    weights = last.generic(["r", "k"], ins, outs, quotient, attributes="mlc.last")
    g.tile_loops(last, 2)
    g.close(last, weights, cost=4)
    return made


def _exponentials(
    g: Lowering, op: Attention, scores: Storage, maxima: Storage, rows: tuple[Dim, Dim]
) -> tuple[Storage, Storage]:
    """Exponentials of the scores less their row's largest, and the sums of their rows.

    They are kept, since they run in vectors where nothing is summed: a sum has one order, and its loop one element.
    """
    dtype = _softmax_dtype(op)
    powers, sums = g.temporary(dtype, *rows), g.temporary(dtype, rows[0])
    stage = Stage("exponentials")

    def exponential(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        score, largest = given
        if op.zero_rows == "unseen":
            is_empty = b.compare("oeq", largest, b.like(float("-inf"), largest))
            largest = b.select(is_empty, b.like(0, largest), largest)
        return [b.unary("math.exp", b.sub(score, largest))]

    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(scores, rows), ["r", "k"]),
        (stage.tensor(maxima, (rows[0],)), ["r"]),
    ]
    outs: list[tuple[Tensor, Expressions]] = [(stage.destination(powers), ["r", "k"])]
    [made] = stage.generic(["r", "k"], ins, outs, exponential, attributes="mlc.last")
    g.tile_loops(stage, 2)
    g.close(stage, [made], cost=16)
    adding = Stage("sums_of_exponentials")
    zero = adding.fill(0, adding.destination(sums))
    total = reduction(adding, adding.tensor(powers), zero, [1], lambda b, old, x: b.add(old, x), "mlc.last")
    adding.family, adding.parameters = "loops", {"tile": (1,)}
    g.close(adding, [total], cost=4 * g.plan.estimate(rows[1]))
    return powers, sums
