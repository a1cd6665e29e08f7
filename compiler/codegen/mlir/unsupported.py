"""The ops that have a native kernel but no way through linalg, each with the reason; they become host steps.

Nothing falls back to the llvm backend's kernels. A test holds that the table names every such op and no other.
"""

from __future__ import annotations

from mlc.ir import Op
from mlc.ops import (
    Col2Im,
    DeformConv,
    GridSample,
    MaxRoiPool,
    NonMaxSuppression,
    RoiAlign,
)

_DATA_SIZED = "how long its result is depends on the data: its search by scf is not written yet"
_SAMPLES = "it samples at places computed from the data; not written as a linalg.generic yet"
_LATER = "not written as a linalg.generic yet"

REASONS: dict[type[Op], str] = {
    Col2Im: _LATER,
    DeformConv: _SAMPLES,
    GridSample: _SAMPLES,
    MaxRoiPool: _SAMPLES,
    NonMaxSuppression: _DATA_SIZED,
    RoiAlign: _SAMPLES,
}
