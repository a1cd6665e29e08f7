"""The innermost product of matrices: a register tile over a run of the sum, as an internal function of its kernel.

A function of its own, because the kernel around it holds constants in registers that LLVM would keep there through the
loop and spill accumulators for. The accumulators are values carried by the loop; they start from zero or from what an
earlier run has left, and end in c, where the caller finds them in the first level of cache.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I1, I8, I64, POINTER, Builder, Lanes, Num
from mlc.codegen.kernels.tiles import CACHE_LINE, TileShape, step_cycles
from mlc.ir import DType

# Steps of the sum in one turn of the loop: its counters and branch then cost nothing beside 4 x 24 products.
UNROLLED = 4
# Cycles in which a line comes from the third level of cache, with some to spare.
LATENCY = 256


@dataclass(frozen=True)
class Run:
    """One call's operands: x[rows, depth] and y[depth, columns] with strides between rows, c[rows][columns].

    Strides and depth count elements. `is_more` adds to what c holds. `ahead` is where the MicroKernel's `lines_ahead`
    begin; None where it has none. `difference` is where its `differences` begin: what is subtracted from, what is
    subtracted, and where that goes. `packed` is where a MicroKernel that packs puts y, [depth][columns].
    """

    x: ir.Value
    x_row: Num
    y: ir.Value
    y_row: Num
    c: ir.Value
    depth: Num
    is_more: ir.Value
    ahead: ir.Value | None = None
    difference: tuple[ir.Value, ir.Value, ir.Value] | None = None
    packed: ir.Value | None = None


@dataclass(frozen=True)
class MicroKernel:
    """What the function is written for.

    What a later call multiplies is fetched while this one computes: in each turn of the loop `lines_ahead` cache lines
    from Run.ahead on are asked for, and with `has_rows_behind` the turn's share of the tile of x behind this one. Or
    it is made: `differences` vectors of Run.difference in each turn. With `packs` the vectors of y, which lie apart,
    are stored side by side to Run.packed: stores, and what they wait for, cost next to nothing between products.
    """

    shape: TileShape
    x_dtype: DType
    dtype: DType  # of y, c and the sum
    c_row: int
    lines_ahead: int = 0
    has_rows_behind: bool = False
    differences: int = 0
    packs: bool = False

    def call(self, k: Builder, run: Run) -> None:
        """Emits a call, and the function where it is the first."""
        strides = [s if isinstance(s, int) else None for s in (run.x_row, run.y_row)]
        is_exact = k.multiple_of(run.depth) % UNROLLED == 0
        function = self._function(k, strides, is_exact)
        numbers = [k.i64(n) for n in (run.x_row, run.y_row, run.depth)]
        ahead = run.y if run.ahead is None else run.ahead
        difference = run.difference if self.differences and run.difference else ()
        packed = (run.packed,) if self.packs and run.packed is not None else ()
        k.ir.call(function, [run.x, run.y, run.c, *numbers, run.is_more, ahead, *difference, *packed])

    def _function(self, k: Builder, strides: Sequence[int | None], is_exact: bool) -> ir.Function:
        shape = self.shape
        named = "_".join("n" if s is None else str(s) for s in strides)
        # All that the function is written for: two that differ in the rows of c alone stand side by side in attention.
        name = f"multiply_{shape.rows}x{shape.columns}_{named}_{self.x_dtype.name}_{self.dtype.name}_{self.c_row}"
        name += f"_{self.lines_ahead}{'_behind' if self.has_rows_behind else ''}{'' if is_exact else '_rest'}"
        name += f"_making_{self.differences}" if self.differences else ""
        name += "_packing" if self.packs else ""
        module = k.function.module
        if name in module.globals:
            return module.globals[name]
        extras = (3 if self.differences else 0) + self.packs
        kinds = [POINTER, POINTER, POINTER, I64, I64, I64, I1, POINTER, *[POINTER] * extras]
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        function.attributes.add("nounwind")
        self._write(Builder(function, k.target), strides, is_exact)
        return function

    def _write(self, k: Builder, strides: Sequence[int | None], is_exact: bool) -> None:
        x, y, c, x_row, y_row, depth, is_more, ahead, *extras = k.function.args
        difference, packed = (extras[:3] if self.differences else []), (extras[-1] if self.packs else None)
        x_row, y_row = (a if s is None else s for a, s in zip((x_row, y_row), strides, strict=True))
        sums = self._initial(k, c, is_more)
        whole = depth if is_exact else k.mul(k.floordiv(depth, UNROLLED), UNROLLED)

        def turn_of(start: Num, sums: list[ir.Value]) -> list[ir.Value]:
            self._ask_for(k, ahead, start)
            if self.has_rows_behind:
                self._ask_for_rows(k, x, x_row, start)
            if difference:
                self._subtract(k, difference, start)
            return self._steps(k, x, x_row, y, y_row, start, UNROLLED, sums, packed)

        def step_of(start: Num, sums: list[ir.Value]) -> list[ir.Value]:
            return self._steps(k, x, x_row, y, y_row, start, 1, sums, packed)

        sums = k.carried(0, whole, UNROLLED, sums, turn_of)
        if not is_exact:
            sums = k.carried(whole, depth, 1, sums, step_of)
        for number, value in enumerate(sums):
            row, v = divmod(number, self.shape.vectors)
            k.store(c, value, Lanes(row * self.c_row + v * self.shape.lanes, 1, self.shape.lanes))
        k.finish()

    def _ask_for(self, k: Builder, ahead: ir.Value, start: Num) -> None:
        """The lines of the turn that begins at step `start`."""
        line = k.at(ahead, I8, k.mul(start, CACHE_LINE // UNROLLED * self.lines_ahead))
        for number in range(self.lines_ahead):
            k.prefetch(k.at(line, I8, number * CACHE_LINE))

    def _ask_for_rows(self, k: Builder, x: ir.Value, x_row: Num, start: Num) -> None:
        """As many lines of the rows behind the tile as the turn reads of the tile."""
        memory, step_bytes = registers.memory_type(self.x_dtype), self.shape.rows * self.x_dtype.itemsize
        line = k.at(k.at(x, memory, k.mul(x_row, self.shape.rows)), I8, k.mul(start, step_bytes))
        for number in range(-(-step_bytes * UNROLLED // CACHE_LINE)):
            k.prefetch(k.at(line, I8, number * CACHE_LINE))

    def _subtract(self, k: Builder, difference: Sequence[ir.Value], start: Num) -> None:
        """The turn's vectors of the difference."""
        lanes, kind = self.shape.lanes, registers.register_type(self.dtype)
        first = k.mul(k.floordiv(start, UNROLLED), self.differences * lanes)
        y, minus, target = (k.at(pointer, kind, first) for pointer in difference)
        for number in range(self.differences):
            at = Lanes(number * lanes, 1, lanes)
            k.store(target, k.ir.fsub(k.load(y, kind, at), k.load(minus, kind, at)), at)

    def _initial(self, k: Builder, c: ir.Value, is_more: ir.Value) -> list[ir.Value]:
        """Zeros, or what c holds."""
        shape, kind = self.shape, registers.register_type(self.dtype)
        zero = k.splat(registers.constant(self.dtype, 0), shape.lanes)
        places = [
            Lanes(row * self.c_row + v * shape.lanes, 1, shape.lanes)
            for row in range(shape.rows)
            for v in range(shape.vectors)
        ]
        before = k.ir.block
        with k.when(is_more):
            held = [k.load(c, kind, place) for place in places]
            loaded = k.ir.block
        sums: list[ir.Value] = []
        for value in held:
            phi = k.ir.phi(value.type)
            phi.add_incoming(zero, before)
            phi.add_incoming(value, loaded)
            sums.append(phi)
        return sums

    def _steps(
        self,
        k: Builder,
        x: ir.Value,
        x_row: Num,
        y: ir.Value,
        y_row: Num,
        start: Num,
        count: int,
        sums: list[ir.Value],
        packed: ir.Value | None,
    ) -> list[ir.Value]:
        """The sums after `count` more steps, whose vectors of y also go to `packed`."""
        shape, memory = self.shape, registers.memory_type(self.x_dtype)
        kind = registers.register_type(self.dtype)
        left = k.at(x, memory, start)
        right = k.at(y, kind, k.mul(start, y_row))
        lines = [left if isinstance(x_row, int) else k.at(left, memory, k.mul(x_row, r)) for r in range(shape.rows)]
        sums = list(sums)
        for step in range(count):
            begin = k.mul(y_row, step)
            vectors = [
                k.load(right, kind, Lanes(k.add(begin, v * shape.lanes), 1, shape.lanes)) for v in range(shape.vectors)
            ]
            if packed is not None:
                self._pack(k, vectors, k.at(packed, kind, k.mul(k.add(start, step), shape.columns)))
                self._ask_for_step(k, k.at(right, kind, k.mul(y_row, step + self._steps_ahead(k))))
            for row, line in enumerate(lines):
                place = row * x_row + step if isinstance(x_row, int) else step
                element = registers.decoded(k, self.x_dtype, k.load(line, memory, place))
                factor = k.splat(registers.converted(k, element, self.x_dtype, self.dtype), shape.lanes)
                for v, vector in enumerate(vectors):
                    cell = row * shape.vectors + v
                    sums[cell] = k.fma(factor, vector, sums[cell])
        return sums

    def _pack(self, k: Builder, vectors: Sequence[ir.Value], row: ir.Value) -> None:
        """One step's vectors of y, side by side."""
        for v, vector in enumerate(vectors):
            k.store(row, vector, Lanes(v * self.shape.lanes, 1, self.shape.lanes))

    def _ask_for_step(self, k: Builder, row: ir.Value) -> None:
        """A later row of y: rows lie too far apart for the processor to foresee the next one."""
        for place in range(0, self.shape.columns * self.dtype.itemsize, CACHE_LINE):
            k.prefetch(k.at(row, I8, place))

    def _steps_ahead(self, k: Builder) -> int:
        return math.ceil(LATENCY / step_cycles(k.target, self.shape.rows, self.shape.vectors))
