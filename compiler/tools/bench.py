"""Measuring engines against each other on one model: round by round, so that what drifts hits all of them alike.

Each engine lives in a child process of its own for each thread count; a turn ends when its threads have come to rest,
so that those that spin cost the others nothing. A round gives every child the same fresh random inputs; outputs are
compared in every round. The peak of the machine is measured as one more engine in the same rounds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlc import driver
from mlc.driver.validate import tolerance_of
from mlc.errors import CompileError
from mlc.tools import engines
from mlc.tools.bench_child import Child
from mlc.tools.bench_protocol import PEAK, Job, Turn
from mlc.tools.bench_result import OURS, Result, Row
from mlc.tools.process_memory import Memory
from mlc.tools.summary import summarize

OUR_ENGINE = "llvm"

# A turn lasts at least this long, so that short models are measured more than once in it.
TURN_S = 0.02

Report = Callable[[str], object]  # is told what happens next
Advance = Callable[[], object]  # is called after each turn
MakeInputs = Callable[[int], list[Any]]  # one array per input, by the number of the round


@dataclass(frozen=True)
class Request:
    """What to measure: the subject with mlc's options against these engines, with each thread count. `also` has other
    options of mlc's to measure in the same rounds."""

    subject: engines.Subject
    options: driver.Options
    peers: Sequence[str]
    threads: Sequence[int]
    rounds: int
    name: str = ""
    also: Sequence[driver.Options] = ()

    @property
    def turn_count(self) -> int:
        """Turns of all rounds."""
        return self.rounds * len(self.threads) * (1 + len(self.also) + len(self.peers) + 1)

    def check(self) -> None:
        """Raises CompileError for what cannot be measured, before anything is."""
        for name in self.peers:
            if name == OUR_ENGINE or self.peers.count(name) > 1:
                raise CompileError(f"engine {name} is measured anyway: name each other engine once")
            engines.check_reads(name, engines.find(name), self.subject)
        described = [options.describe() for options in (self.options, *self.also)]
        if twice := [text for text in described if described.count(text) > 1]:
            raise CompileError(f"mlc {twice[0]} would be measured twice: name other passes or another level")
        for options in self.also:
            options.pipeline()
        cores = len(os.sched_getaffinity(0))
        if max(self.threads) > cores:
            raise CompileError(f"cannot measure {max(self.threads)} threads: this process may use {cores} cores")


@dataclass(frozen=True)
class Compiled:
    """Our artifact of the subject with these options, and what the model's IR told of it."""

    options: driver.Options
    artifact: Path
    seconds: float
    is_from_cache: bool
    inputs: Sequence[driver.Input]
    output_names: Sequence[str]
    flops: int


@dataclass(frozen=True)
class _Entrant:
    """What has a row for each thread count: an engine, what it reads, and, where it is ours, how it was compiled."""

    title: str
    engine: str
    path: Path
    compiled: Compiled | None = None


def compile_artifacts(request: Request, folder: Path) -> list[Compiled]:
    """Compiles the subject with the request's options and with each of `also`, and saves the artifacts in the folder,
    the first as model.mlc."""
    names = ["model.mlc", *(f"also_{index}.mlc" for index in range(len(request.also)))]
    options = [request.options, *request.also]
    return [_compile(request, each, folder / name) for each, name in zip(options, names, strict=True)]


def _compile(request: Request, options: driver.Options, artifact: Path) -> Compiled:
    path = request.subject.path
    module = driver.load(path, options.entry)
    flops = summarize(module).flops
    compilation = driver.compile_file(path, options)
    assert compilation.artifact is not None
    compilation.artifact.save(artifact)
    return Compiled(
        options,
        artifact,
        compilation.seconds,
        compilation.from_cache,
        driver.module_inputs(module),
        module.main.output_names,
        flops if isinstance(flops, int) else 0,
    )


