"""The part of docs/performance.md that `make bench` writes: the same results give the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlc.tools.ratio import Ratio, geometric_mean, ratio_of_medians

BEGIN = "<!-- make bench writes from here -->"
END = "<!-- to here -->"

# What is asked of a row and of the networks together, as in the list of what falls short.
LEAST_RATIO = 1.0
LEAST_MEAN = 1.15
MEMORY_MEASURE = "ort"  # whose private memory ours shall not exceed
SLOWEST_SHOWN = 5

Result = dict[str, Any]  # what tests/bench.py keeps of one model
Row = dict[str, Any]

DEFAULT, FASTEST = "mlc", "mlc -O3"  # rows of ours, by what engines are called in a result


@dataclass(frozen=True)
class Contest:
    """One model with one thread count: ours, the fastest other engine, and the ratio of their medians."""

    name: str
    ours: Row
    best: Row
    ratio: Ratio


def contest(result: Result, threads: int) -> Contest:
    """The rows of the model with so many threads."""
    rows = [row for row in result["rows"] if row["threads"] == threads]
    ours = next(row for row in rows if row["engine"] == "mlc")
    best = min((row for row in rows if row is not ours), key=lambda row: row["median_seconds"])
    return Contest(result["name"], ours, best, ratio_of_medians(best["seconds"], ours["seconds"]))


def view(result: Result, ours: str) -> Result:
    """The result with the rows called `ours` as mlc's only ones; the name has the level when it is not the default."""
    others = [row for row in result["rows"] if row["engine"] not in (DEFAULT, FASTEST)]
    own = [{**row, "engine": "mlc"} for row in result["rows"] if row["engine"] == ours]
    name = result["name"] + ours.removeprefix("mlc")
    return {**result, "name": name, "rows": [*own, *others], "points": result["points"][ours]}


def has_fastest(result: Result) -> bool:
    """Whether it was measured at -O3 too: that makes other code of the model."""
    return any(row["engine"] == FASTEST for row in result["rows"])


