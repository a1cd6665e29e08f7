"""Operators on strings."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Value
from mlc.ops import RegexFullMatch, StringConcat, StringNormalizer, StringSplit, TfIdfVectorizer

# Languages whose rules for case differ from those of Unicode's tables.
_SPECIAL_CASE = ("tr", "az", "lt")


@onnx_op("StringConcat", since=20)
def string_concat(g: Graph, x: Value, y: Value) -> Value:
    return g(StringConcat(x, y))


@onnx_op("StringSplit", since=20)
def string_split(g: Graph, x: Value, *, delimiter: str = "", maxsplit: int = -1) -> tuple[Value, ...]:
    count = g.result_dims(x.tensor.rank + 1)[-1]
    return g.add(StringSplit(x, delimiter, maxsplit, count=count)).results


@onnx_op("RegexFullMatch", since=20)
def regex_full_match(g: Graph, x: Value, *, pattern: str) -> Value:
    return g(RegexFullMatch(x, pattern))


@onnx_op("StringNormalizer", since=10)
def string_normalizer(
    g: Graph,
    x: Value,
    *,
    case_change_action: str = "NONE",
    is_case_sensitive: int = 0,
    stopwords: tuple[str, ...] = (),
    locale: str = "",
) -> Value:
    if locale[:2].lower() in _SPECIAL_CASE:
        raise g.error(f"attribute 'locale' is {locale}, whose rules for upper and lower case are not supported")
    change: dict[str, Literal["none", "lower", "upper"]] = {"NONE": "none", "LOWER": "lower", "UPPER": "upper"}
    if case_change_action not in change:
        raise g.error(f"attribute 'case_change_action' must be NONE, LOWER or UPPER, got {case_change_action!r}")
    dims = g.result_dims(x.tensor.rank)
    return g(StringNormalizer(x, change[case_change_action], bool(is_case_sensitive), stopwords, dims=dims))


@onnx_op("TfIdfVectorizer", since=9)
def tf_idf_vectorizer(
    g: Graph,
    x: Value,
    *,
    mode: str,
    min_gram_length: int,
    max_gram_length: int,
    max_skip_count: int,
    ngram_counts: tuple[int, ...],
    ngram_indexes: tuple[int, ...],
    pool_int64s: tuple[int, ...] | None = None,
    pool_strings: tuple[str, ...] | None = None,
    weights: tuple[float, ...] | None = None,
) -> Value:
    modes: dict[str, Literal["tf", "idf", "tfidf"]] = {"TF": "tf", "IDF": "idf", "TFIDF": "tfidf"}
    if mode not in modes:
        raise g.error(f"attribute 'mode' must be TF, IDF or TFIDF, got {mode!r}")
    if (pool_int64s is None) == (pool_strings is None):
        raise g.error("exactly one of the attributes 'pool_int64s' and 'pool_strings' must be given")
    pool = np.array(pool_int64s, np.int64) if pool_strings is None else np.array(pool_strings, object)
    return g(
        TfIdfVectorizer(
            x,
            pool,
            ngram_counts,
            ngram_indexes,
            weights,
            min_gram_length,
            max_gram_length,
            max_skip_count,
            modes[mode],
        )
    )
