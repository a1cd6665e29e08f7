"""Rnn, Gru and Lstm: one unit per direction and sample goes through its turns.

In a turn each row of the gates is a dot product with x and one with the state over vector lanes, then the gates are
combined, vectors of hidden elements at a time. Weights are read row by row as they lie in memory; samples and
directions run in parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mlc.codegen import math, registers
from mlc.codegen.builder import Builder, Index, Num
from mlc.codegen.elements.arithmetic import larger, smaller
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.spaces import fold_line, lanes_for, products_of
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType, Value
from mlc.ops import Gru, Lstm, Rnn

Element = Any  # ir.Value; llvmlite is untyped
Activation = Callable[[Element], Element]

# The first slot of the gates.
GATES = 4


@kernel(Rnn, Gru, Lstm)
def recurrent(plan: Plan, op: Rnn | Gru | Lstm) -> None:
    """Two sets of states in memory, the last and the next, swapped by copying."""
    turns, batch, _ = op.x.tensor.dims
    hidden = op.r.tensor.dims[2]
    count = op.w.tensor.dims[0]
    dtype = accumulator(op.x.tensor.dtype)
    # Per unit, in slots: h, c, the next h and c, the gates.
    state = plan.temporary(dtype, count, batch, (GATES + op.gates) * hidden)
    work = op.gates * hidden * (hidden + op.x.tensor.dims[2]) // 8

    @plan.each(count * batch, cost=turns * work)
    def unit(k: Kernel, number: Any) -> None:
        direction, sample = k.unravel(number, [k.dim(count), k.dim(batch)])
        if op.direction != "bidirectional" or _are_alike(op):
            Layer(plan, k, op, state, direction, sample, 0).run()
            return
        for which in range(2):
            with k.when(k.compare("==", direction, which)):
                Layer(plan, k, op, state, direction, sample, which).run()


def _are_alike(op: Rnn | Gru | Lstm) -> bool:
    """Whether both directions have the same activations, so that one code serves them."""
    n = op.function_count
    return all(given[:n] == given[n:] for given in (op.activations, op.alphas, op.betas))


class Layer:
    """One direction of one sample while the kernel is written; `which` is the direction's number."""

    def __init__(
        self, plan: Plan, k: Kernel, op: Rnn | Gru | Lstm, state: Temporary, direction: Num, sample: Num, which: int
    ) -> None:
        self.k, self.op, self.at, self.which = k, op, (direction, sample), which
        self.dtype = state.dtype
        self.turns, _, self.inputs = (k.dim(d) for d in op.x.tensor.dims)
        self.hidden = k.dim(op.r.tensor.dims[2])
        self.lanes = lanes_for(plan, op.r.tensor.dims[2], op.r, self.dtype)
        self.input_lanes = lanes_for(plan, op.x.tensor.dims[2], op.x, self.dtype)
        self.state = k.tensor(state)
        self.length = self._length()
        self.functions = [self._function(n) for n in range(op.function_count)]

    def _length(self) -> Num:
        k, op = self.k, self.op
        if op.lengths is None:
            return self.turns
        given = k.read_as(DType.I64, k.tensor(op.lengths), (self.at[1],))
        return k.maximum(k.minimum(given, self.turns), 0)  # a negative one would write before the result

    def _function(self, number: int) -> Activation:
        op = self.op
        at = self.which * op.function_count + number

        def apply(x: Element) -> Element:
            if op.clip > 0:
                x = larger(self.k, self.dtype, x, self.k.like(-op.clip, x))
                x = smaller(self.k, self.dtype, x, self.k.like(op.clip, x))
            return activation(self.k, op.activations[at], op.alphas[at], op.betas[at], x)

        return apply

    def run(self) -> None:
        """All turns; the results behind the sample's own are zeros."""
        k, op = self.k, self.op
        direction, sample = self.at
        cells = [op.initial, op.initial_c] if isinstance(op, Lstm) else [op.initial]
        for slot, initial in enumerate(cells):
            for j in self._places():
                self._set(slot, j, self._initial(initial, j))
        y = k.tensor(op.results[0])
        with k.loop(0, self.length) as turn:
            place = self._place(turn)
            self._turn(place)
            for j in self._places():
                for slot in range(len(cells)):
                    self._set(slot, j, self._get(2 + slot, j))
                k.write(y, (place, direction, sample, j), self._narrow(self._get(0, j)))
        with k.loop(self.length, self.turns) as turn:
            for j in self._places():
                k.write(y, (turn, direction, sample, j), k.constant(self.dtype, 0))
        for slot, result in enumerate(op.results[1:]):
            for j in self._places():
                k.write(k.tensor(result), (direction, sample, j), self._narrow(self._get(slot, j)))

    def _place(self, turn: Num) -> Num:
        """Which element of the sequence a turn is about."""
        k = self.k
        mirrored = k.sub(k.sub(self.length, 1), turn)
        match self.op.direction:
            case "forward":
                return turn
            case "reverse":
                return mirrored
            case _:
                return k.select(k.compare("==", self.at[0], 1), mirrored, turn)

    def _turn(self, place: Num) -> None:
        """The next states, in the slots behind the states."""
        self._add_inputs(place)
        match self.op:
            case Lstm():
                self._lstm()
            case Gru():
                self._gru()
            case _:
                self._add_recurrents(0, 1, 0)
                (f,) = self.functions
                for j in self._places():
                    self._set(2, j, f(self._gate(0, j)))

    def _gru(self) -> None:
        k, op = self.k, self.op
        assert isinstance(op, Gru)
        f, g = self.functions
        self._add_recurrents(0, 2, 0)
        for j in self._places():
            self._set(GATES, j, f(self._gate(0, j)))
            reset = f(self._gate(1, j))
            self._set(GATES + 1, j, reset)
            self._set(2, j, k.ir.fmul(reset, self._get(0, j)))
        if op.resets_after_linear:
            self._add_recurrents(2, 3, 0, scaled_by=GATES + 1)
        else:
            self._add_recurrents(2, 3, 2)
        for j in self._places():
            new, update = g(self._gate(2, j)), self._gate(0, j)
            rest = k.ir.fsub(k.like(1.0, update), update)
            self._set(2, j, k.ir.fadd(k.ir.fmul(rest, new), k.ir.fmul(update, self._get(0, j))))

    def _lstm(self) -> None:
        k, op = self.k, self.op
        assert isinstance(op, Lstm)
        f, g, h = self.functions
        self._add_recurrents(0, 4, 0)
        for j in self._places():
            cell = self._get(1, j)
            taken = f(self._peeped(0, cell, j))
            kept = k.ir.fsub(k.like(1.0, taken), taken) if op.couples_gates else f(self._peeped(2, cell, j))
            new = k.ir.fadd(k.ir.fmul(kept, cell), k.ir.fmul(taken, g(self._gate(3, j))))
            self._set(3, j, new)
            self._set(2, j, k.ir.fmul(f(self._peeped(1, new, j)), h(new)))

    # --- gates ---

    def _gate(self, gate: int, j: Index) -> Element:
        return self._get(GATES + gate, j)

    def _add_inputs(self, place: Num) -> None:
        """x @ w^T + bias into all gates."""
        k, op = self.k, self.op
        x, w = k.tensor(op.x), k.tensor(op.w)

        def factors(row: Num, i: Index) -> tuple[Element, Element]:
            left = k.read_as(self.dtype, x, (place, self.at[1], i))
            return left, k.read_as(self.dtype, w, (self.at[0], row, i))

        with k.loop(0, k.mul(self.hidden, op.gates)) as row:
            total = self._dot(self.inputs, self.input_lanes, lambda i: factors(row, i))
            self._set(GATES, row, self._biased(total, row))

    def _add_recurrents(self, first: int, last: int, slot: int, scaled_by: int | None = None) -> None:
        """Adds state @ r^T + bias to the gates from `first` up to `last`; the state is that in a slot."""
        k, op = self.k, self.op
        r = k.tensor(op.r)

        def factors(row: Num, i: Index) -> tuple[Element, Element]:
            return self._get(slot, i), k.read_as(self.dtype, r, (self.at[0], row, i))

        with k.loop(k.mul(self.hidden, first), k.mul(self.hidden, last)) as row:
            total = self._dot(self.hidden, self.lanes, lambda i: factors(row, i))
            total = self._biased(total, k.add(row, k.mul(self.hidden, op.gates)))
            if scaled_by is not None:
                total = k.ir.fmul(total, self._get(scaled_by, k.sub(row, k.mul(self.hidden, first))))
            self._set(GATES, row, k.ir.fadd(self._get(GATES, row), total))

    def _dot(self, extent: Num, lanes: int, factors: Callable[[Index], tuple[Element, Element]]) -> Element:
        return fold_line(self.k, products_of(self.dtype), [extent], lanes, lambda i: factors(i[0]))

    def _biased(self, total: Element, place: Num) -> Element:
        k, b = self.k, self.op.b
        return total if b is None else k.ir.fadd(total, k.read_as(self.dtype, k.tensor(b), (self.at[0], place)))

    def _peeped(self, gate: int, cell: Element, j: Index) -> Element:
        """A gate with what its peephole adds; the order of gates and of peepholes is the same."""
        k, op = self.k, self.op
        assert isinstance(op, Lstm)
        if op.peepholes is None:
            return self._gate(gate, j)
        place = k.add(k.mul(self.hidden, gate), j)
        return k.fma(k.read_as(self.dtype, k.tensor(op.peepholes), (self.at[0], place)), cell, self._gate(gate, j))

    # --- states ---

    def _places(self) -> Iterator[Index]:
        """The hidden elements, vector by vector."""
        return self.k.across(0, self.hidden, self.lanes)

    def _get(self, slot: int, j: Index) -> Element:
        return self.k.read(self.state, (*self.at, self._slot(slot, j)))

    def _set(self, slot: int, j: Index, value: Element) -> None:
        self.k.write(self.state, (*self.at, self._slot(slot, j)), value)

    def _slot(self, slot: int, j: Index) -> Index:
        """Element j behind the start of a slot; j may run on into the next ones."""
        return self.k.add(self.k.mul(self.hidden, slot), j)

    def _narrow(self, value: Element) -> Element:
        return registers.converted(self.k, value, self.dtype, self.op.x.tensor.dtype)

    def _initial(self, value: Value | None, j: Index) -> Element:
        k = self.k
        if value is None:
            return k.constant(self.dtype, 0)
        return k.read_as(self.dtype, k.tensor(value), (*self.at, j))


