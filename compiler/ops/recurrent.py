"""Recurrent layers over x[T, B, I]: Rnn, Gru, Lstm, in one direction or both.

Shared by the three, with D directions and H hidden elements: the results are y[T, D, B, H] and the last states
[D, B, H]. Weights stack the gates: w[D, gates * H, I], r[D, gates * H, H], bias b[D, 2 * gates * H] (for w, then for
r). lengths[B] are the turns each sample has; behind them y is 0 and the state stays; "reverse" goes through a sample's
own turns from its last. `activations` are per direction, one for each of the layer's functions, with their alphas and
betas. What goes into an activation is cut to [-clip, clip] when clip > 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import numpy as np

from mlc.ir import Array, Dim, Op, TensorType, Value, keyword
from mlc.ir.dims import product
from mlc.ops.inference import same_dtype
from mlc.ops.precision import widened

Activation = Callable[[Array], Array]
Direction = Literal["forward", "reverse", "bidirectional"]

# alpha and beta where a model leaves them out. ONNX RNN (opset 22).
ACTIVATION_DEFAULTS: dict[str, tuple[float, float]] = {
    "Relu": (0.0, 0.0),
    "Tanh": (0.0, 0.0),
    "Sigmoid": (0.0, 0.0),
    "Affine": (1.0, 0.0),
    "LeakyRelu": (0.01, 0.0),
    "ThresholdedRelu": (1.0, 0.0),
    "ScaledTanh": (1.0, 1.0),
    "HardSigmoid": (0.2, 0.5),
    "Elu": (1.0, 0.0),
    "Softsign": (0.0, 0.0),
    "Softplus": (0.0, 0.0),
}


def activation(name: str, alpha: float, beta: float) -> Activation:
    """The function ONNX calls `name`, with its parameters. Raises KeyError for a name ONNX does not have."""
    functions: dict[str, Activation] = {
        "Relu": lambda x: np.maximum(x, 0),
        "Tanh": lambda x: np.asarray(np.tanh(x)),
        "Sigmoid": lambda x: np.asarray(0.5 * np.tanh(0.5 * x) + 0.5),  # exp(-x) would overflow
        "Affine": lambda x: alpha * x + beta,
        "LeakyRelu": lambda x: np.where(x < 0, alpha * x, x),
        "ThresholdedRelu": lambda x: np.where(x > alpha, x, 0),
        "ScaledTanh": lambda x: np.asarray(alpha * np.tanh(beta * x)),
        "HardSigmoid": lambda x: np.clip(alpha * x + beta, 0, 1),
        "Elu": lambda x: np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x),
        "Softsign": lambda x: x / (1 + np.abs(x)),
        "Softplus": lambda x: np.asarray(np.logaddexp(x, np.zeros_like(x))),
    }
    return functions[name]


class Recurrent(Op, abstract=True):
    """Base of the three layers."""

    x: Value
    w: Value
    r: Value
    b: Value | None = None
    lengths: Value | None = None
    initial: Value | None = None
    activations: tuple[str, ...] = keyword(kw_only=True)
    alphas: tuple[float, ...] = keyword(kw_only=True)
    betas: tuple[float, ...] = keyword(kw_only=True)
    clip: float = 0.0
    direction: Direction = "forward"

    result_names: ClassVar[tuple[str, ...]] = ("sequence", "hidden")
    gates = 1
    function_count = 1

    def infer(self) -> tuple[TensorType, ...]:
        dtype = same_dtype(self, self.x, self.w, self.r)
        self._check_activations()
        x, r = self.x.tensor, self.r.tensor
        if x.shape is None or r.shape is None:
            return (TensorType(dtype, None),) * len(self.result_names)
        if x.rank != 3 or r.rank != 3:
            raise self.error(f"x {x} and r {r} must have rank 3")
        hidden, rows = r.dims[2], r.dims[1]
        if isinstance(hidden, int) and isinstance(rows, int) and rows != self.gates * hidden:
            raise self.error(f"r {r} must have {self.gates} times {hidden} rows")
        state = TensorType(dtype, (self._direction_count, x.dims[1], hidden))
        y = TensorType(dtype, (x.dims[0], *state.dims))
        return (y, *(state,) * (len(self.result_names) - 1))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        x, w, r = self.x.tensor.dims, self.w.tensor.dims, self.r.tensor.dims
        hidden, batch, directions = r[2], x[1], self._direction_count
        pairs: list[tuple[Dim, Dim]] = [(r[0], directions), (r[1], self.gates * hidden)]
        pairs += zip(w, (directions, self.gates * hidden, x[2]), strict=False)
        if self.b is not None:
            pairs += zip(self.b.tensor.dims, (directions, 2 * self.gates * hidden), strict=False)
        if self.lengths is not None:
            pairs.append((self.lengths.tensor.dims[0], batch))
        for state in self._states():
            pairs += zip(state.tensor.dims, (directions, batch, hidden), strict=False)
        return pairs

    def _states(self) -> list[Value]:
        return [] if self.initial is None else [self.initial]

    def _check_activations(self) -> None:
        count = self.function_count * self._direction_count
        if not len(self.activations) == len(self.alphas) == len(self.betas) == count:
            raise self.error(f"activations, alphas and betas must have {count} entries, got {self.activations}")
        if unknown := [a for a in self.activations if a not in ACTIVATION_DEFAULTS]:
            raise self.error(f"activation {unknown[0]} is not one of {', '.join(ACTIVATION_DEFAULTS)}")

    @property
    def _direction_count(self) -> int:
        return 2 if self.direction == "bidirectional" else 1

    def _functions(self, number: int) -> list[Activation]:
        at = number * self.function_count
        triples = list(zip(self.activations, self.alphas, self.betas, strict=True))[at : at + self.function_count]

        def clipped(function: Activation) -> Activation:
            return lambda x: function(np.clip(x, -self.clip, self.clip)) if self.clip > 0 else function(x)

        return [clipped(activation(*triple)) for triple in triples]

    def _run(
        self,
        x: Array,
        lengths: Array | None,
        states: list[Array],
        step: Callable[[int, Array, list[Array]], list[Array]],
    ) -> tuple[Array, ...]:
        """y and the last states; `step` takes the direction's number, x of one turn and the states before it."""
        turns, batch = x.shape[:2]
        counts = np.full(batch, turns) if lengths is None else lengths
        outputs, lasts = [], []
        for number in range(self._direction_count):
            order = np.broadcast_to(np.arange(turns)[:, None], (turns, batch))
            if self.direction == "reverse" or number == 1:
                order = np.where(order < counts, counts - 1 - order, order)
            fed = np.take_along_axis(x, order[:, :, None], axis=0)
            now = [s[number] for s in states]
            y = np.zeros((turns, *now[0].shape), x.dtype)
            for turn in range(turns):
                alive = (turn < counts)[:, None]
                now = [np.where(alive, a, b) for a, b in zip(step(number, fed[turn], now), now, strict=True)]
                y[turn] = np.where(alive, now[0], 0)
            outputs.append(np.take_along_axis(y, order[:, :, None], axis=0))
            lasts.append(now)
        return (np.stack(outputs, axis=1), *(np.stack(s) for s in zip(*lasts, strict=True)))

    def _biases(self, b: Array | None, r: Array) -> tuple[Array, Array]:
        """The biases of w and of r, [D, gates * H] each."""
        if b is None:
            return np.zeros(r.shape[:2], widened(r).dtype), np.zeros(r.shape[:2], widened(r).dtype)
        half = b.shape[1] // 2
        return widened(b)[:, :half], widened(b)[:, half:]

    def _start(self, initial: Array | None, x: Array, r: Array) -> Array:
        shape = (self._direction_count, x.shape[1], r.shape[2])
        return np.zeros(shape, widened(x).dtype) if initial is None else widened(initial)

    def flops(self) -> Dim:
        x, w, r = self.x.tensor, self.w.tensor, self.r.tensor
        return 2 * x.dims[0] * x.dims[1] * (product(w.dims) + product(r.dims))


