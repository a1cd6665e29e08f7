"""Recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import transposed
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Value
from mlc.ops import Gru, Lstm, Rnn
from mlc.ops.recurrent import ACTIVATION_DEFAULTS, Recurrent

# Activations by lower-case name: ONNX compares them so.
_SPELLED = {name.lower(): name for name in ACTIVATION_DEFAULTS}
_HAS_ALPHA = {"Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu"}
_HAS_BETA = {"Affine", "ScaledTanh", "HardSigmoid"}


@onnx_op("RNN", since=7)
def rnn(
    g: Graph,
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    sequence_lens: Value | None = None,
    initial_h: Value | None = None,
    *,
    activation_alpha: tuple[float, ...] | None = None,
    activation_beta: tuple[float, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
) -> Sequence[Value]:
    functions = _functions(g, direction, activations, ("Tanh",), activation_alpha, activation_beta)
    x, initial_h = (_batch_second(g, v, layout) for v in (x, initial_h))
    return _finished(g, Rnn(x, w, r, b, sequence_lens, initial_h, clip=clip, **functions), layout)


@onnx_op("GRU", since=7)
def gru(
    g: Graph,
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    sequence_lens: Value | None = None,
    initial_h: Value | None = None,
    *,
    activation_alpha: tuple[float, ...] | None = None,
    activation_beta: tuple[float, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
    linear_before_reset: int = 0,
) -> Sequence[Value]:
    functions = _functions(g, direction, activations, ("Sigmoid", "Tanh"), activation_alpha, activation_beta)
    x, initial_h = (_batch_second(g, v, layout) for v in (x, initial_h))
    resets = bool(linear_before_reset)
    op = Gru(x, w, r, b, sequence_lens, initial_h, clip=clip, resets_after_linear=resets, **functions)
    return _finished(g, op, layout)


@onnx_op("LSTM", since=7)
def lstm(
    g: Graph,
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    sequence_lens: Value | None = None,
    initial_h: Value | None = None,
    initial_c: Value | None = None,
    p: Value | None = None,
    *,
    activation_alpha: tuple[float, ...] | None = None,
    activation_beta: tuple[float, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
    layout: int = 0,
) -> Sequence[Value]:
    functions = _functions(g, direction, activations, ("Sigmoid", "Tanh", "Tanh"), activation_alpha, activation_beta)
    x, initial_h, initial_c = (_batch_second(g, v, layout) for v in (x, initial_h, initial_c))
    op = Lstm(
        x,
        w,
        r,
        b,
        sequence_lens,
        initial_h,
        clip=clip,
        initial_c=initial_c,
        peepholes=p,
        couples_gates=bool(input_forget),
        **functions,
    )
    return _finished(g, op, layout)


def _functions(
    g: Graph,
    direction: str,
    names: tuple[str, ...] | None,
    usual: tuple[str, ...],
    alphas: tuple[float, ...] | None,
    betas: tuple[float, ...] | None,
) -> dict[str, Any]:
    """The op's attributes for direction and activations; alphas and betas are listed for functions that have them."""
    if direction not in ("forward", "reverse", "bidirectional"):
        raise g.error(f"attribute 'direction' must be forward, reverse or bidirectional, got {direction!r}")
    count = len(usual) * (2 if direction == "bidirectional" else 1)
    given = names or usual * (count // len(usual))
    if unknown := [n for n in given if n.lower() not in _SPELLED]:
        raise g.error(f"activation {unknown[0]!r} is not one of {', '.join(ACTIVATION_DEFAULTS)}")
    spelled = [_SPELLED[n.lower()] for n in given][:count]
    parameters: list[list[float]] = [[], []]
    for place, (listed, owners) in enumerate(((alphas, _HAS_ALPHA), (betas, _HAS_BETA))):
        rest = iter(listed or ())
        for name in spelled:
            default = ACTIVATION_DEFAULTS[name][place]
            parameters[place].append(next(rest, default) if name in owners else default)
    alpha, beta = (tuple(p) for p in parameters)
    return {"direction": direction, "activations": tuple(spelled), "alphas": alpha, "betas": beta}


def _batch_second(g: Graph, x: Value | None, layout: int) -> Any:
    """x[B, T or D, ...] of layout 1 as [T or D, B, ...]."""
    return x if x is None or not layout else transposed(g, x, (1, 0, 2))


def _finished(g: Graph, op: Recurrent, layout: int) -> Sequence[Value]:
    y, *states = g.add(op).results
    if not layout:
        return [y, *states]
    return [transposed(g, y, (2, 0, 1, 3)), *(transposed(g, s, (1, 0, 2)) for s in states)]
