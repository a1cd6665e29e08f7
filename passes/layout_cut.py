"""Which ops run on blocked tensors: a minimum cut between those that gain from it and those that cannot.

Every op of a block is a node on the plain or on the blocked side. A conv on the plain side costs what the blocked
kernel would have saved, an op on the blocked side what its padding lanes add, and a tensor between the sides costs the
bytes of packing or unpacking it once, however many ops read it. The cheapest assignment is a minimum cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlc.ir import Dim, DType, Op, Purity, TensorType, Value
from mlc.ir.dims import evaluate, symbols_of
from mlc.ops import (
    AveragePool,
    BatchNorm,
    Concat,
    Constant,
    Conv,
    LpPool,
    MaxPool,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceSum,
    constant_value,
)

if TYPE_CHECKING:
    import networkx as nx
from mlc.passes.affine import Affine, affine_of

POOLS = (MaxPool, AveragePool, LpPool)
SPATIAL_REDUCTIONS = (ReduceMean, ReduceMax, ReduceMin, ReduceSum)

# What a plain kernel loses against the blocked one, as bytes of memory traffic per floating-point operation: it takes
# twice the time, at 100 GFLOP/s and 40 GB/s a core. Measured costs per kernel would replace it.
_BYTES_PER_FLOP = 0.4
_NO_MATTER_WHAT = 1 << 50  # bytes; more than any net moves
_SYMBOL = 8  # what a symbolic dim is taken for
_PLAIN, _BLOCKED = 0, 1


@dataclass(frozen=True)
class Refusal:
    """Why a conv stays plain, and what stands in the way."""

    reason: str
    blocker: Value | Op | str


def channels_of(value: Value) -> int | None:
    """The number of channels of an image x[N, C, spatial...], or None when it is none or C is no number."""
    kind = value.type
    if not isinstance(kind, TensorType) or kind.shape is None or kind.rank < 3 or kind.dtype is DType.STRING:
        return None
    return kind.dims[1] if isinstance(kind.dims[1], int) and kind.dims[1] > 0 else None


@dataclass(frozen=True)
class Costs:
    """What the assignment minimizes: `size` is the channels in a block; `everywhere` blocks each conv that can be."""

    size: int
    everywhere: bool = False


def conv_refusal(op: Conv, costs: Costs) -> Refusal | None:
    """Why `op` cannot run on blocks of this size, or None when it can."""
    block = costs.size
    x, w = channels_of(op.x), constant_value(op.w)
    if op.layout != "nchw" or x is None:
        return Refusal("its channels are not a number, or blocked already", op.x)
    if op.x.tensor.dtype is not DType.F32:
        return Refusal(f"its elements are {op.x.tensor.dtype}, not f32", op.x)
    if w is None or (op.b is not None and constant_value(op.b) is None):
        return Refusal("its weights are not constant", op.w if w is None else op.b or op.w)
    filters, per_group = int(w.shape[0]), int(w.shape[1])
    if op.groups == 1:
        return None
    is_depthwise = per_group == 1 and op.groups == filters
    if is_depthwise or (per_group % block == 0 and filters // op.groups % block == 0):
        return None
    return Refusal(f"a group of {per_group} channels is no whole number of blocks of {block}", "groups")


def can_be_blocked(op: Op, costs: Costs) -> bool:
    """Whether there is a form of `op` on blocked tensors."""
    if isinstance(op, Conv):
        return conv_refusal(op, costs) is None
    channels = channels_of(_image_of(op)) if len(op.results) == 1 else None
    if channels is None or op.regions or op.purity is not Purity.PURE:
        return False
    match op:
        case MaxPool() | AveragePool() | LpPool():
            return op.layout == "nchw"
        case ReduceMean() | ReduceMax() | ReduceMin() | ReduceSum():
            return op.axes_operand is None and bool(op.axes) and all(a % op.x.tensor.rank >= 2 for a in op.axes or ())
        case Concat():
            return _concat_can(op, costs.size)
        case BatchNorm():
            affine = affine_of(op, 1, channels)
            return isinstance(affine, Affine) and affine.is_finite
        case _:
            return op.is_elementwise and all(fits(v, op, channels) for v in op.operands)


def _image_of(op: Op) -> Value:
    """The result, whose channels are those that `op` works on, or what a reduction leaves of an image: that image."""
    return op.operands[0] if isinstance(op, SPATIAL_REDUCTIONS) else op.results[0]


def _concat_can(op: Concat, block: int) -> bool:
    """Channels are joined where only the last piece has lanes to spare; other axes always."""
    if op.axis % op.result.tensor.rank == 0:
        return all(channels_of(x) is not None for x in op.xs)
    counts = [channels_of(x) for x in op.xs]
    if op.axis % op.result.tensor.rank > 1:
        return None not in counts
    return all(c is not None and c % block == 0 for c in counts[:-1]) and counts[-1] is not None


def fits(value: Value, op: Op, channels: int) -> bool:
    """Whether an operand of an elementwise op, aligned with its result, has all its channels or one."""
    rank = op.results[0].tensor.rank
    shape = value.tensor.shape if isinstance(value.type, TensorType) else None
    if shape is None or value.tensor.dtype is DType.STRING:
        return False
    aligned: tuple[Dim, ...] = ((1,) * (rank - len(shape)) + shape)[1:2]
    return aligned in ((channels,), (1,))


def takes_plain(op: Conv, block: int) -> bool:
    """Whether `op` on blocks of filters reads its image as it is: its few channels would leave a block mostly empty."""
    channels = channels_of(op.x)
    return op.groups == 1 and channels is not None and 2 * channels < block


def is_image_for(value: Value, op: Op, block: int) -> bool:
    """Whether `op` on blocks takes `value` as a blocked tensor of full rank, and not as a vector or scalar beside."""
    if isinstance(op, Conv):
        return value is op.x and not takes_plain(op, block)
    if isinstance(op, BatchNorm):
        return value is op.x
    result = op.results[0]
    if not op.is_elementwise:
        return True
    return value.tensor.rank == result.tensor.rank and channels_of(value) == channels_of(result)


def blocked_ops(block_ops: Sequence[Op], costs: Costs) -> list[Op]:
    """The ops that should run on blocked tensors, in the order given."""
    flexible = [op for op in block_ops if can_be_blocked(op, costs)]
    if not any(isinstance(op, Conv) for op in flexible):
        return []
    cut = _Cut(flexible, costs)
    for op in block_ops:
        cut.add_op(op)
    blocked = cut.solve()
    return [op for op in flexible if cut.nodes[op] in blocked]


class _Cut:
    """The flow network; an edge costs its capacity when it leads from the plain to the blocked side."""

    def __init__(self, flexible: Sequence[Op], costs: Costs) -> None:
        import networkx as nx  # half of what the passes take to import, and a model from the cache runs none

        self.costs = costs
        self.graph: nx.DiGraph[int] = nx.DiGraph()
        self.nodes = {op: number for number, op in enumerate(flexible, start=2)}
        self.node_count = len(flexible) + 2
        self.graph.add_nodes_from(range(self.node_count))

    def add_op(self, op: Op) -> None:
        node = self.nodes.get(op, _PLAIN)
        if node != _PLAIN:
            gain = _gain(op, self.costs)
            if gain > 0:
                self._edge(node, _BLOCKED, gain)
            elif gain < 0:
                self._edge(_PLAIN, node, -gain)
            if op.is_elementwise or isinstance(op, BatchNorm):
                self._keep_together(op, node)
        for value in op.results:
            self._add_value(value, node)
        for value in op.operands:
            if value.op is None:  # a graph input is plain; one edge for all its users
                if next(u.op for u in value.uses) is op:
                    self._add_value(value, _PLAIN)

    def _add_value(self, value: Value, producer: int) -> None:
        """The costs of packing or unpacking `value` between its producer and its users."""
        if channels_of(value) is None or isinstance(value.op, Constant):
            return
        cost = 2 * _byte_count(value)
        users = [
            self.nodes[u] if u in self.nodes and is_image_for(value, u, self.costs.size) else _PLAIN
            for u in value.users
        ]
        if blocked := [u for u in users if u != _PLAIN]:
            packed = self._new_node()
            self._edge(producer, packed, cost)
            for user in blocked:
                self._edge(packed, user, math.inf)
        if producer != _PLAIN:
            unpacked = self._new_node()
            self._edge(unpacked, producer, cost)
            for user in dict.fromkeys(users):
                self._edge(user, unpacked, math.inf)

    def _keep_together(self, op: Op, node: int) -> None:
        """Among equal costs, an elementwise op stays on the side of the conv that it can be fused behind."""
        for value in op.operands:
            producer = self.nodes.get(value.op) if value.op is not None else None
            if producer is not None:
                self._edge(node, producer, _byte_count(value) // 16)
                self._edge(producer, node, _byte_count(value) // 16)

    def solve(self) -> set[int]:
        """The nodes of the blocked side; as few as there can be among equally cheap assignments."""
        import networkx as nx

        _, (_, blocked) = nx.minimum_cut(self.graph, _PLAIN, _BLOCKED)
        return set(blocked)

    def _new_node(self) -> int:
        self.graph.add_node(self.node_count)
        self.node_count += 1
        return self.node_count - 1

    def _edge(self, start: int, end: int, capacity: float) -> None:
        if start == end:
            return
        if self.graph.has_edge(start, end):
            capacity += self.graph[start][end].get("capacity", math.inf)
        if math.isinf(capacity):  # networkx takes an edge without a capacity for an infinite one
            self.graph.add_edge(start, end)
            self.graph[start][end].pop("capacity", None)
        else:
            self.graph.add_edge(start, end, capacity=capacity)


def _gain(op: Op, costs: Costs) -> int:
    """Bytes of traffic that running `op` on blocks saves; below 0 for lanes computed in vain."""
    block = costs.size
    if costs.everywhere:
        return _NO_MATTER_WHAT if isinstance(op, Conv) else 0
    channels = channels_of(_image_of(op)) or 1
    waste = _rounded(channels, block) / channels
    if not isinstance(op, Conv):
        return -int((waste - 1) * _byte_count(op.results[0]))
    if op.groups == 1 and not takes_plain(op, block):
        x = channels_of(op.x) or 1
        waste *= _rounded(x, block) / x
    return int((2 - waste) * _number(op.flops()) * _BYTES_PER_FLOP)


def _byte_count(value: Value) -> int:
    return _number(value.tensor.byte_count)


def _number(dim: Dim) -> int:
    return evaluate(dim, dict.fromkeys(symbols_of(dim), _SYMBOL))


def _rounded(count: int, block: int) -> int:
    return -(-count // block) * block
