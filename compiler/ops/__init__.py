"""The ops: one class each, declared once. Importing this package registers all of them."""

from __future__ import annotations

from mlc.ops.attention import Attention, RotaryEmbedding
from mlc.ops.constant import Constant, constant_value, int64s, scalar
from mlc.ops.conv import Conv, ConvTranspose, DeformConv
from mlc.ops.elementwise import Add, Relu
from mlc.ops.matmul import Matmul
from mlc.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, Lrn, RmsNorm
from mlc.ops.pool import AveragePool, LpPool, MaxPool, MaxUnpool
from mlc.ops.resize import Resize
from mlc.ops.structure import Fused, RegionCall, Yield, yielded

__all__ = [
    "Add",
    "Attention",
    "AveragePool",
    "BatchNorm",
    "Constant",
    "Conv",
    "ConvTranspose",
    "DeformConv",
    "Fused",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LpPool",
    "Lrn",
    "Matmul",
    "MaxPool",
    "MaxUnpool",
    "RegionCall",
    "Relu",
    "Resize",
    "RmsNorm",
    "RotaryEmbedding",
    "Yield",
    "constant_value",
    "int64s",
    "scalar",
    "yielded",
]
