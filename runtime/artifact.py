"""A compiled model: what it is in memory, and the one file `model.mlc` that holds it.

Codegen makes an Artifact, runtime.executable runs it. The file is an archive (runtime.archive) of manifest.json, one
code/<unit>.o for each CodeUnit, weights.bin and final.mlir. Nothing here knows machine code or the IR.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from mlc import __version__
from mlc.errors import CompileError
from mlc.runtime.archive import Bytes, map_archive, write_archive
from mlc.runtime.native import ALIGNMENT

FORMAT_VERSION = 4

# The dtype of values that are no tensors of numbers: sequences, optionals, tensors of strings.
OBJECT = "object"


class ArtifactError(CompileError):
    """A file is no artifact that this machine and this mlc can run."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of the model.

    dtype is a numpy or ml_dtypes name such as "float32", "bfloat16", "int4", or OBJECT. shape holds each dim as text,
    "3" or "N" or "(H + 1) floordiv 2". Only a value of dtype OBJECT has a slot: its place in the table of objects that
    host steps read and write; its shape is ().
    """

    name: str
    dtype: str
    shape: tuple[str, ...]
    slot: int | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}" + (f"[{', '.join(self.shape)}]" if self.dtype != OBJECT else "")


@dataclass(frozen=True)
class CodeUnit:
    """One relocatable object file; the units of an artifact are linked to each other and to the runtime library."""

    name: str
    object_code: bytes


@dataclass(frozen=True)
class StepValue:
    """A value that a host step reads or writes.

    slot is its index in mlc_call.values and shapes, or in the table of objects when dtype is OBJECT. Main sets both for
    an operand and for a result that has a planned buffer; for a dynamic result they are set by the step.
    """

    slot: int
    dtype: str
    rank: int = 0
    is_dynamic: bool = False


@dataclass(frozen=True)
class HostStep:
    """One step that runs in Python. name is for messages; payload is what the driver rebuilds its callable from."""

    name: str
    payload: str
    operands: tuple[StepValue, ...]
    results: tuple[StepValue, ...]


@dataclass(frozen=True)
class ProfileRow:
    """What one entry of mlc_call.profile times: a kernel, and the source nodes it computes.

    flops and bytes are what they need at least, as text that may name symbols; several kernels for the same nodes have
    theirs at the last.
    """

    kernel: str
    sources: tuple[str, ...]
    flops: str = "0"
    bytes: str = "0"


@dataclass(frozen=True, eq=False)
class Artifact:
    """A compiled model, complete: object code, weights and all that the runtime must know to call it.

    symbols names every dim symbol in the order of mlc_call.symbols. Those that are a dim of an input get their value
    from it; native code writes the others. looked_up are the ranges [start, stop) of bytes in weights of which a call
    reads a few rows. errors holds the message for each positive result n of mlc_main at n - 1,
    a template for str.format, of mlc_call.error_args. workspace_bytes is text that may name input symbols. features are
    LLVM's names of the CPU features the code needs.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    code: tuple[CodeUnit, ...]
    weights: Bytes = field(default_factory=lambda: aligned_bytes(0), repr=False)
    looked_up: tuple[tuple[int, int], ...] = ()
    symbols: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    steps: tuple[HostStep, ...] = ()
    slot_count: int = 0
    profile_rows: tuple[ProfileRow, ...] = ()
    workspace_bytes: str = "0"
    target: str = "host"
    features: tuple[str, ...] = ()
    ir: str = field(default="", repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the artifact; the same artifact gives the same bytes. On failure an existing file stays as it was."""
        contents: dict[str, bytes | memoryview] = {f"code/{unit.name}.o": unit.object_code for unit in self.code}
        assert len(contents) == len(self.code), [unit.name for unit in self.code]
        contents["weights.bin"] = self.weights.data
        contents["final.mlir"] = self.ir.encode()
        manifest = {
            "format_version": FORMAT_VERSION,
            "mlc_version": __version__,
            **{name: getattr(self, name) for name in _MANIFEST_FIELDS},
            "checksums": {name: _checksum(content) for name, content in contents.items()},
        }
        manifest_bytes = json.dumps(manifest, indent=1, sort_keys=True, default=asdict).encode()
        write_archive(Path(path), {"manifest.json": manifest_bytes, **contents}, {"weights.bin": self.looked_up})


# What the manifest repeats word for word; the other fields are members of their own.
_MANIFEST_FIELDS = (
    *("inputs", "outputs", "looked_up", "symbols", "errors", "steps", "slot_count", "profile_rows"),
    *("workspace_bytes", "target", "features"),
)


def aligned_bytes(byte_count: int) -> Bytes:
    """byte_count zero bytes that start on a multiple of 64: room for weights."""
    room = np.zeros(byte_count + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + byte_count]


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The dtype that a TensorSpec names."""
    return np.dtype(getattr(ml_dtypes, name, None) or name)


def load(path: str | os.PathLike[str], *, verify: bool = False) -> Artifact:
    """The artifact in the file; its weights are mapped and read when they are used, or now with verify.

    Raises ArtifactError when the file is missing, damaged, or from another format version.
    """
    try:
        return _artifact(_checked_members(Path(path), verify))
    except OSError as error:
        raise ArtifactError(error.strerror or str(error), where=str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"not an mlc artifact, or a damaged one: {error}", where=str(path)) from None
    except ArtifactError as error:
        raise error.at(str(path)) from None


def _checked_members(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Bytes]]:
    members = map_archive(path, verified={"manifest.json"})
    if "manifest.json" not in members:
        raise ValueError("it has no manifest.json")
    manifest = json.loads(members.pop("manifest.json").tobytes())
    if manifest["format_version"] != FORMAT_VERSION:
        raise ArtifactError(
            f"made by mlc {manifest.get('mlc_version', '?')} in artifact format {manifest['format_version']}, but "
            f"mlc {__version__} reads format {FORMAT_VERSION}: compile the model again"
        )
    if missing := manifest["checksums"].keys() ^ members.keys():
        raise ValueError(f"its members are not those of its manifest: {', '.join(sorted(missing))}")
    for name, checksum in manifest["checksums"].items():
        if (name != "weights.bin" or verify) and _checksum(members[name].data) != checksum:
            raise ArtifactError(
                f"{name} is damaged: its checksum differs from the manifest's; copy or compile it again"
            )
    return manifest, members


