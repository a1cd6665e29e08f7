"""Rows for the ops of mlc.ops.ml."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases import Case
from mlc.ops import LabelEncoder, TreeEnsemble

NAN = np.nan
X = np.array([[1.2, 3.4, -0.12], [1.66, 4.14, NAN], [NAN, 0.5, 2.0]], np.float32)


def trees(**given: Any) -> Any:
    """Builds two trees over three features: one of three inner nodes, one that is a single comparison."""
    defaults: dict[str, Any] = {
        "features": np.array([0, 2, 0, 1]),
        "comparisons": ("<=", "<=", ">", "<"),
        "splits": np.array([1.5, 1.2, 5.0, 4.0], np.float32),
        "true_next": np.array([1, -1, -3, -5]),
        "false_next": np.array([2, -2, -4, -6]),
        "roots": np.array([0, 3]),
        "leaves": np.array([[5.2, NAN], [NAN, 12.1], [7, NAN], [NAN, -3], [1, 1], [2, -2]], np.float32),
    }
    return lambda x: TreeEnsemble(x, **{**defaults, **given})


def encoder(keys: Any, values: Any, default: Any) -> Any:
    """Builds a LabelEncoder."""
    return lambda x: LabelEncoder(x, keys, values, default)


WORDS = np.array(["a", "b", "c"], object)
CASES = [
    Case(
        "label_encoder_strings",
        encoder(WORDS, np.array([5, 6, 7]), np.array([-1])),
        (np.array([["a", "x"], ["c", "a"]], object),),
    ),
    Case("label_encoder_to_strings", encoder(np.array([1, 2, 1]), WORDS, np.array(["?"], object)), (np.array([1, 9]),)),
    Case(
        "label_encoder_nan",
        encoder(np.array([NAN, 1], np.float32), np.array([0.5, NAN]), np.array(-1.0)),
        (np.array([NAN, 1, 2], np.float32),),
    ),
    Case(
        "label_encoder_many",
        encoder(np.arange(0, 40, 3, dtype=np.uint8), np.arange(14) * 2 - 9, np.array(-1)),
        (np.arange(45, dtype=np.uint8).reshape(5, 9),),
    ),
    Case("label_encoder_no_keys", encoder(np.zeros(0, np.int32), np.zeros(0), np.array(0.5)), (np.zeros(3, np.int32),)),
    *(Case(f"tree_ensemble_{a}", trees(aggregate=a), (X,)) for a in ("sum", "average", "min", "max")),
    Case("tree_ensemble_missing", trees(missing_is_true=np.array([1, 0, 0, 1])), (X,)),
    Case(
        "tree_ensemble_members",
        trees(
            comparisons=("in", "==", "!=", ">="),
            members=np.array([[1.2, NAN], [NAN, NAN]]),
            splits=np.zeros(4, np.float32),
        ),
        (X,),
    ),
    Case("tree_ensemble_no_samples", trees(), (X[:0],)),
]
