"""The ops inside an op of MLIR's."""

from __future__ import annotations

from typing import Any


def nested(operation: Any) -> list[Any]:
    """All ops in the regions of the op, at any depth, outer ones before those that they hold."""
    own = [op.operation for region in operation.regions for block in region.blocks for op in block.operations]
    return [*own, *(deeper for op in own for deeper in nested(op))]
