"""What `mlc tune` has measured, kept in the compile cache for each target: compilations read it, tuning adds to it.

A record belongs to what a kernel computes on its target, so it serves that kernel in any model. It is of use only to
the code generator that it was measured with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from mlc.driver.cache import Cache, digest
from mlc.driver.version import codegen_version
from mlc.target import Target

_KIND = "tuning"


@dataclass
class TunedKernel:
    """`trials` holds the time of each combination of labels that was measured, over that of the model's own choice;
    `choices` are the labels of the fastest, empty when that is the model's own."""

    title: str
    choices: dict[str, str] = field(default_factory=dict)
    ratio: float = 1.0
    trials: dict[str, float] = field(default_factory=dict)

    def add(self, choices: Mapping[str, str], ratio: float, worth_it: float) -> None:
        """Notes a measured combination; it wins when it is the fastest yet, and below `worth_it`."""
        self.trials[combination(choices)] = ratio
        if ratio < min(self.ratio, worth_it):
            self.choices, self.ratio = dict(choices), ratio


@dataclass
class Tuning:
    """The records of one target by kernel key; `is_stale` when there were some, of another version, that are left."""

    kernels: dict[str, TunedKernel] = field(default_factory=dict)
    is_stale: bool = False

    @property
    def choices(self) -> dict[str, dict[str, str]]:
        """What codegen takes as `tuned`."""
        return {key: kernel.choices for key, kernel in self.kernels.items() if kernel.choices}

    @property
    def digest(self) -> str:
        """A hash of the choices, for the keys of models."""
        return digest([json.dumps(self.choices, sort_keys=True)])


def combination(choices: Mapping[str, str]) -> str:
    """The text that stands for a combination of labels."""
    return json.dumps(choices, sort_keys=True)


def stale_note(target: Target) -> str:
    """What is said of records from another version."""
    return f"the tuning for {target} is from another version of mlc and is not used; run `mlc tune` again"


def load_tuning(cache: Cache | None, target: Target) -> Tuning:
    """The target's records; none without a cache, or from another version."""
    content = cache.get(_KIND, _key(target)) if cache is not None else None
    if content is None:
        return Tuning()
    found = json.loads(content)
    if found["version"] != codegen_version():
        return Tuning(is_stale=True)
    return Tuning({key: TunedKernel(**kernel) for key, kernel in found["kernels"].items()})


def save_tuning(cache: Cache, target: Target, tuning: Tuning) -> None:
    """Writes the target's records, whole or not at all."""
    kernels = {key: asdict(kernel) for key, kernel in tuning.kernels.items()}
    content = {"version": codegen_version(), "target": target.name, "kernels": kernels}
    cache.put(_KIND, _key(target), json.dumps(content, indent=1).encode())


def _key(target: Target) -> str:
    return digest([repr(target)])
