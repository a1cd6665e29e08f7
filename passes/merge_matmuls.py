"""One product instead of several of one left factor: q, k and v of attention, whatever stands side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlc.ir import UNKNOWN, Array, Block, Location, Module, Op, Value
from mlc.ir.dims import product
from mlc.ir.module import unattached
from mlc.ops import (
    Add,
    Attention,
    Constant,
    Conv,
    ConvTranspose,
    Fused,
    LayerNorm,
    Matmul,
    Reshape,
    RmsNorm,
    Slice,
    Transpose,
    constant_value,
)
from mlc.passes.shape_rules import split_of_axis
from mlc.rewrite import Miss, Pass, erase_dead

_RULE = "merge_siblings"


@dataclass(frozen=True)
class MergeMatmuls(Pass):
    """Makes one product of several that multiply the same value by constant weights; their biases move along.

    %1 = matmul(%0, wq); %2 = matmul(%0, wk)  ->  %3 = matmul(%0, [wq wk]); %1 = slice(%3); %2 = slice(%3)

    Attention, normalizations and elementwise ops read their columns where the one product leaves them: `fuse` takes the
    slices in. Unchanged: products that are needed only when another of them is used up, and those behind which work
    that the product does in registers, or a copy of its columns, would become a kernel of its own.
    """

    numerics = "reassociating"

    def run(self, module: Module) -> None:
        for function in module.functions.values():
            _merge_in(module, function.block)


@dataclass(frozen=True, eq=False)
class Sibling:
    """A product with weights [K, N], and the op that adds its bias [N], if nobody else needs it without."""

    op: Matmul
    weights: Array
    bias: Array | None
    add: Add | None

    @property
    def tail(self) -> Op:
        """The op whose result the rest of the block reads."""
        return self.op if self.add is None else self.add

    @property
    def columns(self) -> int:
        """N."""
        return int(self.weights.shape[1])


@dataclass
class _Family:
    """Siblings in program order; `behind` is all that depends on one of them so far, `end` what closed the family."""

    siblings: list[Sibling] = field(default_factory=list)
    behind: set[Value] = field(default_factory=set)
    end: Op | None = None


def _merge_in(module: Module, block: Block) -> None:
    for op in list(block):
        for region in () if isinstance(op, Fused) else op.regions:
            _merge_in(module, region.block)
    for siblings in _families(module, block):
        _merge_family(module, siblings)


def _families(module: Module, block: Block) -> list[list[Sibling]]:
    """Products of one left factor, two at least.

    A family ends where another product or attention uses what one of it computes: all columns of a merged product live
    until the last of them is read.
    """
    latest: dict[Value, _Family] = {}  # by left factor
    found: list[_Family] = []
    for op in block:
        used = {v for nested in op.walk() for v in nested.operands} if latest else set()
        for family in latest.values():
            if family.end is None and not family.behind.isdisjoint(used):
                family.behind.update(op.results)
                if op.regions or isinstance(op, (Matmul, Attention, Conv, ConvTranspose)):
                    family.end = op
        if not isinstance(op, Matmul) or sum(isinstance(user, Matmul) for user in op.x.users) < 2:
            continue
        sibling = _sibling(op)
        if isinstance(sibling, Miss):
            module.missed(op, sibling.reason, blocker=sibling.blocker, rule=_RULE)
            continue
        before = latest.get(op.x)
        if before is None or before.end is not None:
            if before is not None:
                reason = "a product of the same value is used up before it is needed, and would be kept for it"
                module.missed(op, reason, blocker=before.end, rule=_RULE)
            latest[op.x] = _Family()
            found.append(latest[op.x])
        latest[op.x].siblings.append(sibling)
        latest[op.x].behind.add(op.result)
    return [family.siblings for family in found if len(family.siblings) > 1]


def _sibling(op: Matmul) -> Sibling | Miss:
    weights = constant_value(op.y)
    if weights is None:
        return Miss("its weights are not constant", blocker=op.y)
    if weights.ndim != 2 or op.x.tensor.shape is None:
        return Miss("it is no product with one matrix", blocker=op.y)
    if op.strassen:
        return Miss("it is computed by seven products of blocks", blocker="strassen")
    bias, add = _bias(op)
    return Sibling(op, weights.T if op.transpose_y else weights, bias, add)


def _bias(op: Matmul) -> tuple[Array, Add] | tuple[None, None]:
    """The constant [N] that the one user of the product adds to it."""
    users = op.result.users
    add = users[0] if op.result.use_count == 1 else None
    if not isinstance(add, Add) or add.parent is not op.parent or add.result.type != op.result.type:
        return None, None
    bias = constant_value(add.y if add.x is op.result else add.x)
    columns = op.result.tensor.dims[-1]
    assert isinstance(columns, int), "constant weights have extents"
    if bias is None or bias.size != (bias.shape[-1] if bias.ndim else 1) or bias.size not in (1, columns):
        return None, None
    return np.broadcast_to(bias.reshape(-1), (columns,)), add


# --- whether it pays ---


def _merge_family(module: Module, siblings: Sequence[Sibling]) -> None:
    """Merges those behind which no kernel is added.

    Each of them saves one launch and one reading of the left factor, which comes from the caches while the core
    multiplies; a kernel more costs the launch again, and bytes that nothing hides.
    """
    x = siblings[0].op.x.tensor
    row_bytes = siblings[0].weights.shape[0] * x.dtype.itemsize
    merged: list[Sibling] = []
    for sibling in siblings:
        problem = _kernel_behind(sibling, siblings)
        if problem is None:
            merged.append(sibling)
            continue
        added = 2 * sibling.columns * x.dtype.itemsize  # stored by the product, and read again
        reason = f"{problem.reason}: {added} bytes a row more to move, {row_bytes} of the left factor fewer to read"
        module.missed(sibling.op, reason, blocker=problem.blocker, rule=_RULE)
    if len(merged) > 1:
        columns = "+".join(str(sibling.columns) for sibling in merged)
        saved = (len(merged) - 1) * product(x.dims[:-1]) * row_bytes
        reason = f"one product of {columns} columns; {len(merged) - 1} launches and {saved} bytes of x fewer"
        with module.rewriting(merged[0].op, rule=_RULE, reason=reason):
            _replace(module, merged)


def _kernel_behind(sibling: Sibling, siblings: Sequence[Sibling]) -> Miss | None:
    """What would run as one more kernel behind the merged product: an epilogue, or a copy; None where nothing would."""
    value = sibling.tail.results[0]
    for use in value.uses:
        if use.op.is_elementwise and use.op.results[0].type == value.type:
            return Miss("what is behind it would no longer run in its registers", blocker=use)
    if all(d == 1 for d in value.tensor.dims[:-1]):
        return None  # columns of one row lie together
    return _copy_behind(value, siblings)


def _copy_behind(value: Value, siblings: Sequence[Sibling]) -> Miss | None:
    """The use for which columns of the merged product must be copied, if there is one."""
    users = value.users
    if len(users) != 1:
        return Miss("it is needed in several places, which read a copy", blocker=value.uses[-1] if users else value)
    match users[0]:
        case Reshape() as op if split := split_of_axis(op, value.tensor.rank - 1):
            if any(sibling.columns % split.piece for sibling in siblings):
                return Miss("its columns are no whole pieces of the reshape behind it", blocker=op)
            return _copy_behind(op.result, siblings)
        case Transpose() as op if op.perm[-1] == len(op.perm) - 1:
            return _copy_behind(op.result, siblings)
        case Attention() as op if value not in (op.mask, op.lengths, op.offset):
            return None
        case LayerNorm() | RmsNorm() as op if value is op.x:
            return None
        case op if op.is_elementwise:
            return None
    return Miss("what reads it takes no part of a row", blocker=value.uses[0])


# --- the merged product ---


def _replace(module: Module, siblings: Sequence[Sibling]) -> None:
    """Puts the merged product before the first sibling, and slices of it where the siblings' results were made."""
    value = _merged(siblings)
    for op in unattached([value]):
        module.insert(op, before=siblings[0].op)
    start = 0
    for sibling in siblings:
        tail, dims = sibling.tail, sibling.tail.results[0].tensor.dims
        before = [v.op for v in (*sibling.op.operands, *tail.operands) if v.op is not None]
        starts = (*(0,) * (len(dims) - 1), start)
        module.replace(tail, Slice(value, starts=starts, dims=dims, steps=(1,) * len(dims)).result)
        erase_dead(module, before)
        start += sibling.columns