def measure(
    request: Request, compiled: Sequence[Compiled], make_inputs: MakeInputs, report: Report, advance: Advance
) -> Result:
    """Runs all rounds of what compile_artifacts made. Raises CompileError when an engine refuses the model, or its
    process dies."""
    ours = compiled[0]
    example = make_inputs(0)
    entrants = _entrants(request, compiled, report)
    with ExitStack() as stack:
        children: list[tuple[Row, Child]] = []
        for threads in request.threads:
            for entrant in entrants:
                report(f"preparing {entrant.title} with {threads}")
                child = stack.enter_context(Child(_job(request, entrant, threads, example)))
                children.append((_row(request, entrant, threads, child), child))
        report("measuring")
        for number in range(request.rounds):
            _round(number, make_inputs(number + 1), ours.output_names, children, advance)
    peaks = {row.threads: row.started.flops / row.median_s for row, _ in children if row.title == PEAK}
    return Result(
        name=request.name or request.subject.path.name,
        rounds=request.rounds,
        flops=ours.flops,
        rows=tuple(row for row, _ in children if row.title != PEAK),
        peaks=peaks,
    )


def _entrants(request: Request, compiled: Sequence[Compiled], report: Report) -> list[_Entrant]:
    first, *others = compiled
    found = [_Entrant(OURS, OUR_ENGINE, first.artifact, first)]
    found += [_Entrant(f"{OURS} {other.options.describe()}", OUR_ENGINE, other.artifact, other) for other in others]
    for name in request.peers:
        if name == "mlir":  # a process that only loads an artifact has no memory left from compiling
            report("compiling for mlir")
            options = replace(request.options, backend="mlir")
            through_mlir = _compile(request, options, first.artifact.with_name("mlir.mlc"))
            found.append(_Entrant(name, name, through_mlir.artifact, through_mlir))
        else:
            found.append(_Entrant(name, name, request.subject.path))
    return [*found, _Entrant(PEAK, PEAK, request.subject.path)]


def _job(request: Request, entrant: _Entrant, threads: int, example: list[Any]) -> Job:
    subject = replace(request.subject, path=entrant.path, example=example)
    options = request.options if entrant.compiled is None else entrant.compiled.options
    # The last cores: the first one serves the parent, and most interrupts.
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    return Job(entrant.engine, subject, engines.Setup(options, threads), tuple(cores))


def _row(request: Request, entrant: _Entrant, threads: int, child: Child) -> Row:
    """The entrant's row, once its child is ready. Outputs may differ from ours by what the looser of both pipelines
    allows."""
    row = Row(entrant.title, threads, child.started(), tolerance_of(request.options.pipeline()))
    if entrant.compiled is not None:
        row.tolerance = max(row.tolerance, tolerance_of(entrant.compiled.options.pipeline()))
        row.compile_s = entrant.compiled.seconds
        row.is_from_cache = entrant.compiled.is_from_cache
    return row


def _round(
    number: int, arrays: list[Any], names: Sequence[str], children: list[tuple[Row, Child]], advance: Advance
) -> None:
    outputs: dict[int, list[Any]] = {}
    # Each round starts with another engine, so that nobody always follows the same one.
    first = number % len(children)
    for index in (*range(first, len(children)), *range(first)):
        row, child = children[index]
        turned = child.turn(Turn(() if row.title == PEAK else arrays, TURN_S))
        row.seconds.append(float(np.median(turned.seconds)))
        row.memory = Memory.most(row.memory, turned.memory)
        outputs[index] = turned.outputs
        advance()
    own: dict[str, list[Any]] = {}  # the outputs of each title with its first thread count
    for index, (row, _) in enumerate(children):
        if row.title == PEAK:
            continue
        got, ours = outputs[index], outputs[0]
        if len(got) != len(ours):
            raise CompileError(f"engine {row.title} has {len(got)} outputs, mlc {len(ours)}")
        row.compare(names, got, ours, own.setdefault(row.title, got))