class Rnn(Recurrent):
    """h' = f(x @ w^T + h @ r^T + biases). Results y, last h. ONNX RNN (opset 22) in layout 0."""

    def evaluate(
        self, x: Array, w: Array, r: Array, b: Array | None, lengths: Array | None, initial: Array | None
    ) -> tuple[Array, ...]:
        wb, rb = self._biases(b, r)
        wide_w, wide_r = widened(w), widened(r)

        def step(d: int, now: Array, states: list[Array]) -> list[Array]:
            (f,) = self._functions(d)
            return [f(now @ wide_w[d].T + states[0] @ wide_r[d].T + wb[d] + rb[d])]

        results = self._run(widened(x), lengths, [self._start(initial, x, r)], step)
        return tuple(a.astype(x.dtype) for a in results)


class Gru(Recurrent):
    """z, s = f(x @ w^T + h @ r^T + biases) for gates z, s; n = g(x @ w^T + (s * h) @ r^T + biases); h' = (1-z) n + z h.

    With `resets_after_linear`, n = g(x @ w^T + bias + s * (h @ r^T + bias)). Gates are stacked z, s, n. Results y,
    last h. ONNX GRU (opset 22) in layout 0.
    """

    resets_after_linear: bool = False
    gates = 3
    function_count = 2

    def evaluate(
        self, x: Array, w: Array, r: Array, b: Array | None, lengths: Array | None, initial: Array | None
    ) -> tuple[Array, ...]:
        wb, rb = self._biases(b, r)
        wide_w, wide_r = widened(w), widened(r)
        size = r.shape[2]

        def step(d: int, now: Array, states: list[Array]) -> list[Array]:
            f, g = self._functions(d)
            (h,) = states
            inputs = now @ wide_w[d].T + wb[d]
            update, reset = np.split(f(inputs[:, : 2 * size] + h @ wide_r[d, : 2 * size].T + rb[d, : 2 * size]), 2, 1)
            last_r, last_b = wide_r[d, 2 * size :].T, rb[d, 2 * size :]
            recurrent = reset * (h @ last_r + last_b) if self.resets_after_linear else (reset * h) @ last_r + last_b
            new = g(inputs[:, 2 * size :] + recurrent)
            return [(1 - update) * new + update * h]

        results = self._run(widened(x), lengths, [self._start(initial, x, r)], step)
        return tuple(a.astype(x.dtype) for a in results)


