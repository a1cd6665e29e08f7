"""Rules of recognize for activations: GELU in both its forms, the sigmoid."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlc.ir import Op, Value
from mlc.ops import Add, Cast, Div, Erf, Exp, Gelu, Mul, Neg, Sigmoid, Sub, Tanh
from mlc.passes.patterns import Product, close, is_about, leak, product_of, scalar
from mlc.rewrite import Miss, Rule


def recognize_gelu(op: Mul | Div) -> Value | Miss | None:
    """x / 2 * (1 + erf(x / sqrt 2)) -> gelu(x), its factors in any order; and the same with tanh.

    The tanh form is x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))).
    """
    loose = product_of(op.result)
    curve = next((c for f in loose.factors if (c := _one_plus_curve(f)) is not None), None)
    if curve is None:
        return None
    add, inner = curve
    for x in _candidates(inner, loose):
        argument_ops = _erf_argument(inner, x) if isinstance(inner, Erf) else _tanh_argument(inner, x)
        whole = product_of(op.result, [x])
        rest = whole.without(add.result)
        if argument_ops is None or rest != [x] or x.type != op.result.type:
            continue
        if not close(whole.constant, 0.5, x.tensor.dtype):
            if any(isinstance(user, Mul | Div) for user in op.result.users):
                return None  # the factor may be still to come
            return Miss(f"the factor is {whole.constant}, not 0.5", blocker=op)
        escaping = leak([*whole.ops, *argument_ops, add, inner], op)
        return escaping or Gelu(x, approximation="none" if isinstance(inner, Erf) else "tanh").result
    return None


def _one_plus_curve(value: Value) -> tuple[Add, Erf | Tanh] | None:
    """1 + erf(...) or 1 + tanh(...)."""
    add = value.op
    if not isinstance(add, Add):
        return None
    for term, one in ((add.x, add.y), (add.y, add.x)):
        if isinstance(term.op, Erf | Tanh) and is_about(one, 1.0):
            return add, term.op
    return None


def _candidates(inner: Erf | Tanh, loose: Product) -> list[Value]:
    """What x may be: a factor, or an operand of the multiplications, near the argument of the curve."""
    near: dict[Value, None] = {}
    frontier = [inner.x]
    for _ in range(5):  # tanh(c * (x + d * (x * (x * x)))) has x five ops down
        frontier = [v for value in frontier if value.op is not None for v in value.op.operands]
        near.update(dict.fromkeys(v for v in frontier if v.type == inner.x.type))
    users = {v for op in loose.ops for v in op.operands}
    return [v for v in near if v in users or v in loose.factors]


def _erf_argument(inner: Erf, x: Value) -> list[Op] | None:
    """The ops of x / sqrt 2."""
    product = product_of(inner.x, [x])
    is_match = product.factors == [x] and close(product.constant, math.sqrt(0.5), x.tensor.dtype)
    return product.ops if is_match else None


def _tanh_argument(inner: Tanh, x: Value) -> list[Op] | None:
    """The ops of sqrt(2 / pi) * (x + 0.044715 * x^3), or of the same with x taken out of the sum."""
    outer = product_of(inner.x, [x])
    if not close(outer.constant, math.sqrt(2 / math.pi), x.tensor.dtype):
        return None
    is_taken_out = len(outer.factors) == 2 and x in outer.factors
    total = next((f for f in outer.factors if f is not x), None)
    add = total.op if total is not None else None
    if not isinstance(add, Add) or not (is_taken_out or len(outer.factors) == 1):
        return None
    for first, second in ((add.x, add.y), (add.y, add.x)):
        cubic = product_of(second, [x])
        powers = 2 if is_taken_out else 3
        is_first = is_about(first, 1.0) if is_taken_out else first is x
        if is_first and cubic.factors == [x] * powers and close(cubic.constant, 0.044715, x.tensor.dtype):
            return [*outer.ops, add, *cubic.ops]
    return None


def recognize_gelu_of_erfc(op: Mul) -> Value | Miss | None:
    """x / 2 * (1 - erf(-x / sqrt 2)) -> gelu(x), where 1 - erf may be computed in f64, as jax's erfc is."""
    for factor in product_of(op.result).factors:
        complement = _complement(factor)
        if complement is None:
            continue
        argument, inner = complement
        for x, constant, ops in _multiples(argument):
            whole = product_of(op.result, [x])
            is_half = close(whole.constant, 0.5, x.tensor.dtype) and whole.without(factor) == [x]
            if is_half and x.type == op.result.type and close(constant, -math.sqrt(0.5), x.tensor.dtype):
                return leak([*whole.ops, *inner, *ops], op) or Gelu(x, approximation="none").result
    return None


def _complement(value: Value) -> tuple[Value, list[Op]] | None:
    """u and the ops between when `value` is 1 - erf(u), perhaps with casts to a wider float around."""
    ops: list[Op] = []
    if isinstance(value.op, Cast):
        ops.append(value.op)
        value = value.op.x
    sub = value.op
    erf = sub.y.op if isinstance(sub, Sub) else None
    if not isinstance(sub, Sub) or not isinstance(erf, Erf) or not is_about(sub.x, 1.0):
        return None
    ops += [sub, erf]
    cast = erf.x.op
    if not ops or not isinstance(ops[0], Cast):
        return erf.x, ops
    is_wider = isinstance(cast, Cast) and cast.x.tensor.dtype is ops[0].dtype
    return (cast.x, [*ops, cast]) if isinstance(cast, Cast) and is_wider else None


def _multiples(value: Value) -> Iterator[tuple[Value, float, list[Op]]]:
    """(x, c, the ops between) for each x that `value` is c times of."""
    constant = 1.0
    ops: list[Op] = []
    while True:
        yield value, constant, list(ops)
        match value.op:
            case Neg() as op:
                constant = -constant
            case Mul() | Div() as op if (number := scalar(op.y)) not in (None, 0.0) and op.x.type == value.type:
                assert number is not None
                constant = constant * number if isinstance(op, Mul) else constant / number
            case _:
                return
        ops.append(op)
        value = op.x


def recognize_sigmoid(op: Div) -> Value | Miss | None:
    """1 / (1 + exp(-x)) -> sigmoid(x), which is defined so."""
    add = op.y.op
    if not is_about(op.x, 1.0) or not isinstance(add, Add) or op.y.type != op.result.type:
        return None
    for term, one in ((add.x, add.y), (add.y, add.x)):
        exp = term.op
        if isinstance(exp, Exp) and isinstance(exp.x.op, Neg) and is_about(one, 1.0):
            return leak([add, exp, exp.x.op], op) or Sigmoid(exp.x.op.x).result
    return None


RULES: tuple[Rule, ...] = (recognize_gelu, recognize_gelu_of_erfc, recognize_sigmoid)
