"""Normalizations: statistics in stages of their own, then one pass over the elements."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.kernel import Storage, Temporary
from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.lowering import Lowering, aligned, doubtful_index
from mlc.codegen.mlir.lowerings.reduce import divided, reduction
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import floordiv, product
from mlc.ops import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, Lrn, RmsNorm


def statistics(
    g: Lowering, x: Value, dims: tuple[Dim, Dim], epsilon: float, *, centers: bool
) -> tuple[Storage | None, Storage]:
    """Means over the second of two dims (None unless `centers`), and the roots of the mean squares plus epsilon."""
    wide = accumulator(x.tensor.dtype)
    means: Temporary | None = None
    if centers:
        # Summed in f64, so that a mean that is large beside the deviations is the nearest f32 to what it should be.
        means, sums = g.temporary(wide, dims[0]), g.temporary(DType.F64, dims[0])
        stage = Stage("means")
        zero = stage.fill(0, stage.scratch(sums))
        total = reduction(stage, stage.tensor(x, dims), zero, [1], lambda b, old, v: b.add(old, v), "mlc.inner")
        mean = divided(stage, total, [dims[1]], "mlc.inner")
        out = stage.destination(means)
        kind = register_type(wide)
        [rounded] = stage.generic(
            ["i"],
            [(mean, ["i"])],
            [(out, ["i"])],
            lambda b, given, _: [b.convert("arith.truncf", given[0], kind)],
            attributes="mlc.last",
        )
        _close(g, stage, rounded, dims)
    roots = g.temporary(wide, dims[0])
    stage = Stage("deviations")
    zero = stage.fill(0, stage.destination(roots))
    ins = [(stage.tensor(x, dims), ["i", "k"]), *([(stage.tensor(means), ["i"])] if means is not None else [])]

    def square(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        value = given[0] if means is None else b.sub(given[0], given[1])
        return [b.add(old[0], b.mul(value, value))]

    [total] = stage.generic(["i"], ins, [(zero, ["i"])], square, reduction=["k"], attributes="mlc.inner")
    variance = divided(stage, total, [dims[1]], "mlc.inner", add=epsilon)
    [root] = stage.generic(
        ["i"], [], [(variance, ["i"])], lambda b, _, old: [b.unary("math.sqrt", old[0])], attributes="mlc.last"
    )
    _close(g, stage, root, dims)
    return means, roots


def _close(g: Lowering, stage: Stage, made: Tensor, dims: tuple[Dim, Dim]) -> None:
    stage.family, stage.parameters = "loops", {"tile": (1,)}
    g.close(stage, [made], cost=g.plan.estimate(dims[1]))


@linalg(LayerNorm, RmsNorm, attributes="axis epsilon")
def layer_norm(g: Lowering, op: LayerNorm | RmsNorm) -> None:
    x = op.x.tensor
    axis = op.axis % x.rank
    dims = (product(x.dims[:axis]), product(x.dims[axis:]))
    means, roots = statistics(g, op.x, dims, op.epsilon, centers=isinstance(op, LayerNorm))
    extras = [v for v in (op.scale, getattr(op, "bias", None)) if v is not None]
    _normalized(g, op, x.dims, axis, means, roots, extras, has_scale=op.scale is not None)


def _normalized(
    g: Lowering,
    op: LayerNorm | RmsNorm,
    dims: tuple[Dim, ...],
    axis: int,
    means: Storage | None,
    roots: Storage,
    extras: Sequence[Value],
    *,
    has_scale: bool,
) -> None:
    stage = g.stage(op)
    names = [f"i{n}" for n in range(len(dims))]
    outer = dims[:axis]
    out = g.result(stage, op.result)
    ins = [(stage.tensor(op.x), names)]
    ins += [(stage.tensor(s, outer), names[:axis]) for s in (means, roots) if s is not None]
    doubtful: dict[int, Tensor] = {}
    for number, value in enumerate(extras):
        seen = aligned(value.tensor.dims, dims, dims)
        if seen is None:
            doubtful[number] = stage.tensor(value, (1,) * (len(dims) - value.tensor.rank) + value.tensor.dims)
            continue
        at = ["0" if d == 1 and f != 1 else n for d, f, n in zip(seen, dims, names, strict=True)]
        ins.append((stage.tensor(value, seen), at))

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        rest = given[1:]
        first = len(rest) - len(extras) + len(doubtful)
        for number, tensor in doubtful.items():
            rest.insert(first + number, b.extract(tensor, doubtful_index(b, tensor.dims, dims)))
        value = given[0] if means is None else b.sub(given[0], rest.pop(0))
        value = b.div(value, rest.pop(0))
        if isinstance(op, RmsNorm):
            value = b.rounded(value, op.x.tensor.dtype)
        if has_scale:
            value = b.mul(value, rest.pop(0))
        return [b.add(value, rest.pop(0)) if rest else value]

    [made] = stage.generic(names, ins, [(out, names)], region, attributes=g.last())
    g.tile_loops(stage, len(dims))
    g.finish(stage, made, cost=4)


@linalg(GroupNorm, InstanceNorm, attributes="groups epsilon")
def group_norm(g: Lowering, op: GroupNorm | InstanceNorm) -> None:
    """x as [N, groups, channels of a group, pixels]: statistics over the last two."""
    n, c, *spatial = op.x.tensor.dims
    groups: Dim = op.groups if isinstance(op, GroupNorm) else c
    inside: Dim = floordiv(c, op.groups) if isinstance(op, GroupNorm) else 1
    pixels = product(spatial)
    means, roots = statistics(g, op.x, (n * groups, inside * pixels), op.epsilon, centers=True)
    assert means is not None
    stage = g.stage(op)
    dims = (n, groups, inside, pixels)
    out = g.result(stage, op.result, dims)
    names = ["n", "g", "c", "p"]
    ins = [(stage.tensor(op.x, dims), names)]
    ins += [(stage.tensor(s, (n, groups)), ["n", "g"]) for s in (means, roots)]
    ins += [(stage.tensor(v, (groups, inside)), ["g", "c"]) for v in (op.scale, op.bias)]

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        x, mean, root, scale, bias = given
        return [b.add(b.mul(b.div(b.sub(x, mean), root), scale), bias)]

    [made] = stage.generic(names, ins, [(out, names)], region, attributes=g.last())
    g.tile_loops(stage, 4)
    g.finish(stage, made, cost=4)


@linalg(BatchNorm, attributes="epsilon")
def batch_norm(g: Lowering, op: BatchNorm) -> None:
    x = op.x.tensor.dims
    dims = (x[0], x[1] if len(x) > 1 else 1, product(x[2:]))
    stage = g.stage(op)
    out = g.result(stage, op.result, dims)
    names = ["n", "c", "p"]
    vectors = (op.scale, op.bias, op.mean, op.variance)
    ins = [(stage.tensor(op.x, dims), names), *((stage.tensor(v, (dims[1],)), ["c"]) for v in vectors)]

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        wide = "f64" if any(v.type == "f64" for v in given) else "f32"
        value, scale, bias, mean, variance = (b.convert("arith.extf", v, wide) for v in given)
        factor = b.div(scale, b.unary("math.sqrt", b.add(variance, b.like(op.epsilon, variance))))
        made = b.add(b.mul(b.sub(value, mean), factor), bias)
        return [b.convert("arith.truncf", made, given[0].type)]

    [made] = stage.generic(names, ins, [(out, names)], region, attributes=g.last())
    g.tile_loops(stage, 3)
    g.finish(stage, made, cost=8)


@linalg(Lrn, attributes="size alpha beta k")
def lrn(g: Lowering, op: Lrn) -> None:
    """Sums of squares of the channels around, then one pass."""
    n, c, *spatial = op.x.tensor.dims
    pixels = product(spatial)
    dims = (n, c, pixels)
    below = (op.size - 1) // 2
    wide = accumulator(op.x.tensor.dtype)
    grown = (n, c + (op.size - 1), pixels)
    padded = g.temporary(op.x.tensor.dtype, *grown)
    g.fill(padded, grown, 0)
    g.copy(op.x, dims, padded, grown, (0, below, 0))
    stage = g.stage(op)
    sums = g.temporary(wide, *dims)
    window = Stage("squares")
    zero = window.fill(0, window.destination(sums))
    taps = g.temporary(DType.I8, op.size)

    def square(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        return [b.add(old[0], b.mul(given[0], given[0]))]

    ins = [(window.tensor(padded), ["n", "c + k", "p"]), (window.tensor(taps), ["k"])]
    [total] = window.generic(
        ["n", "c", "p"], ins, [(zero, ["n", "c", "p"])], square, reduction=["k"], attributes="mlc.last"
    )
    g.tile_loops(window, 3)
    g.close(window, [total], cost=op.size)
    out = g.result(stage, op.result, dims)

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        x, squares = given
        scale = b.add(b.like(op.k, squares), b.mul(b.like(op.alpha / op.size, squares), squares))
        return [b.div(x, b.binary("math.powf", scale, b.like(op.beta, scale)))]

    names = ["n", "c", "p"]
    [made] = stage.generic(
        names,
        [(stage.tensor(op.x, dims), names), (stage.tensor(sums), names)],
        [(out, names)],
        region,
        attributes=g.last(),
    )
    g.tile_loops(stage, 3)
    g.finish(stage, made, cost=32)
