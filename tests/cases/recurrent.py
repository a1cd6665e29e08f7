"""Rows for the ops of mlc.ops.recurrent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cases import Case, normal
from mlc.ir import Array, DType, Op, Value
from mlc.ops import Gru, Lstm, Rnn
from mlc.ops.recurrent import ACTIVATION_DEFAULTS, Recurrent

USUAL = {Rnn: ("Tanh",), Gru: ("Sigmoid", "Tanh"), Lstm: ("Sigmoid", "Tanh", "Tanh")}
LENGTHS = np.array([5, 2, 0], np.int32)


def layer(kind: type[Recurrent], *names: str, functions: tuple[str, ...] = (), **given: Any) -> Callable[..., Op]:
    """Builds a layer whose operands behind x, w, r are those named; ONNX's usual activations."""
    count = 2 if given.get("direction") == "bidirectional" else 1
    functions = functions or USUAL[kind]
    alphas, betas = zip(*(ACTIVATION_DEFAULTS[f] for f in functions), strict=True)
    parameters = {"activations": functions * count, "alphas": alphas * count, "betas": betas * count}

    def build(x: Value, w: Value, r: Value, *rest: Value) -> Op:
        return kind(x, w, r, **dict(zip(names, rest, strict=True)), **parameters, **given)

    return build


def weights(kind: type[Recurrent], directions: int = 1, dtype: DType = DType.F32, turns: int = 5) -> tuple[Array, ...]:
    """x[5, 3, 4], w and r for 6 hidden elements."""
    gates = kind.gates
    shapes = [(turns, 3, 4), (directions, gates * 6, 4), (directions, gates * 6, 6)]
    return tuple(normal(*s, dtype=dtype, scale=0.5) for s in shapes)


def rows(kind: type[Recurrent]) -> list[Case]:
    """What the three layers share."""
    name, g = kind.__name__.lower(), kind.gates
    return [
        Case(name, layer(kind), weights(kind)),
        Case(f"{name}_bias", layer(kind, "b"), (*weights(kind), normal(1, 2 * g * 6))),
        Case(f"{name}_initial", layer(kind, "initial"), (*weights(kind), normal(1, 3, 6))),
        Case(f"{name}_reverse", layer(kind, direction="reverse"), weights(kind)),
        Case(f"{name}_both", layer(kind, direction="bidirectional"), weights(kind, 2)),
        Case(f"{name}_lengths", layer(kind, "lengths"), (*weights(kind), LENGTHS)),
        Case(f"{name}_lengths_both", layer(kind, "lengths", direction="bidirectional"), (*weights(kind, 2), LENGTHS)),
        Case(f"{name}_clip", layer(kind, clip=0.1), weights(kind)),
        Case(f"{name}_f16", layer(kind), weights(kind, dtype=DType.F16)),
        Case(f"{name}_one_turn", layer(kind), weights(kind, turns=1)),
        Case(f"{name}_no_turns", layer(kind), weights(kind, turns=0)),
    ]


CASES = [
    *rows(Rnn),
    *rows(Gru),
    *rows(Lstm),
    *(Case(f"rnn_{f.lower()}", layer(Rnn, functions=(f,)), weights(Rnn)) for f in ACTIVATION_DEFAULTS),
    Case("gru_resets_after_linear", layer(Gru, "b", resets_after_linear=True), (*weights(Gru), normal(1, 36))),
    Case("lstm_peepholes", layer(Lstm, "peepholes"), (*weights(Lstm), normal(1, 18))),
    Case("lstm_initial_c", layer(Lstm, "initial_c"), (*weights(Lstm), normal(1, 3, 6))),
    Case("lstm_couples_gates", layer(Lstm, couples_gates=True), weights(Lstm)),
]
