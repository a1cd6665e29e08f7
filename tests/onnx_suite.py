"""The ONNX backend test suite, run on mlc through the onnx package's own runner.

    python tests/onnx_suite.py --engine interp --filter conv     # a table of failures grouped by reason
    python tests/onnx_suite.py --operator Gemm --operator Conv   # the cases whose models have these operators

Used by test_onnx_suite.py, which runs all of it, and by operators' tests through `failures("Gemm")`.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx.backend.test.runner import Runner

from mlc.errors import CompileError
from mlc.onnx_backend import MlcBackend, MlcBackendRep

SKIPS = Path(__file__).with_name("onnx_skips.toml")
LEVELS = {"interp": ("O0",), "llvm": ("O0", "O2")}
SKIPS_HEADER = """\
# Cases of the ONNX backend test suite that mlc does not pass, each group with its reason. May only shrink: a listed
# case that passes fails test_onnx_suite.py. `engines` limits an entry to these engines. A listed case may be refused
# with a CompileError; a wrong number is a failure even here, unless the entry says `is_wrong_in_suite = true`: then
# test_onnx_suite.py proves against f64 that the suite's numbers are further off than mlc's.
# `python tests/onnx_suite.py --drop-passing --jobs 2` takes out what passes by now.
"""

# Cases whose expected numbers were drawn at random: ONNX fixes no stream. What is left to compare: types, shapes, and
# the numbers that neither draw made zero (a dropout keeps x / (1 - ratio) or nothing, a Bernoulli trial gives 1 or 0).
RANDOM = frozenset(
    f"test_{name}"
    for name in (
        *(f"bernoulli{kind}{form}" for kind in ("", "_double", "_seed") for form in ("", "_expanded")),
        *(f"training_dropout{kind}{form}" for kind in ("", "_default") for form in ("", "_mask")),
    )
)

# unsupported: a CompileError says so before anything runs. wrong: other numbers, shapes or types than the suite's, or
# an error at run time. crashed: any other exception, or a signal.
Status = Literal["passed", "unsupported", "wrong", "crashed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one case; `reason` is empty when it passed."""

    name: str
    status: Status
    reason: str = ""
    is_native: bool = False
    seconds: float = 0.0


class _Crash(Exception):
    """Something in mlc raised what a user must never see."""


class _RunError(Exception):
    """An error at run time on the suite's own inputs."""


class _Rep(MlcBackendRep):
    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        try:
            return super().run(inputs, **kwargs)
        except CompileError as error:
            raise _RunError(str(error)) from error
        except Exception as error:
            raise _Crash(_one_line(error)) from error


class _Backend(MlcBackend):
    """Tells mlc's own exceptions from those of the suite's comparisons."""

    options: dict[str, Any] = {}
    was_native = False

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        return True

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> MlcBackendRep:
        try:
            rep = super().prepare(model, device, **cls.options)
        except CompileError:
            raise
        except Exception as error:
            raise _Crash(_one_line(error)) from error
        cls.was_native = rep.is_native
        return _Rep(rep.executable)


class _Runner(Runner):  # type: ignore[misc]
    """Compares as the suite does, but for what no backend can pass: of RANDOM cases, what is not random; and a scalar
    in a sequence, of which the suite takes the length, as an array."""

    case = ""

    @classmethod
    def assert_similar_outputs(
        cls, ref_outputs: Any, outputs: Any, rtol: float, atol: float, model_dir: str | None = None
    ) -> None:
        if isinstance(ref_outputs, np.ndarray) and ref_outputs.ndim == 0:
            ref_outputs, outputs = [ref_outputs], [outputs]
        if cls.case in RANDOM:
            assert [(o.dtype, o.shape) for o in outputs] == [(o.dtype, o.shape) for o in ref_outputs]
            kept = [(o != 0) & (r != 0) for o, r in zip(outputs, ref_outputs, strict=True)]
            outputs = [o[k] for o, k in zip(outputs, kept, strict=True)]
            ref_outputs = [r[k] for r, k in zip(ref_outputs, kept, strict=True)]
        super().assert_similar_outputs(ref_outputs, outputs, rtol, atol, model_dir)


@functools.cache
def runner() -> Runner:
    """The onnx package's runner with mlc as its backend; light models' data goes to a folder of this process."""
    folder = tempfile.TemporaryDirectory(prefix="mlc-onnx-models-")
    atexit.register(folder.cleanup)
    os.environ["ONNX_MODELS"] = folder.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the suite divides by zero while it makes its data
        return _Runner(_Backend)


