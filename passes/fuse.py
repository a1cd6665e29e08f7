"""Fusion: groups of ops become one op, which codegen compiles into one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.ir import UNKNOWN, Block, Module, Op, Region, Value
from mlc.ops import Fused, Yield
from mlc.passes.fusion_groups import Group, find_groups
from mlc.rewrite import Pass, option
from mlc.target import Target


@dataclass(frozen=True)
class Fuse(Pass):
    """Puts chains of elementwise ops, and those behind a heavy op, into one group: one kernel, no tensors between.

    %1 = conv(%0, w); %2 = add(%1, %a); %3 = relu(%2)  ->  %3 = fused(%0, w, %a) { conv, add, relu }
    %1 = exp(%0); %2 = mul(%1, %a); return %1, %2      ->  %1, %2 = fused(%0, %a) { exp, mul }
    %1 = conv(%0, w) {depthwise}; %2 = conv(%1, v) {1x1}  ->  %2 = fused(%0, w, v) { conv, conv }

    Unchanged: every value that is used outside of its group is one of the group's results, and each op computes what it
    did. Constants stay outside. A group has at most one heavy op and `max_ops` ops; two are a depthwise convolution on
    blocked layouts and the 1x1 convolution that alone reads it, where `target` gains by not storing what is between;
    of the backends only llvm has a kernel for that.
    """

    max_ops: int = option(64, least=1)
    target: str = "host"
    backend: str = option("llvm", of=("llvm", "mlir", "interp"))

    def run(self, module: Module) -> None:
        for function in module.functions.values():
            self._fuse_block(module, function.block)

    def _fuse_block(self, module: Module, block: Block) -> None:
        for op in list(block):
            if not isinstance(op, Fused):
                for region in op.regions:
                    self._fuse_block(module, region.block)
        for group in find_groups(module, block, self.max_ops, Target.parse(self.target), self.backend):
            fused = _outline(module, group)
            if group.miss is not None:  # said of its root, which the group has replaced
                module.missed(fused, group.miss[0], blocker=group.miss[1], rule="fuse_separable_conv")


def _outline(module: Module, group: Group) -> Fused:
    """Replaces the group's ops by one Fused op where the last of them stands, and returns it; one rewrite.

    Ops between them that read the group move behind it; the group is convex, so it needs none of them.
    """
    root = group.heavy or group.ops[-1]
    with module.rewriting(root, rule=f"fuse_{group.kind}", reason=_reason(group)):
        members = set(group.ops)
        order, waiting = _span(members)
        anchor = order[-1].next
        assert anchor is not None, "a terminator follows"
        outputs = [r for op in order for r in op.results if any(use.op not in members for use in r.uses)]
        fused = module.insert(_fused(order, outputs, group.kind), before=anchor)
        for op in waiting:
            module.move(op, before=anchor)
        for old, new in zip(outputs, fused.results, strict=True):
            for use in old.uses:
                if use.op not in members:
                    module.set_operand(use.op, use.index, new)
        for op in reversed(order):
            module.erase(op)
    assert isinstance(fused, Fused)
    return fused


def _reason(group: Group) -> str:
    reason = f"{len(group.ops)} ops in one kernel"
    return f"{reason}; {group.gain}" if group.gain else reason


def _span(members: set[Op]) -> tuple[list[Op], list[Op]]:
    """The members in the order they stand in now, and the ops between them that depend on them."""
    some = next(iter(members))
    left, right = some.previous, some.next
    span = [some]
    missing = len(members) - 1
    while missing:
        for op in (left, right):
            missing -= op in members
        if right is not None:
            span.append(right)
            right = right.next
        if left is not None:
            span.insert(0, left)
            left = left.previous
    return _split(_trimmed(span, members), members)


def _trimmed(span: list[Op], members: set[Op]) -> list[Op]:
    places = [i for i, op in enumerate(span) if op in members]
    return span[places[0] : places[-1] + 1]


def _split(span: Sequence[Op], members: set[Op]) -> tuple[list[Op], list[Op]]:
    order: list[Op] = []
    waiting: list[Op] = []
    later: set[Value] = set()  # values that are known only when the group has run
    for op in span:
        if op in members:
            assert not any(v in later for v in op.operands if v.op not in members), "the group is not convex"
            order.append(op)
            later.update(op.results)
        elif any(v in later for nested in op.walk() for v in nested.operands):
            waiting.append(op)
            later.update(op.results)
    return order, waiting


def _fused(order: Sequence[Op], outputs: Sequence[Value], kind: str) -> Fused:
    made = {r for op in order for r in op.results}
    inputs = list(dict.fromkeys(v for op in order for v in op.operands if v not in made))
    block = Block([v.type for v in inputs])
    mapping = dict(zip(inputs, block.arguments, strict=True))
    for op in order:
        block.append(op.clone(mapping))
    block.append(Yield([mapping[v] for v in outputs]))
    loc = UNKNOWN.fused_with(*(op.loc for op in order))
    return Fused(inputs, Region(block), kind=kind, loc=loc)