def activation(k: Builder, name: str, alpha: float, beta: float, x: Element) -> Element:
    """The function ONNX calls `name`, with its parameters."""
    zero, one, a, b = (k.like(n, x) for n in (0.0, 1.0, alpha, beta))
    match name:
        case "Relu":
            return k.ir.select(k.ir.fcmp_ordered("<", x, zero), zero, x)
        case "Tanh":
            return math.tanh(k.ir, x)
        case "Sigmoid":
            return math.sigmoid(k.ir, x)
        case "Affine":
            return k.fma(a, x, b)
        case "LeakyRelu":
            return k.ir.select(k.ir.fcmp_ordered("<", x, zero), k.ir.fmul(a, x), x)
        case "ThresholdedRelu":
            return k.ir.select(k.ir.fcmp_ordered(">", x, a), x, zero)
        case "ScaledTanh":
            return k.ir.fmul(a, math.tanh(k.ir, k.ir.fmul(b, x)))
        case "HardSigmoid":
            y = k.fma(a, x, b)
            y = k.ir.select(k.ir.fcmp_ordered("<", y, zero), zero, y)
            return k.ir.select(k.ir.fcmp_ordered(">", y, one), one, y)
        case "Elu":
            below = k.ir.select(k.ir.fcmp_ordered("<", x, zero), x, zero)
            return k.ir.select(k.ir.fcmp_ordered("<", x, zero), k.ir.fmul(a, math.expm1(k.ir, below)), x)
        case "Softsign":
            return k.ir.fdiv(x, k.ir.fadd(one, k.intrinsic("fabs", x)))
        case "Softplus":
            return math.softplus(k.ir, x)
        case _:
            raise AssertionError(name)