def page(measured_networks: Sequence[Result], measured_operators: Sequence[Result], machine: str) -> str:
    """The whole part, markers included."""
    networks, operators = ([view(r, DEFAULT) for r in part] for part in (measured_networks, measured_operators))
    fastest = [view(r, FASTEST if has_fastest(r) else DEFAULT) for r in measured_networks]
    changed = [view(r, FASTEST) for r in measured_networks if has_fastest(r)]
    first = networks[0]
    peers = ", ".join(e for e in dict.fromkeys(row["engine"] for row in first["rows"]) if e != "mlc")
    threads = sorted({row["threads"] for row in first["rows"]})
    every = [*networks, *changed, *operators]
    parts = [
        BEGIN,
        "## Against other engines",
        f"f32, batch 1, {first['rounds']} interleaved rounds of fresh random inputs, outputs compared in every round;\n"
        "medians. The ratio is the fastest other engine's median over mlc's, with its 95 % interval: above 1, mlc is\n"
        f"faster. `make bench ROUNDS={first['rounds']} PEERS={peers.replace(' ', '')}` repeats all of it, with\n"
        "`MODELS=resnet50,gelu` a part.",
        machine,
        *(_contests(networks, operators, count) for count in threads),
        _geometric_means("Geometric means over the networks, at -O2, the default", networks, threads),
        _precision_changed(changed, threads),
        _geometric_means("Geometric means over the networks, at -O3", fastest, threads),
        _scaling(every, threads),
        _memory(every, threads[0]),
        _short(networks, fastest, every, threads),
        _rooflines(networks),
        _engines(first),
        END,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def replaced(text: str, part: str) -> str:
    """The page with the part between the markers replaced."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "\n\n".join(text.strip() for text in (head, part, tail) if text.strip()) + "\n"


def _contests(networks: Sequence[Result], operators: Sequence[Result], threads: int) -> str:
    peak = float(np.median([r["peak_flops_per_second"][str(threads)] for r in networks])) / 1e9
    title = f"### With {threads} thread{'s' * (threads > 1)}"
    lines = [f"{title}\n", f"Peak of the multiply-adds, measured in the same rounds: {peak:.0f} GFLOP/s.\n"]
    others = [e for e in dict.fromkeys(row["engine"] for row in networks[0]["rows"]) if e != "mlc"]
    lines.append(f"| model | mlc | of peak | {' | '.join(others)} | best other / mlc |")
    lines.append("|---|---|---|" + "---|" * (len(others) + 1))
    for result in (*networks, *operators):
        found = contest(result, threads)
        times = {r["engine"]: r["median_seconds"] for r in result["rows"] if r["threads"] == threads}
        share = f"{100 * found.ours['share_of_peak']:.0f} %" if result in networks or "matmul" in found.name else ""
        cells = [_time(times[e]) for e in others]
        lines.append(
            f"| {found.name} | {_time(found.ours['median_seconds'])} | {share} | {' | '.join(cells)} | {found.ratio} |"
        )
    return "\n".join(lines)


def _precision_changed(results: Sequence[Result], threads: Sequence[int]) -> str:
    if not results:
        return ""
    lines = [
        "### At -O3\n",
        "Passes that change precision (Winograd, Strassen) make other code of these networks; of others -O3 makes\n"
        "that of -O2. Measured in the same rounds; the difference is the largest to what -O2 gives, as a share of the\n"
        "largest value.\n",
        "| model | threads | mlc | of peak | best other | best other / mlc | difference |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        for count in threads:
            found = contest(result, count)
            difference = found.ours["largest_difference"]["relative"]
            ours, best = (_time(row["median_seconds"]) for row in (found.ours, found.best))
            share = f"{100 * found.ours['share_of_peak']:.0f} %"
            cells = [found.name, count, ours, share, f"{best} {found.best['engine']}", found.ratio, f"{difference:.1e}"]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _geometric_means(title: str, networks: Sequence[Result], threads: Sequence[int]) -> str:
    lines = [f"{title}:\n"]
    for count in threads:
        lines.append(f"- {count} thread{'s' * (count > 1)}: {_mean(networks, count)}")
    return "\n".join(lines)


def _mean(networks: Sequence[Result], threads: int) -> Ratio:
    found = [contest(result, threads) for result in networks]
    return geometric_mean([(c.best["seconds"], c.ours["seconds"]) for c in found])


def _scaling(results: Sequence[Result], threads: Sequence[int]) -> str:
    most = max(threads)
    if most == 1 or 1 not in threads:
        return ""
    lines = [f"### {most} threads against 1\n", "| model | times as fast | same bits |", "|---|---|---|"]
    for result in results:
        one, many = contest(result, 1).ours, contest(result, most).ours
        same = "yes" if many["same_bits_as_first_threads"] else "NO"
        lines.append(f"| {result['name']} | {ratio_of_medians(one['seconds'], many['seconds'])} | {same} |")
    return "\n".join(lines)


def _memory(results: Sequence[Result], threads: int) -> str:
    others = [e for e in dict.fromkeys(row["engine"] for row in results[0]["rows"]) if e != "mlc"]
    names = ["mlc", *others]
    lines = [
        "### Start and memory\n",
        "Each in a fresh process: from imported libraries to ready (mlc: a saved artifact), and the private memory\n"
        "above the imported libraries after running, weights included. mlc compiles cold, on all cores.\n",
        f"| model | mlc compiles in | {' | '.join(f'{n} loads in' for n in names)} | "
        f"{' | '.join(f'{n} private' for n in names)} |",
        "|---|" + "---|" * (1 + 2 * len(names)),
    ]
    for result in results:
        rows = {r["engine"]: r for r in result["rows"] if r["threads"] == threads}
        loads = [_time(rows[n]["load_seconds"]) for n in names]
        sizes = [_mebibytes(rows[n]["private_bytes"]) for n in names]
        compiled = _time(rows["mlc"]["compile_seconds"])
        lines.append(f"| {result['name']} | {compiled} | {' | '.join(loads)} | {' | '.join(sizes)} |")
    return "\n".join(lines)


def _short(
    networks: Sequence[Result], fastest: Sequence[Result], every: Sequence[Result], threads: Sequence[int]
) -> str:
    """What is slower than the fastest other engine, with where its time goes; what takes more memory; low means."""
    found = [
        *(line for result in every for line in _slower(result, threads)),
        *(line for count in threads for result in every for line in _larger(result, count)),
        *_low_means("-O2", networks, threads),
        *_low_means("-O3", fastest, threads),
    ]
    nothing = "Nothing: no model is slower than the fastest other engine, none takes more memory than ONNX Runtime."
    return "\n".join(["### What falls short\n", *(found or [nothing])])


def _slower(result: Result, threads: Sequence[int]) -> list[str]:
    behind = [(count, c) for count in threads if (c := contest(result, count)).ratio.value < LEAST_RATIO]
    if not behind:
        return []
    told = ", ".join(f"{c.ratio} of {c.best['engine']} with {count}" for count, c in behind)
    lines = [f"- **{result['name']}**: {told}. Where its time goes with {threads[0]} thread:"]
    total = sum(point["seconds"] for point in result["points"])
    for point in result["points"][:SLOWEST_SHOWN]:
        rate = point["flops"] / point["seconds"] / 1e9
        lines.append(
            f"  - {point['kernel']} at `{'+'.join(point['sources'][:2])}`: {100 * point['seconds'] / total:.0f} %, "
            f"{_time(point['seconds'])}, {rate:.1f} GFLOP/s"
        )
    return lines


def _larger(result: Result, threads: int) -> list[str]:
    sizes = {row["engine"]: row["private_bytes"] for row in result["rows"] if row["threads"] == threads}
    ours, theirs = sizes["mlc"], sizes.get(MEMORY_MEASURE)
    if theirs is None or ours <= theirs:
        return []
    sizes_text = f"{ours / 2**20:.1f} MiB of private memory, {MEMORY_MEASURE} {theirs / 2**20:.1f} MiB"
    return [f"- **{result['name']}** with {threads} thread{'s' * (threads > 1)}: {sizes_text}."]


def _low_means(level: str, networks: Sequence[Result], threads: Sequence[int]) -> list[str]:
    means = ((count, _mean(networks, count)) for count in threads)
    return [
        f"- The geometric mean over the networks at {level} with {count} thread{'s' * (count > 1)} is {mean}; "
        f"{LEAST_MEAN} is aimed at."
        for count, mean in means
        if mean.value < LEAST_MEAN
    ]


def _rooflines(networks: Sequence[Result]) -> str:
    lines = ["### Rooflines\n", "Each kernel by its FLOPs a byte, its area by its share of the time; one thread.\n"]
    return "\n".join([*lines, *(f"![{r['name']}](roofline/{r['name']}.svg)" for r in networks)])


def _engines(result: Result) -> str:
    lines = ["### Versions and options\n"]
    for row in {row["engine"]: row for row in result["rows"]}.values():
        lines.append(f"- {row['engine']}: {row['versions']}; {row['settings']}")
    return "\n".join(lines)


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
