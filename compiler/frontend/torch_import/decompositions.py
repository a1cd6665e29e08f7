"""Which operators are taken apart before they are imported, chosen on purpose; everything else stays whole.

Both doors share the list. An operator is on it when mlc has nothing better than torch's own definition of it; none of
those that have a kernel of their own is, such as attention, normalizations, convolutions and pools.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torch._decomp import core_aten_decompositions

import mlc.frontend.torch_import.operators  # noqa: F401  registers them
from mlc.frontend.torch_import.registry import find_operator

# Functions that are others of its name, or a few of them.
_SYNONYMS = (
    *("absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "divide", "greater"),
    *("greater_equal", "less", "less_equal", "multiply", "not_equal", "row_stack", "subtract", "true_divide"),
    *("special_entr", "special_erf", "special_erfc", "special_exp2", "special_expit", "special_expm1", "special_log1p"),
    *("special_log_ndtr", "special_log_softmax", "special_logit", "special_logsumexp", "special_ndtr", "special_round"),
    *("special_sinc", "special_softmax", "special_xlog1py", "special_xlogy", "unsafe_split", "unsafe_split_with_sizes"),
)
_ELEMENTWISE = (
    *("deg2rad", "float_power", "heaviside", "isclose", "isin", "isneginf", "isposinf", "isreal", "logaddexp"),
    *("logaddexp2", "logit", "nan_to_num", "rad2deg", "sinc", "xlogy", "rrelu", "sum_to_size", "zero"),
)
_SHAPES = (
    *("affine_grid_generator", "argwhere", "block_diag", "broadcast_tensors", "column_stack", "combinations", "diag"),
    *("diag_embed", "diagflat", "diff", "dstack", "fliplr", "flipud", "hstack", "im2col", "meshgrid", "pad_sequence"),
    *("repeat_interleave", "rot90", "vstack", "_pad_circular", "_pad_enum", "native_channel_shuffle", "vander"),
    *("_unsafe_masked_index", "_unsafe_masked_index_put_accumulate", "split_with_sizes_copy", "t_copy", "alias_copy"),
)
_REDUCTIONS = (
    *("aminmax", "count_nonzero", "corrcoef", "cov", "cumulative_trapezoid", "nanmean", "nansum", "norm", "std_mean"),
    *("trace", "trapezoid", "trapz", "var_mean", "msort", "logspace", "frobenius_norm", "renorm"),
)
_PRODUCTS = (
    *("addr", "baddbmm", "bilinear", "cdist", "chain_matmul", "cosine_similarity", "cross", "einsum", "inner", "kron"),
    *("linalg_cross", "linalg_matmul", "linalg_matrix_norm", "linalg_matrix_power", "linalg_multi_dot", "linalg_norm"),
    *("linalg_vecdot", "matrix_power", "pairwise_distance", "tensordot", "_euclidean_dist"),
)
_LOSSES = (
    *("binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy_loss"),
    *(
        "hinge_embedding_loss",
        "huber_loss",
        "kl_div",
        "l1_loss",
        "margin_ranking_loss",
        "mse_loss",
        "multi_margin_loss",
    ),
    *("multilabel_margin_loss_forward", "nll_loss", "nll_loss2d", "nll_loss2d_forward", "nll_loss_forward"),
    *("nll_loss_nd", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss"),
)
_LAYERS = (
    *("_weight_norm", "_weight_norm_interface", "gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"),
    *("_convolution_mode", "max_unpool2d", "max_unpool3d", "upsample_linear1d", "upsample_nearest3d"),
    *(
        "_upsample_nearest_exact1d",
        "_upsample_nearest_exact2d",
        "_upsample_nearest_exact3d",
        "fake_quantize_per_tensor_affine",
    ),
)
# Gradients, of operators whose own gradient formula is made of simpler ones.
_GRADIENTS = (
    *("_fused_rms_norm_backward", "_log_softmax_backward_data", "_prelu_kernel_backward", "_softmax_backward_data"),
    *("binary_cross_entropy_backward", "diagonal_backward", "elu_backward", "embedding_backward"),
    *("embedding_dense_backward", "gelu_backward", "glu_backward", "hardsigmoid_backward", "hardswish_backward"),
    *("hardtanh_backward", "huber_loss_backward", "index_select_backward", "leaky_relu_backward"),
    *("log_sigmoid_backward", "logit_backward", "mish_backward", "mse_loss_backward", "native_batch_norm_backward"),
    *("native_dropout_backward", "native_group_norm_backward", "native_layer_norm_backward", "nll_loss2d_backward"),
    *("nll_loss_backward", "reflection_pad1d_backward", "reflection_pad2d_backward", "reflection_pad3d_backward"),
    *("select_backward", "sigmoid_backward", "silu_backward", "slice_backward", "smooth_l1_loss_backward"),
    *("soft_margin_loss_backward", "softplus_backward", "tanh_backward", "threshold_backward", "unfold_backward"),
    *("value_selecting_reduction_backward", "masked_select_backward", "gather_backward", "cumprod_backward"),
)

DECOMPOSED = frozenset((*_SYNONYMS, *_ELEMENTWISE, *_SHAPES, *_REDUCTIONS, *_PRODUCTS, *_LOSSES, *_LAYERS, *_GRADIENTS))


@functools.cache
def table() -> dict[Any, Callable[..., Any]]:
    """The decompositions of the operators on the list, all overloads of each that no function serves."""
    known = core_aten_decompositions()
    return {op: known[op] for op in known if str(op).split(".")[1] in DECOMPOSED and not _is_served(op)}


def _is_served(op: Any) -> bool:
    return find_operator(str(op).removesuffix(".default")) is not None
