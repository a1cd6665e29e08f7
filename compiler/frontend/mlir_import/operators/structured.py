"""linalg: all structured ops, named or generic, by their loops and body; fill and softmax, which are ops of the IR."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.structured import import_structured
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Value
from mlc.ops import Softmax

_ELEMENTWISE = (
    *("abs", "add", "ceil", "copy", "div", "div_unsigned", "elementwise", "erf", "exp", "floor", "log", "map", "max"),
    *("min", "mul", "negf", "powf", "reciprocal", "round", "rsqrt", "select", "sqrt", "square", "sub", "tanh"),
    *("broadcast", "transpose"),
)
_CONTRACTIONS = (
    *("batch_matmul", "batch_matvec", "batch_mmt4d", "batch_reduce_matmul", "batch_vecmat", "contract", "dot"),
    *("matmul", "matvec", "mmt4d", "quantized_batch_matmul", "quantized_matmul", "vecmat"),
)
_CONVOLUTIONS = (
    *("conv_1d", "conv_1d_ncw_fcw", "conv_1d_nwc_wcf", "conv_2d", "conv_2d_nchw_fchw", "conv_2d_nchw_fchw_q"),
    *("conv_2d_ngchw_fgchw", "conv_2d_ngchw_gfchw", "conv_2d_ngchw_gfchw_q", "conv_2d_nhwc_fhwc"),
    *("conv_2d_nhwc_fhwc_q", "conv_2d_nhwc_hwcf", "conv_2d_nhwc_hwcf_q", "conv_2d_nhwgc_gfhwc"),
    *("conv_2d_nhwgc_gfhwc_q", "conv_3d", "conv_3d_ncdhw_fcdhw", "conv_3d_ndhwc_dhwcf", "conv_3d_ndhwc_dhwcf_q"),
    *("depthwise_conv_1d_ncw_cw", "depthwise_conv_1d_nwc_wc", "depthwise_conv_1d_nwc_wcm"),
    *("depthwise_conv_2d_nchw_chw", "depthwise_conv_2d_nhwc_hwc", "depthwise_conv_2d_nhwc_hwc_q"),
    *("depthwise_conv_2d_nhwc_hwcm", "depthwise_conv_2d_nhwc_hwcm_q", "depthwise_conv_3d_ncdhw_cdhw"),
    *("depthwise_conv_3d_ndhwc_dhwc", "depthwise_conv_3d_ndhwc_dhwcm"),
)
_POOLS = (
    *("pooling_nchw_max", "pooling_nchw_sum", "pooling_ncw_max", "pooling_ncw_sum", "pooling_ndhwc_max"),
    *("pooling_ndhwc_min", "pooling_ndhwc_sum", "pooling_nhwc_max", "pooling_nhwc_max_unsigned"),
    *("pooling_nhwc_min", "pooling_nhwc_min_unsigned", "pooling_nhwc_sum", "pooling_nwc_max"),
    *("pooling_nwc_max_unsigned", "pooling_nwc_min", "pooling_nwc_min_unsigned", "pooling_nwc_sum"),
)
_NAMES = ("generic", "reduce", *_ELEMENTWISE, *_CONTRACTIONS, *_CONVOLUTIONS, *_POOLS)
# What these say is in the op's indexing maps and body too, which MLIR derives from them.
_DERIVED = ("indexing_maps", "iterator_types", "dimensions", "permutation", "strides", "dilations", "kind", "cast")


@mlir_op(*(f"linalg.{name}" for name in _NAMES), ignores=(*_DERIVED, "doc", "library_call"))
def structured(g: Graph, *operands: Value) -> tuple[Value, ...] | Value:
    """The body for each turn of the loops that the indexing maps span."""
    results = import_structured(g, operands, g.region())
    return results[0] if len(results) == 1 else tuple(results)


@mlir_op("linalg.fill")
def fill(g: Graph, inputs: Sequence[Value], outputs: Sequence[Value]) -> Value:
    """A tensor of the output's shape whose elements are all the number."""
    (number,), (output,) = inputs, outputs
    return g.filled(number, output.tensor.dims)


@mlir_op("linalg.softmax")
def softmax(g: Graph, input: Value, output: Value, *, dimension: int) -> Value:
    """The softmax along an axis."""
    return g(Softmax(input, axis=dimension))


@mlir_op("linalg.index")
def index(g: Graph, *, dim: int) -> Value:
    """The number of the turn of a loop around."""
    value = g.nests[-1].iota(dim)
    assert isinstance(value, Value)
    return value
