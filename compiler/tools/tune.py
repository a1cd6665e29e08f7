"""Search around the scheduler's own choices by measuring, kernel by kernel but for all kernels of a model at once.

A trial gives each kernel one other candidate for one of its choices, compiles the model so, and runs it in turns with
the model as the cost model wants it; the profile tells each kernel's part. What was measured is saved after every
trial, so that an interrupted search goes on where it was. Choices are searched in the order in which a kernel makes
them, each with the winners of those before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mlc import driver
from mlc.codegen import Alternatives, Program
from mlc.driver.cache import Cache
from mlc.driver.generate import generate, to_artifact
from mlc.driver.tuning import TunedKernel, Tuning, combination, load_tuning, save_tuning
from mlc.errors import CompileError
from mlc.ir import Module
from mlc.ir.printer import print_module
from mlc.target import Target
from mlc.tools.compare import difference
from mlc.tools.ratio import Ratio, ratio_of_medians

# A candidate must be this much faster than the model's own choice: less is within what a quiet machine's times differ.
WORTH_IT = 0.97
ROUNDS = 9

Choices = dict[str, dict[str, str]]  # kernel key -> choice -> label


@dataclass(frozen=True)
class Kernel:
    """A kernel of the model that has choices: its key, what it is, and how many groups of the model are of it."""

    key: str
    title: str
    group_count: int
    alternatives: tuple[Alternatives, ...]


@dataclass
class Tuner:
    """The search on one model. `most_trials` bounds the candidates of a choice, best first by the cost model."""

    module: Module
    options: driver.Options
    cache: Cache
    inputs: Sequence[Any]
    most_trials: int
    name_filter: str = ""
    target: Target = field(init=False)
    tuning: Tuning = field(init=False)
    was_stale: bool = field(init=False)

    def __post_init__(self) -> None:
        self.target = Target.parse(self.options.target)
        self.tuning = load_tuning(self.cache, self.target)
        self.was_stale = self.tuning.is_stale
        self._plain = self._built({})
        self.kernels = _kernels(self._plain.program, self.name_filter)
        if not self.kernels:
            hint = f" whose name holds {self.name_filter!r}" if self.name_filter else ""
            raise CompileError(f"the model has no kernel with choices to tune{hint}")

    @property
    def trial_count(self) -> int:
        """Trials at most; those that were measured before are skipped."""
        names = list(dict.fromkeys(a.name for kernel in self.kernels for a in kernel.alternatives))
        return sum(self._width(name) for name in names)

    def run(self, advance: Callable[[], object]) -> None:
        """Measures every trial and saves what was found after each; `advance` is called `trial_count` times."""
        for name in dict.fromkeys(a.name for kernel in self.kernels for a in kernel.alternatives):
            for rank in range(1, self._width(name) + 1):
                trial = self._trial(name, rank)
                if trial:
                    self._measure(trial)
                    save_tuning(self.cache, self.target, self.tuning)
                advance()

    def whole_ratio(self) -> Ratio:
        """How many times as fast the whole model is with all winners: measured anew, in turns."""
        tuned = self._built(self.tuning.choices)
        times = [(self._plain.seconds(self.inputs), tuned.seconds(self.inputs)) for _ in range(3 * ROUNDS)]
        return ratio_of_medians([plain for plain, _ in times], [with_winners for _, with_winners in times])

    def _width(self, name: str) -> int:
        """Candidates of a choice to try for the kernel that has most, the model's own left out."""
        counts = [len(a.candidates) for kernel in self.kernels for a in kernel.alternatives if a.name == name]
        return min(max(counts) - 1, self.most_trials)

    def _trial(self, name: str, rank: int) -> Choices:
        """For each kernel that has it, the candidate of this rank beside its winners so far, unless measured before."""
        trial: Choices = {}
        for kernel in self.kernels:
            record = self.tuning.kernels.setdefault(kernel.key, TunedKernel(kernel.title))
            for alternatives in kernel.alternatives:
                if alternatives.name != name or rank >= len(alternatives.candidates):
                    continue
                choices = {**record.choices, name: alternatives.candidates[rank]}
                if combination(choices) not in record.trials:
                    trial[kernel.key] = choices
        return trial

    def _measure(self, trial: Choices) -> None:
        built = self._built({**self.tuning.choices, **trial})
        self._check(built, trial)
        rounds = [(self._plain.profile(self.inputs), built.profile(self.inputs)) for _ in range(ROUNDS)]
        for key, choices in trial.items():
            ratio = float(np.median([b[key] / max(a[key], 1) for a, b in rounds]))
            self.tuning.kernels[key].add(choices, ratio, WORTH_IT)

    def _check(self, built: _Built, trial: Choices) -> None:
        """Another tile adds up in another order at most: more than that is a kernel's fault, and no winner."""
        pairs = zip(built.executable.run(*self.inputs), self._plain.executable.run(*self.inputs), strict=True)
        for got, wanted in pairs:
            found = difference("tuned", "output", got, wanted)
            if not found.is_within(1e-4):
                raise AssertionError(f"the model computes something else with {trial}: {found}")

    def _built(self, tuned: Mapping[str, Mapping[str, str]]) -> _Built:
        program = generate(
            self.module,
            self.target,
            fallback=self.options.fallback,
            cache=self.cache,
            jobs=self.options.job_count,
            tuned=tuned,
        )
        return _Built(program, driver.Executable.of(to_artifact(program, print_module(self.module), self.target)))


@dataclass(frozen=True)
class _Built:
    program: Program
    executable: driver.Executable

    def profile(self, inputs: Sequence[Any]) -> dict[str, int]:
        """Nanoseconds of one run by kernel key."""
        times = self.executable.run_profiled(*inputs)[1]
        found: dict[str, int] = {}
        for row, spent in zip(self.program.profile, times, strict=True):
            found[row.key] = found.get(row.key, 0) + spent
        return found

    def seconds(self, inputs: Sequence[Any]) -> float:
        """One run's time in kernels, so that both sides leave out the same."""
        return sum(self.executable.run_profiled(*inputs)[1]) * 1e-9


def tuner_for(path: Path, options: driver.Options, texts: Sequence[str], most_trials: int, name_filter: str) -> Tuner:
    """The search on a model file, on random inputs as `mlc run` takes them. Raises CompileError."""
    from mlc.driver.inputs import make_inputs

    module = driver.load(path, options.entry)
    inputs = make_inputs(driver.module_inputs(module), texts, 0)
    driver.optimize(module, options)
    return Tuner(module, options, Cache.default(), inputs, most_trials, name_filter)


def _kernels(program: Program, name_filter: str) -> list[Kernel]:
    return list(_each_kernel(program, name_filter))


def _each_kernel(program: Program, name_filter: str) -> Iterator[Kernel]:
    keys = [row.key for row in program.schedule]
    for number, row in enumerate(program.schedule):
        title = f"{row.title} [{row.loc.title}]"
        if row.alternatives and row.key not in keys[:number] and name_filter in title:
            yield Kernel(row.key, title, keys.count(row.key), row.alternatives)
