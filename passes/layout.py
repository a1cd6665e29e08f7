"""Blocked layouts for convolutional nets."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.ir import Module, Op
from mlc.ops import Conv, Fused
from mlc.passes.blocked_ops import Blocker
from mlc.passes.fuse import Fuse
from mlc.passes.layout_cut import Costs, Refusal, blocked_ops, conv_refusal
from mlc.rewrite import Pass, option
from mlc.target import Target


@dataclass(frozen=True)
class Layout(Pass):
    """Runs convs and what lies between them on blocks of channels: NCHW becomes [N, C/b, H, W, b].

    %1 = conv(%0, w); %2 = relu(%1); %3 = conv(%2, v)  ->
    %1 = pack(%0); %2 = conv(%1, packed w) {nchw8c}; %3 = relu(%2); %4 = conv(%3, packed v) {nchw8c}; %5 = unpack(%4)

    Unchanged: graph inputs and outputs, and everything else where packing would cost more than it saves. A conv of few
    input channels reads them as they are. Lanes that stand for no channel may hold anything: a conv is told by its
    `channels` what its sum goes over. Groups of fuse are taken apart and put together again. `block` is 8 or 16; 0
    is 16 if a vector of `target` holds as many, else 8. `everywhere` blocks each conv that can be, whatever it costs.
    """

    block: int = option(0, of=(0, 8, 16))
    everywhere: bool = False
    target: str = "host"
    backend: str = option("llvm", of=("llvm", "mlir", "interp"))  # of the groups that it takes apart and makes anew
    numerics = "reassociating"

    def run(self, module: Module) -> None:
        size = self.block or (16 if Target.parse(self.target).lanes(4) >= 16 else 8)
        costs = Costs(size, self.everywhere)
        if not _finds_any(module, costs):
            _report(module, costs)
            return
        is_fused = _inline_groups(module)
        for function in module.functions.values():
            blocker = Blocker(module, size)
            chosen = blocked_ops(list(function.block), costs)
            _report(module, costs, frozenset(chosen))
            for op in chosen:
                blocker.convert(op)
        if is_fused:
            Fuse(target=self.target, backend=self.backend).run(module)


def _finds_any(module: Module, costs: Costs) -> bool:
    """Whether some op should be blocked; asked of a copy when groups must be taken apart to know."""
    copy = module
    if any(isinstance(op, Fused) for op in module.walk()):
        copy = module.clone()
        _inline_groups(copy)
    return any(blocked_ops(list(f.block), costs) for f in copy.functions.values())


def _report(module: Module, costs: Costs, chosen: frozenset[Op] = frozenset()) -> None:
    for op in module.walk():
        if isinstance(op, Conv) and op not in chosen:
            refusal = conv_refusal(op, costs) or Refusal("packing costs more than it saves", op.x)
            module.missed(op, refusal.reason, blocker=refusal.blocker, rule="block_conv")


def _inline_groups(module: Module) -> bool:
    """Replaces each group of a function's own block by its ops; whether there was one."""
    groups = [op for f in module.functions.values() for op in f.block if isinstance(op, Fused)]
    for group in groups:
        mapping = dict(zip(group.body.block.arguments, group.inputs, strict=True))
        with module.rewriting(group, rule="inline_group", reason="layouts are chosen op by op"):
            for op in group.body.block:
                if not op.is_terminator:
                    module.insert(op.clone(mapping), before=group)
            module.replace(group, [mapping[v] for v in group.body.block.terminator.operands])
    return bool(groups)
