"""A built model on disk, model.onnx beside its inputs and reference outputs, made once per version of its makers.

Building the larger ones takes a minute, so they are kept from one test run to the next under a key that covers the
sources of tests/models and the versions of onnx, onnxruntime and torch: an edit there builds anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One call: inputs by name, and the outputs expected, in the model's order."""

    inputs: dict[str, Array]
    outputs: dict[str, Array]


@dataclass(frozen=True)
class Model:
    """An ONNX file and the calls it is tested with; several when its batch is a symbol."""

    name: str
    path: Path
    cases: tuple[Case, ...]


def stored(folder: Path, name: str, build: Callable[[Path], Sequence[Case]]) -> Model:
    """The model called `name` under folder, built first when it is not there.

    `build` writes model.onnx (and external data beside it) into the directory it is given and returns the cases.
    """
    home = folder / f"{name}-{makers_digest()}"
    if not home.exists():
        for outdated in folder.glob(f"{name}-{'[0-9a-f]' * len(makers_digest())}"):
            shutil.rmtree(outdated, ignore_errors=True)
        _build(home, build)
    cases = []
    for path in sorted(home.glob("case*.npz")):
        with np.load(path) as arrays:
            inputs = {key.removeprefix("in:"): arrays[key] for key in arrays if key.startswith("in:")}
            outputs = {key.removeprefix("out:"): arrays[key] for key in arrays if key.startswith("out:")}
        cases.append(Case(inputs, outputs))
    return Model(name, home / "model.onnx", tuple(cases))


def _build(home: Path, build: Callable[[Path], Sequence[Case]]) -> None:
    """Build in a private directory and rename it: two test processes may want the same model at once."""
    home.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=home.parent))
    try:
        for index, case in enumerate(build(work)):
            arrays = {f"in:{key}": value for key, value in case.inputs.items()}
            arrays |= {f"out:{key}": value for key, value in case.outputs.items()}
            np.savez(work / f"case{index}.npz", allow_pickle=False, **arrays)
        os.rename(work, home)
    except OSError:
        if not home.exists():  # otherwise the other process was faster, and built the same
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


@cache
def makers_digest() -> str:
    """Twelve hex digits over the sources of this folder and the packages that decide what a build contains."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for package in ("onnx", "onnxruntime", "onnxscript", "torch", "numpy"):
        digest.update(f"{package} {_version(package)}".encode())
    return digest.hexdigest()[:12]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"
