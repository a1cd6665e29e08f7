"""How a line of windows is cut into tiles of neighbouring positions, and which taps of a tile see elements, not pads.

Nothing is padded: a tap that lies in the pads for some positions of a tile is left out for those. Tiles at the ends of
a line are therefore code of their own, and those between them, whose taps all see elements, are one loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mlc.codegen.builder import Builder, Num
from mlc.codegen.kernels.windows import WindowDim

Span = tuple[int, int]


@dataclass(frozen=True)
class TileRun:
    """`count` neighbouring tiles of `rows` positions from `start` on; tap t sees elements at rows [low, high) of each,
    (low, high) = seen[t]."""

    start: int
    count: int
    rows: int
    seen: tuple[Span, ...]

    @property
    def stop(self) -> int:
        """The position behind the last tile."""
        return self.start + self.count * self.rows


def line_runs(dim: WindowDim, rows: int) -> list[TileRun]:
    """The tiles of a line of static extents, of `rows` positions but for the last."""
    assert isinstance(dim.count, int)
    tiles = [(start, min(rows, dim.count - start)) for start in range(0, dim.count, rows)]
    alike = groupby(tiles, key=lambda tile: (tile[1], _seen(dim, *tile)))
    runs: list[TileRun] = []
    for (length, seen), run in alike:
        starts = [start for start, _ in run]
        runs.append(TileRun(starts[0], len(starts), length, seen))
    return runs


def _seen(dim: WindowDim, start: int, rows: int) -> tuple[Span, ...]:
    return tuple(_rows_of_tap(dim, start, rows, tap) for tap in range(dim.taps))


def _rows_of_tap(dim: WindowDim, start: int, rows: int, tap: int) -> Span:
    assert isinstance(dim.size, int)
    first = tap * dim.dilation - dim.begin
    inside = [r for r in range(rows) if 0 <= (start + r) * dim.stride + first < dim.size]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def tiles_of(k: Builder, dim: WindowDim, count: Num, rows: int) -> Iterator[tuple[Num, int, tuple[Span, ...]]]:
    """Emits its body for the tiles of a line: first position, rows, and the rows that each tap sees elements for.

    A line whose extent is a value must have no pads; what a whole tile leaves of it goes in smaller ones.
    """
    if isinstance(dim.count, int) and isinstance(dim.size, int):
        for run in line_runs(dim, rows):
            if run.count == 1:
                yield run.start, run.rows, run.seen
            else:
                with k.loop(run.start, run.stop, run.rows) as first:
                    yield first, run.rows, run.seen
        return
    at: Num = 0
    for length in dict.fromkeys((rows, min(rows, 4), 1)):
        left = k.sub(count, at)
        stop = k.add(at, k.mul(k.floordiv(left, length), length)) if length > 1 else count
        with k.loop(at, stop, length) as first:
            yield first, length, ((0, length),) * dim.taps
        at = stop


def tap_spans(seen: tuple[Span, ...]) -> list[tuple[int, int, Span]]:
    """Runs [start, stop) of taps that see elements at the same rows; taps that see none are left out."""
    spans: list[tuple[int, int, Span]] = []
    for span, run in groupby(range(len(seen)), key=lambda tap: seen[tap]):
        taps = list(run)
        if span[0] < span[1]:
            spans.append((taps[0], taps[-1] + 1, span))
    return spans


def nested(k: Builder, ranges: Sequence[tuple[Num, Num]]) -> Iterator[list[Num]]:
    """Emits its body inside loops over [low, high) of each range; where that is one number, without a loop."""
    if not ranges:
        yield []
        return
    (low, high), *rest = ranges
    if isinstance(low, int) and isinstance(high, int) and high - low == 1:
        for inner in nested(k, rest):
            yield [low, *inner]
        return
    with k.loop(low, high) as first:
        for inner in nested(k, rest):
            yield [first, *inner]
