"""Engines that run a model: ours, and the peers that are installed. One table, one interface.

An engine is prepared once for a model and then called with one array per input; it returns one array per output. Who
calls it: `mlc compare` in its own process, `mlc bench` in a fresh child process for each engine.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlc import driver
from mlc.driver.options import Backend
from mlc.errors import CompileError, nearest
from mlc.frontend.torch_models import is_factory, is_torch_path

Run = Callable[[Sequence[Any]], list[Any]]


@dataclass(frozen=True)
class Subject:
    """What an engine is to run: a model file or package.module:factory. Beside a file, `torch_model` is the factory of
    the same model, for engines that run torch modules.

    `example` is one array per input; engines that compile when they are called first do so on it.
    """

    path: Path
    torch_model: str = ""
    example: Sequence[Any] = ()


@dataclass(frozen=True)
class Setup:
    """How an engine is to run it: mlc's options, threads (None: the engine's own default), and whether a peer's own
    optimizations are off, as a reference to compare with wants them."""

    options: driver.Options = field(default_factory=driver.Options)
    threads: int | None = None
    is_plain: bool = False


@dataclass(frozen=True)
class Ready:
    """A prepared engine: what to call, and the options it was given, in words."""

    run: Run
    settings: str


@dataclass(frozen=True)
class Engine:
    """One way to run a model. `libraries` are its modules, `packages` what their versions are asked from, `extra` what
    installs them; `reads` says what it takes."""

    title: str
    prepare: Callable[[Subject, Setup], Ready]
    libraries: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extra: str = ""
    reads: str = "onnx"

    @property
    def versions(self) -> str:
        """The installed versions, as in "onnxruntime 1.32.0"."""
        return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in self.packages)

    def import_libraries(self) -> None:
        """Imports what it needs, so that time and memory measured after that are the model's own."""
        for library in self.libraries:
            importlib.import_module(library)


def find(name: str) -> Engine:
    """The engine of this name. Raises CompileError for an unknown one, and for one whose packages are not installed."""
    engine = ENGINES.get(name)
    if engine is None:
        hint = nearest(name, list(ENGINES)) or f"; there are {', '.join(ENGINES)}"
        raise CompileError(f"unknown engine {name!r}{hint}")
    if any(importlib.util.find_spec(library.partition(".")[0]) is None for library in engine.libraries):
        raise CompileError(f"engine {name} is not installed: pip install mlc-compiler[{engine.extra}]")
    return engine


def prepare(name: str, subject: Subject, setup: Setup) -> Ready:
    """The engine made ready for the model. Raises CompileError when it is unknown, not installed, or cannot read it."""
    engine = find(name)
    check_reads(name, engine, subject)
    return engine.prepare(subject, setup)


def check_reads(name: str, engine: Engine, subject: Subject) -> None:
    """Raises CompileError when the engine takes another kind of model than the subject is."""
    path = subject.path
    if engine.reads == "onnx" and (path.suffix == ".mlir" or is_torch_path(path)):
        raise CompileError(f"engine {name} reads ONNX; write the model as ONNX with `mlc opt -o`", where=str(path))
    if engine.reads == "torch" and not subject.torch_model and not is_factory(path):
        raise CompileError(
            f"engine {name} runs torch modules; give package.module:factory as the model, or beside a file as "
            "--torch-model of `mlc bench`",
            where=str(path),
        )


def _native(subject: Subject, setup: Setup) -> Ready:
    return _compiled(subject, setup, "llvm")


def _through_mlir(subject: Subject, setup: Setup) -> Ready:
    return _compiled(subject, setup, "mlir")


def _compiled(subject: Subject, setup: Setup, backend: Backend) -> Ready:
    from mlc.runtime import set_threads

    if setup.threads is not None:
        set_threads(setup.threads)
    options = replace(setup.options, backend=backend)
    executable = driver.executable_for(subject.path, options)
    return Ready(lambda arrays: list(executable.run(*arrays)), f"{options.describe()}, target {options.target}")


def _interpreter(subject: Subject, setup: Setup) -> Ready:
    options = replace(setup.options, backend="interp", passes="", level=None)
    plain = driver.executable_for(subject.path, options)
    return Ready(lambda arrays: list(plain.run(*arrays)), "on the graph as loaded")


def _onnx_reference(subject: Subject, setup: Setup) -> Ready:
    from mlc.frontend.onnx_reference import reference

    run: Run = reference(subject.path)
    return Ready(run, "numpy")


def _lazily(function: str) -> Callable[[Subject, Setup], Ready]:
    """A function of mlc.tools.peers, which is imported when it is called."""

    def prepare_peer(subject: Subject, setup: Setup) -> Ready:
        ready = getattr(importlib.import_module("mlc.tools.peers"), function)(subject, setup)
        assert isinstance(ready, Ready)
        return ready

    return prepare_peer


_OWN_LIBRARIES = ("mlc.runtime", "llvmlite.binding")
ENGINES = {
    "llvm": Engine("mlc's native code", _native, _OWN_LIBRARIES, ("mlc-compiler", "llvmlite"), reads="any"),
    "mlir": Engine(
        "mlc through linalg and MLIR's passes",
        _through_mlir,
        _OWN_LIBRARIES,
        ("mlc-compiler", "llvmlite", "torch-mlir"),
        reads="any",
    ),
    "interp": Engine("mlc's interpreter on the graph as loaded", _interpreter, packages=("mlc-compiler",), reads="any"),
    "ort": Engine("ONNX Runtime", _lazily("onnxruntime_session"), ("onnxruntime",), ("onnxruntime",), "bench"),
    "openvino": Engine("OpenVINO", _lazily("openvino_model"), ("openvino",), ("openvino",), "bench"),
    "torch": Engine("PyTorch eager", _lazily("torch_eager"), ("torch",), ("torch",), "torch", "torch"),
    "inductor": Engine("TorchInductor", _lazily("torch_inductor"), ("torch",), ("torch",), "torch", "torch"),
    "onnxref": Engine("the reference of the onnx package", _onnx_reference, ("onnx",), ("onnx",)),
}