def _merged(siblings: Sequence[Sibling]) -> Value:
    """x @ [w1 w2 ...] + [b1 b2 ...]; ops unattached. Turned weights stay turned where all are."""
    is_turned = all(s.op.transpose_y for s in siblings)
    weights = [s.weights.T if is_turned else s.weights for s in siblings]
    y = Constant(np.concatenate(weights, axis=0 if is_turned else 1), loc=_names(s.op.y for s in siblings))
    loc = UNKNOWN.fused_with(*(s.op.loc for s in siblings))
    value: Value = Matmul(siblings[0].op.x, y.result, transpose_y=is_turned, loc=loc).result
    if all(s.add is None for s in siblings):
        return value
    bias = np.concatenate([_bias_or_nothing(s) for s in siblings])
    added = [s.add for s in siblings if s.add is not None]
    constant = Constant(bias, loc=_names(v for add in added for v in add.operands if constant_value(v) is not None))
    return Add(value, constant.result, loc=UNKNOWN.fused_with(*(add.loc for add in added))).result


def _bias_or_nothing(sibling: Sibling) -> Array:
    """[N]; where there is no bias -0.0, since x + -0.0 is x for every x, of which x + 0.0 would change -0.0."""
    if sibling.bias is not None:
        return sibling.bias
    dtype = sibling.op.result.tensor.dtype
    return np.full(sibling.columns, -0.0 if dtype.is_float else 0, dtype.numpy)


def _names(constants: Iterable[Value]) -> Location:
    return UNKNOWN.fused_with(*(v.op.loc for v in constants if v.op is not None))
