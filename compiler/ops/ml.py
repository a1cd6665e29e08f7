"""Classical machine learning: LabelEncoder, TreeEnsemble. What else ai.onnx.ml has is made of other ops."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value, type_of

Comparison = Literal["<=", "<", ">=", ">", "==", "!=", "in"]


class LabelEncoder(Op):
    """values[i] where an element of x is keys[i], the last such i; `default` (one element) where it is no key.

    A NaN key matches every NaN. ONNX ai.onnx.ml LabelEncoder (opset 4).
    """

    x: Value
    keys: Array
    values: Array
    default: Array

    def infer(self) -> TensorType:
        if DType.of(self.keys.dtype) is not self.x.tensor.dtype:
            raise self.error(f"keys {type_of(self.keys)} are not of the type of x {self.x.type}")
        if self.keys.shape != self.values.shape or self.default.size != 1 or self.default.dtype != self.values.dtype:
            raise self.error(f"{self.keys.size} keys need as many values, and one default of their type")
        return self.x.tensor.with_dtype(DType.of(self.values.dtype))

    def evaluate(self, x: Array) -> Array:
        table = dict(zip(map(_key, self.keys.tolist()), self.values, strict=True))
        default = self.default.reshape(-1)[0]
        found = [table.get(_key(element), default) for element in x.reshape(-1).tolist()]
        result = np.empty(x.size, self.values.dtype)
        result[:] = found
        return result.reshape(x.shape)


def _key(element: object) -> object:
    return "nan" if isinstance(element, float) and element != element else element


class TreeEnsemble(Op):
    """What the leaves that x[N, F] comes to in each tree say, aggregated: y[N, targets].

    Inner node i asks whether feature features[i] `comparisons`[i] splits[i] holds and goes to true_next[i] or
    false_next[i]: an inner node, or leaf -1 - next where that is negative. A missing feature (NaN) goes where
    missing_is_true[i] says, if given, else where the comparison does. For "in" the split is a row of `members`, which
    are filled up with NaN. A leaf says leaves[leaf, target], nothing where that is NaN; a target of which no leaf says
    anything is 0. `roots` has one node for each tree. ONNX ai.onnx.ml TreeEnsemble (opset 5).
    """

    x: Value
    features: Array
    comparisons: tuple[str, ...]
    splits: Array
    true_next: Array
    false_next: Array
    roots: Array
    leaves: Array
    missing_is_true: Array | None = None
    members: Array | None = None
    aggregate: Literal["sum", "average", "min", "max"] = "sum"

    def infer(self) -> TensorType:
        x = self.x.tensor
        lengths = {len(a) for a in (self.features, self.comparisons, self.splits, self.true_next, self.false_next)}
        if len(lengths) != 1 or self.leaves.ndim != 2:
            raise self.error(
                "features, comparisons, splits, true_next and false_next must have one entry for each node"
            )
        if x.shape is None:
            return x.with_dtype(DType.of(self.leaves.dtype))
        if x.rank != 2:
            raise self.error(f"x {x} must have rank 2")
        return TensorType(DType.of(self.leaves.dtype), (x.dims[0], self.leaves.shape[1]))

    def evaluate(self, x: Array) -> Array:
        at = np.broadcast_to(self.roots.astype(np.int64), (len(x), len(self.roots))).copy()
        while np.any(inner := at >= 0):
            rows, _ = np.nonzero(inner)
            nodes = at[inner]
            holds = self._holds(x[rows, self.features[nodes]], nodes)
            at[inner] = np.where(holds, self.true_next[nodes], self.false_next[nodes])
        said = self.leaves[-1 - at] if self.leaves.size else np.zeros((*at.shape, self.leaves.shape[1]))
        nothing = np.isnan(said)
        match self.aggregate:
            case "sum" | "average":
                total = np.where(nothing, 0, said).sum(axis=1)
                result = total / len(self.roots) if self.aggregate == "average" else total
            case "min":
                result = np.where(nothing, np.inf, said).min(axis=1, initial=np.inf)
            case _:
                result = np.where(nothing, -np.inf, said).max(axis=1, initial=-np.inf)
        return np.where(np.all(nothing, axis=1), 0, result).astype(self.leaves.dtype)

    def _holds(self, values: Array, nodes: Array) -> Array:
        """Whether each value satisfies the comparison of its node."""
        splits, names = self.splits[nodes], np.array(self.comparisons, object)[nodes]
        members = np.zeros((1, 0)) if self.members is None else self.members
        sets = np.clip(np.nan_to_num(splits), 0, len(members) - 1).astype(np.int64)
        answers = {
            "<=": values <= splits,
            "<": values < splits,
            ">=": values >= splits,
            ">": values > splits,
            "==": values == splits,
            "!=": values != splits,
            "in": np.any(members[sets] == values[:, None], axis=1),
        }
        holds = np.select([names == name for name in answers], list(answers.values()))
        if self.missing_is_true is None:
            return np.asarray(holds)
        return np.asarray(holds | (np.isnan(values) & (self.missing_is_true[nodes] != 0)))

    def flops(self) -> Dim:
        return self.x.tensor.dims[0] * len(self.roots)