def _artifact(parts: tuple[dict[str, Any], dict[str, Bytes]]) -> Artifact:
    manifest, members = parts
    return Artifact(
        inputs=_specs(manifest["inputs"]),
        outputs=_specs(manifest["outputs"]),
        code=tuple(
            CodeUnit(name.removeprefix("code/").removesuffix(".o"), content.tobytes())
            for name, content in members.items()
            if name.startswith("code/")
        ),
        weights=members["weights.bin"],
        looked_up=tuple((start, stop) for start, stop in manifest["looked_up"]),
        symbols=tuple(manifest["symbols"]),
        errors=tuple(manifest["errors"]),
        steps=tuple(
            HostStep(s["name"], s["payload"], _step_values(s["operands"]), _step_values(s["results"]))
            for s in manifest["steps"]
        ),
        slot_count=manifest["slot_count"],
        profile_rows=tuple(
            ProfileRow(row["kernel"], tuple(row["sources"]), row["flops"], row["bytes"])
            for row in manifest["profile_rows"]
        ),
        workspace_bytes=manifest["workspace_bytes"],
        target=manifest["target"],
        features=tuple(manifest["features"]),
        ir=members["final.mlir"].tobytes().decode(),
    )


def _specs(rows: list[Mapping[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(row["name"], row["dtype"], tuple(row["shape"]), row["slot"]) for row in rows)


def _step_values(rows: list[Mapping[str, Any]]) -> tuple[StepValue, ...]:
    return tuple(StepValue(**row) for row in rows)


def _checksum(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()
