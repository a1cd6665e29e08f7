"""What a compiled model needs to run: the native library, the artifact file and the Executable.

A process that only runs models imports nothing else of mlc.
"""

from __future__ import annotations

from mlc.runtime.artifact import Artifact, ArtifactError, CodeUnit, HostStep, ProfileRow, StepValue, TensorSpec, load
from mlc.runtime.binding import InputError
from mlc.runtime.executable import Executable, RunError
from mlc.runtime.native import set_threads, threads

__all__ = [
    "Artifact",
    "ArtifactError",
    "CodeUnit",
    "Executable",
    "HostStep",
    "InputError",
    "ProfileRow",
    "RunError",
    "StepValue",
    "TensorSpec",
    "load",
    "set_threads",
    "threads",
]
