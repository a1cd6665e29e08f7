"""The page that make bench writes, from results that are made up here."""

from __future__ import annotations

from typing import Any

import performance_page as pages


def row(engine: str, threads: int, seconds: float) -> dict[str, Any]:
    return {
        "engine": engine,
        "threads": threads,
        "seconds": [seconds] * 4,
        "median_seconds": seconds,
        "share_of_peak": 0.5,
        "largest_difference": {"relative": 2e-5},
        "load_seconds": 0.01,
        "compile_seconds": 2.5,
        "private_bytes": 3 << 20,
        "same_bits_as_first_threads": True,
        "versions": f"{engine} 1",
        "settings": "all on",
    }


def result(name: str, ours: float, ort: float, openvino: float, fastest: float | None = None) -> dict[str, Any]:
    times = [("mlc", ours), ("ort", ort), ("openvino", openvino)]
    if fastest is not None:
        times.insert(1, ("mlc -O3", fastest))
    point = {"kernel": "conv", "sources": ["conv1", "bn1"], "seconds": ours, "flops": 1e9 * ours}
    return {
        "name": name,
        "rounds": 4,
        "rows": [row(engine, threads, s / threads) for threads in (1, 2) for engine, s in times],
        "peak_flops_per_second": {"1": 1e11, "2": 2e11},
        "points": {"mlc": [point], "mlc -O3": [point]},
    }


FAST, SLOW = result("fast", 1.0, 2.0, 4.0), result("slow", 2.0, 1.0, 3.0)
BOTH_LEVELS = result("slow", 2.0, 1.0, 3.0, fastest=0.5)


def test_the_fastest_other_engine_is_what_counts() -> None:
    found = pages.contest(pages.view(FAST, "mlc"), 2)
    assert (found.best["engine"], found.ratio.value) == ("ort", 2.0)
    assert pages.contest(pages.view(SLOW, "mlc"), 1).ratio.value == 0.5


def test_the_page_has_a_row_for_each_model_and_the_mean_over_networks() -> None:
    text = pages.page([FAST, SLOW], [result("gelu", 1.0, 1.0, 1.0)], "A machine.")
    assert "| fast | 1.0 s | 50 % | 2.0 s | 4.0 s | 2.000 [2.000, 2.000] |" in text
    assert "| gelu | 1.0 s |  | 1.0 s | 1.0 s | 1.000 [1.000, 1.000] |" in text
    assert "- 1 thread: 1.000 [1.000, 1.000]" in text  # of 2 and 1/2
    assert "| slow | 2.000 [2.000, 2.000] | yes |" in text  # two threads
    assert "| fast | 2.5 s | 10.0 ms | 10.0 ms | 10.0 ms | 3 MiB | 3 MiB | 3 MiB |" in text
    assert "- ort: ort 1; all on" in text and "![slow](roofline/slow.svg)" in text


def test_what_falls_short_is_named_with_where_its_time_goes() -> None:
    text = pages.page([FAST, SLOW], [], "A machine.")
    short = text[text.index("### What falls short") : text.index("### Rooflines")]
    assert "**slow**: 0.500 [0.500, 0.500] of ort with 1, 0.500 [0.500, 0.500] of ort with 2" in short
    assert "- conv at `conv1+bn1`: 100 %, 2.0 s, 1.0 GFLOP/s" in short and "fast" not in short
    assert "Nothing: no model is slower" in pages.page([FAST], [], "A machine.")


def test_more_memory_than_onnx_runtime_and_low_means_fall_short_too() -> None:
    large = result("fast", 1.0, 2.0, 4.0, fastest=1.0)
    large["rows"][1]["private_bytes"] = 4 << 20
    text = pages.page([large], [], "A machine.")
    assert "- **fast -O3** with 1 thread: 4.0 MiB of private memory, ort 3.0 MiB." in text and "**fast**" not in text
    assert "| fast -O3 | 2.5 s | 10.0 ms | 10.0 ms | 10.0 ms | 4 MiB | 3 MiB | 3 MiB |" in text
    low = pages.page([result("near", 1.0, 1.1, 2.0, fastest=0.5)], [], "A machine.")
    assert "at -O2 with 2 threads is 1.100 [1.100, 1.100]; 1.15 is aimed at." in low and "at -O3 with" not in low


def test_what_another_level_changes_has_rows_and_a_mean_of_its_own() -> None:
    text = pages.page([FAST, BOTH_LEVELS], [], "A machine.")
    assert "| slow | 2.0 s | 50 % | 1.0 s | 3.0 s | 0.500 [0.500, 0.500] |" in text  # -O3 is no other engine
    assert "| slow -O3 | 2 | 250.0 ms | 50 % | 500.0 ms ort | 2.000 [2.000, 2.000] | 2.0e-05 |" in text
    default, changed = text.split("Geometric means over the networks, at -O3")
    assert "- 1 thread: 1.000" in default and "- 1 thread: 2.000" in changed


def test_writing_the_page_again_replaces_its_part_and_nothing_else() -> None:
    part = pages.page([FAST], [], "A machine.")
    once = pages.replaced("# Performance\n\n## By hand\n\nkept\n", part)
    assert once.startswith("# Performance\n\n## By hand\n\nkept\n") and once.count(pages.BEGIN) == 1
    assert pages.replaced(once, part) == once
    with_more = pages.replaced(f"{once}\n## More\n", part)
    assert with_more.endswith(f"{pages.END}\n\n## More\n") and pages.replaced(with_more, part) == with_more
