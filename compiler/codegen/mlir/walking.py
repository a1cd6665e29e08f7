"""Ops of a module in MLIR's bindings, for the child process and what it calls."""

from __future__ import annotations

from typing import Any

from torch_mlir import ir


def ops_named(root: Any, *names: str) -> list[Any]:
    """All ops of such a name in `root`, a module or an op, inner ones first; they may be changed and erased."""
    found: list[Any] = []

    def visit(op: Any) -> Any:
        if op.name in names:
            found.append(op)
        return ir.WalkResult.ADVANCE

    root.operation.walk(visit)
    return found
