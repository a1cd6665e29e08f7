"""Rnn, Gru, Lstm: one product for what all turns take from x, then scf.for over the turns with linalg inside.

A stage walks one direction; a turn of its parallel loop is one sample, whose states and gates are carried through the
turns of the sequence. A turn is linalg.vecmat (the state times the recurrent weights, added to what x gives) and one
generic that combines the gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.control import forall, loop, part_of, replaced
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering, best_divisor
from mlc.codegen.mlir.lowerings.matmul import contraction, tile_product
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.arithmetic import largest, smallest
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.scalars.recurrent import activation
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.ir import Array, Dim, DType, Value
from mlc.ops import Gru, Lstm, Rnn

Layer = Rnn | Gru | Lstm
# Vector registers that hold a part of the gates while the state passes.
COLUMN_REGISTERS = 8


@linalg(Rnn, Gru, Lstm, attributes="activations alphas betas clip direction resets_after_linear couples_gates")
def recurrent(g: Lowering, op: Layer) -> None:
    results = [g.written(r) for r in op.results]
    if op.x.tensor.dims[0] == 0:
        # No turn writes y, whose type would give a slice of it no place: any other buffer does.
        g.plan.inline(lambda m: None, results[0])
        results[0] = g.temporary(op.x.tensor.dtype, 1, *op.results[0].tensor.dims[1:])
    for direction in range(2 if op.direction == "bidirectional" else 1):
        _Direction(g, op, direction, results).write()
    g.finish_written()


class _Direction:
    """One direction of a layer while its stages are written."""

    def __init__(self, g: Lowering, op: Layer, number: int, results: Sequence[Storage]) -> None:
        self.g, self.op, self.number, self.results = g, op, number, results
        self.dtype = op.x.tensor.dtype
        self.wide = accumulator(self.dtype)
        self.turns, self.batch, self.inputs = op.x.tensor.dims
        self.hidden = op.r.tensor.dims[2]
        self.is_mirrored = op.direction == "reverse" or number == 1

    def write(self) -> None:
        """The stages of this direction."""
        given = self._from_inputs()
        parts = self._recurrent_weights()
        self._walk(given, parts)

    # --- what x gives ---

    def _from_inputs(self) -> Storage:
        """x @ w^T and the biases for all turns and samples, [T, B, gates * H]."""
        g, op = self.g, self.op
        width = op.gates * self.hidden
        factor = self._turned(op.w, 0, op.gates)
        made = g.temporary(self.wide, self.turns or 1, self.batch, width)
        if self.turns == 0:
            return made
        stage = Stage("gates_from_inputs")
        rows = self.turns * self.batch
        out = stage.destination(made, (rows, width))
        start = stage.fill(0, out) if op.b is None else self._biases(stage, op.b, out)
        total = contraction(
            stage, "linalg.matmul", stage.tensor(op.x, (rows, self.inputs)), stage.tensor(factor), start, "mlc.last"
        )
        tile_product(g, stage, "matmul", rows, width, self.inputs)
        g.close(stage, [total], cost=max(1, g.plan.estimate(self.inputs)) // 8 + 1)
        return made

    def _biases(self, stage: Stage, b: Value, out: Tensor) -> Tensor:
        """Both biases in every row; where a reset gate scales what the state gives, that keeps its own."""
        both = stage.tensor(b)
        seen = part_of(stage.body(), both, (self.number, None))
        width = out.dims[1]
        size = str(width) if isinstance(width, int) else str(stage.dim(width))
        halves = [
            stage.op(
                f"tensor.extract_slice {seen.name}[{start}] [{size}] [1] : {seen.type} to "
                f"{Tensor('', seen.dtype, (width,)).type}",
                seen.dtype,
                (width,),
            )
            for start in (0, size)
        ]
        is_apart = isinstance(self.op, Gru) and self.op.resets_after_linear

        def region(body: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
            w, r = (converted(body, x, seen.dtype, out.dtype) for x in given)
            total = body.add(w, r)
            if not is_apart:
                return [total]
            is_new = body.compare("sge", body.loop_index(1), body.stage.dim(2 * self.hidden))
            return [body.select(is_new, w, total)]

        [made] = stage.generic(
            ["n", "j"], [(h, ["j"]) for h in halves], [(out, ["n", "j"])], region, attributes="mlc.inner"
        )
        return made

    # --- weights ---

    def _recurrent_weights(self) -> list[Storage]:
        """r^T, [H, ...]: of all gates, or of a Gru's first two and of its last."""
        if isinstance(self.op, Gru):
            return [self._turned(self.op.r, 0, 2), self._turned(self.op.r, 2, 3)]
        return [self._turned(self.op.r, 0, self.op.gates)]

    def _turned(self, weights: Value, first: int, last: int) -> Storage:
        """The rows of these gates as columns: when compiling where they are constant, else in a stage."""
        g, number = self.g, self.number
        rows, columns = (last - first) * self.hidden, weights.tensor.dims[2]
        if g.plan.constant(weights) is not None:
            assert isinstance(rows, int) and isinstance(columns, int)
            size = rows // (last - first)

            def turn(array: Array) -> Array:
                return np.ascontiguousarray(array[number, first * size : last * size].T)

            name = f"gates {first} to {last} of direction {number}, turned"
            return g.plan.prepared(weights, name, weights.tensor.dtype, (columns, rows), turn)
        made = g.temporary(weights.tensor.dtype, columns, rows)
        stage = Stage("turned_gates")
        whole, out = stage.tensor(weights), stage.destination(made)
        sizes = [str(d) if isinstance(d, int) else str(stage.dim(d)) for d in (rows, columns)]
        start = str(first * self.hidden) if isinstance(self.hidden, int) else str(stage.dim(first * self.hidden))
        kind = Tensor("", whole.dtype, (rows, columns)).type
        text = f"tensor.extract_slice {whole.name}[{number}, {start}, 0] [1, {', '.join(sizes)}] [1, 1, 1]"
        part = stage.op(f"{text} : {whole.type} to {kind}", whole.dtype, (rows, columns))
        turned = stage.op(
            f"linalg.transpose ins({part.name} : {part.type}) outs({out.name} : {out.type}) permutation = [1, 0] "
            "{mlc.last}",
            out.dtype,
            out.dims,
        )
        g.tile_loops(stage, 2)
        g.close(stage, [turned])
        return made

    # --- the turns ---

    def _walk(self, given: Storage, weights: Sequence[Storage]) -> None:
        g, op = self.g, self.op
        stage = g.stage(op)
        results = [stage.destination(r) for r in self.results]
        states = len(results) - 1
        widths = [t.dims[1] for t in (stage.tensor(w) for w in weights)]
        sizes = [self.hidden] * states + widths + ([self.hidden] if isinstance(op, Gru) else [])
        scratch = [stage.scratch(g.temporary(self.wide, self.batch, size)) for size in sizes]
        places = [
            (results[0], lambda at: (None, self.number, at[0], None)),
            *((r, lambda at: (self.number, at[0], None)) for r in results[1:]),
            *((s, lambda at: (at[0], None)) for s in scratch),
        ]

        def sample(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
            y, lasts, carried = parts[0], parts[1 : 1 + states], parts[1 + states :]
            walk = _Sample(self, stage, at[0], stage.tensor(given), [stage.tensor(w) for w in weights], states)
            return walk.write(b, y, lasts, carried)

        made = forall(stage, [self.batch], places, sample)
        self._tile(stage, widths)
        g.close(stage, made[: len(results)], cost=g.plan.estimate(self.hidden) * op.gates // 8 + 1)

    def _tile(self, stage: Stage, widths: Sequence[Dim]) -> None:
        """Columns of the gates in registers, where their number has vectors."""
        stage.family = "forall"
        lanes = self.g.target.lanes(self.wide.itemsize)
        if isinstance(self.hidden, int) and self.hidden > 0 and all(isinstance(w, int) for w in widths):
            vectors = best_divisor(self.hidden // lanes, COLUMN_REGISTERS) if self.hidden % lanes == 0 else 0
            columns = vectors * lanes or best_divisor(self.hidden, COLUMN_REGISTERS * lanes)
            stage.family = "recurrent"
            stage.parameters = {"columns": columns, "width": best_divisor(self.hidden, 4 * lanes)}


class _Sample:
    """One sample of a direction: its turns, from the states before them to the last."""

    def __init__(
        self, layer: _Direction, stage: Stage, sample: Scalar, given: Tensor, weights: Sequence[Tensor], states: int
    ) -> None:
        self.layer, self.op, self.stage, self.sample = layer, layer.op, stage, sample
        self.given, self.weights, self.states = given, weights, states
        number, count = layer.number, self.op.function_count
        self.functions = [self._function(number * count + n) for n in range(count)]

    def write(self, b: Body, y: Tensor, lasts: Sequence[Tensor], scratch: Sequence[Tensor]) -> list[Tensor]:
        """The sample's y, its last states, and the buffers they were computed in."""
        length = self._length(b)
        cells = [self.op.initial, self.op.initial_c] if isinstance(self.op, Lstm) else [self.op.initial]
        start = [self._initial(b, c, t) for c, t in zip(cells, scratch, strict=False)]
        zero = b.index(0)

        def turn(b: Body, i: Scalar, carried: list[Tensor]) -> list[Tensor]:
            return self._turn(b, self._place(b, i, length), carried)

        y, *now = loop(b, zero, length, [y, *start, *scratch[self.states :]], turn)
        if self.op.lengths is not None:
            last = self.stage.dim(self.layer.turns)
            [y] = loop(b, length, last, [y], lambda b, i, c: [self._put(b, None, c[0], i)])
        ends = [self._stored(state, last) for state, last in zip(now, lasts, strict=False)]
        return [y, *ends, *now]

    def _turn(self, b: Body, place: Scalar, carried: list[Tensor]) -> list[Tensor]:
        y, *rest = carried
        states, gates = rest[: self.states], rest[self.states :]
        row = part_of(b, self.given, (place, self.sample, None))
        match self.op:
            case Lstm():
                states, gates = self._lstm(b, row, states, gates)
            case Gru():
                states, gates = self._gru(b, row, states, gates)
            case _:
                [f] = self.functions
                [total] = gates
                total = self._add_recurrent(states[0], 0, self._copied(row, total))
                states = self._combined([total], states, lambda b, given, old: [f(b, given[0])])
                gates = [total]
        return [self._put(b, states[0], y, place), *states, *gates]

    def _lstm(
        self, b: Body, row: Tensor, states: list[Tensor], gates: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        op = self.op
        assert isinstance(op, Lstm)
        f, g, k = self.functions
        total = self._add_recurrent(states[0], 0, self._copied(row, gates[0]))
        parts = [self._gate(b, total, n) for n in range(4)]
        if op.peepholes is not None:
            peeps = part_of(b, self.stage.tensor(op.peepholes), (self.layer.number, None))
            parts += [self._gate(b, peeps, n) for n in range(3)]

        def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            wide = self.layer.wide
            cell = old[1]

            def peeped(gate: int, at: Scalar) -> Scalar:
                if op.peepholes is None:
                    return given[gate]
                peep = converted(b, given[4 + gate], op.peepholes.tensor.dtype, wide)
                return b.add(given[gate], b.mul(peep, at))

            taken = f(b, peeped(0, cell))
            kept = b.sub(b.like(1, taken), taken) if op.couples_gates else f(b, peeped(2, cell))
            new = b.add(b.mul(kept, cell), b.mul(taken, g(b, given[3])))
            return [b.mul(f(b, peeped(1, new)), k(b, new)), new]

        return self._combined(parts, states, region), [total]

    def _gru(
        self, b: Body, row: Tensor, states: list[Tensor], gates: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        op = self.op
        assert isinstance(op, Gru)
        f, g = self.functions
        first, new, aside = gates
        [h] = states
        both = self._add_recurrent(h, 0, self._copied(self._gates(b, row, 0, 2), first))
        new = self._copied(self._gates(b, row, 2, 3), new)
        update, reset = self._gate(b, both, 0), self._gate(b, both, 1)
        ins = [update, reset, new]
        if op.resets_after_linear:
            aside = self._add_recurrent(h, 1, self._last_bias(b, aside))
            ins.append(aside)
        else:
            [aside] = self._combined([reset, h], [aside], lambda b, x, old: [b.mul(f(b, x[0]), x[1])])
            ins[2] = new = self._add_recurrent(aside, 1, new)

        def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            share, moved = f(b, given[0]), given[2]
            if op.resets_after_linear:
                moved = b.add(moved, b.mul(f(b, given[1]), given[3]))
            rest = b.sub(b.like(1, share), share)
            return [b.add(b.mul(rest, g(b, moved)), b.mul(share, old[0]))]

        return self._combined(ins, states, region), [both, new, aside]

    # --- parts of a turn ---

    def _add_recurrent(self, state: Tensor, number: int, total: Tensor) -> Tensor:
        """total + state @ r^T."""
        weights = self.weights[number]
        if weights.dtype is state.dtype:
            return contraction(self.stage, "linalg.vecmat", state, weights, total, "mlc.turn")

        def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            return [b.add(old[0], b.mul(given[0], converted(b, given[1], weights.dtype, state.dtype)))]

        ins = [(state, ["k"]), (weights, ["k", "j"])]
        [made] = self.stage.generic(["j"], ins, [(total, ["j"])], region, reduction=["k"])
        return made

    def _last_bias(self, b: Body, out: Tensor) -> Tensor:
        if self.op.b is None:
            return self.stage.fill(0, out, "mlc.pointwise")
        both = part_of(b, self.stage.tensor(self.op.b), (self.layer.number, None))
        return self._copied(self._gates(b, both, 5, 6), out)

    def _gate(self, b: Body, gates: Tensor, number: int) -> Tensor:
        return self._gates(b, gates, number, number + 1)

    def _gates(self, b: Body, gates: Tensor, first: int, last: int) -> Tensor:
        """The elements of some gates of a row."""
        hidden = self.layer.hidden
        start, size = (
            str(d) if isinstance(d, int) else str(self.stage.dim(d)) for d in (first * hidden, (last - first) * hidden)
        )
        dims = ((last - first) * hidden,)
        kind = Tensor("", gates.dtype, dims).type
        text = f"tensor.extract_slice {gates.name}[{start}] [{size}] [1] : {gates.type} to {kind}"
        return self.stage.op(text, gates.dtype, dims)

    def _combined(
        self,
        ins: Sequence[Tensor],
        outs: Sequence[Tensor],
        region: Callable[[Body, list[Scalar], list[Scalar]], Sequence[Scalar]],
    ) -> list[Tensor]:
        given, made = [(t, ["j"]) for t in ins], [(t, ["j"]) for t in outs]
        return self.stage.generic(["j"], given, made, region, attributes="mlc.pointwise")

    def _copied(self, source: Tensor, out: Tensor) -> Tensor:
        """The source in the dtype of `out`."""
        [made] = self._combined([source], [out], lambda b, x, _: [converted(b, x[0], source.dtype, out.dtype)])
        return made

    _stored = _copied

    def _put(self, b: Body, state: Tensor | None, y: Tensor, place: Scalar) -> Tensor:
        """y with the row of a turn, of zeros where there is no state."""
        row = part_of(b, y, (place, None))
        made = self.stage.fill(0, row, "mlc.pointwise") if state is None else self._stored(state, row)
        return replaced(b, made, y, (place, None))

    def _initial(self, b: Body, value: Value | None, out: Tensor) -> Tensor:
        if value is None:
            return self.stage.fill(0, out, "mlc.pointwise")
        return self._copied(part_of(b, self.stage.tensor(value), (self.layer.number, self.sample, None)), out)

    def _length(self, b: Body) -> Scalar:
        """How many turns the sample has."""
        turns, lengths = self.stage.dim(self.layer.turns), self.op.lengths
        if lengths is None:
            return turns
        given = converted(b, b.extract(self.stage.tensor(lengths), [self.sample]), lengths.tensor.dtype, DType.I64)
        return b.binary("arith.maxsi", b.binary("arith.minsi", b.as_index(given), turns), b.index(0))

    def _place(self, b: Body, turn: Scalar, length: Scalar) -> Scalar:
        """Which element of the sequence a turn is about."""
        if not self.layer.is_mirrored:
            return turn
        return b.binary("arith.subi", b.binary("arith.subi", length, b.index(1)), turn)

    def _function(self, number: int) -> Callable[[Body, Scalar], Scalar]:
        op, wide = self.op, self.layer.wide

        def apply(b: Body, x: Scalar) -> Scalar:
            if op.clip > 0:
                x = smallest(b, wide, largest(b, wide, x, b.like(-op.clip, x)), b.like(op.clip, x))
            return activation(b, op.activations[number], op.alphas[number], op.betas[number], x)

        return apply
