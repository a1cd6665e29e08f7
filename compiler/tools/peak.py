"""The machine's measured ceilings: multiply-adds and reads of memory a second."""

from __future__ import annotations

import time

import numpy as np

from mlc import runtime
from mlc.codegen import object_code
from mlc.codegen.peak import PeakProgram, read_peak
from mlc.target import Target

_READ_ROUNDS = 15


def peak_executable(program: PeakProgram, target: Target) -> runtime.Executable:
    """A program of mlc.codegen.peak, ready to run."""
    code = tuple(runtime.CodeUnit(unit.name, object_code(unit.name, unit.text, target)) for unit in program.units)
    inputs = (runtime.TensorSpec("x", "float32", (str(program.input_count),)),) if program.input_count else ()
    output = runtime.TensorSpec("sums", "float32", (str(program.output_count),))
    return runtime.Executable(runtime.Artifact(inputs=inputs, outputs=(output,), code=code))


def read_bandwidth(threads: int) -> float:
    """Bytes a second that so many threads read from memory: four times as much as the last cache holds, the median of a
    few times. Sets the threads of this process."""
    runtime.set_threads(threads)
    target = Target.parse("host")
    program = read_peak(target, threads, 4 * target.l3_bytes)
    executable = peak_executable(program, target)
    source = np.ones(program.input_count, np.float32)
    times = []
    for _ in range(_READ_ROUNDS):
        start = time.perf_counter()
        executable.run(source)
        times.append(time.perf_counter() - start)
    return program.work / float(np.median(times))
