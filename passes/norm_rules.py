"""Rules of recognize for normalizations: softmax, log-softmax, layer norm, RMS norm."""

from __future__ import annotations

from mlc.ir import Op, Value
from mlc.ops import (
    Add,
    Cast,
    Div,
    Exp,
    LayerNorm,
    Log,
    LogSoftmax,
    Mul,
    Pow,
    ReduceMax,
    ReduceMean,
    ReduceSum,
    RmsNorm,
    Softmax,
    Sqrt,
    Sub,
)
from mlc.passes.patterns import is_about, leak, reduced_axes, scalar, square_of
from mlc.rewrite import Miss, Rule


def recognize_softmax(op: Div | Mul) -> Value | Miss | None:
    """e / sum(e), or e * (1 / sum(e)), with e = exp(x - max(x)) -> softmax(x), all over one axis."""
    for quotient, divisor, between in _quotients(op):
        total, exp = divisor.op, quotient.op
        if not isinstance(total, ReduceSum) or not isinstance(exp, Exp) or total.x is not quotient:
            continue
        axes = reduced_axes(total)
        if axes is None or len(axes) > 1:
            return Miss("the sum is not over one known axis that is kept", blocker=total)
        shifted = _shifted(exp.x, axes)
        if shifted is None:
            return Miss("no maximum is subtracted: it overflows where softmax does not", blocker=exp.x)
        x, ops = shifted
        return leak([*between, total, exp, *ops], op) or Softmax(x, axis=axes[0]).result
    return None


def _quotients(op: Div | Mul) -> list[tuple[Value, Value, list[Op]]]:
    """(x, y, the ops between) where `op` is x / y or x * (1 / y)."""
    if isinstance(op, Div):
        return [(op.x, op.y, [])]
    sides = ((x, factor.op) for x, factor in ((op.x, op.y), (op.y, op.x)))
    return [(x, div.y, [div]) for x, div in sides if isinstance(div, Div) and is_about(div.x, 1.0)]


def recognize_log_softmax(op: Sub) -> Value | Miss | None:
    """t - log(sum(exp(t))) with t = x - max(x) -> log_softmax(x), all over one axis."""
    log = op.y.op
    total = log.x.op if isinstance(log, Log) else None
    exp = total.x.op if isinstance(total, ReduceSum) else None
    if log is None or not isinstance(total, ReduceSum) or not isinstance(exp, Exp) or exp.x is not op.x:
        return None
    axes = reduced_axes(total)
    if axes is None or len(axes) > 1 or (shifted := _shifted(op.x, axes)) is None:
        return None
    x, ops = shifted
    return leak([log, total, exp, *ops], op) or LogSoftmax(x, axis=axes[0]).result


def _shifted(value: Value, axes: tuple[int, ...]) -> tuple[Value, list[Op]] | None:
    """x when `value` is x - max(x) over the axes, with the ops between."""
    sub = value.op
    top = sub.y.op if isinstance(sub, Sub) else None
    if not isinstance(sub, Sub) or not isinstance(top, ReduceMax) or top.x is not sub.x or reduced_axes(top) != axes:
        return None
    return sub.x, [sub, top]


def recognize_layer_norm(op: Div | Mul) -> Value | Miss | None:
    """d / sqrt(mean(d * d) + epsilon) with d = x - mean(x) over the last axes -> layer_norm(x)."""
    root = _over_deviation(op)
    if root is None:
        return None
    centered, variance, epsilon, ops = root
    sub = centered.op
    mean = sub.y.op if isinstance(sub, Sub) else None
    if not isinstance(sub, Sub) or not isinstance(mean, ReduceMean) or mean.x is not sub.x:
        return None
    axis = _last_axes(variance)
    if axis is None or reduced_axes(mean) != reduced_axes(variance):
        return Miss("mean and variance are not over the same last axes", blocker=variance)
    return leak([*ops, sub, mean], op) or LayerNorm(sub.x, axis=axis, epsilon=epsilon).result


def recognize_rms_norm(op: Div | Mul) -> Value | Miss | None:
    """x / sqrt(mean(x * x) + epsilon) over the last axes -> rms_norm(x)."""
    root = _over_deviation(op)
    if root is None:
        return None
    x, variance, epsilon, ops = root
    sub = x.op
    if isinstance(sub, Sub) and isinstance(sub.y.op, ReduceMean) and sub.y.op.x is sub.x:
        return None  # a layer norm that its own rule refused
    axis = _last_axes(variance)
    if axis is None:
        return Miss("the mean is not over last axes", blocker=variance)
    return leak(ops, op) or RmsNorm(x, axis=axis, epsilon=epsilon).result


