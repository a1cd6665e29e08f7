"""The ops that have a native kernel but no way through linalg, each with the reason; they become host steps.

Nothing falls back to the llvm backend's kernels. A test holds that the table names every such op and no other.
"""

from __future__ import annotations

from mlc.ir import Op
from mlc.ops import (
    Col2Im,
    Compress,
    CumProd,
    CumSum,
    DeformConv,
    DequantizeLinear,
    Det,
    Dft,
    GridSample,
    LabelEncoder,
    MaxRoiPool,
    MaxUnpool,
    MelWeightMatrix,
    Multinomial,
    NonMaxSuppression,
    NonZero,
    QuantizeLinear,
    RandomNormal,
    RandomUniform,
    RoiAlign,
    RotaryEmbedding,
    ScatterElements,
    ScatterNd,
    Stft,
    TensorScatter,
    TfIdfVectorizer,
    TopK,
    TreeEnsemble,
    Unique,
)

_DATA_SIZED = "how long its result is depends on the data, and a linalg op's domain on its operands' shapes alone"
_SCATTERS = "it writes at places that the data names, several to one place in order; a linalg op writes each place once"
_CARRIED = "each step needs the one before, and linalg's loops are parallel or reductions"
_SAMPLES = "it samples at places computed from the data; not written as a linalg.generic yet"
_SEARCHES = "it sorts, searches or eliminates, which is no loop nest over its result"
_DRAWS = "a random generator's state goes from element to element"
_TRANSFORMS = "its butterflies have no form as one structured op; not written as a sequence of them yet"
_LATER = "not written as a linalg.generic yet"

REASONS: dict[type[Op], str] = {
    Col2Im: _SCATTERS,
    Compress: _DATA_SIZED,
    CumProd: _CARRIED,
    CumSum: _CARRIED,
    DeformConv: _SAMPLES,
    DequantizeLinear: _LATER,
    Det: _SEARCHES,
    Dft: _TRANSFORMS,
    GridSample: _SAMPLES,
    LabelEncoder: _SEARCHES,
    MaxRoiPool: _SAMPLES,
    MaxUnpool: _SCATTERS,
    MelWeightMatrix: _LATER,
    Multinomial: _DRAWS,
    NonMaxSuppression: _DATA_SIZED,
    NonZero: _DATA_SIZED,
    QuantizeLinear: _LATER,
    RandomNormal: _DRAWS,
    RandomUniform: _DRAWS,
    RoiAlign: _SAMPLES,
    RotaryEmbedding: _LATER,
    ScatterElements: _SCATTERS,
    ScatterNd: _SCATTERS,
    Stft: _TRANSFORMS,
    TensorScatter: _LATER,
    TfIdfVectorizer: _SEARCHES,
    TopK: _SEARCHES,
    TreeEnsemble: _SEARCHES,
    Unique: _DATA_SIZED,
}
