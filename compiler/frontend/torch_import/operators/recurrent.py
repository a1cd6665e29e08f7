"""Recurrent layers: torch's stacks of layers and directions as one op a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, Op, Value
from mlc.ops import Concat, Gru, Lstm, Rnn, Slice

_ACTIVATIONS: dict[type[Op], tuple[str, ...]] = {Lstm: ("Sigmoid", "Tanh", "Tanh"), Gru: ("Sigmoid", "Tanh")}
# torch stacks an LSTM's gates input, forget, cell, output and a GRU's reset, update, new.
_GATES: dict[type[Op], tuple[int, ...]] = {Lstm: (0, 3, 1, 2), Gru: (1, 0, 2), Rnn: (0,)}


@torch_op("aten.lstm.input", ignores=("dropout",))
def lstm(
    g: Graph,
    input: Value,
    hx: Sequence[Value],
    params: Sequence[Value],
    has_biases: bool,
    num_layers: int,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Value, ...]:
    """The output of the last layer, and the last hidden and cell states of all."""
    return _stack(g, Lstm, input, hx, params, has_biases, num_layers, train, bidirectional, batch_first)


@torch_op("aten.gru.input", ignores=("dropout",))
def gru(
    g: Graph,
    input: Value,
    hx: Value,
    params: Sequence[Value],
    has_biases: bool,
    num_layers: int,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Value, ...]:
    """The output of the last layer, and the last states of all."""
    return _stack(g, Gru, input, [hx], params, has_biases, num_layers, train, bidirectional, batch_first)


@torch_op("aten.rnn_tanh.input", "aten.rnn_relu.input", ignores=("dropout",))
def rnn(
    g: Graph,
    input: Value,
    hx: Value,
    params: Sequence[Value],
    has_biases: bool,
    num_layers: int,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Value, ...]:
    """The output of the last layer, and the last states of all."""
    return _stack(g, Rnn, input, [hx], params, has_biases, num_layers, train, bidirectional, batch_first)


def _stack(
    g: Graph,
    op: type[Op],
    x: Value,
    states: Sequence[Value],
    params: Sequence[Value],
    has_biases: bool,
    layers: int,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Value, ...]:
    if train and layers > 1:
        raise g.error("draws random numbers for its dropout in training mode; call eval() on the model")
    directions = 2 if bidirectional else 1
    per_direction = 4 if has_biases else 2
    if len(params) != layers * directions * per_direction:
        raise g.error("projections (proj_size) are not supported")
    x = g.transpose(x, [1, 0, 2]) if batch_first else x
    last: list[list[Value]] = [[] for _ in states]
    for layer in range(layers):
        own = params[layer * directions * per_direction : (layer + 1) * directions * per_direction]
        weights = [own[i * per_direction : (i + 1) * per_direction] for i in range(directions)]
        starts = [_rows(g, s, layer * directions, directions) for s in states]
        x, finals = _layer(g, op, x, weights, starts, bidirectional)
        for found, final in zip(last, finals, strict=True):
            found.append(final)
    ends = [rows[0] if len(rows) == 1 else g(Concat(rows, 0)) for rows in last]
    return (g.transpose(x, [1, 0, 2]) if batch_first else x, *ends)


def _layer(
    g: Graph, op: type[Op], x: Value, weights: list[Sequence[Value]], starts: list[Value], bidirectional: bool
) -> tuple[Value, list[Value]]:
    """One layer: y[T, B, D * H], and the last states [D, B, H]."""
    w, r = (_joined(g, [_gates(g, op, part[i]) for part in weights]) for i in (0, 1))
    b = None
    if len(weights[0]) == 4:
        b = _joined(g, [g(Concat([_gates(g, op, part[2]), _gates(g, op, part[3])], 0)) for part in weights])
    directions = len(weights)
    relu = "rnn_relu" in g.operator
    functions = _ACTIVATIONS.get(op, ("Relu",) if relu else ("Tanh",)) * directions
    options: dict[str, Any] = {
        "activations": functions,
        "alphas": (0.0,) * len(functions),
        "betas": (0.0,) * len(functions),
        "direction": "bidirectional" if bidirectional else "forward",
    }
    if op is Gru:
        options["resets_after_linear"] = True
    if op is Lstm:
        options["initial_c"] = starts[1]
    layer = g.add(op(x, w, r, b, initial=starts[0], **options))
    y = g.transpose(layer.results[0], [0, 2, 1, 3])
    steps, batch, *_ = y.tensor.dims
    return g.reshape(y, (steps, batch, y.tensor.dims[2] * y.tensor.dims[3])), list(layer.results[1:])


def _joined(g: Graph, parts: list[Value]) -> Value:
    """One entry a direction along a new first dim."""
    rows = [g.reshape(p, (1, *p.tensor.dims)) for p in parts]
    return rows[0] if len(rows) == 1 else g(Concat(rows, 0))


def _gates(g: Graph, op: type[Op], stacked: Value) -> Value:
    """The gates of weights or biases in mlc's order."""
    order = _GATES[op]
    if len(order) == 1:
        return stacked
    size = stacked.tensor.dims[0] // len(order)
    return g(Concat([_rows(g, stacked, size * place, size) for place in order], 0))


def _rows(g: Graph, x: Value, first: Dim, count: Dim) -> Value:
    if first == 0 and count == x.tensor.dims[0]:
        return x
    rest = x.tensor.dims[1:]
    zeros = (0,) * len(rest)
    return g(Slice(x, (first, *zeros), (count, *rest), (1,) * (len(rest) + 1)))
