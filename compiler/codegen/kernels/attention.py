"""Attention in one pass over the keys: scores, softmax and weighted values of blocks of queries, nothing of L x S.

Loop order: parallel over batches, key heads and blocks of query rows (the rows of all query heads that share a key
head are one dim); inside, blocks of keys, then tiles of query rows. Keys are turned to [D][keys] and values copied to
[keys][E] once for a block, so that products run over whole vectors whatever the dtype and layout; both blocks fill half
of a usual L2 at most. A tile keeps its running maximum, sums by lane and unnormalized result and rescales them when the
maximum grows (Dao et al., FlashAttention, 2022). Blocks of keys that no query of the unit sees are passed over.
"""

from __future__ import annotations

import math as constants
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.spaces import across_lanes
from mlc.codegen.kernels.tiles import Accumulators, TileShape, accumulator, tile_for
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType, Value
from mlc.ir.dims import ceildiv, floordiv
from mlc.ops import Attention

# Query rows of a unit: enough that turning the keys is a small part of its work.
ROWS = 96
# Numbers of a block's keys and values: 32 KB in f32.
BLOCK_NUMBERS = 8192
MOST_KEYS = 128


@kernel(Attention, prologue=True)
def attention(plan: Plan, op: Attention) -> None:
    """Plans the one launch."""
    depth, width = op.q.tensor.dims[3], op.v.tensor.dims[3]
    if not isinstance(depth, int) or not isinstance(width, int):
        raise NoKernel("the size of an attention head is not known when compiling")
    Tiled(plan, op, depth, width).add()


@dataclass(frozen=True)
class Row:
    """Where a query row is: its batch and head, its place among the queries, and its position among the keys."""

    batch: Num
    head: Num
    query: Num
    position: Num


