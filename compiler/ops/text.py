"""Ops on strings: elements are Python str in object arrays."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value, keyword
from mlc.ops.inference import elementwise_type

CaseChange = Literal["none", "lower", "upper"]


class StringConcat(Op):
    """x followed by y, broadcast. ONNX StringConcat (opset 20)."""

    x: Value
    y: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        check_strings(self, self.x, self.y)
        return elementwise_type(self, self.x, self.y)

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(x.astype(object) + y.astype(object), object)


class StringSplit(Op):
    """The pieces of each string [..., count], filled up with "", and how many there are, i64.

    Pieces lie between `delimiter`s, or between runs of white space where that is ""; after `limit` cuts the rest is one
    piece, -1 for no limit. `count` is the symbol of the most pieces. ONNX StringSplit (opset 20).
    """

    x: Value
    delimiter: str = ""
    limit: int = -1
    count: Dim = keyword(kw_only=True)
    result_names = ("pieces", "counts")
    defines_symbols = True

    def infer(self) -> tuple[TensorType, TensorType]:
        check_strings(self, self.x)
        x = self.x.tensor
        pieces = x if x.shape is None else x.with_shape((*x.shape, self.count))
        return pieces, x.with_dtype(DType.I64)

    def evaluate(self, x: Array) -> tuple[Array, Array]:
        split = [str(s).split(self.delimiter or None, self.limit) for s in x.reshape(-1)]
        counts = np.array([len(s) for s in split], np.int64)
        pieces = np.full((len(split), max(counts, default=0)), "", object)
        for row, parts in enumerate(split):
            pieces[row, : len(parts)] = parts
        return pieces.reshape(*x.shape, pieces.shape[1]), counts.reshape(x.shape)


class StringNormalizer(Op):
    """x[C] or x[1, C] without the strings that are `stopwords`, in another case; [""] when none are left.

    Accents are dropped from strings that are not ASCII. `dims` is the result's shape. ONNX StringNormalizer (opset 10).
    """

    x: Value
    case_change: CaseChange = "none"
    is_case_sensitive: bool = False
    stopwords: tuple[str, ...] = ()
    dims: tuple[Dim, ...] = keyword(kw_only=True)
    defines_symbols = True

    def infer(self) -> TensorType:
        check_strings(self, self.x)
        return self.x.tensor.with_shape(self.dims)

    def evaluate(self, x: Array) -> Array:
        if x.ndim not in (1, 2) or (x.ndim == 2 and x.shape[0] != 1):
            raise ValueError(f"x must have shape [C] or [1, C], got {list(x.shape)}")
        stops = self.stopwords if self.is_case_sensitive else {cased(w, self._compared) for w in self.stopwords}
        words = [_without_accents(str(s)) for s in x.reshape(-1)]
        kept = [w for w in words if (w if self.is_case_sensitive else cased(w, self._compared)) not in stops]
        result = np.array([cased(w, self.case_change) for w in kept] or [""], object)
        return result.reshape((1,) * (x.ndim - 1) + (-1,))

    @property
    def _compared(self) -> CaseChange:
        return "lower" if self.case_change == "none" else self.case_change


class RegexFullMatch(Op):
    """Whether the whole string matches `pattern`, a regular expression. ONNX RegexFullMatch (opset 20)."""

    x: Value
    pattern: str

    def infer(self) -> TensorType:
        check_strings(self, self.x)
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise self.error(f"pattern {self.pattern!r}: {error}") from error
        return self.x.tensor.with_dtype(DType.BOOL)

    def evaluate(self, x: Array) -> Array:
        found = [re.fullmatch(self.pattern, str(s)) is not None for s in x.reshape(-1)]
        return np.array(found, np.bool_).reshape(x.shape)


class TfIdfVectorizer(Op):
    """How often each n-gram of a pool occurs in x[C] or in each row of x[N, C]: [..., size], f32.

    The pool lists its n-grams of length 1, 2, ... one behind the other; `ngram_starts` are where each length begins.
    Counted are lengths from `min_length` to `max_length`, with up to `max_skip` elements left out between neighbours,
    and stored at `places`. "tf" gives counts, "idf" the weight where the count is not 0, "tfidf" their product. ONNX
    TfIdfVectorizer (opset 9).
    """

    x: Value
    pool: Array
    ngram_starts: tuple[int, ...]
    places: tuple[int, ...]
    weights: tuple[float, ...] | None
    min_length: int
    max_length: int
    max_skip: int
    mode: Literal["tf", "idf", "tfidf"]

    def infer(self) -> TensorType:
        x = self.x.tensor
        size = max(self.places) + 1
        if x.shape is None:
            return TensorType(DType.F32, None)
        if x.rank not in (1, 2):
            raise self.error(f"x {x} must have rank 1 or 2")
        return TensorType(DType.F32, (*x.dims[:-1], size))

    def evaluate(self, x: Array) -> Array:
        grams = self.grams()
        weights = np.ones(len(self.places)) if self.weights is None else np.array(self.weights)
        rows = x.reshape(-1, x.shape[-1])
        counts = np.zeros((len(rows), max(self.places) + 1), np.float32)
        scale = np.ones(counts.shape[1], np.float32)
        scale[list(self.places)] = weights
        for count, row in zip(counts, rows.tolist(), strict=True):
            for gram in self._occurring(row):
                if gram in grams:
                    count[grams[gram]] += 1
        result = {"tf": counts, "idf": (counts > 0) * scale, "tfidf": counts * scale}[self.mode]
        return result.astype(np.float32).reshape(*x.shape[:-1], counts.shape[1])

    def grams(self) -> dict[tuple[object, ...], int]:
        """The place of each n-gram of the pool."""
        pool, found, number = self.pool.tolist(), {}, 0
        ends = [*self.ngram_starts[1:], len(pool)]
        for length, (start, end) in enumerate(zip(self.ngram_starts, ends, strict=True), start=1):
            for at in range(start, end, length):
                if self.min_length <= length <= self.max_length:
                    found[tuple(pool[at : at + length])] = self.places[number]
                number += 1
        return found

    def _occurring(self, row: list[object]) -> list[tuple[object, ...]]:
        grams: list[tuple[object, ...]] = []
        for length in range(self.min_length, self.max_length + 1):
            for step in range(1, 2 + (self.max_skip if length > 1 else 0)):
                span = (length - 1) * step + 1
                grams.extend(tuple(row[i : i + span : step]) for i in range(len(row) - span + 1))
        return grams


def cased(text: str, change: CaseChange) -> str:
    """The text in lower or upper case, or as it is."""
    return {"none": text, "lower": text.lower(), "upper": text.upper()}[change]


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def check_strings(op: Op, *values: Value) -> None:
    """Raises at `op` unless the values are tensors of strings."""
    for value in values:
        if not isinstance(value.type, TensorType) or value.type.dtype is not DType.STRING:
            raise op.error(f"operand must hold strings, got {value.type}")
