"""Which ops of a block become one kernel: the decisions of the fuse pass, apart from carrying them out.

Ops are taken in program order. Each elementwise op joins the group that computes an operand of it, as long as the
group stays what one kernel computes:

- at most one heavy op (conv, matmul, pooling, reduction, softmax, normalization, attention); behind it elementwise ops
  on elements of the heavy result's shape; before a reduction elementwise ops that nobody else reads;
- two heavy ops where they are a depthwise convolution, what is behind it, and the 1x1 convolution that alone reads
  that, if mlc.ops.separable says that the target gains by it;
- otherwise elementwise ops on one shape; smaller operands are computed inside where that is cheap;
- ops that only say where an element comes from (reshape, transpose...) where an elementwise op reads through them, and
  slices and transposes of rows where attention or a normalization does;
- convex: nothing outside of the group stands between two of its ops, so that it can run at one point of time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlc.ir import Block, Dim, DType, Module, Op, Purity, TensorType, Use, Value
from mlc.ir.dims import product
from mlc.ops import (
    Abs,
    Add,
    And,
    Attention,
    AveragePool,
    BatchNorm,
    Cast,
    Clip,
    Constant,
    Conv,
    ConvTranspose,
    Equal,
    Expand,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LeakyRelu,
    Less,
    LessOrEqual,
    LogSoftmax,
    LpPool,
    Lrn,
    Matmul,
    Maximum,
    MaxPool,
    Minimum,
    Mul,
    Neg,
    Not,
    Or,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Relu,
    Reshape,
    RmsNorm,
    Sign,
    Slice,
    Softmax,
    Sub,
    Transpose,
    Where,
    Xor,
)

if TYPE_CHECKING:
    import networkx as nx
from mlc.ops.separable import Separable, separable
from mlc.rewrite import symbols_defined_by
from mlc.target import Target

Shape = tuple[Dim, ...]
Problem = tuple[str, Op | Use | Value | str]  # a reason, and what stands in the way

REDUCTIONS = (ReduceSum, ReduceProd, ReduceMean, ReduceMax, ReduceMin)
NORMALIZATIONS = (Softmax, LogSoftmax, LayerNorm, RmsNorm, GroupNorm, InstanceNorm, BatchNorm, Lrn)
HEAVY = (
    *(Conv, ConvTranspose, Matmul, Attention, MaxPool, AveragePool, LpPool),
    *REDUCTIONS,
    *NORMALIZATIONS,
)
# One instruction or two an element: cheaper to compute again than to load from another cache line.
CHEAP = (
    *(Add, Sub, Mul, Neg, Abs, Sign, Maximum, Minimum, Clip, Relu, LeakyRelu, Where, Cast),
    *(Equal, Less, LessOrEqual, And, Or, Xor, Not),
)
MOVING = (Reshape, Transpose, Expand, Slice)
# Ops that take their operands row by row, wherever these lie, and each once.
READING_IN_PLACE = (Attention, LayerNorm, RmsNorm)


@dataclass(eq=False)
class Group:
    """Ops that run as one kernel, in program order. `shape` is that of all its results."""

    ops: list[Op]
    heavy: Op | None
    shape: Shape | None
    is_open: bool  # whether another op may join
    first: int
    last: int
    gain: str = ""  # what is won beyond a launch, in words
    miss: Problem | None = None  # why a depthwise convolution before it is not in the group

    def __contains__(self, op: Op) -> bool:
        return op in self.members

    @property
    def members(self) -> frozenset[Op]:
        """The ops as a set."""
        return frozenset(self.ops)

    @property
    def kind(self) -> str:
        """The heavy op's name, "separable_conv" for two, or "elementwise"."""
        if sum(isinstance(op, HEAVY) for op in self.ops) > 1:
            return "separable_conv"
        return self.heavy.name.removeprefix("mlc.") if self.heavy is not None else "elementwise"

    @property
    def is_worth_it(self) -> bool:
        """Whether there are two ops to fuse; those that only move elements count only before a heavy op."""
        return len(self.ops) > 1 if self.heavy else sum(not isinstance(op, MOVING) for op in self.ops) > 1


def find_groups(module: Module, block: Block, max_ops: int, target: Target, backend: str) -> list[Group]:
    """The groups of two ops and more, in the order of their last ops. Near misses go to the module's ledger."""
    grouping = _Grouping(module, block, max_ops, target, backend)
    for op in block:
        if not op.is_terminator and not isinstance(op, Constant):
            grouping.visit(op)
    groups = list(dict.fromkeys(grouping.group_of.values()))
    return sorted((g for g in groups if g.is_open and g.is_worth_it), key=lambda g: g.last)


