"""Measuring engines against each other on one model: round by round, so that what drifts hits all of them alike.

Each engine lives in a child process of its own for each thread count; a turn ends when its threads have come to rest,
so that those that spin cost the others nothing. A round gives every child the same fresh random inputs; outputs are
compared in every round. The peak of the machine is measured as one more engine in the same rounds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlc import driver
from mlc.driver.options import Backend
from mlc.driver.validate import tolerance_of
from mlc.errors import CompileError
from mlc.tools import engines
from mlc.tools.bench_child import Child
from mlc.tools.bench_protocol import PEAK, Job, Turn
from mlc.tools.bench_result import OURS, Result, Row
from mlc.tools.process_memory import Memory
from mlc.tools.summary import summarize

# A turn lasts at least this long, so that short models are measured more than once in it.
TURN_S = 0.02

Report = Callable[[str], object]  # is told what happens next
Advance = Callable[[], object]  # is called after each turn
MakeInputs = Callable[[int], list[Any]]  # one array per input, by the number of the round


@dataclass(frozen=True)
class Request:
    """What to measure: the subject with mlc's options against these engines, with each thread count."""

    subject: engines.Subject
    options: driver.Options
    peers: Sequence[str]
    threads: Sequence[int]
    rounds: int
    name: str = ""

    @property
    def turn_count(self) -> int:
        """Turns of all rounds."""
        return self.rounds * len(self.threads) * (len(self.peers) + 2)

    def check(self) -> None:
        """Raises CompileError for what cannot be measured, before anything is."""
        for name in self.peers:
            if name == OURS or self.peers.count(name) > 1:
                raise CompileError(f"engine {name} is measured anyway: name each other engine once")
            engines.check_reads(name, engines.find(name), self.subject)
        cores = len(os.sched_getaffinity(0))
        if max(self.threads) > cores:
            raise CompileError(f"cannot measure {max(self.threads)} threads: this process may use {cores} cores")


@dataclass(frozen=True)
class Compiled:
    """Our artifact of the subject, and what the model's IR told of it."""

    artifact: Path
    seconds: float
    is_from_cache: bool
    inputs: Sequence[driver.Input]
    output_names: Sequence[str]
    flops: int


def compile_artifact(request: Request, artifact: Path) -> Compiled:
    """Compiles the subject and saves it where `artifact` says."""
    path = request.subject.path
    module = driver.load(path, request.options.entry)
    flops = summarize(module).flops
    compilation = driver.compile_file(path, request.options)
    assert compilation.artifact is not None
    compilation.artifact.save(artifact)
    return Compiled(
        artifact,
        compilation.seconds,
        compilation.from_cache,
        driver.module_inputs(module),
        module.main.output_names,
        flops if isinstance(flops, int) else 0,
    )


def measure(request: Request, compiled: Compiled, make_inputs: MakeInputs, report: Report, advance: Advance) -> Result:
    """Runs all rounds. Raises CompileError when an engine refuses the model, or its process dies."""
    example = make_inputs(0)
    artifacts = {OURS: compiled.artifact}
    if "mlir" in request.peers:
        report("compiling for mlir")
        artifacts["mlir"] = _compiled_by("mlir", request, compiled)
    with ExitStack() as stack:
        children: list[tuple[Row, Child]] = []
        for threads in request.threads:
            for engine in (OURS, *request.peers, PEAK):
                report(f"preparing {engine} with {threads}")
                child = stack.enter_context(Child(_job(request, artifacts, engine, threads, example)))
                children.append((Row(engine, threads, child.started()), child))
        report("measuring")
        for number in range(request.rounds):
            _round(number, make_inputs(number + 1), compiled.output_names, children, advance)
    peaks = {row.threads: row.started.flops / row.median_s for row, _ in children if row.engine == PEAK}
    return Result(
        name=request.name or request.subject.path.name,
        rounds=request.rounds,
        flops=compiled.flops,
        tolerance=tolerance_of(request.options.pipeline()),
        compile_s=compiled.seconds,
        is_from_cache=compiled.is_from_cache,
        rows=tuple(row for row, _ in children if row.engine != PEAK),
        peaks=peaks,
    )


def _compiled_by(engine: Backend, request: Request, compiled: Compiled) -> Path:
    """An artifact of another backend of ours: a process that only loads it has no memory left from compiling."""
    artifact = compiled.artifact.with_name(f"{engine}.mlc")
    compile_artifact(replace(request, options=replace(request.options, backend=engine)), artifact)
    return artifact


def _job(request: Request, artifacts: Mapping[str, Path], engine: str, threads: int, example: list[Any]) -> Job:
    subject = replace(request.subject, example=example)
    if engine in artifacts:
        subject = replace(subject, path=artifacts[engine])
    # The last cores: the first one serves the parent, and most interrupts.
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    return Job(engine, subject, engines.Setup(request.options, threads), tuple(cores))


def _round(
    number: int, arrays: list[Any], names: Sequence[str], children: list[tuple[Row, Child]], advance: Advance
) -> None:
    outputs: dict[int, list[Any]] = {}
    # Each round starts with another engine, so that nobody always follows the same one.
    first = number % len(children)
    for index in (*range(first, len(children)), *range(first)):
        row, child = children[index]
        turned = child.turn(Turn(() if row.engine == PEAK else arrays, TURN_S))
        row.seconds.append(float(np.median(turned.seconds)))
        row.memory = Memory.most(row.memory, turned.memory)
        outputs[index] = turned.outputs
        advance()
    for index, (row, _) in enumerate(children):
        if row.engine == PEAK:
            continue
        if len(outputs[index]) != len(outputs[0]):
            raise CompileError(f"engine {row.title} has {len(outputs[index])} outputs, mlc {len(outputs[0])}")
        row.compare(names, outputs[index], outputs[0])
