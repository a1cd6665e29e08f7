"""Dead code elimination."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.ir import Block, Module, Op, Purity
from mlc.rewrite import Pass, is_dead


@dataclass(frozen=True)
class Dce(Pass):
    """Erases ops whose results nobody uses.

    %1 = exp(%0); return %0  ->  return %0

    Unchanged: graph inputs and outputs, ops that may fail at run time, and ops that define a symbol still in use.
    """

    def run(self, module: Module) -> None:
        for function in module.functions.values():
            _sweep(module, function.block)


def _sweep(module: Module, block: Block) -> None:
    """Users come before producers, so one walk from the end finds whole dead chains."""
    for op in reversed(block):
        for region in op.regions:
            _sweep(module, region.block)
        if op.is_terminator or any(r.use_count for r in op.results):
            continue
        if is_dead(op):
            with module.rewriting(op, rule="drop_unused", reason="no result is used"):
                module.erase(op)
        else:
            module.missed(op, "its results are unused, but it may not go", blocker=_reason(op), rule="drop_unused")


def _reason(op: Op) -> str:
    if any(nested.purity is Purity.MAY_FAIL for nested in op.walk()):
        return "it may fail at run time"
    return "it defines a symbol that other ops name"