class _Grouping:
    """The groups so far; `graph` has an edge from each group to those that read it."""

    def __init__(self, module: Module, block: Block, max_ops: int, target: Target, backend: str) -> None:
        import networkx as nx  # half of what the passes take to import, and a model from the cache runs none

        self.module = module
        self.max_ops, self.target, self.backend = max_ops, target, backend
        self.position = {op: number for number, op in enumerate(block)}
        self.group_of: dict[Op, Group] = {}
        self.graph: nx.DiGraph[Group] = nx.DiGraph()

    def visit(self, op: Op) -> None:
        group = Group([op], None, _shape(op), _may_fuse(op), self.position[op], self.position[op])
        self.group_of[op] = group
        self.graph.add_node(group)
        for nested in op.walk():
            for value in nested.operands:
                source = self._group(value)
                if source is not None and source is not group:
                    self.graph.add_edge(source, group)
        if not group.is_open:
            return
        if isinstance(op, HEAVY):
            group.heavy = op
            self._take_prologue(group, op)
            if isinstance(op, Conv):
                self._take_depthwise(group, op)
            if isinstance(op, READING_IN_PLACE):
                self._read_in_place(op)
        elif op.is_elementwise:
            self._join(op)

    def _group(self, value: Value) -> Group | None:
        return self.group_of.get(value.op) if value.op is not None else None

    def _producers(self, op: Op) -> list[Group]:
        """The groups that compute operands of `op`, latest first."""
        found = {g: None for v in op.operands if (g := self._group(v)) is not None and g is not self.group_of[op]}
        return sorted(found, key=lambda g: -g.last)

    # --- what joins what ---

    def _join(self, op: Op) -> None:
        """Merges the elementwise `op` with the groups of its operands: heavy ones first, only one of them fits."""
        self._read_through(op)
        sources = self._producers(op)
        for source in [*(s for s in sources if s.heavy), *(s for s in sources if not s.heavy)]:
            target = self.group_of[op]
            if source is target or not source.is_open or all(isinstance(o, MOVING) for o in source.ops):
                continue
            problem = self._epilogue_problem(source, op) if source.heavy else self._elementwise_problem(source, op)
            problem = problem or self._common_problem(source, target)
            if problem is None:
                self._merge(source, target)
            elif source.heavy:
                self.module.missed(op, problem[0], blocker=problem[1], rule="fuse_epilogue")

    def _read_through(self, op: Op) -> None:
        """Takes in ops that move elements, and nothing else, between `op` and what it reads."""
        for value in op.operands:
            moving = value.op
            while moving is not None and isinstance(moving, MOVING) and self._is_readable(moving, self.group_of[op]):
                self._merge(self.group_of[moving], self.group_of[op])
                behind = moving.operands[0]
                source = self._group(behind)
                if source is not None and self._is_chain_for(source, behind, self.group_of[op]):
                    self._merge(source, self.group_of[op])
                    break
                moving = behind.op

    def _read_in_place(self, heavy: Op) -> None:
        """Takes in slices and transposes of rows in front of `heavy`, which reads its operands where they lie."""
        for value in heavy.operands:
            moving = value.op
            while isinstance(moving, (Slice, Transpose)) and self._is_readable(moving, self.group_of[heavy]):
                self._merge(self.group_of[moving], self.group_of[heavy])
                moving = moving.x.op

    def _is_readable(self, moving: Op, group: Group) -> bool:
        """Whether elements are read through `moving` in the order they lie in, by this group alone."""
        source = self.group_of.get(moving)
        if source is None or source.ops != [moving] or not _may_fuse(moving) or len(moving.operands) != 1:
            return False
        if any(user not in group.members for user in moving.results[0].users):
            return False
        if isinstance(moving, Transpose) and moving.perm[-1] != len(moving.perm) - 1:
            return False
        if isinstance(moving, Slice) and moving.steps[-1] != 1:
            return False
        return self._common_problem(source, group) is None

    def _is_chain_for(self, source: Group, value: Value, group: Group) -> bool:
        """Whether `source` is elementwise, and all it computes is for `group`."""
        if not source.is_open or source.heavy is not None or any(isinstance(op, MOVING) for op in source.ops):
            return False
        is_same_size = value.tensor.element_count == _count(group.shape)
        if not is_same_size and not all(isinstance(op, CHEAP) for op in source.ops):
            return False
        return self._outside_use(source, group) is None and self._common_problem(source, group) is None

    def _take_prologue(self, group: Group, heavy: Op) -> None:
        """Merges elementwise ops before a reduction, or cheap ones before a normalization, that nobody else reads."""
        value = heavy.operands[0]
        source = self._group(value)
        if source is None or not source.is_open or source.heavy is not None:
            return
        if not isinstance(heavy, (*REDUCTIONS, *NORMALIZATIONS)) or source.shape != value.tensor.shape:
            return
        if not isinstance(heavy, REDUCTIONS) and not all(isinstance(op, CHEAP) for op in source.ops):
            return
        if not all(op.is_elementwise for op in source.ops):
            return
        if (use := self._outside_use(source, group)) is not None:
            self.module.missed(heavy, "what it reduces is needed elsewhere", blocker=use, rule="fuse_prologue")
        elif self._common_problem(source, group) is None:
            self._merge(source, group)

    def _take_depthwise(self, group: Group, pointwise: Conv) -> None:
        """Merges the group of the depthwise convolution that a 1x1 convolution reads, where that pays."""
        source = self._group(pointwise.x)
        if source is None or not source.is_open or not isinstance(source.heavy, Conv):
            return
        pair = separable(source.heavy, pointwise)
        if pair is None:
            return
        problem = self._separable_problem(source, group, pair) or self._common_problem(source, group)
        if problem is None and isinstance(pair, Separable):
            self._merge(source, group)
            group.gain = f"{pair.image_bytes} bytes between two convolutions are not stored"
        elif problem is not None:
            group.miss = problem
            self.module.missed(pointwise, problem[0], blocker=problem[1], rule="fuse_separable_conv")

    def _separable_problem(self, source: Group, group: Group, pair: Separable | str) -> Problem | None:
        if (use := self._outside_use(source, group)) is not None:
            return "what the depthwise convolution leaves is needed elsewhere", use
        if isinstance(pair, str):
            return pair, source.heavy or source.ops[0]
        if self.backend != "llvm":
            return "only kernels of the llvm backend compute two convolutions", f"backend {self.backend}"
        loss = pair.loss(self.target)
        return (loss, f"target {self.target.name}") if loss else None

    def _epilogue_problem(self, source: Group, op: Op) -> Problem | None:
        heavy = source.heavy
        assert heavy is not None
        if self.group_of[op].heavy is not None:
            return "another heavy op comes before it already", self.group_of[op].heavy or heavy
        if op.results[0].tensor.shape != heavy.results[0].tensor.shape:
            return f"its shape is not that of {heavy.name}", heavy.results[0]
        if any(self._group(v) is source and v.tensor.shape != source.shape for v in op.operands):
            return "it broadcasts a value of the group", heavy.results[0]
        others = [o for o in self.group_of[op].ops if o is not op]
        for value in (v for o in others for v in o.operands):
            if self._group(value) is source:
                return f"it reads {heavy.name} through a moved index", value
        return None

    def _elementwise_problem(self, source: Group, op: Op) -> Problem | None:
        target = self.group_of[op]
        if not all(o.is_elementwise or isinstance(o, MOVING) for o in source.ops):
            return "not element by element", source.ops[0]
        is_same_shape = source.shape == op.results[0].tensor.shape
        if is_same_shape and target.heavy is None:
            return None
        if not is_same_shape and not all(isinstance(o, (*CHEAP, *MOVING)) for o in source.ops):
            return "it would be computed once for each element it is broadcast to", source.ops[-1]
        use = self._outside_use(source, target)
        return None if use is None else ("it is needed elsewhere", use)

    def _common_problem(self, source: Group, target: Group) -> Problem | None:
        if len(source.ops) + len(target.ops) > self.max_ops:
            return "the group would be too large", "max-ops"
        if (between := self._between(source, target)) is not None:
            return "an op that is not in the group stands between its ops", between
        return None

    def _outside_use(self, source: Group, target: Group) -> Use | None:
        """A use of a result of `source` outside of both groups."""
        inside = source.members | target.members
        uses = (use for op in source.ops for r in op.results for use in r.uses)
        return next((use for use in uses if use.op not in inside), None)

    # --- the graph of groups ---

    def _between(self, one: Group, other: Group) -> Op | None:
        """An op on a path of two steps or more from one group to the other, which would make the merged group wait
        for itself; None when there is no such path in either direction."""
        for start, end in ((one, other), (other, one)):
            seen: set[Group] = set()
            stack = [g for g in self.graph.successors(start) if g is not end]
            while stack:
                group = stack.pop()
                if group in seen or group.first > end.last:
                    continue
                seen.add(group)
                if end in self.graph[group]:
                    return group.ops[0]
                stack.extend(self.graph.successors(group))
        return None

    def _merge(self, source: Group, target: Group) -> None:
        """Moves the ops and edges of `source` to `target`."""
        target.ops = sorted([*source.ops, *target.ops], key=self.position.__getitem__)
        target.heavy = target.heavy or source.heavy
        target.gain, target.miss = target.gain or source.gain, target.miss or source.miss
        target.first, target.last = min(source.first, target.first), max(source.last, target.last)
        for op in source.ops:
            self.group_of[op] = target
        for before in list(self.graph.predecessors(source)):
            if before is not target:
                self.graph.add_edge(before, target)
        for behind in list(self.graph.successors(source)):
            if behind is not target:
                self.graph.add_edge(target, behind)
        self.graph.remove_node(source)


def _shape(op: Op) -> Shape | None:
    kind = op.results[0].type if op.results else None
    return kind.shape if isinstance(kind, TensorType) else None


def _count(shape: Shape | None) -> Dim:
    return product(shape or ())


def _may_fuse(op: Op) -> bool:
    """Whether the op is of a kind that groups are made of: pure, on ranked tensors of numbers of known extents.

    What runs in one kernel has the extents that are known before it; a symbol is defined by an op of its own.
    """
    if not (op.is_elementwise or isinstance(op, (*HEAVY, *MOVING))) or op.purity is not Purity.PURE:
        return False
    if len(op.results) != 1 or op.regions or (op.defines_symbols and symbols_defined_by(op)):
        return False
    types = [v.type for v in (*op.operands, *op.results)]
    return all(
        isinstance(t, TensorType) and t.shape is not None and t.dtype is not DType.STRING and not t.dtype.is_complex
        for t in types
    )
