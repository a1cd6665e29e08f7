"""The ops that have a native kernel but no way through linalg, each with the reason; they become host steps.

There are none now. Nothing falls back to the llvm backend's kernels: an op that gets a kernel there is lowered here, or
named with what stands in the way. A test holds that the table names every such op and no other.
"""

from __future__ import annotations

from mlc.ir import Op

REASONS: dict[type[Op], str] = {}
