"""A roofline of a model's kernels: what each reaches of what the machine allows it, by FLOPs for each byte it moves.

Williams, Waterman and Patterson, Roofline: An Insightful Visual Performance Model, 2009. Bytes are those of a kernel's
operands and results, each once: kernels whose tensors stay in caches may lie above the line of memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from mlc import driver
from mlc.runtime import dims, set_threads

_ROUNDS = 15
_WIDTH, _HEIGHT = 760, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 44, 52
_NAMED, _LONGEST_NAME = 6, 40


@dataclass(frozen=True)
class Point:
    """All kernels for the same source nodes: their median seconds, FLOPs and bytes."""

    kernel: str
    sources: tuple[str, ...]
    seconds: float
    flops: int
    byte_count: int

    @property
    def intensity(self) -> float:
        """FLOPs a byte."""
        return self.flops / self.byte_count

    @property
    def flops_per_second(self) -> float:
        """What it reached."""
        return self.flops / self.seconds


def measure_points(executable: driver.Executable, arrays: Sequence[Any]) -> list[Point]:
    """A point for each group of kernels, slowest first, from the profiles of a few runs."""
    symbols = _symbols(executable, arrays)
    profiles = np.array([executable.run_profiled(*arrays)[1] for _ in range(_ROUNDS)], np.float64)
    found: dict[tuple[str, ...], Point] = {}
    for row, spent in zip(executable.artifact.profile_rows, np.median(profiles, axis=0), strict=True):
        flops, moved = (dims.evaluate(dims.parse(text), symbols) for text in (row.flops, row.bytes))
        last = found.get(row.sources, Point("", row.sources, 0.0, 0, 0))
        name = row.kernel.partition(" ")[2] or row.kernel
        seconds = last.seconds + float(spent) * 1e-9
        found[row.sources] = Point(name, row.sources, seconds, last.flops + flops, last.byte_count + moved)
    return sorted(found.values(), key=lambda point: -point.seconds)


def profile_points(artifact: Path, arrays: Sequence[Any], threads: int) -> list[Point]:
    """The points of a saved artifact with so many threads, which this process has from then on."""
    set_threads(threads)
    return measure_points(driver.Executable.load(artifact), arrays)


def _symbols(executable: driver.Executable, arrays: Sequence[Any]) -> dict[str, int]:
    """The input symbols of a call; those that only the data gives are taken as 1."""
    values = dict.fromkeys(executable.artifact.symbols, 1)
    for spec, array in zip(executable.artifact.inputs, arrays, strict=True):
        values |= {dim: size for dim, size in zip(spec.shape, np.shape(array), strict=False) if dim in values}
    return values


def roofline_svg(title: str, points: Sequence[Point], peak: float, bandwidth: float) -> str:
    """The picture as SVG text; the same figures give the same text. `peak` is in FLOP/s, `bandwidth` in bytes/s."""
    shown = [point for point in points if point.flops and point.byte_count and point.seconds]
    total = sum(point.seconds for point in points) or 1.0
    x_range = _decades([*(point.intensity for point in shown), peak / bandwidth])
    y_range = _decades([*(point.flops_per_second / 1e9 for point in shown), peak / 1e9])
    axes = _Axes(x_range, y_range)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_WIDTH / 2, 22, title, size=15, anchor="middle"),
        *axes.grid(),
        *_roof(axes, peak, bandwidth),
        *_dots(axes, shown, total),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _roof(axes: _Axes, peak: float, bandwidth: float) -> list[str]:
    low, high = (10.0**end for end in axes.x_range)
    start = max(low, 10.0 ** axes.y_range[0] * 1e9 / bandwidth)  # where the slope enters the picture
    corners = [(start, start * bandwidth / 1e9), (peak / bandwidth, peak / 1e9), (high, peak / 1e9)]
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in corners)
    label = f"{peak / 1e9:.0f} GFLOP/s multiply-add, {bandwidth / 1e9:.0f} GB/s from memory, measured"
    return [
        f'<polyline points="{path}" fill="none" stroke="#444" stroke-width="1.5"/>',
        _text(_WIDTH - _RIGHT, _TOP - 10, label, size=11, anchor="end"),  # above the plot, where no dot can lie
    ]


def _dots(axes: _Axes, points: Sequence[Point], total: float) -> list[str]:
    """Circles whose area is the share of time, the smallest on top; the slowest have numbers, explained below right."""
    parts, legend, numbers = [], [], []
    for number, point in enumerate(points, start=1):
        share = point.seconds / total
        x, y = axes.x(point.intensity), axes.y(point.flops_per_second / 1e9)
        radius = 3 + 22 * math.sqrt(share)
        name = "+".join(point.sources) or point.kernel
        rate = f"{100 * share:.1f} % of the time, {point.flops_per_second / 1e9:.1f} GFLOP/s"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#2a6fbb" fill-opacity="0.35" stroke="#2a6fbb">'
            f"<title>{escape(f'{name}: {point.kernel}, {rate} at {point.intensity:.2f} FLOP a byte')}</title></circle>"
        )
        if number <= _NAMED:
            numbers.append((x, y - radius - 2))
            line = _HEIGHT - _BOTTOM - 14 * (_NAMED + 1 - number)
            legend.append(_text(_WIDTH - _RIGHT - 8, line, f"{number}: {_short(name)}, {rate}", size=11, anchor="end"))
    return [*parts, *_numbers(numbers), *legend]


def _numbers(places: Sequence[tuple[float, float]]) -> list[str]:
    """1, 2, ... over all circles, each above those whose place it would share, on a white rim."""
    taken: list[tuple[float, float]] = []
    for x, y in places:
        while any(abs(x - other) < 9 and abs(y - height) < 10 for other, height in taken):
            y -= 1
        taken.append((x, y))
    rim = 'paint-order="stroke" stroke="white" stroke-width="3" '
    lines = [_text(x, y, str(n), size=10, anchor="middle") for n, (x, y) in enumerate(taken, start=1)]
    return [line.replace("<text ", f"<text {rim}", 1) for line in lines]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


@dataclass(frozen=True)
class _Axes:
    """Both logarithmic; ranges in powers of ten."""

    x_range: tuple[int, int]
    y_range: tuple[int, int]

    def x(self, intensity: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * _part(intensity, self.x_range)

    def y(self, rate: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * _part(rate, self.y_range)

    def grid(self) -> list[str]:
        """Lines and numbers at each power of ten, and what the axes are."""
        parts = []
        for power in range(self.x_range[0], self.x_range[1] + 1):
            x = self.x(10.0**power)
            parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}" stroke="#ddd"/>')
            parts.append(_text(x, _HEIGHT - _BOTTOM + 16, f"{10.0**power:g}", size=11, anchor="middle"))
        for power in range(self.y_range[0], self.y_range[1] + 1):
            y = self.y(10.0**power)
            parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(_text(_LEFT - 6, y + 4, f"{10.0**power:g}", size=11, anchor="end"))
        parts.append(_text(_WIDTH / 2, _HEIGHT - 14, "FLOP a byte of operands and results", size=12, anchor="middle"))
        parts.append(_text(14, _TOP - 10, "GFLOP/s", size=12))
        return parts


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around the values."""
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 0.05)


def _part(value: float, powers: tuple[int, int]) -> float:
    return (math.log10(value) - powers[0]) / (powers[1] - powers[0])


def _text(x: float, y: float, text: str, *, size: int, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'
