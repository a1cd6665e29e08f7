"""Classical machine learning (ai.onnx.ml)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import reshaped
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Array, DType, Value
from mlc.ops import Cast, Gather, LabelEncoder, Less, Mul, Sigmoid, Softmax, Sub, TreeEnsemble

_DOMAIN = "ai.onnx.ml"
_COMPARISONS = ("<=", "<", ">=", ">", "==", "!=", "in")
Aggregate = Literal["sum", "average", "min", "max"]
_AGGREGATES: tuple[Aggregate, ...] = ("average", "sum", "min", "max")


@onnx_op("ArrayFeatureExtractor", since=1, domain=_DOMAIN)
def array_feature_extractor(g: Graph, x: Value, y: Value) -> Value:
    """Elements of the last dim; a vector is a row."""
    rows = reshaped(g, x, (1, *x.tensor.dims)) if x.tensor.rank == 1 else x
    return g(Gather(rows, reshaped(g, y, (y.tensor.element_count,)), axis=rows.tensor.rank - 1))


@onnx_op("Binarizer", since=1, domain=_DOMAIN)
def binarizer(g: Graph, x: Value, *, threshold: float = 0.0) -> Value:
    return g(Cast(g(Less(g.scalar(threshold, x.tensor.dtype), x)), dtype=x.tensor.dtype))


@onnx_op("Scaler", since=1, domain=_DOMAIN)
def scaler(g: Graph, x: Value, *, offset: tuple[float, ...], scale: tuple[float, ...]) -> Value:
    """(x - offset) * scale in f32, one of each for all features or for each."""
    wide = x if x.tensor.dtype is DType.F32 else g(Cast(x, dtype=DType.F32))
    centered = g(Sub(wide, g.constant(np.array(offset, np.float32))))
    return g(Mul(centered, g.constant(np.array(scale, np.float32))))


@onnx_op("LabelEncoder", since=2, domain=_DOMAIN)
def label_encoder(
    g: Graph,
    x: Value,
    *,
    default_float: float = -0.0,
    default_int64: int = -1,
    default_string: str = "_Unused",
    default_tensor: Array | None = None,
    keys_floats: tuple[float, ...] | None = None,
    keys_int64s: tuple[int, ...] | None = None,
    keys_strings: tuple[str, ...] | None = None,
    keys_tensor: Array | None = None,
    values_floats: tuple[float, ...] | None = None,
    values_int64s: tuple[int, ...] | None = None,
    values_strings: tuple[str, ...] | None = None,
    values_tensor: Array | None = None,
) -> Value:
    keys = _one_array(g, "keys", keys_floats, keys_int64s, keys_strings, keys_tensor)
    values = _one_array(g, "values", values_floats, values_int64s, values_strings, values_tensor)
    if default_tensor is None:
        kind = DType.of(values.dtype)
        plain = default_string if kind is DType.STRING else default_float if kind.is_float else default_int64
        default_tensor = np.array([plain], values.dtype)
    return g(LabelEncoder(x, keys, values, default_tensor))


def _one_array(
    g: Graph,
    name: str,
    floats: tuple[float, ...] | None,
    ints: tuple[int, ...] | None,
    strings: tuple[str, ...] | None,
    array: Array | None,
) -> Array:
    """The one attribute of a group that is given, as a vector."""
    given = [np.array(floats, np.float32)] if floats is not None else []
    given += [np.array(ints, np.int64)] if ints is not None else []
    given += [np.array(strings, object)] if strings is not None else []
    given += [array.reshape(-1)] if array is not None else []
    if len(given) != 1:
        raise g.error(f"exactly one of the attributes '{name}_*' must be given, got {len(given)}")
    return given[0]


@onnx_op("TreeEnsemble", since=5, domain=_DOMAIN)
def tree_ensemble(
    g: Graph,
    x: Value,
    *,
    aggregate_function: int = 1,
    leaf_targetids: tuple[int, ...],
    leaf_weights: Array,
    membership_values: Array | None = None,
    n_targets: int,
    nodes_falseleafs: tuple[int, ...],
    nodes_falsenodeids: tuple[int, ...],
    nodes_featureids: tuple[int, ...],
    nodes_hitrates: Array | None = None,
    nodes_missing_value_tracks_true: tuple[int, ...] | None = None,
    nodes_modes: Array,
    nodes_splits: Array,
    nodes_trueleafs: tuple[int, ...],
    nodes_truenodeids: tuple[int, ...],
    post_transform: int = 0,
    tree_roots: tuple[int, ...],
) -> Value:
    leaves = np.full((len(leaf_weights), n_targets), np.nan, leaf_weights.dtype)
    leaves[np.arange(len(leaf_weights)), list(leaf_targetids)] = leaf_weights
    splits = nodes_splits.copy()
    sets = [i for i, mode in enumerate(nodes_modes) if _COMPARISONS[mode] == "in"]
    members = None
    if membership_values is not None and sets:
        members = _rows(membership_values, len(sets))
        splits[sets] = np.arange(len(sets))
    y = g(
        TreeEnsemble(
            x,
            features=np.array(nodes_featureids, np.int64),
            comparisons=tuple(_COMPARISONS[mode] for mode in nodes_modes),
            splits=splits,
            true_next=_next(nodes_truenodeids, nodes_trueleafs),
            false_next=_next(nodes_falsenodeids, nodes_falseleafs),
            roots=np.array(tree_roots, np.int64),
            leaves=leaves,
            missing_is_true=_flags(nodes_missing_value_tracks_true),
            members=members,
            aggregate=_AGGREGATES[aggregate_function],
        )
    )
    return _post_transformed(g, y, post_transform)


def _next(ids: tuple[int, ...], is_leaf: tuple[int, ...]) -> Array:
    """Nodes by their numbers, leaves by -1 - number."""
    return np.where(is_leaf, -1 - np.array(ids, np.int64), np.array(ids, np.int64))


def _flags(values: tuple[int, ...] | None) -> Array | None:
    return None if values is None else np.array(values, np.int64)


def _rows(values: Array, count: int) -> Array:
    """Sets that are each ended by a NaN, as rows filled up with NaN."""
    ends = np.flatnonzero(np.isnan(values))[:count]
    parts = np.split(values, ends + 1)[: len(ends)]
    rows = np.full((len(parts), max(len(p) for p in parts)), np.nan, values.dtype)
    for row, part in zip(rows, parts, strict=True):
        row[: len(part)] = part
    return rows


def _post_transformed(g: Graph, y: Value, kind: int) -> Value:
    match kind:
        case 0:
            return y
        case 1:
            return g(Softmax(y, axis=-1))
        case 2:
            return g(Sigmoid(y))
        case other:
            raise g.error(f"attribute 'post_transform' must be 0, 1 or 2 (none, softmax, logistic), got {other}")
