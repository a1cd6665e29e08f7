"""Strings."""

from __future__ import annotations

from typing import Any

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops import text

same_operator(text.StringConcat, "StringConcat")
same_operator(text.RegexFullMatch, "RegexFullMatch", pattern="pattern")


@onnx_export(text.StringSplit)
def string_split(w: Writer, op: text.StringSplit) -> list[str]:
    given: dict[str, Any] = {"maxsplit": op.limit} if op.limit >= 0 else {}
    return list(w("StringSplit", w.name(op.x), count=2, delimiter=op.delimiter, **given))


@onnx_export(text.StringNormalizer)
def string_normalizer(w: Writer, op: text.StringNormalizer) -> str:
    return str(
        w(
            "StringNormalizer",
            w.name(op.x),
            case_change_action=op.case_change.upper(),
            is_case_sensitive=int(op.is_case_sensitive),
            stopwords=list(op.stopwords) if op.stopwords else None,
        )
    )


@onnx_export(text.TfIdfVectorizer)
def tf_idf(w: Writer, op: text.TfIdfVectorizer) -> str:
    is_text = op.pool.dtype == object
    return str(
        w(
            "TfIdfVectorizer",
            w.name(op.x),
            mode={"tf": "TF", "idf": "IDF", "tfidf": "TFIDF"}[op.mode],
            ngram_counts=list(op.ngram_starts),
            ngram_indexes=list(op.places),
            min_gram_length=op.min_length,
            max_gram_length=op.max_length,
            max_skip_count=op.max_skip,
            weights=list(op.weights) if op.weights is not None else None,
            pool_strings=[str(s) for s in op.pool] if is_text else None,
            pool_int64s=[int(i) for i in op.pool] if not is_text else None,
        )
    )
