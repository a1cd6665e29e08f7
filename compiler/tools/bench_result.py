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

OURS = "llvm"


@dataclass
class Row:
    """One engine with one thread count. `seconds` holds the median of each round's turn; memory is above the imported
    libraries, and the most there was; `worst` is how far our outputs were off from the engine's, at most."""

    engine: str
    threads: int
    started: Started
    seconds: list[float] = field(default_factory=list)
    memory: Memory = Memory(0, 0, 0)
    worst: Difference | None = None
    is_bit_equal: bool = True

    @property
    def is_ours(self) -> bool:
        """Whether it is mlc's."""
        return self.engine == OURS

    @property
    def title(self) -> str:
        """The engine as tables call it."""
        return "mlc" if self.is_ours else self.engine

    @property
    def median_s(self) -> float:
        """The median over rounds."""
        return float(np.median(self.seconds))

    @property
    def minimum_s(self) -> float:
        """The fastest round."""
        return min(self.seconds)

    def compare(self, names: Sequence[str], got: Sequence[Any], ours: Sequence[Any]) -> None:
        """Keeps the worst difference between a round's outputs and ours; the engine's are the reference."""
        for name, theirs, own in zip(names, got, ours, strict=True):
            found = difference(self.title, name, own, theirs)
            if self.worst is None or found.relative > self.worst.relative:
                self.worst = found
            self.is_bit_equal = self.is_bit_equal and np.asarray(theirs).tobytes() == np.asarray(own).tobytes()


@dataclass(frozen=True)
class Result:
    """One model's measurement. Rows are ordered by thread count, ours first in each.

    `flops` are those of one run of the model as loaded, 0 where symbols decide; `peaks` FLOP/s by thread count;
    `tolerance` what outputs may differ by, as a part of the largest value.
    """

    name: str
    rounds: int
    flops: int
    tolerance: float
    compile_s: float
    is_from_cache: bool
    rows: tuple[Row, ...]
    peaks: dict[int, float]

    def ours(self, threads: int) -> Row:
        """Our row with this many threads."""
        return next(row for row in self.rows if row.is_ours and row.threads == threads)

    def peers(self, threads: int) -> list[Row]:
        """The other engines' rows with this many threads."""
        return [row for row in self.rows if not row.is_ours and row.threads == threads]

    def ratio(self, row: Row) -> Ratio:
        """The row's time over ours with as many threads: above 1, ours is faster."""
        return ratio_of_medians(row.seconds, self.ours(row.threads).seconds)

    def scaling(self, threads: int) -> Ratio:
        """How many times as fast ours is with so many threads as with one."""
        return ratio_of_medians(self.ours(1).seconds, self.ours(threads).seconds)

    def has_same_bits(self) -> bool:
        """Whether ours gave the same bits with each thread count, in every round."""
        return all(row.is_bit_equal for row in self.rows if row.is_ours)

    def share_of_peak(self, row: Row) -> float:
        """The model's FLOPs a second as a part of the measured peak with as many threads."""
        return self.flops / row.median_s / self.peaks[row.threads]

    def differing(self) -> list[str]:
        """The engines whose outputs are further from ours than the tolerance, with by how much."""
        rows = [row for row in self.rows if row.worst is not None and not row.worst.is_within(self.tolerance)]
        return [
            f"{r.title} with {r.threads} by {r.worst.problem or f'{r.worst.relative:.2g}'}" for r in rows if r.worst
        ]

    def engine_lines(self) -> list[str]:
        """A line for each engine: its versions, and the options it was given with the largest thread count."""
        last = {row.title: row.started for row in self.rows}
        return [f"{title}: {started.versions}; {started.settings}" for title, started in last.items()]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, each round's time included."""
        return {
            **{name: getattr(self, name) for name in ("name", "rounds", "flops", "tolerance")},
            "compile_seconds": self.compile_s,
            "compiled_from_cache": self.is_from_cache,
            "peak_flops_per_second": {str(threads): peak for threads, peak in self.peaks.items()},
            "same_bits_for_all_threads": self.has_same_bits(),
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
            "load_seconds": row.started.load_s,
            "private_bytes": row.memory.private,
            "peak_bytes": row.memory.peak,
            "largest_difference": None if row.is_ours or row.worst is None else asdict(row.worst),
            "versions": row.started.versions,
            "settings": row.started.settings,
        }
