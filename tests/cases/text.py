"""Rows for the ops of mlc.ops.text."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases import Case
from mlc.ir import symbol
from mlc.ops import RegexFullMatch, StringConcat, StringNormalizer, StringSplit, TfIdfVectorizer


def strings(*words: Any) -> np.ndarray:
    """An array of strings."""
    return np.array(words, object)


def split(**given: Any) -> Any:
    """Builds a StringSplit."""
    return lambda x: StringSplit(x, count=symbol("K"), **given)


def normalizer(rank: int = 1, **given: Any) -> Any:
    """Builds a StringNormalizer."""
    return lambda x: StringNormalizer(x, dims=(1,) * (rank - 1) + (symbol("K"),), **given)


def tf_idf(**given: Any) -> Any:
    """Builds a TfIdfVectorizer over unigrams 2, 3, 5, 4 and bigrams 5 6, 7 8, 6 7."""
    defaults: dict[str, Any] = {
        "pool": np.array([2, 3, 5, 4, 5, 6, 7, 8, 6, 7]),
        "ngram_starts": (0, 4),
        "places": (0, 1, 2, 3, 4, 5, 6),
        "weights": None,
        "min_length": 1,
        "max_length": 2,
        "max_skip": 0,
        "mode": "tf",
    }
    return lambda x: TfIdfVectorizer(x, **{**defaults, **given})


NUMBERS = np.array([[1, 1, 3, 3, 3, 7], [8, 6, 7, 5, 6, 8]])
WEIGHTS = (2.0, 3.0, 0.5, 1.0, 4.0, 1.5, 2.5)
CASES = [
    Case("string_concat", StringConcat, (strings(["a", "b"], ["", "é"]), strings("x", "y"))),
    Case("string_concat_empty", StringConcat, (np.empty((0, 2), object), strings("x", "y"))),
    Case("string_split", split(), (strings(["a b  c", ""], [" d ", "e f"]),)),
    Case("string_split_delimiter", split(delimiter=","), (strings("a,b,,c", "", "d"),)),
    Case("string_split_limit", split(delimiter=",", limit=1), (strings("a,b,c", "d"),)),
    Case("string_split_empty", split(), (np.empty(0, object),)),
    Case("string_normalizer_lower", normalizer(case_change="lower"), (strings("Montag", "DIENSTAG", "Éa"),)),
    Case(
        "string_normalizer_stopwords",
        normalizer(2, stopwords=("monday",), case_change="upper"),
        (strings(["Monday", "tuesday"]),),
    ),
    Case(
        "string_normalizer_case_sensitive",
        normalizer(stopwords=("monday",), is_case_sensitive=True),
        (strings("Monday", "monday"),),
    ),
    Case("string_normalizer_nothing_left", normalizer(stopwords=("a",)), (strings("a", "A"),)),
    Case(
        "regex_full_match", lambda x: RegexFullMatch(x, r"www\.\w+\.com"), (strings("www.a.com", "www.a.com.de", ""),)
    ),
    Case("tf_idf_tf", tf_idf(), (NUMBERS,)),
    Case("tf_idf_row", tf_idf(min_length=2), (NUMBERS[1],)),
    Case("tf_idf_idf", tf_idf(mode="idf", weights=WEIGHTS), (NUMBERS,)),
    Case("tf_idf_tfidf_skips", tf_idf(mode="tfidf", weights=WEIGHTS, max_skip=3), (NUMBERS,)),
    Case(
        "tf_idf_strings",
        tf_idf(pool=strings("a", "b", "a", "b"), ngram_starts=(0, 2), places=(1, 0, 2)),
        (strings("a", "b", "b"),),
    ),
]
