"""The ops that have a native kernel but no way through linalg, each with the reason; they become host steps.

Nothing falls back to the llvm backend's kernels. A test holds that the table names every such op and no other.
"""

from __future__ import annotations

from mlc.ir import Op
from mlc.ops import (
    Col2Im,
    DeformConv,
    Dft,
    GridSample,
    LabelEncoder,
    MaxRoiPool,
    MelWeightMatrix,
    NonMaxSuppression,
    RoiAlign,
    Stft,
    TfIdfVectorizer,
    TreeEnsemble,
    Unique,
)

_DATA_SIZED = "how long its result is depends on the data: its search by scf is not written yet"
_SAMPLES = "it samples at places computed from the data; not written as a linalg.generic yet"
_SEARCHES = "it sorts, searches or eliminates: its scf loops over tensors are not written yet"
_TRANSFORMS = "its butterflies have no form as one structured op; not written as a sequence of them yet"
_LATER = "not written as a linalg.generic yet"

REASONS: dict[type[Op], str] = {
    Col2Im: _LATER,
    DeformConv: _SAMPLES,
    Dft: _TRANSFORMS,
    GridSample: _SAMPLES,
    LabelEncoder: _SEARCHES,
    MaxRoiPool: _SAMPLES,
    MelWeightMatrix: _LATER,
    NonMaxSuppression: _DATA_SIZED,
    RoiAlign: _SAMPLES,
    Stft: _TRANSFORMS,
    TfIdfVectorizer: _SEARCHES,
    TreeEnsemble: _SEARCHES,
    Unique: _DATA_SIZED,
}