@functools.cache
def cases() -> dict[str, tuple[Callable[..., Any], Callable[[], onnx.ModelProto]]]:
    """Each case's name with its test function and its model."""
    from onnx.backend.test.loader import load_model_tests

    everything = runner()
    models: dict[str, Callable[[], onnx.ModelProto]] = {}
    for kind in ("node", "real", "simple", "pytorch-converted", "pytorch-operator"):
        for case in load_model_tests(kind=kind):
            models[case.name] = functools.partial(_model_of, case)
    found = {}
    for category in everything._test_items.values():
        for name, item in category.items():
            if name.endswith("_cpu"):
                stem = name.removesuffix("_cpu")
                found[stem] = (item.func, models[stem])
    return found


def _model_of(case: Any) -> onnx.ModelProto:
    if case.model is not None:
        return case.model  # type: ignore[no-any-return]
    root = Path(onnx.__file__).parent.parent
    return onnx.load(str(Path(case.model_dir, "model.onnx") if case.model_dir else root / case.url))


def run_case(name: str, engine: str = "interp", level: str = "O0", *, is_cached: bool = False) -> Outcome:
    """Runs one case in this process; `is_cached` takes kernels from the cache on disk, where cases share many."""
    _Backend.options = {"engine": engine, "level": level, "cache": is_cached}
    _Backend.was_native = False
    _Runner.case = name
    started = time.perf_counter()
    status, reason = _status(cases()[name][0])
    return Outcome(name, status, reason, _Backend.was_native, time.perf_counter() - started)


def _status(test: Callable[..., Any]) -> tuple[Status, str]:
    try:
        test(None)
    except CompileError as error:
        return "unsupported", str(error)
    except _Crash as error:
        return "crashed", str(error)
    except (AssertionError, TypeError) as error:
        return "wrong", _first_lines(str(error))
    except _RunError as error:
        return "wrong", f"at run time: {error}"
    return "passed", ""


def failures(*operators: str, engine: str = "interp", level: str = "O0") -> list[str]:
    """`name: status: reason` of each case with one of these operators that does not pass and is not on the skip list.

    For an operator's own test: `assert failures("Gemm") == []`. Asserts that there is such a case.
    """
    names = [name for name in cases() if set(operators) & operators_of(name)]
    assert names, f"no case has {', '.join(operators)}"
    skipped = skips(engine)
    outcomes = [run_case(name, engine, level) for name in names if name not in skipped]
    return [f"{o.name}: {o.status}: {o.reason}" for o in outcomes if o.status != "passed"]


def operators_of(name: str) -> set[str]:
    """The operator types in the case's model, as the model has them."""
    return {node.op_type for node in _nodes(cases()[name][1]().graph)}


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def skips(engine: str) -> dict[str, str]:
    """Case to reason, of the cases that this engine may fail."""
    entries = tomllib.loads(SKIPS.read_text()).get("skip", [])
    return {name: e["reason"] for e in entries if engine in e.get("engines", [engine]) for name in e["cases"]}


def wrong_in_suite() -> frozenset[str]:
    """The listed cases of which mlc's numbers are nearer to the true ones than the suite's."""
    entries = tomllib.loads(SKIPS.read_text()).get("skip", [])
    return frozenset(name for e in entries if e.get("is_wrong_in_suite") for name in e["cases"])


def problems(outcomes: Sequence[Outcome], skipped: dict[str, str]) -> list[str]:
    """What a complete run must not have: failures that are not on the skip list, entries of it that pass or are no
    case, crashes and wrong results even where listed, except where the suite's own numbers are."""
    found = [
        f"{o.name}: {o.status}: {o.reason}"
        for o in outcomes
        if o.status == "crashed" or (o.status == "wrong" and o.name not in wrong_in_suite())
    ]
    found += [
        f"{o.name} is not on the skip list: {o.reason}"
        for o in outcomes
        if o.status == "unsupported" and o.name not in skipped
    ]
    found += [
        f"{o.name} passes: take it off the skip list" for o in outcomes if o.status == "passed" and o.name in skipped
    ]
    return found + [f"{name} is on the skip list and no case" for name in skipped.keys() - {o.name for o in outcomes}]


def drop_passing(outcomes: Sequence[Outcome], engine: str) -> int:
    """Rewrites the skip list without the cases that pass; returns how many that are. Never adds one."""
    passing = {o.name for o in outcomes if o.status == "passed"}
    entries = tomllib.loads(SKIPS.read_text()).get("skip", [])
    dropped = 0
    for entry in entries:
        if engine in entry.get("engines", [engine]):
            kept = [name for name in entry["cases"] if name not in passing]
            dropped += len(entry["cases"]) - len(kept)
            entry["cases"] = kept
    SKIPS.write_text(SKIPS_HEADER + "".join(_entry_text(entry) for entry in entries if entry["cases"]))
    return dropped


