"""Targets by name, and what the host is."""

from __future__ import annotations

import pytest

from mlc.errors import CompileError
from mlc.target import Target, target_names


def test_a_level_tells_its_vectors_and_registers() -> None:
    widths = {n: Target.parse(n).vector_bytes for n in ("x86-64-v2", "x86-64-v3", "x86-64-v4")}
    assert widths == {"x86-64-v2": 16, "x86-64-v3": 32, "x86-64-v4": 64}
    assert Target.parse("x86-64-v4").register_count == 32
    assert Target.parse("x86-64-v3").lanes(4) == 8


def test_an_unknown_target_is_refused_with_the_nearest() -> None:
    with pytest.raises(CompileError, match=r"unknown target 'znver9'; did you mean 'znver[2345]'"):
        Target.parse("znver9")


def test_the_host_has_what_it_says() -> None:
    host = Target.parse("host")
    assert host.cores >= 1
    assert host.l1_bytes < host.l2_bytes
    if host.vector_bytes >= 32:
        assert host.has("avx2")
    assert host.feature_text.startswith("+sse3")


def test_every_name_parses() -> None:
    for name in target_names():
        assert Target.parse(name).name == name
