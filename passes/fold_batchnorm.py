"""Folding of batch norms, and of constant factors and terms per channel, into the weights beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlc.ir import Array, DType, Value
from mlc.ops import Add, BatchNorm, Constant, Conv, ConvTranspose, Div, Matmul, Mul, Sub, constant_value
from mlc.passes.affine import Affine, affine_of
from mlc.passes.algebra import other_use
from mlc.rewrite import Miss, Pass

Product = Conv | ConvTranspose | Matmul


def fold_into_weights_before(op: BatchNorm | Mul | Div | Add | Sub) -> Value | Miss | None:
    """s * conv(x, w, b) + t -> conv(x, s * w, s * b + t), sound because s does not vary over what a conv sums.

    The same for the columns of a product: (x @ w + b) * s + t -> x @ (w * s) + (b * s + t).
    """
    source = _product_before(op)
    if source is None:
        return None
    product, bias, output = source
    if isinstance(product, Matmul) and isinstance(op, Add | Sub) and bias is None:
        return None  # this is its bias
    axis = _output_axis(product)
    weights = constant_value(_weights(product))
    if weights is None:
        return Miss("the weights are not constant", blocker=_weights(product))
    channels = _output_channels(product, weights)
    affine = affine_of(op, axis, channels)
    if not isinstance(affine, Affine) or affine.x is not output:
        return affine if isinstance(affine, Miss) else None
    if (reason := _unfit(product, affine)) is not None:
        return reason
    if (use := other_use(output, op)) is not None:
        return Miss("what it scales has another use", blocker=use)
    if output is not product.results[0] and (use := other_use(product.results[0], output.op or op)) is not None:
        return Miss("what it scales has another use", blocker=use)
    old_bias = np.zeros(channels) if bias is None else bias
    scaled = _constant(_scaled_outputs(product, weights, affine.scale), weights)
    shift = affine.scale * old_bias + affine.shift
    return _rebuilt(product, product.x, scaled, None if bias is None and not shift.any() else shift, weights)


def fold_into_weights_behind(op: Conv | ConvTranspose | Matmul) -> Value | Miss | None:
    """conv(s * x + t, w, b) -> conv(x, s * w, b + sum of w * t), sound for t != 0 only where no zeros are padded on.

    The same for the rows of a product: (x * s + t) @ w -> x @ (s * w) + t @ w.
    """
    before = op.x.op
    weights = constant_value(_weights(op))
    if not isinstance(before, BatchNorm | Mul | Div | Add | Sub) or weights is None or op.x.tensor.shape is None:
        return None
    axis = op.x.tensor.rank - 1 if isinstance(op, Matmul) else 1
    channels = op.x.tensor.dims[axis]
    if not isinstance(channels, int):
        return None
    affine = affine_of(before, axis, channels)
    if not isinstance(affine, Affine):
        return affine
    if (reason := _unfit(op, affine)) is not None:
        return reason
    if isinstance(op, Conv) and affine.shift.any() and any(op.pads):
        return Miss("zeros are padded on behind the shift", blocker="pads")
    if isinstance(op, ConvTranspose) and affine.shift.any():
        return Miss("elements at the edges get less of the shift", blocker=before)
    if (use := other_use(op.x, op)) is not None:
        return Miss("the scaled value has another use", blocker=use)
    old_bias = None if isinstance(op, Matmul) else op.b
    bias = constant_value(old_bias)
    if old_bias is not None and bias is None:
        return Miss("the bias is not constant", blocker=old_bias)
    scaled = _constant(_scaled_inputs(op, weights, affine.scale), weights)
    added = _summed_inputs(op, weights, affine.shift)
    total = added if bias is None else added + bias.astype(np.float64)
    return _rebuilt(op, affine.x, scaled, None if bias is None and not total.any() else total, weights)


def spell_out_batch_norm(op: BatchNorm) -> Value | Miss | None:
    """A batch norm with no weights beside it -> x * scale + shift, which fuses like other arithmetic."""
    if op.x.tensor.shape is None or op.x.tensor.rank < 2 or op.x.tensor.dtype not in (DType.F32, DType.F64):
        return None
    channels = op.scale.tensor.dims[0]
    if not isinstance(channels, int):
        return None
    if op.x.tensor.dims[1] != channels:
        return Miss("only the run tells whether x has as many channels", blocker=op.x)
    affine = affine_of(op, 1, channels)
    if not isinstance(affine, Affine):
        return affine
    if not affine.is_finite:
        return Miss("a variance of 0 makes its factor infinite", blocker=op.variance)
    shape = (channels, *(1,) * (op.x.tensor.rank - 2))
    dtype = op.x.tensor.dtype.numpy
    factor, term = (Constant(v.astype(dtype).reshape(shape)).result for v in (affine.scale, affine.shift))
    return Add(Mul(op.x, factor).result, term).result


@dataclass(frozen=True)
class FoldBatchnorm(Pass):
    """Multiplies batch norms and constants per channel into the weights of the conv or matmul before or behind.

    %1 = conv(%0, w, b); %2 = batch_norm(%1)  ->  %2 = conv(%0, w * s, b * s + t)
    %1 = mul(%0, s); %2 = matmul(%1, w)       ->  %2 = matmul(%0, s * w)

    Unchanged: a conv whose result has another use, weights that are not constant, and a shift behind which a conv pads
    zeros. A batch norm that finds no weights becomes a product and a sum.
    """

    numerics = "reassociating"
    rules = (fold_into_weights_before, fold_into_weights_behind, spell_out_batch_norm)


# --- the products -----------------------------------------------------------------------------------------------------


def _product_before(op: BatchNorm | Mul | Div | Add | Sub) -> tuple[Product, Array | None, Value] | None:
    """The conv or matmul whose result `op` changes, its constant bias, and the value with the bias added."""
    for value in op.operands[:2] if not isinstance(op, BatchNorm) else (op.x,):
        match value.op:
            case Conv() | ConvTranspose() as product if product.b is None or constant_value(product.b) is not None:
                bias = constant_value(product.b)
                return product, None if bias is None else bias.astype(np.float64), value
            case Matmul() as product:
                return product, None, value
            case Add() as add if isinstance(add.x.op, Matmul):
                product = add.x.op
                weights = constant_value(product.y)
                if weights is not None and product.result.tensor.shape is not None:
                    affine = affine_of(add, _output_axis(product), _output_channels(product, weights))
                    if isinstance(affine, Affine):
                        return product, affine.shift, value
            case _:
                pass
    return None


def _weights(product: Product) -> Value:
    return product.y if isinstance(product, Matmul) else product.w


def _output_axis(product: Product) -> int:
    return product.result.tensor.rank - 1 if isinstance(product, Matmul) else 1


def _output_channels(product: Product, weights: Array) -> int:
    match product:
        case Conv():
            return int(weights.shape[0])
        case ConvTranspose():
            return int(weights.shape[1]) * product.groups
        case Matmul():
            return int(weights.shape[-2 if product.transpose_y else -1])


def _unfit(product: Product, affine: Affine) -> Miss | None:
    if isinstance(product, Conv) and product.layout != "nchw":
        return Miss("the conv is in a blocked layout", blocker="layout")
    if isinstance(product, Matmul) and (product.x.tensor.rank < 2 or product.y.tensor.rank != 2):
        return Miss("the product is not by one matrix", blocker=product.y)
    if not affine.is_finite:
        return Miss("a factor is infinite", blocker=product)
    return None


def _scaled_outputs(product: Product, w: Array, scale: Array) -> Array:
    """The weights with each output channel multiplied."""
    wide = w.astype(np.float64)
    match product:
        case Conv():
            return np.asarray(wide * scale.reshape(-1, *(1,) * (w.ndim - 1)))
        case ConvTranspose(groups=groups):
            grouped = wide.reshape(groups, w.shape[0] // groups, *w.shape[1:])
            factors = scale.reshape(groups, 1, w.shape[1], *(1,) * (w.ndim - 2))
            return np.asarray((grouped * factors).reshape(w.shape))
        case Matmul():
            return np.asarray(wide * (scale[:, None] if product.transpose_y else scale))


def _scaled_inputs(product: Product, w: Array, scale: Array) -> Array:
    """The weights with each input channel multiplied."""
    wide = w.astype(np.float64)
    if isinstance(product, Matmul):
        return np.asarray(wide * (scale if product.transpose_y else scale[:, None]))
    if isinstance(product, ConvTranspose):
        return np.asarray(wide * scale.reshape(-1, *(1,) * (w.ndim - 1)))
    return np.asarray(wide * _per_input(product, w, scale))


def _summed_inputs(product: Product, w: Array, shift: Array) -> Array:
    """What a shift of the input channels adds to each output channel."""
    wide = w.astype(np.float64)
    if isinstance(product, Matmul):
        return np.asarray(wide @ shift if product.transpose_y else shift @ wide)
    if isinstance(product, ConvTranspose):
        return np.zeros(w.shape[1] * product.groups)  # the caller lets no shift through
    return np.asarray((wide * _per_input(product, w, shift)).reshape(w.shape[0], -1).sum(axis=1))


def _per_input(product: Conv, w: Array, vector: Array) -> Array:
    """vector[C] as it meets w[O, C/groups, kernel...]: output channel o sees the inputs of group o // (O/groups)."""
    groups = product.groups
    rows = np.repeat(vector.reshape(groups, w.shape[1]), w.shape[0] // groups, axis=0)
    return rows.reshape(*rows.shape, *(1,) * (w.ndim - 2))


def _constant(array: Array, like: Array) -> Value:
    return Constant(np.asarray(array, like.dtype)).result


def _rebuilt(product: Product, x: Value, weights: Value, bias: Array | None, like: Array) -> Value:
    new_bias = None if bias is None else _constant(bias, like)
    if isinstance(product, Matmul):
        result = Matmul(x, weights, transpose_y=product.transpose_y).result
        return result if new_bias is None else Add(result, new_bias).result
    changes: dict[str, Value | None] = {"x": x, "w": weights, "b": new_bias}
    return product.clone(None, **changes).results[0]
