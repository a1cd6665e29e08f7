"""Control flow in main: If and Loop as basic blocks."""

from __future__ import annotations

from mlc.ir import Op


def is_control(op: Op) -> bool:
    """Whether the op runs regions."""
    return bool(op.regions)


def host_reason(op: Op) -> str:
    """Why an op with regions runs on the host; "" when main runs it."""
    return "no native form of its regions is written"
