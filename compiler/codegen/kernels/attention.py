"""Attention in one pass over the keys: scores, softmax and weighted values of blocks of queries, nothing of L x S.

Loop order: parallel over batches, key heads and blocks of query rows (the rows of all query heads that share a key
head are one dim); inside, blocks of keys, then tiles of query rows. Keys are turned to panels [D][columns] and values
copied to panels [keys][columns] once for a block, so that the micro-kernel runs over whole vectors whatever the dtype,
layout and strides; both blocks fill an eighth of a usual L2. A tile keeps its running maximum, sums by lane and
unnormalized result and rescales them when the maximum grows (Dao et al., FlashAttention, 2022); where one block holds
all keys there is nothing to rescale. Blocks of keys that no query of the unit sees are passed over, and so are keys
behind the last one that a query of the tile sees.
"""

from __future__ import annotations

import math as constants
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import I1, Index, Lanes, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.micro_kernel import MicroKernel, Run
from mlc.codegen.kernels.spaces import across_lanes
from mlc.codegen.kernels.tiles import TileShape, accumulator, step_cycles, tile_shapes
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType, Value
from mlc.ir.dims import ceildiv, floordiv
from mlc.ops import Attention
from mlc.target import Target

# Query rows of a unit: enough that turning the keys is a small part of its work.
ROWS = 128
# Numbers of a block's keys and values: 128 KB in f32.
BLOCK_NUMBERS = 32768
# Share of L1 that the scores of a tile may fill.
SCORES_SHARE = 2


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
        self.batch, heads, self.queries, _ = op.by_head(op.q.tensor.dims)
        _, self.groups, self.keys, _ = op.by_head(op.k.tensor.dims)
        self.share = floordiv(heads, self.groups)
        self.rows = self.share * self.queries
        shapes = tile_shapes(plan.target, self.dtype, self.rows)
        self.tile = plan.choice("tile", shapes, cost=self._cycles, label=str, why="fewest cycles")
        self.lanes = self.tile.lanes
        self.padded_width = -(-width // self.tile.columns) * self.tile.columns
        self.block = self._key_block()
        self.row_block = self._row_block()
        # Whether the first block shows a key to every tile and there is no other: sums start at zero and are final.
        is_shown = op.lengths is None and op.offset is None
        self.is_whole = is_shown and isinstance(self.keys, int) and 0 < self.keys <= self.block

    def _cycles(self, shape: TileShape) -> float:
        """Cycles of both products; rows that are left cost a full tile, columns that are left as many vectors."""
        rows, keys = self.plan.estimate(self.rows), self.plan.estimate(self.keys)
        cycles = 0.0
        for first in range(0, rows, shape.rows):
            seen = keys
            if self.op.is_causal and self.share == 1 and self.op.scores == "none":
                seen = min(keys, -(-(first + shape.rows) // shape.lanes) * shape.lanes)
            cycles += seen * _line_cycles(self.plan.target, shape, self.width) + self.depth * _line_cycles(
                self.plan.target, shape, seen
            )
        return cycles

    def _key_block(self) -> int:
        columns, itemsize = self.tile.columns, self.dtype.itemsize
        most = self.plan.target.l1_bytes // SCORES_SHARE // (self.tile.rows * itemsize)
        most = min(most, BLOCK_NUMBERS // max(self.depth + self.padded_width, 1)) // columns * columns
        if isinstance(self.keys, int):
            most = min(most, -(-max(self.keys, 1) // columns) * columns)
        return max(most, columns)

    def _row_block(self) -> int:
        """At most ROWS, whole tiles; fewer where threads would idle."""
        plan, tile = self.plan, self.tile.rows
        rows = plan.estimate(self.rows)
        tiles = max(1, -(-rows // tile))
        blocks = max(1, -(-rows // ROWS))
        block = -(-tiles // blocks) * tile
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
        kept = None
        if self.op.scores == "weights":
            kept = plan.temporary(self.dtype, *self.op.by_head(self.op.q.tensor.dims)[:3], self.keys)
        work = self.row_block * plan.estimate(self.keys) * (self.depth + self.width) // 16

        @plan.each(self.batch * self.groups * blocks, cost=work)
        def unit(k: Kernel, number: Any) -> None:
            batch, group, block = k.unravel(number, [k.dim(self.batch), k.dim(self.groups), k.dim(blocks)])
            Unit(self, k, batch, group, block, kept).write()


def _line_cycles(target: Target, shape: TileShape, columns: int) -> float:
    """Cycles of a step of the sum for one tile of rows and all columns."""
    panels, left = divmod(-(-columns // shape.lanes), shape.vectors)
    return panels * step_cycles(target, shape.rows, shape.vectors) + left * step_cycles(target, shape.rows, 1)


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
        self.tops = k.stack(self.kind, plan.tile.rows)  # the largest of a tile's rows, with those of this block

    def write(self) -> None:
        """Writes the unit."""
        k, p = self.k, self.p
        self._start()
        begin, end = self._seen_keys()
        if p.is_whole:
            self._block(0, end)
        else:
            with k.loop(begin, end, p.block) as start:
                self._block(start, k.minimum(k.sub(end, start), p.block))
        with k.loop(0, self.count) as row:
            self._finish(row)

    def _block(self, start: Num, width: Num) -> None:
        """Takes `width` keys from `start` on into the state of all rows."""
        k, p = self.k, self.p
        self._load_keys(start, width)
        self._load_values(start, width)
        with k.loop(0, self.count, p.tile.rows) as first:
            seen = self._seen_by_tile(first, start, width)
            if p.is_whole:
                self._tile(first, start, seen)
            else:
                with k.when(k.compare(">", seen, 0)):
                    self._tile(first, start, seen)

    def _tile(self, first: Num, start: Num, seen: Num) -> None:
        k, p = self.k, self.p
        vectors = k.ceildiv(seen, self.lanes)
        self._score(first, vectors)
        rows = k.minimum(k.sub(self.count, first), p.tile.rows)
        with k.loop(0, rows) as line:  # on its own: across lanes it takes long, and no exponential need wait for it
            self._find_top(k.add(first, line), line, start, seen)
        with k.loop(0, rows) as line:
            self._soften(k.add(first, line), line, seen)
        self._add_values(first, k.mul(vectors, self.lanes))

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
        if (reach := self._reach()) is not None:
            end = k.minimum(end, k.add(k.add(self.offset, last), 1 + reach))
        if op.lengths is not None:
            end = k.minimum(end, self._number(op.lengths))
        begin: Num = 0
        if op.left_window >= 0 and not p.is_whole:
            nearest = self.first if p.share == 1 else 0
            seen = k.maximum(k.sub(k.add(self.offset, nearest), op.left_window), 0)
            begin = k.mul(k.floordiv(seen, p.block), p.block)
        return begin, end

    def _seen_by_tile(self, first: Num, start: Num, width: Num) -> Num:
        """How many of the `width` keys from `start` on some query of the tile may see, in whole vectors or all."""
        k, p, op = self.k, self.p, self.op
        if p.share != 1 or op.scores != "none" or (reach := self._reach()) is None:
            return width
        last = k.add(k.add(self.offset, self.first), k.add(first, p.tile.rows))  # the position behind the tile
        seen = k.maximum(k.sub(k.add(last, reach), start), 0)
        return k.minimum(k.mul(k.ceildiv(seen, self.lanes), self.lanes), width)

    def _reach(self) -> int | None:
        """How far ahead of its own place a query may look at most."""
        op = self.op
        ahead = [reach for reach, is_on in ((0, op.is_causal), (op.right_window, op.right_window >= 0)) if is_on]
        return min(ahead) if ahead else None

    def _place(self, head: Num, token: Num, element: Index) -> tuple[Index, ...]:
        """The index of an element of q, k, v or the result in this batch."""
        return self.op.by_head((self.batch, head, token, element))

    # --- operands ---

    def _start(self) -> None:
        """The scaled queries, and the state of rows that have seen nothing."""
        k, p, op = self.k, self.p, self.op
        scale = k.constant(self.dtype, 1 / constants.sqrt(max(p.depth, 1)) if op.scale is None else op.scale)
        if not p.is_whole:
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
                element = self._read(op.q, self._place(at.head, at.query, d))
                k.store(self.q, k.ir.fmul(*k.unified(element, scale)), k.add(k.mul(row, p.depth), d))

    def _read(self, value: Value, index: tuple[Index, ...]) -> ir.Value:
        return registers.converted(self.k, self.k.value_of(value, index), value.tensor.dtype, self.dtype)

    def _load_keys(self, start: Num, width: Num) -> None:
        """Panels [D][columns] of k turned; behind the last key it is repeated, and not looked at."""
        k, p, lanes = self.k, self.p, self.lanes
        last = k.sub(k.dim(p.keys), 1)
        columns = p.tile.columns
        with k.loop(0, width, lanes) as j:
            panel = k.at(self.key_block, self.kind, k.mul(k.floordiv(j, columns), p.depth * columns))
            inside = k.mod(j, columns)
            rows = [k.minimum(k.add(k.add(start, j), n), last) for n in range(lanes)]
            for d in k.across(0, p.depth, lanes):
                lines = [self._read(self.op.k, self._place(self.group, row, d)) for row in rows]
                if isinstance(d, Lanes):
                    for n, line in enumerate(k.transposed(lines)):
                        k.store(panel, line, Lanes(k.add(k.mul(k.add(d.base, n), columns), inside), 1, lanes))
                else:
                    k.store(panel, k.gathered(lines), Lanes(k.add(k.mul(d, columns), inside), 1, lanes))

    def _load_values(self, start: Num, width: Num) -> None:
        """Panels [keys][columns] of v; zeros behind its last element, and in rows behind the last key."""
        k, p, lanes = self.k, self.p, self.lanes
        zero = k.constant(self.dtype, 0)
        columns = p.tile.columns
        panel_numbers = p.block * columns

        def place(j: Num, e: Index) -> Index:
            base = k.add(k.mul(k.floordiv(e, columns), panel_numbers), k.mul(j, columns))
            return k.add(base, k.mod(e, columns))

        with k.loop(0, width) as j:
            for e in k.across(0, p.width, lanes):
                k.store(
                    self.value_block, self._read(self.op.v, self._place(self.group, k.add(start, j), e)), place(j, e)
                )
            for e in range(p.width, p.padded_width):
                k.store(self.value_block, zero, place(j, e))
        with k.loop(width, k.mul(k.ceildiv(width, lanes), lanes)) as j:
            for e in range(0, p.padded_width, lanes):
                k.store(self.value_block, k.splat(zero, lanes), place(j, Lanes(e, 1, lanes, lanes)))

    # --- one tile ---

    def _panels(self, vectors: Num) -> Iterator[tuple[Num, TileShape]]:
        """Emits its body for the first vector of each whole panel of `vectors`, then for each vector that is left."""
        k, tile = self.k, self.p.tile
        whole = k.mul(k.floordiv(vectors, tile.vectors), tile.vectors)
        with k.loop(0, whole, tile.vectors) as v:
            yield v, tile
        if not (isinstance(whole, int) and whole == vectors) and tile.vectors > 1:
            with k.loop(whole, vectors) as v:
                yield v, TileShape(tile.rows, 1, tile.lanes)

    def _score(self, first: Num, vectors: Num) -> None:
        """scores[row][j] = q[row] . keys[j]."""
        k, p = self.k, self.p
        columns = p.tile.columns
        q = k.at(self.q, self.kind, k.mul(first, p.depth))
        for v, shape in self._panels(vectors):
            panel = k.mul(k.floordiv(v, p.tile.vectors), p.depth * columns)
            inside = k.mul(k.mod(v, p.tile.vectors), self.lanes)
            y = k.at(self.key_block, self.kind, k.add(panel, inside))
            c = k.at(self.scores, self.kind, k.mul(v, self.lanes))
            run = Run(q, p.depth, y, columns, c, p.depth, ir.Constant(I1, 0))
            MicroKernel(shape, self.dtype, self.dtype, p.block).call(k, run)

    def _find_top(self, row: Num, line: Num, start: Num, seen: Num) -> None:
        """The maximum of a row's scores so far; scores beside the seen ones become -inf."""
        k, p, lanes = self.k, self.p, self.lanes
        at = self.row(row)
        scores = k.at(self.scores, self.kind, k.mul(line, p.block))
        unseen = k.constant(self.dtype, -constants.inf)
        single, many = k.variable(unseen), k.variable(k.splat(unseen, lanes))
        for j, is_seen in self._score_places(seen):
            raw = k.load(scores, self.kind, j)
            score = self._biased(at, k.add(start, j), raw)
            if is_seen is not None:
                score = k.ir.select(is_seen, score, k.like(-constants.inf, score))
            if score is not raw:
                k.store(scores, score, j)
            most = many if isinstance(j, Lanes) else single
            most.set(_larger(k, most.get(), score))
        if self._reads_beside():
            with k.loop(seen, k.mul(k.ceildiv(seen, lanes), lanes)) as j:
                k.store(scores, unseen, j)
        largest = _larger(k, single.get(), across_lanes(k, _larger, many.get()))
        if not p.is_whole:
            largest = _larger(k, k.load(self.largest, self.kind, row), largest)
        k.store(self.tops, largest, line)

    def _soften(self, row: Num, line: Num, seen: Num) -> None:
        """Turns a row of scores into exponentials below the row's maximum so far, and adds them to its totals."""
        k, p, lanes = self.k, self.p, self.lanes
        scores = k.at(self.scores, self.kind, k.mul(line, p.block))
        largest = k.load(self.tops, self.kind, line)
        top = _finite_top(k, largest)
        total = k.variable(k.splat(k.constant(self.dtype, 0), lanes))
        place = Lanes(k.mul(row, lanes), 1, lanes)
        if not p.is_whole:
            before = k.load(self.largest, self.kind, row)
            decay = k.splat(math.exp_up_to_zero(k.ir, k.ir.fsub(before, top)), lanes)
            total.set(k.ir.fmul(k.load(self.totals, self.kind, place), decay))
            self._decay(row, decay)
        k.store(self.largest, largest, row)
        tops = k.splat(top, lanes)
        with k.loop(0, k.mul(k.ceildiv(seen, lanes), lanes), lanes) as j:
            power = math.exp_up_to_zero(k.ir, k.ir.fsub(k.load(scores, self.kind, Lanes(j, 1, lanes)), tops))
            k.store(scores, power, Lanes(j, 1, lanes))
            total.set(k.ir.fadd(total.get(), power))
        k.store(self.totals, total.get(), place)

    def _score_places(self, seen: Num) -> Iterator[tuple[Index, ir.Value | None]]:
        """Emits its body for the scores of a row, with which lanes of the last vector are seen where that is not full.

        One by one at the end where an element reads or writes memory beside the scores; what the last vector holds
        behind them is then left as it is.
        """
        k, lanes = self.k, self.lanes
        if self._reads_beside():
            for j in k.across(0, seen, lanes):
                yield j, None
            return
        whole = k.mul(k.floordiv(seen, lanes), lanes)
        with k.loop(0, whole, lanes) as start:
            yield Lanes(start, 1, lanes, lanes), None
        if isinstance(seen, int) and seen % lanes == 0:
            return
        with k.when(k.compare("<", whole, seen)):
            last = Lanes(whole, 1, lanes, lanes)
            yield last, k.compare("<", last, seen)

    def _reads_beside(self) -> bool:
        return self.op.mask is not None or self.op.scores != "none"

    def _decay(self, row: Num, decay: ir.Value) -> None:
        """sums[row] *= decay."""
        k, p, lanes = self.k, self.p, self.lanes
        line = k.at(self.sums, self.kind, k.mul(row, p.padded_width))
        for e in range(0, p.padded_width, lanes):
            place = Lanes(e, 1, lanes)
            k.store(line, k.ir.fmul(k.load(line, self.kind, place), decay), place)

    def _add_values(self, first: Num, count: Num) -> None:
        """sums[row] += scores[row] @ values, for `count` keys."""
        k, p = self.k, self.p
        columns = p.tile.columns
        is_more = ir.Constant(I1, 0 if p.is_whole else 1)
        for v, shape in self._panels(-(-p.width // self.lanes)):
            panel = k.mul(k.floordiv(v, p.tile.vectors), p.block * columns)
            inside = k.mul(k.mod(v, p.tile.vectors), self.lanes)
            y = k.at(self.value_block, self.kind, k.add(panel, inside))
            c = k.at(self.sums, self.kind, k.add(k.mul(first, p.padded_width), k.mul(v, self.lanes)))
            run = Run(self.scores, p.block, y, columns, c, count, is_more)
            MicroKernel(shape, self.dtype, self.dtype, p.padded_width).call(k, run)

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
        full = (*self.op.by_head(self.op.q.tensor.dims)[:3], self.p.keys)
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
                is_empty = k.compare("==", k.dim(p.keys), 0)  # a sum of nothing, whereas unseen keys make NaN

        def normalized(x: ir.Value) -> ir.Value:
            x, factor, empty, nothing = k.unified(x, inverse, is_empty, zero)
            result = k.ir.select(empty, nothing, k.ir.fmul(x, factor))
            return registers.converted(k, result, self.dtype, op.q.tensor.dtype)

        for e in k.across(0, p.width, self.lanes):
            value = normalized(k.load(self.sums, self.kind, k.add(k.mul(row, p.padded_width), e)))
            index = self._place(at.head, at.query, e)
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
