"""What `mlc bench` finds out: a row for each engine and thread count, and what follows from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from mlc.tools.bench_protocol import Started
from mlc.tools.compare import Difference, difference
from mlc.tools.process_memory import Memory
from mlc.tools.ratio import Ratio, ratio_of_medians

OURS = "mlc"


@dataclass
class Row:
    """One engine, or mlc with other options, with one thread count.

    `tolerance` is what outputs may differ by, as a part of the largest value. `compile_s` is the time in which mlc made
    its artifact; other engines compile while they load. `seconds` holds the median of each round's turn; memory is
    above the imported libraries, and the most there was; `worst` is how far our outputs were off from the row's, at
    most; `is_bit_equal` whether the row's were in every round what they are with its first thread count.
    """

    title: str
    threads: int
    started: Started
    tolerance: float
    compile_s: float | None = None
    is_from_cache: bool = False
    seconds: list[float] = field(default_factory=list)
    memory: Memory = Memory(0, 0, 0)
    worst: Difference | None = None
    is_bit_equal: bool = True

    @property
    def is_ours(self) -> bool:
        """Whether it is mlc with the options that all else is compared with."""
        return self.title == OURS

    @property
    def median_s(self) -> float:
        """The median over rounds."""
        return float(np.median(self.seconds))

    @property
    def minimum_s(self) -> float:
        """The fastest round."""
        return min(self.seconds)

    def compare(self, names: Sequence[str], got: Sequence[Any], ours: Sequence[Any], own: Sequence[Any]) -> None:
        """Keeps the worst difference between a round's outputs and ours, the row's being the reference, and whether
        they are the row's `own` with its first thread count to the bit."""
        for name, theirs, our, first in zip(names, got, ours, own, strict=True):
            found = difference(self.title, name, our, theirs)
            if self.worst is None or found.relative > self.worst.relative:
                self.worst = found
            self.is_bit_equal = self.is_bit_equal and np.asarray(theirs).tobytes() == np.asarray(first).tobytes()

    def is_off(self) -> bool:
        """Whether our outputs were further from the row's than the tolerance."""
        return self.worst is not None and not self.worst.is_within(self.tolerance)


@dataclass(frozen=True)
class Result:
    """One model's measurement. Rows are ordered by thread count, ours first in each.

    `flops` are those of one run of the model as loaded, 0 where symbols decide; `peaks` FLOP/s by thread count.
    """

    name: str
    rounds: int
    flops: int
    rows: tuple[Row, ...]
    peaks: dict[int, float]

    def find(self, title: str, threads: int) -> Row:
        """The row of this title with this many threads."""
        return next(row for row in self.rows if row.title == title and row.threads == threads)

    def ratio(self, row: Row) -> Ratio:
        """The row's time over ours with as many threads: above 1, ours is faster."""
        return ratio_of_medians(row.seconds, self.find(OURS, row.threads).seconds)

    def scaling(self, row: Row) -> Ratio:
        """How many times as fast the row is as its like with one thread."""
        return ratio_of_medians(self.find(row.title, 1).seconds, row.seconds)

    def share_of_peak(self, row: Row) -> float:
        """The model's FLOPs a second as a part of the measured peak with as many threads."""
        return self.flops / row.median_s / self.peaks[row.threads]

    def differing(self) -> list[str]:
        """The rows whose outputs are further from ours than the tolerance, with by how much."""
        return [
            f"{r.title} with {r.threads} by {r.worst.problem or f'{r.worst.relative:.2g}, {r.tolerance:g} allowed'}"
            for r in self.rows
            if r.is_off() and r.worst is not None
        ]

    def engine_lines(self) -> list[str]:
        """A line for each engine: its versions, and the options it was given with the largest thread count."""
        last = {row.title: row.started for row in self.rows}
        return [f"{title}: {started.versions}; {started.settings}" for title, started in last.items()]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, each round's time included."""
        return {
            **{name: getattr(self, name) for name in ("name", "rounds", "flops")},
            "peak_flops_per_second": {str(threads): peak for threads, peak in self.peaks.items()},
            "rows": [self._row_json(row) for row in self.rows],
        }

    def _row_json(self, row: Row) -> dict[str, Any]:
        ratio = None if row.is_ours else asdict(self.ratio(row))
        return {
            "engine": row.title,
            "threads": row.threads,
            "median_seconds": row.median_s,
            "minimum_seconds": row.minimum_s,
            "seconds": row.seconds,
            "ratio": ratio,
            "share_of_peak": self.share_of_peak(row) if self.flops else None,
            "compile_seconds": row.compile_s,
            "compiled_from_cache": row.is_from_cache,
            "load_seconds": row.started.load_s,
            "private_bytes": row.memory.private,
            "peak_bytes": row.memory.peak,
            "largest_difference": None if row.is_ours or row.worst is None else asdict(row.worst),
            "tolerance": row.tolerance,
            "same_bits_as_first_threads": row.is_bit_equal,
            "versions": row.started.versions,
            "settings": row.started.settings,
        }