def absorb_scale(op: Mul) -> Value | Miss | None:
    """layer_norm(x) * s -> layer_norm(x, s), where s varies over normalized axes alone."""
    for normed, factor in ((op.x, op.y), (op.y, op.x)):
        norm = normed.op
        if isinstance(norm, LayerNorm | RmsNorm) and norm.scale is None:
            if isinstance(norm, LayerNorm) and norm.bias is not None:
                continue
            if normed.type != op.result.type or not _fits(factor, norm):
                continue
            return leak([norm], op) or norm.clone(scale=factor).results[0]
    return None


def absorb_bias(op: Add) -> Value | Miss | None:
    """layer_norm(x, s) + b -> layer_norm(x, s, b), where b varies over normalized axes alone."""
    for normed, term in ((op.x, op.y), (op.y, op.x)):
        norm = normed.op
        if isinstance(norm, LayerNorm) and norm.bias is None and normed.type == op.result.type and _fits(term, norm):
            return leak([norm], op) or norm.clone(bias=term).results[0]
    return None


def _fits(value: Value, norm: LayerNorm | RmsNorm) -> bool:
    """Whether `value` has the shape of the normalized axes, or is one number."""
    x = norm.x.tensor
    shape = value.tensor.shape
    return x.shape is not None and shape is not None and shape in ((), x.dims[norm.axis % x.rank :])


def _over_deviation(op: Div | Mul) -> tuple[Value, ReduceMean, float, list[Op]] | None:
    """(x, mean(x * x), epsilon, the ops between) when `op` is x / sqrt(mean(x * x) + epsilon)."""
    sides = [(op.x, op.y)] if isinstance(op, Div) else [(op.x, op.y), (op.y, op.x)]
    for x, divisor in sides:
        ops: list[Op] = []
        total = _root(divisor, ops) if isinstance(op, Div) else _reciprocal_root(divisor, ops)
        add = total.op if total is not None else None
        if not isinstance(add, Add) or x.type != op.result.type:
            continue
        for squares, term in ((add.x, add.y), (add.y, add.x)):
            mean, epsilon = squares.op, scalar(term)
            square = square_of(mean.x) if isinstance(mean, ReduceMean) else None
            if isinstance(mean, ReduceMean) and epsilon is not None and square is not None and square[0] is x:
                return x, mean, epsilon, [*ops, add, mean, square[1]]
            wide = _wide_variance(squares, x) if epsilon is not None else None
            if epsilon is not None and wide is not None:
                return x, wide[0], epsilon, [*ops, add, *wide[1]]
    return None


def _wide_variance(value: Value, x: Value) -> tuple[ReduceMean, list[Op]] | None:
    """mean(d * d) and the ops when `value` is its cast to x's dtype, d = w - mean(w), w = cast(s), x = s - mean(s).

    So torch-mlir spells a variance, in f64. In x's dtype it is as exact as the mean that x itself has.
    """
    narrow, sub = value.op, x.op
    mean = narrow.x.op if isinstance(narrow, Cast) else None
    square = square_of(mean.x) if isinstance(mean, ReduceMean) else None
    if not isinstance(narrow, Cast) or not isinstance(mean, ReduceMean) or square is None or not isinstance(sub, Sub):
        return None
    centered = square[0].op
    inner = centered.y.op if isinstance(centered, Sub) else None
    wide = centered.x.op if isinstance(centered, Sub) else None
    if not isinstance(centered, Sub) or not isinstance(inner, ReduceMean) or not isinstance(wide, Cast):
        return None
    is_wider = wide.dtype.is_float and wide.dtype.bits > x.tensor.dtype.bits
    if wide.x is not sub.x or inner.x is not centered.x or reduced_axes(inner) != reduced_axes(mean) or not is_wider:
        return None
    return mean, [narrow, mean, square[1], centered, inner, wide]


def _root(value: Value, ops: list[Op]) -> Value | None:
    """v when `value` is sqrt(v) or v to the power 0.5."""
    op = value.op
    if isinstance(op, Sqrt) or (isinstance(op, Pow) and is_about(op.y, 0.5) and op.x.type == value.type):
        ops.append(op)
        return op.x
    return None


def _reciprocal_root(value: Value, ops: list[Op]) -> Value | None:
    """v when `value` is 1 / sqrt(v) or v to the power -0.5."""
    op = value.op
    if isinstance(op, Pow) and is_about(op.y, -0.5) and op.x.type == value.type:
        ops.append(op)
        return op.x
    if isinstance(op, Div) and is_about(op.x, 1.0) and op.y.type == value.type:
        ops.append(op)
        return _root(op.y, ops)
    return None


def _last_axes(mean: ReduceMean) -> int | None:
    """The first of the last axes that the mean is over, counted from the back; None when others are among them."""
    axes = reduced_axes(mean)
    rank = mean.x.tensor.rank if mean.x.tensor.shape is not None else 0
    if axes is None or axes != tuple(range(rank - len(axes), rank)):
        return None
    return -len(axes)


RULES: tuple[Rule, ...] = (
    recognize_softmax,
    recognize_log_softmax,
    recognize_layer_norm,
    recognize_rms_norm,
    absorb_scale,
    absorb_bias,
)