def _entry_text(entry: dict[str, Any]) -> str:
    lines = ["", "[[skip]]", f"reason = {json.dumps(entry['reason'])}"]
    lines += [f"{key} = {json.dumps(entry[key])}" for key in ("engines", "is_wrong_in_suite") if key in entry]
    return "\n".join([*lines, "cases = [", *(f'    "{name}",' for name in sorted(entry["cases"])), "]", ""])


# --- all of it, in worker processes: a signal ends one worker, not the run --------------------------------------------


def run_all(engine: str, level: str, names: Sequence[str], jobs: int = 2) -> list[Outcome]:
    """Runs the cases in `jobs` processes. A case that kills its process is crashed; the rest go on in a new one.

    Kernels come from the cache that $XDG_CACHE_HOME says: its keys are whole LLVM modules, and two levels share most.
    """
    shares = [list(names[i::jobs]) for i in range(jobs)]
    running = [_Worker(engine, level, share) for share in shares if share]
    return sorted((o for worker in running for o in worker.outcomes()), key=lambda o: o.name)


class _Worker:
    def __init__(self, engine: str, level: str, names: list[str]) -> None:
        self.engine, self.level, self.names = engine, level, names
        self.process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        arguments = [sys.executable, __file__, "--worker", "--engine", self.engine, "--level", self.level]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdin is not None
        process.stdin.write(json.dumps(self.names))
        process.stdin.close()
        return process

    def outcomes(self) -> Iterator[Outcome]:
        while self.names:
            assert self.process.stdout is not None
            for line in self.process.stdout:
                if line.startswith("{"):
                    self.names.pop(0)
                    yield Outcome(**json.loads(line))
            code = self.process.wait()
            if self.names:
                yield Outcome(self.names.pop(0), "crashed", f"the process ended with code {code}")
                self.process = self._started()


def _work(engine: str, level: str) -> None:
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the cases print is not an outcome
    for name in json.loads(sys.stdin.read()):
        print(json.dumps(asdict(run_case(name, engine, level, is_cached=True))), file=output, flush=True)


# --- the developer's table --------------------------------------------------------------------------------------------


def table(outcomes: Sequence[Outcome]) -> str:
    """Failures grouped by status and reason, most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        if outcome.status != "passed":
            groups.setdefault((outcome.status, _shape_of(outcome.reason)), []).append(outcome.name)
    lines = []
    for (status, reason), names in sorted(groups.items(), key=lambda g: -len(g[1])):
        shown = ", ".join(n.removeprefix("test_") for n in names[:6]) + (", ..." if len(names) > 6 else "")
        lines.append(f"{len(names):4} {status:11} {reason}\n                 {shown}")
    return "\n".join(lines)


def counts(outcomes: Sequence[Outcome], skipped: dict[str, str]) -> str:
    """One line: passed, skipped, unsupported, wrong, crashed, and how many passed with native code alone."""
    statuses = Counter("skipped" if o.status != "passed" and o.name in skipped else o.status for o in outcomes)
    parts = [f"{statuses[s]} {s}" for s in ("passed", "skipped", "unsupported", "wrong", "crashed")]
    native = sum(o.is_native and o.status == "passed" for o in outcomes)
    return f"{len(outcomes)} cases: {', '.join(parts)}; {native} native only"


def _shape_of(reason: str) -> str:
    """The reason without what differs from case to case: the model's and its nodes' names, numbers in data."""
    text = re.sub(r"^\S+: |'[^']*'(, )?", "", reason.replace("\n", " "))
    return re.sub(r"\s+", " ", re.sub(r"(?<![A-Za-z])\d+(\.\d+)?(e[-+]?\d+)?", "#", text))[:160]


def _one_line(error: Exception) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/mlc/" in f.filename]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}{where}"


def _first_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[:4])[:400]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="interp", choices=list(LEVELS))
    parser.add_argument("--level", default="O0")
    parser.add_argument("--filter", default="", help="part of the cases' names")
    parser.add_argument("--operator", action="append", default=[], help="an operator type the model must have")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="every failure with its whole reason")
    parser.add_argument("--drop-passing", action="store_true", help="take the cases that pass off the skip list")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _work(options.engine, options.level)
        return 0
    names = [n for n in cases() if options.filter in n]
    if options.operator:
        names = [n for n in names if set(options.operator) & operators_of(n)]
    if options.jobs > 1:
        outcomes = run_all(options.engine, options.level, names, options.jobs)
    else:
        outcomes = [run_case(name, options.engine, options.level) for name in names]
    if options.verbose:
        print("\n".join(f"{o.name}: {o.status}: {o.reason}" for o in outcomes if o.status != "passed"))
    print(table(outcomes))
    print(counts(outcomes, skips(options.engine)))
    if options.drop_passing:
        print(f"{drop_passing(outcomes, options.engine)} cases taken off the skip list")
    return 1 if any(o.status != "passed" for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
