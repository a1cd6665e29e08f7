"""What `mlc bench` and its child processes say to each other: pickles over pipes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlc.tools.engines import Setup, Subject
from mlc.tools.process_memory import Memory

PEAK = "peak"


@dataclass(frozen=True)
class Job:
    """One engine on one model with so many threads, held to as many cores; the engine PEAK runs no model."""

    engine: str
    subject: Subject
    setup: Setup
    cores: tuple[int, ...]


@dataclass(frozen=True)
class Started:
    """`load_s` is the time from imported libraries to ready; flops is not 0 for PEAK alone."""

    load_s: float
    settings: str
    versions: str
    flops: int = 0


@dataclass(frozen=True)
class Turn:
    """Run once unmeasured, then again and again for `seconds`, once at least."""

    arrays: Sequence[Any]
    seconds: float


@dataclass(frozen=True)
class Turned:
    """The first run's outputs, each measured run's seconds, and the memory above the imported libraries."""

    outputs: list[Any]
    seconds: list[float]
    memory: Memory