class Tiled:
    """One attention: q[B, G, rows, D], k[B, G, S, D], v[B, G, S, E], where rows are the queries of H/G heads."""

    def __init__(self, plan: Plan, op: Attention, depth: int, width: int) -> None:
        self.plan, self.op, self.depth, self.width = plan, op, depth, width
        self.dtype = accumulator(op.q.tensor.dtype)
        self.kind = registers.register_type(self.dtype)
        self.batch, heads, self.queries, _ = op.q.tensor.dims
        self.groups, self.keys = op.k.tensor.dims[1:3]
        self.share = floordiv(heads, self.groups)
        self.rows = self.share * self.queries
        tile = tile_for(plan.target, self.dtype)
        rows = min(tile.rows, self.rows) if isinstance(self.rows, int) else tile.rows
        self.tile = TileShape(max(rows, 1), tile.vectors, tile.lanes)
        self.lanes = tile.lanes
        self.padded_width = -(-width // tile.columns) * tile.columns
        self.block = self._key_block()
        self.row_block = self._row_block()

    def _key_block(self) -> int:
        columns = self.tile.columns
        most = MOST_KEYS
        if isinstance(self.keys, int):
            most = min(most, -(-max(self.keys, 1) // columns) * columns)
        fitting = BLOCK_NUMBERS // max(self.depth + self.padded_width, 1) // columns * columns
        return max(min(fitting, most), columns)

    def _row_block(self) -> int:
        """At most ROWS, whole tiles; fewer where threads would idle."""
        plan, tile = self.plan, self.tile.rows
        rows = plan.estimate(self.rows)
        block = min(ROWS // tile, max(1, -(-rows // tile))) * tile
        units = plan.estimate(self.batch * self.groups)
        while block > 4 * tile and units * -(-rows // block) < 4 * plan.target.cores:
            block = -(-block // 2 // tile) * tile
        return block

    def add(self) -> None:
        """Adds the launch."""
        plan = self.plan
        blocks = ceildiv(self.rows, self.row_block)
        plan.choose("rows", self.row_block)
        plan.choose("keys", self.block)
        plan.choose("tile", f"{self.tile.rows}x{self.tile.columns}")
        kept = None
        if self.op.scores == "weights":
            kept = plan.temporary(self.dtype, *self.op.q.tensor.dims[:3], self.keys)
        work = self.row_block * plan.estimate(self.keys) * (self.depth + self.width) // 16

        @plan.each(self.batch * self.groups * blocks, cost=work)
        def unit(k: Kernel, number: Any) -> None:
            batch, group, block = k.unravel(number, [k.dim(self.batch), k.dim(self.groups), k.dim(blocks)])
            Unit(self, k, batch, group, block, kept).write()


class Unit:
    """The code of one block of query rows of one key head."""

    def __init__(self, plan: Tiled, k: Kernel, batch: Num, group: Num, block: Num, kept: Temporary | None) -> None:
        self.p, self.k, self.op, self.batch, self.group, self.kept = plan, k, plan.op, batch, group, kept
        self.dtype, self.kind, self.lanes = plan.dtype, plan.kind, plan.lanes
        self.first = k.mul(block, plan.row_block)
        self.count = k.minimum(k.sub(k.dim(plan.rows), self.first), plan.row_block)
        self.offset = self._offset()
        rows = plan.row_block
        self.q = k.stack(self.kind, rows * max(plan.depth, 1))
        self.key_block = k.stack(self.kind, plan.block * max(plan.depth, 1))
        self.value_block = k.stack(self.kind, plan.block * max(plan.padded_width, 1))
        self.scores = k.stack(self.kind, plan.tile.rows * plan.block)
        self.sums = k.stack(self.kind, rows * max(plan.padded_width, 1))
        self.totals = k.stack(self.kind, rows * plan.lanes)
        self.largest = k.stack(self.kind, rows)
        self.decays = k.stack(self.kind, plan.tile.rows)

    def write(self) -> None:
        """Writes the unit."""
        k, p = self.k, self.p
        self._start()
        begin, end = self._seen_keys()
        with k.loop(begin, end, p.block) as start:
            width = k.minimum(k.sub(end, start), p.block)
            self._load_keys(start, width)
            self._load_values(start, width)
            with k.loop(0, self.count, p.tile.rows) as first:
                self._score(first, width)
                with k.loop(0, k.minimum(k.sub(self.count, first), p.tile.rows)) as line:
                    self._soften(k.add(first, line), line, start, width)
                self._add_values(first, width)
        with k.loop(0, self.count) as row:
            self._finish(row)

    # --- places ---

    def row(self, number: Num) -> Row:
        """Row `number` of the unit."""
        k, p = self.k, self.p
        flat = k.add(self.first, number)
        if p.share == 1:
            head, query = self.group, flat
        else:
            queries = k.dim(p.queries)
            head = k.add(k.mul(self.group, k.dim(p.share)), k.floordiv(flat, queries))
            query = k.mod(flat, queries)
        return Row(self.batch, head, query, k.add(self.offset, query))

    def _offset(self) -> Num:
        k, op = self.k, self.op
        if op.offset is not None:
            return self._number(op.offset)
        return k.sub(self._number(op.lengths), k.dim(self.p.queries)) if op.lengths is not None else 0

    def _number(self, value: Value) -> Num:
        """This batch's element of a scalar or [B]."""
        k = self.k
        index = [] if value.tensor.rank == 0 else [0 if value.tensor.dims[0] == 1 else self.batch]
        return registers.converted(k, k.value_of(value, index), value.tensor.dtype, DType.I64)

    def _seen_keys(self) -> tuple[Num, Num]:
        """From which block of keys on, and up to which key, some query of the unit may look."""
        k, p, op = self.k, self.p, self.op
        end = k.dim(p.keys)
        if op.scores != "none":
            return 0, end
        last = k.add(self.first, k.sub(self.count, 1)) if p.share == 1 else k.sub(k.dim(p.queries), 1)
        ahead = [reach for reach, is_on in ((0, op.is_causal), (op.right_window, op.right_window >= 0)) if is_on]
        if ahead:
            end = k.minimum(end, k.add(k.add(self.offset, last), 1 + min(ahead)))
        if op.lengths is not None:
            end = k.minimum(end, self._number(op.lengths))
        begin: Num = 0
        if op.left_window >= 0:
            nearest = self.first if p.share == 1 else 0
            seen = k.maximum(k.sub(k.add(self.offset, nearest), op.left_window), 0)
            begin = k.mul(k.floordiv(seen, p.block), p.block)
        return begin, end

    # --- operands ---

    def _start(self) -> None:
        """The scaled queries, and the state of rows that have seen nothing."""
        k, p, op = self.k, self.p, self.op
        scale = k.constant(self.dtype, 1 / constants.sqrt(max(p.depth, 1)) if op.scale is None else op.scale)
        zero, unseen = k.constant(self.dtype, 0), k.constant(self.dtype, -constants.inf)
        with k.loop(0, p.row_block) as row:
            k.store(self.largest, unseen, row)
            k.store(self.totals, k.splat(zero, self.lanes), Lanes(k.mul(row, self.lanes), 1, self.lanes))
            with k.loop(0, p.padded_width, self.lanes) as e:
                place = k.add(k.mul(row, p.padded_width), e)
                k.store(self.sums, k.splat(zero, self.lanes), Lanes(place, 1, self.lanes))
        with k.loop(0, self.count) as row:
            at = self.row(row)
            for d in k.across(0, p.depth, self.lanes):
                element = self._read(op.q, (at.batch, at.head, at.query, d))
                k.store(self.q, k.ir.fmul(*k.unified(element, scale)), k.add(k.mul(row, p.depth), d))

    def _read(self, value: Value, index: tuple[Index, ...]) -> ir.Value:
        return registers.converted(self.k, self.k.value_of(value, index), value.tensor.dtype, self.dtype)

    def _load_keys(self, start: Num, width: Num) -> None:
        """keys[d][j] = k[start + j][d]; behind the last key it is repeated, and not looked at."""
        k, p, lanes = self.k, self.p, self.lanes
        last = k.sub(k.dim(p.keys), 1)
        with k.loop(0, width, lanes) as j:
            rows = [k.minimum(k.add(k.add(start, j), n), last) for n in range(lanes)]
            for d in k.across(0, p.depth, lanes):
                lines = [self._read(self.op.k, (self.batch, self.group, row, d)) for row in rows]
                if isinstance(d, Lanes):
                    for n, line in enumerate(k.transposed(lines)):
                        k.store(self.key_block, line, Lanes(k.add(k.mul(k.add(d.base, n), p.block), j), 1, lanes))
                else:
                    k.store(self.key_block, k.gathered(lines), Lanes(k.add(k.mul(d, p.block), j), 1, lanes))

    def _load_values(self, start: Num, width: Num) -> None:
        k, p = self.k, self.p
        zero = k.constant(self.dtype, 0)
        with k.loop(0, width) as j:
            line = k.at(self.value_block, self.kind, k.mul(j, p.padded_width))
            for e in k.across(0, p.width, self.lanes):
                k.store(line, self._read(self.op.v, (self.batch, self.group, k.add(start, j), e)), e)
            for e in range(p.width, p.padded_width):
                k.store(line, zero, e)

    # --- one tile ---

    def _score(self, first: Num, width: Num) -> None:
        """scores[row][j] = q[row] . keys[.][j]."""
        k, p = self.k, self.p
        q = k.at(self.q, self.kind, k.mul(first, p.depth))
        with k.loop(0, width, p.tile.columns) as column:
            sums = Accumulators(k, self.dtype, p.tile)
            with k.loop(0, p.depth) as d:
                base = k.add(k.mul(d, p.block), column)
                sums.add_products(
                    lambda row: k.load(q, self.kind, k.add(row * p.depth, d)),
                    lambda v: k.load(self.key_block, self.kind, Lanes(k.add(base, v * self.lanes), 1, self.lanes)),
                )
            for row, cells in enumerate(sums.cells):
                for v, cell in enumerate(cells):
                    place = k.add(column, row * p.block + v * self.lanes)
                    k.store(self.scores, cell.get(), Lanes(place, 1, self.lanes))

    def _soften(self, row: Num, line: Num, start: Num, width: Num) -> None:
        """Turns a row of scores into exponentials below the row's maximum so far, and adds them to its totals."""
        k, p, lanes = self.k, self.p, self.lanes
        at = self.row(row)
        scores = k.at(self.scores, self.kind, k.mul(line, p.block))
        unseen = k.constant(self.dtype, -constants.inf)
        before = k.load(self.largest, self.kind, row)
        single, many = k.variable(before), k.variable(k.splat(unseen, lanes))
        for j in k.across(0, width, lanes):
            score = self._biased(at, k.add(start, j), k.load(scores, self.kind, j))
            k.store(scores, score, j)
            most = many if isinstance(j, Lanes) else single
            most.set(_larger(k, most.get(), score))
        whole = k.mul(k.ceildiv(width, lanes), lanes)
        with k.loop(width, whole) as j:
            k.store(scores, unseen, j)
        largest = _larger(k, single.get(), across_lanes(k, _larger, many.get()))
        k.store(self.largest, largest, row)
        top = _finite_top(k, largest)
        decay = math.exp(k.ir, k.ir.fsub(before, top))
        k.store(self.decays, decay, line)
        place = Lanes(k.mul(row, lanes), 1, lanes)
        total = k.variable(k.ir.fmul(k.load(self.totals, self.kind, place), k.splat(decay, lanes)))
        tops = k.splat(top, lanes)
        with k.loop(0, whole, lanes) as j:
            power = math.exp(k.ir, k.ir.fsub(k.load(scores, self.kind, Lanes(j, 1, lanes)), tops))
            k.store(scores, power, Lanes(j, 1, lanes))
            total.set(k.ir.fadd(total.get(), power))
        k.store(self.totals, total.get(), place)

    def _add_values(self, first: Num, width: Num) -> None:
        """sums[row] = sums[row] * decay[row] + scores[row] @ values."""
        k, p, lanes = self.k, self.p, self.lanes
        with k.loop(0, p.padded_width, p.tile.columns) as column:
            cells = Accumulators(k, self.dtype, p.tile)
            places = [
                [
                    Lanes(k.add(k.mul(k.add(first, row), p.padded_width), k.add(column, v * lanes)), 1, lanes)
                    for v in range(p.tile.vectors)
                ]
                for row in range(p.tile.rows)
            ]
            for row in range(p.tile.rows):
                decay = k.splat(k.load(self.decays, self.kind, row), lanes)
                for cell, place in zip(cells.cells[row], places[row], strict=True):
                    cell.set(k.ir.fmul(k.load(self.sums, self.kind, place), decay))
            with k.loop(0, width) as j:
                base = k.add(k.mul(j, p.padded_width), column)
                cells.add_products(
                    lambda row: k.load(self.scores, self.kind, k.add(row * p.block, j)),
                    lambda v: k.load(self.value_block, self.kind, Lanes(k.add(base, v * lanes), 1, lanes)),
                )
            for row in range(p.tile.rows):
                for cell, place in zip(cells.cells[row], places[row], strict=True):
                    k.store(self.sums, cell.get(), place)

    # --- scores ---

    def _biased(self, at: Row, j: Index, score: ir.Value) -> ir.Value:
        """The score that the softmax sees: capped, with the bias; -inf where the key is unseen."""
        k, op = self.k, self.op
        self._show("raw", at, j, score)
        if op.softcap > 0:
            cap = k.like(op.softcap, score)
            score = k.ir.fmul(math.tanh(k.ir, k.ir.fdiv(score, cap)), cap)
        self._show("capped", at, j, score)
        bias = self._bias(at, j, score)
        self._show("biased", at, j, score if bias is None else k.ir.fadd(score, bias))
        score = self._narrowed(score)
        if bias is not None:
            bias = self._narrowed(bias)
            total = k.ir.fadd(score, bias)
            is_unseen = k.ir.fcmp_ordered("==", bias, k.like(-constants.inf, bias))
            score = k.ir.select(is_unseen, bias, total) if op.zero_rows == "unseen" else total
        if self.kept is not None:
            k.write(k.tensor(self.kept), (at.batch, at.head, at.query, j), score)
        return score

    def _show(self, which: str, at: Row, j: Index, score: ir.Value) -> None:
        k, op = self.k, self.op
        if op.scores == which:
            shown = registers.converted(k, score, self.dtype, op.q.tensor.dtype)
            k.write(k.tensor(op.results[1]), (at.batch, at.head, at.query, j), shown)

    def _narrowed(self, x: ir.Value) -> ir.Value:
        """x with the digits of the softmax's dtype."""
        dtype = self.op.softmax_dtype
        if dtype is None or dtype.itemsize >= self.dtype.itemsize:
            return x
        return registers.converted(self.k, registers.converted(self.k, x, self.dtype, dtype), dtype, self.dtype)

    def _bias(self, at: Row, j: Index, like: ir.Value) -> ir.Value | None:
        k, op = self.k, self.op
        zero, unseen = k.like(0.0, like), k.like(-constants.inf, like)
        bias = None
        conditions: list[ir.Value] = []
        if op.mask is not None:
            element = self._mask(op.mask, at, j, conditions)
            if op.mask.tensor.dtype is DType.BOOL:
                conditions.append(element)
            else:
                bias, _ = k.unified(registers.converted(k, element, op.mask.tensor.dtype, self.dtype), like)
        if op.is_causal:
            conditions.append(k.compare("<=", j, at.position))
        if op.left_window >= 0:
            conditions.append(k.compare(">=", j, k.sub(at.position, op.left_window)))
        if op.right_window >= 0:
            conditions.append(k.compare("<=", j, k.add(at.position, op.right_window)))
        if op.lengths is not None:
            conditions.append(k.compare("<", j, self._number(op.lengths)))
        if not conditions:
            return bias
        return k.ir.select(*k.unified(k.all_of(conditions), zero if bias is None else bias, unseen))

    def _mask(self, mask: Value, at: Row, j: Index, conditions: list[ir.Value]) -> ir.Value:
        """The mask's element; a condition more where its last dim may end before the keys do."""
        k = self.k
        dims = mask.tensor.dims
        if not dims:
            return k.value_of(mask, ())
        full = (self.op.q.tensor.dims[0], *self.op.q.tensor.dims[1:3], self.p.keys)
        index: list[Index] = []
        own = zip(dims[:-1], full[4 - len(dims) : -1], (at.batch, at.head, at.query)[4 - len(dims) :], strict=True)
        for dim, wide, i in own:
            index.append(k.values.broadcast_index(dim, wide, i))
        place = j
        if dims[-1] == 1:
            place = 0
        elif dims[-1] != self.p.keys:
            extent = k.dim(dims[-1])
            is_one = k.compare("==", extent, 1)
            place = k.minimum(j, k.sub(extent, 1))
            conditions.append(k.ir.or_(*k.unified(k.compare("<", j, extent), is_one)))
        return k.value_of(mask, (*index, place))

    # --- results ---

    def _finish(self, row: Num) -> None:
        k, p, op = self.k, self.p, self.op
        at = self.row(row)
        totals = k.load(self.totals, self.kind, Lanes(k.mul(row, self.lanes), 1, self.lanes))
        total = across_lanes(k, lambda k, x, y: k.ir.fadd(x, y), totals)
        zero = k.like(0.0, total)
        inverse = k.ir.fdiv(k.like(1.0, total), total)
        match op.zero_rows:
            case "unseen":
                is_empty = k.ir.fcmp_ordered("==", total, zero)
            case "nan":
                # Unordered: a total of NaN as well.
                is_empty = k.ir.fcmp_unordered("==", total, zero)
            case _:
                is_empty = ir.Constant(ir.IntType(1), 0)

        def normalized(x: ir.Value) -> ir.Value:
            x, factor, empty, nothing = k.unified(x, inverse, is_empty, zero)
            result = k.ir.select(empty, nothing, k.ir.fmul(x, factor))
            return registers.converted(k, result, self.dtype, op.q.tensor.dtype)

        for e in k.across(0, p.width, self.lanes):
            value = normalized(k.load(self.sums, self.kind, k.add(k.mul(row, p.padded_width), e)))
            index = (at.batch, at.head, at.query, e)
            if op.scores == "none":
                k.emit(index, value)
            else:
                k.write(k.tensor(op.results[0]), index, value)
        if self.kept is not None:
            top = _finite_top(k, k.load(self.largest, self.kind, row))
            for j in k.across(0, k.dim(p.keys), self.lanes):
                index = (at.batch, at.head, at.query, j)
                score = k.read(k.tensor(self.kept), index)
                power = math.exp(k.ir, k.ir.fsub(*k.unified(score, top)))
                k.write(k.tensor(op.results[1]), index, normalized(power))


def _larger(k: Kernel, x: ir.Value, y: ir.Value) -> ir.Value:
    """The larger; NaN is passed over, since the sum of the exponentials finds it."""
    return k.ir.select(k.ir.fcmp_ordered(">", y, x), y, x)


def _finite_top(k: Kernel, largest: ir.Value) -> ir.Value:
    """What scores are taken relative to: 0 as long as a row has seen nothing."""
    is_empty = k.ir.fcmp_ordered("==", largest, k.like(-constants.inf, largest))
    return k.ir.select(is_empty, k.like(0.0, largest), largest)
