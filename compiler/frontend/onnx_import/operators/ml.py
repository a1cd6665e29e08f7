"""Classical machine learning: operators of domain ai.onnx.ml."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.cast import converted
from mlc.frontend.onnx_import.operators.shape import reshaped
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Array, DType, Value
from mlc.ops import Gather, LabelEncoder, Less, Mul, Sigmoid, Softmax, Sub, TreeEnsemble

_DOMAIN = "ai.onnx.ml"
_COMPARISONS = ("<=", "<", ">=", ">", "==", "!=", "in")


@onnx_op("LabelEncoder", since=2, domain=_DOMAIN)
def label_encoder(
    g: Graph,
    x: Value,
    *,
    keys_floats: tuple[float, ...] | None = None,
    keys_int64s: tuple[int, ...] | None = None,
    keys_strings: tuple[str, ...] | None = None,
    keys_tensor: Array | None = None,
    values_floats: tuple[float, ...] | None = None,
    values_int64s: tuple[int, ...] | None = None,
    values_strings: tuple[str, ...] | None = None,
    values_tensor: Array | None = None,
    default_float: float = -0.0,
    default_int64: int = -1,
    default_string: str = "_Unused",
    default_tensor: Array | None = None,
) -> Value:
    keys = _only_list(g, "keys", keys_floats, keys_int64s, keys_strings, keys_tensor)
    values = _only_list(g, "values", values_floats, values_int64s, values_strings, values_tensor)
    if default_tensor is not None:
        default = default_tensor.reshape(1)
    elif values.dtype == object:
        default = np.array([default_string], object)
    else:
        default = np.array([default_float if values.dtype.kind == "f" else default_int64]).astype(values.dtype)
    return g(LabelEncoder(x, keys, values, default))


def _only_list(
    g: Graph,
    name: str,
    floats: tuple[float, ...] | None,
    int64s: tuple[int, ...] | None,
    strings: tuple[str, ...] | None,
    tensor: Array | None,
) -> Array:
    given = [np.array(floats, np.float32)] if floats is not None else []
    given += [np.array(int64s, np.int64)] if int64s is not None else []
    given += [np.array(strings, object)] if strings is not None else []
    given += [tensor.reshape(-1)] if tensor is not None else []
    if len(given) != 1:
        raise g.error(f"exactly one of the attributes '{name}_*' must be given, got {len(given)}")
    return given[0]


@onnx_op("Binarizer", since=1, domain=_DOMAIN)
def binarizer(g: Graph, x: Value, *, threshold: float = 0.0) -> Value:
    dtype = x.tensor.dtype
    return converted(g, g(Less(g.scalar(threshold, dtype), x)), dtype)


@onnx_op("Scaler", since=1, domain=_DOMAIN)
def scaler(g: Graph, x: Value, *, offset: tuple[float, ...], scale: tuple[float, ...]) -> Value:
    """(x - offset) * scale in f32, with one of each for every feature or one for all."""
    centered = g(Sub(converted(g, x, DType.F32), g.constant(np.array(offset, np.float32))))
    return g(Mul(centered, g.constant(np.array(scale, np.float32))))


@onnx_op("ArrayFeatureExtractor", since=1, domain=_DOMAIN)
def array_feature_extractor(g: Graph, x: Value, indices: Value) -> Value:
    """Columns of the last axis; a vector counts as one row."""
    rows = reshaped(g, x, (1, *x.tensor.dims)) if x.tensor.rank == 1 else x
    places = reshaped(g, indices, (indices.tensor.element_count,))
    return g(Gather(rows, places, axis=rows.tensor.rank - 1))


@onnx_op("TreeEnsemble", since=5, domain=_DOMAIN)
def tree_ensemble(
    g: Graph,
    x: Value,
    *,
    tree_roots: tuple[int, ...],
    nodes_featureids: tuple[int, ...],
    nodes_modes: Array,
    nodes_splits: Array,
    nodes_truenodeids: tuple[int, ...],
    nodes_trueleafs: tuple[int, ...],
    nodes_falsenodeids: tuple[int, ...],
    nodes_falseleafs: tuple[int, ...],
    leaf_targetids: tuple[int, ...],
    leaf_weights: Array,
    nodes_missing_value_tracks_true: tuple[int, ...] | None = None,
    nodes_hitrates: Array | None = None,
    membership_values: Array | None = None,
    n_targets: int = 1,
    aggregate_function: int = 1,
    post_transform: int = 0,
) -> Value:
    """Hit rates say how often a node was visited in training; they change no result."""
    aggregates: tuple[Literal["average", "sum", "min", "max"], ...] = ("average", "sum", "min", "max")
    if not 0 <= aggregate_function < len(aggregates):
        raise g.error(f"attribute 'aggregate_function' must be one of 0 to 3, got {aggregate_function}")
    comparisons = tuple(_COMPARISONS[int(mode)] for mode in nodes_modes.reshape(-1))
    splits, members = _with_sets(g, nodes_splits.reshape(-1), comparisons, membership_values)
    weights = leaf_weights.reshape(-1)
    leaves = np.full((len(weights), n_targets), np.nan, weights.dtype)
    leaves[np.arange(len(weights)), list(leaf_targetids)] = weights
    scores = g(
        TreeEnsemble(
            x,
            features=np.array(nodes_featureids, np.int64),
            comparisons=comparisons,
            splits=splits,
            true_next=_next(nodes_truenodeids, nodes_trueleafs),
            false_next=_next(nodes_falsenodeids, nodes_falseleafs),
            roots=np.array(tree_roots, np.int64),
            leaves=leaves,
            missing_is_true=_optional_ints(nodes_missing_value_tracks_true),
            members=members,
            aggregate=aggregates[aggregate_function],
        )
    )
    return _post_transformed(g, scores, post_transform)


def _post_transformed(g: Graph, scores: Value, kind: int) -> Value:
    match kind:
        case 0:
            return scores
        case 1:
            return g(Softmax(scores, axis=-1))
        case 2:
            return g(Sigmoid(scores))
        case other:
            raise g.error(f"attribute 'post_transform' must be 0, 1 or 2 (none, softmax, logistic), got {other}")


def _next(ids: tuple[int, ...], leafs: tuple[int, ...]) -> Array:
    places = np.array(ids, np.int64)
    return np.where(np.array(leafs, np.int64) != 0, -1 - places, places)


def _optional_ints(values: tuple[int, ...] | None) -> Array | None:
    return None if values is None else np.array(values, np.int64)


def _with_sets(
    g: Graph, splits: Array, comparisons: tuple[str, ...], values: Array | None
) -> tuple[Array, Array | None]:
    """The splits with the row of its set at each node that asks for membership, and the sets as rows.

    The sets come in the order of these nodes, each ended by NaN.
    """
    asking = [i for i, name in enumerate(comparisons) if name == "in"]
    if not asking:
        return splits, None
    if values is None:
        raise g.error("attribute 'membership_values' is missing")
    flat = values.reshape(-1)
    ends = np.flatnonzero(np.isnan(flat))
    if len(ends) != len(asking):
        raise g.error(f"attribute 'membership_values' has {len(ends)} sets for {len(asking)} nodes")
    sets = [part[~np.isnan(part)] for part in np.split(flat, ends + 1)[: len(asking)]]
    members = np.full((len(sets), max(len(s) for s in sets)), np.nan, flat.dtype)
    for row, part in enumerate(sets):
        members[row, : len(part)] = part
    rows = splits.copy()
    rows[asking] = np.arange(len(asking))
    return rows, members
