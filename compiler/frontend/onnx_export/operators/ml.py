"""Classical machine learning: the domain ai.onnx.ml."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.types import tensor_proto
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import Array
from mlc.ops import ml

_COMPARISONS = {"<=": 0, "<": 1, ">=": 2, ">": 3, "==": 4, "!=": 5, "in": 6}
_AGGREGATES = {"average": 0, "sum": 1, "min": 2, "max": 3}


@onnx_export(ml.LabelEncoder)
def label_encoder(w: Writer, op: ml.LabelEncoder) -> str:
    w.require(4, "ai.onnx.ml")
    tensors = {"keys_tensor": op.keys, "values_tensor": op.values, "default_tensor": op.default.reshape(1)}
    protos: dict[str, Any] = {name: tensor_proto(name, array) for name, array in tensors.items()}
    return str(w("LabelEncoder", w.name(op.x), domain="ai.onnx.ml", **protos))


@onnx_export(ml.TreeEnsemble)
def tree_ensemble(w: Writer, op: ml.TreeEnsemble) -> str:
    w.require(5, "ai.onnx.ml")
    says = ~np.isnan(op.leaves)
    if not (says.sum(axis=1) == 1).all():
        raise w.error("a leaf that speaks for several targets has no ONNX form")
    targets = says.argmax(axis=1)
    weights = op.leaves[np.arange(len(targets)), targets]
    given: dict[str, Any] = {
        "aggregate_function": _AGGREGATES[op.aggregate],
        "n_targets": op.leaves.shape[1],
        "tree_roots": _ints(op.roots),
        "nodes_featureids": _ints(op.features),
        "nodes_modes": tensor_proto("nodes_modes", np.array([_COMPARISONS[c] for c in op.comparisons], np.uint8)),
        "leaf_targetids": _ints(targets),
        "leaf_weights": tensor_proto("leaf_weights", weights.astype(op.leaves.dtype)),
    }
    for side, following in (("true", op.true_next), ("false", op.false_next)):
        given[f"nodes_{side}nodeids"] = _ints(np.where(following < 0, -1 - following, following))
        given[f"nodes_{side}leafs"] = _ints(following < 0)
    if op.missing_is_true is not None:
        given["nodes_missing_value_tracks_true"] = _ints(op.missing_is_true)
    splits = op.splits.astype(op.leaves.dtype)
    if op.members is not None:
        member_nodes = [i for i, c in enumerate(op.comparisons) if c == "in"]
        rows = [op.members[int(op.splits[i])] for i in member_nodes]
        listed = [x for row in rows for x in (*row[~np.isnan(row)], np.nan)]  # NaN ends the set of one node
        given["membership_values"] = tensor_proto("membership_values", np.array(listed, op.leaves.dtype))
        splits[member_nodes] = 0
    given["nodes_splits"] = tensor_proto("nodes_splits", splits)
    return str(w("TreeEnsemble", w.name(op.x), domain="ai.onnx.ml", **given))


def _ints(array: Array) -> list[int]:
    return [int(i) for i in array.reshape(-1)]