class Lstm(Recurrent):
    """i, o, f = F(gates + peephole * c), n = G(gate); c' = f c + i n; h' = o * K(c'); o peeps at c'.

    A gate is x @ w^T + h @ r^T + biases; gates are stacked i, o, f, n, peepholes[D, 3H] i, o, f. With `couples_gates`
    f = 1 - i. Results y, last h, last c. ONNX LSTM (opset 22) in layout 0.
    """

    initial_c: Value | None = None
    peepholes: Value | None = None
    couples_gates: bool = False
    gates = 4
    function_count = 3
    result_names = ("sequence", "hidden", "cell")

    def _states(self) -> list[Value]:
        return [v for v in (self.initial, self.initial_c) if v is not None]

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        pairs = super().equal_dims()
        if self.peepholes is None:
            return pairs
        directions, _, hidden = self.r.tensor.dims
        return [*pairs, *zip(self.peepholes.tensor.dims, (directions, 3 * hidden), strict=False)]

    def evaluate(
        self,
        x: Array,
        w: Array,
        r: Array,
        b: Array | None,
        lengths: Array | None,
        initial: Array | None,
        initial_c: Array | None,
        peepholes: Array | None,
    ) -> tuple[Array, ...]:
        wb, rb = self._biases(b, r)
        wide_w, wide_r = widened(w), widened(r)
        peeps = np.zeros((len(w), 3 * r.shape[2]), wide_w.dtype) if peepholes is None else widened(peepholes)

        def step(d: int, now: Array, states: list[Array]) -> list[Array]:
            f, g, k = self._functions(d)
            h, c = states
            in_gate, out_gate, forget_gate, new = np.split(
                now @ wide_w[d].T + h @ wide_r[d].T + wb[d] + rb[d], 4, axis=1
            )
            peep_in, peep_out, peep_forget = np.split(peeps[d], 3)
            taken = f(in_gate + peep_in * c)
            kept = 1 - taken if self.couples_gates else f(forget_gate + peep_forget * c)
            cell = kept * c + taken * g(new)
            return [f(out_gate + peep_out * cell) * k(cell), cell]

        states = [self._start(initial, x, r), self._start(initial_c, x, r)]
        return tuple(a.astype(x.dtype) for a in self._run(widened(x), lengths, states, step))
