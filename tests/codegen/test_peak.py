"""The program that measures the peak: its results say how many multiply-adds ran, on every target."""

from __future__ import annotations

import numpy as np
import pytest

from mlc import runtime
from mlc.codegen import linked, object_code
from mlc.codegen.peak import PeakProgram, fma_peak
from mlc.target import Target


def run(program: PeakProgram, target: Target) -> np.ndarray:
    code = tuple(runtime.CodeUnit(unit.name, object_code(unit.name, unit.text, target)) for unit in program.units)
    output = runtime.TensorSpec("sums", "float32", (str(program.output_count),))
    (sums,) = runtime.Executable(runtime.Artifact(inputs=(), outputs=(output,), code=code)).run()
    assert isinstance(sums, np.ndarray)
    return sums


@pytest.mark.parametrize("name", ["host", "x86-64-v2", "x86-64-v3"])
def test_every_sum_of_every_chunk_reaches_its_limit(name: str) -> None:
    target = Target.parse(name)
    program = fma_peak(target, 3)
    # x / 2 + 1 goes to 2 exactly, in each of the sums that a chunk adds up.
    np.testing.assert_array_equal(
        run(program, target), np.full(3 * target.lanes(4), 2.0 * (target.register_count * 3 // 4))
    )


def test_the_loop_holds_one_multiply_add_for_each_sum_and_touches_no_memory() -> None:
    target = Target.parse("x86-64-v3")
    unit = fma_peak(target, 1).units[0]
    text = linked([(unit.name, unit.text)], target, "asm").decode()
    loops = [part for part in text.split(".LBB")[1:] if part.count("vfmadd") > 1]
    assert len(loops) == 1, text
    body = loops[0].split("jne")[0]
    assert body.count("vfmadd") == target.register_count * 3 // 4
    assert "(%r" not in body, body
