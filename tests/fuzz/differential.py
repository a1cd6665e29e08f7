"""Random ONNX graphs through every way to run them, against onnxruntime; as long as one wants.

    PYTHONPATH=tests python tests/fuzz/differential.py --minutes 30 --from 1000
    PYTHONPATH=tests python tests/fuzz/differential.py --seed 1234 --ways interp,O2 --save graph.onnx

Prints one line for each finding; exit code 1 when there is one. test_fuzz.py takes a few seeds of it.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from fuzz.graphs import BATCH, Array, Graph, Refused, run_reference
from fuzz.layers import grow
from tolerance import MODEL, PRECISION_CHANGING, assert_close, assert_op_close

import mlc
from mlc.ir.verifier import verify
from mlc.passes import BUILTIN, parse_pipeline
from mlc.rewrite import run_passes
from mlc.runtime import set_threads

WAYS = ("interp", "O0", "O1", "O2", "O3", "v2", "v3", "mlir", "passes")
SPELLED = (*BUILTIN, "layout{block=8 everywhere=true}", "strassen{always=true}", "fuse{max-ops=3}")


@dataclass(frozen=True)
class Finding:
    seed: int
    way: str
    reason: str


def findings(seed: int, ways: Sequence[str]) -> Iterator[Finding]:
    """What is wrong with the graph of this seed, run in each of the ways."""
    g = grow(seed)
    if not g.nodes:
        return
    model, names = g.model(g.integer(1, 4))
    try:
        runs = list(sizes(g, model))
    except Refused:  # what was right for one batch is refused for any
        return
    for way in ways:
        try:
            check(g, model, names, runs, way)
        except AssertionError as error:
            yield Finding(seed, way, "".join(traceback.format_exception(error)[-2:])[-500:])
        except Exception as error:  # a crash is a finding, whatever it is
            yield Finding(seed, way, "".join(traceback.format_exception(error)[-2:])[-500:])


def sizes(g: Graph, model: onnx.ModelProto) -> Iterator[tuple[dict[str, Array], list[Array]]]:
    """Inputs and what onnxruntime makes of them: those of the graph, and other batches where that is symbolic."""
    yield g.inputs, run_reference(model, g.inputs)
    if not g.is_symbolic or not any(g.is_batch(size) for array in g.inputs.values() for size in array.shape):
        return
    for batch in (1, 3, 17):
        scaled = {name: rebatched(g, array, batch) for name, array in g.inputs.items()}
        try:
            yield scaled, run_reference(model, scaled)
        except Refused:
            continue


def rebatched(g: Graph, array: Array, batch: int) -> Array:
    for axis, size in enumerate(array.shape):
        if g.is_batch(size):
            array = np.take(array, np.arange(size // BATCH * batch) % size, axis)
    return np.ascontiguousarray(array) if array.ndim else array


def check(g: Graph, model: onnx.ModelProto, names: list[str], runs: list[Any], way: str) -> None:
    """Raises AssertionError where the numbers differ."""
    options: dict[str, Any] = {"level": int(way[1:])} if way[0] == "O" else {"level": 2}
    if way == "passes":
        check_passes(g, model, runs)
        return
    if way in ("v2", "v3"):
        options = {"level": 3, "target": f"x86-64-{way}"}
    if way in ("interp", "mlir"):
        options = {"level": 0 if way == "interp" else 2, "backend": way}
    exe = mlc.compile(model, jobs=1, **options)
    share = PRECISION_CHANGING if options["level"] == 3 else MODEL
    for inputs, wanted in runs:
        set_threads(1)
        got = exe.run(**inputs)
        compare(dict(zip(names, got, strict=True)), dict(zip(names, wanted, strict=True)), share, f"seed {way}")
        if way != "interp":
            set_threads(2)
            for name, one, two in zip(names, got, exe.run(**inputs), strict=True):
                assert one.tobytes() == two.tobytes(), f"{name}: two threads give other bits than one"


def check_passes(g: Graph, model: onnx.ModelProto, runs: list[Any]) -> None:
    """A random pipeline: the verifier holds after each pass, and the numbers stay."""
    module = mlc.load(model)
    before = mlc.compile(module.clone(), level=0, backend="interp")
    used = [g.choice(SPELLED) for _ in range(g.integer(1, 7))]
    passes = parse_pipeline(",".join(used))
    for item in passes:
        run_passes(module, [item])
        verify(module)
    exact = all(item.numerics == "exact" for item in passes)
    share = PRECISION_CHANGING if any(item.numerics == "precision-changing" for item in passes) else MODEL
    after = mlc.compile(module.clone(), level=0, backend="interp")
    native = mlc.compile(module, level=0, jobs=1) if g.chance(0.5) else None
    for inputs, _ in runs:
        wanted = before.run(**inputs)
        got = after.run(**inputs)
        for index, (a, b) in enumerate(zip(got, wanted, strict=True)):
            if exact:
                assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), (
                    f"{used}: output {index}"
                )
        compare(got, wanted, share, f"{used}")
        if native:
            compare(native.run(**inputs), wanted, share, f"{used} native")


def compare(got: Any, wanted: Any, share: float, where: str) -> None:
    """By the rule of tests/tolerance.py; f16 and bf16, which a whole model has no rule for, by that of one op."""
    names = list(wanted) if isinstance(wanted, dict) else range(len(wanted))
    for name in names:
        g, w = np.asarray(got[name]), np.asarray(wanted[name])
        if w.dtype in (np.float16, ml_dtypes.bfloat16):
            magnitude = np.abs(w.astype(np.float64)).max(initial=0)
            assert_op_close(g, w, magnitude=magnitude, op=f"{where} {name}")
        else:
            assert_close({str(name): g}, {str(name): w}, model=where, share=share)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--seed", type=int, action="append", help="only these")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--save", type=Path, help="write the graph of --seed here")
    given = parser.parse_args()
    stop = time.monotonic() + 60 * given.minutes
    seeds = iter(given.seed) if given.seed else iter(range(given.first, 1 << 60))
    graphs = found = 0
    for seed in seeds:
        if not given.seed and time.monotonic() > stop:
            break
        if given.save:
            g = grow(seed)
            onnx.save(g.model(g.integer(1, 4))[0], given.save)
        graphs += 1
        for finding in findings(seed, given.ways.split(",")):
            found += 1
            print(f"seed {finding.seed} {finding.way}: {finding.reason}", flush=True)
    print(f"{graphs} graphs, {found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
