"""Targets by name, and what the host is."""

from __future__ import annotations

import pytest

from mlc import target
from mlc.errors import CompileError
from mlc.target import Target, fmas_of, target_names


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


def test_the_host_s_l2_leaves_room_on_the_stacks_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "_cache_bytes", lambda level: 64 << 20)
    assert target._host.__wrapped__().l2_bytes == 4 << 20


def test_every_name_parses() -> None:
    for name in target_names():
        assert Target.parse(name).name == name


@pytest.mark.parametrize(
    ("vendor", "family", "model", "vector_bytes", "count"),
    [
        ("AuthenticAMD", 0x19, 0x11, 64, 1),  # Zen 4
        ("AuthenticAMD", 0x19, 0x21, 32, 2),  # Zen 3
        ("AuthenticAMD", 0x1A, 0x02, 64, 2),  # Zen 5
        ("AuthenticAMD", 0x1A, 0x24, 64, 1),  # Strix Point
        ("AuthenticAMD", 0x17, 0x01, 32, 1),  # Zen 1
        ("AuthenticAMD", 0x17, 0x31, 32, 2),  # Zen 2
        ("GenuineIntel", 6, 0x8F, 64, 2),  # Sapphire Rapids
        ("GenuineIntel", 6, 0x8C, 64, 1),  # Tiger Lake
        ("GenuineIntel", 6, 0x8C, 32, 2),
        ("", 0, 0, 16, 2),
    ],
)
def test_cores_that_cut_their_vectors_do_one_fma_a_cycle(
    vendor: str, family: int, model: int, vector_bytes: int, count: int
) -> None:
    assert fmas_of(vendor, family, model, vector_bytes=vector_bytes) == count


def test_named_cpus_know_their_fmas() -> None:
    assert {n: Target.parse(n).fmas for n in ("znver3", "znver4", "znver5")} == {"znver3": 2, "znver4": 1, "znver5": 2}
