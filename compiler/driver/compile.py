"""From a model to something that runs. Each step is one call; this file says their order and what is kept between."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlc import runtime
from mlc.driver.cache import Cache, digest, file_digest
from mlc.driver.executable import Executable, Interpreted
from mlc.driver.options import Options
from mlc.driver.plugins import source_digests
from mlc.driver.text import check_entry, read_module, text_module, weights_path
from mlc.driver.tuning import Tuning, load_tuning, stale_note
from mlc.driver.validate import sample_validator
from mlc.driver.version import code_version, mlir_version
from mlc.errors import CompileError
from mlc.frontend import mlir_models
from mlc.frontend.torch_models import is_factory, versions
from mlc.ir import Module
from mlc.ir.ledger import Ledger
from mlc.ir.printer import print_module
from mlc.ir.verifier import verify
from mlc.rewrite import Observer, PassResult, RunOptions, run_passes
from mlc.target import Target

if TYPE_CHECKING:
    from mlc.codegen import Program
    from mlc.codegen.mlir.backend import MlirKernels


@dataclass
class Compilation:
    """What one compilation made. From the model cache come the artifact and nothing of how it was made.

    `notes` are for the user: what could not be used.
    """

    target: Target
    seconds: float = 0.0
    from_cache: bool = False
    module: Module | None = None
    passes: list[PassResult] = field(default_factory=list)
    ledger: Ledger | None = None
    program: Program | None = None
    kernels: MlirKernels | None = None
    artifact: runtime.Artifact | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def kernel_count(self) -> int:
        """Distinct compiled units."""
        return len(self.artifact.code) if self.artifact is not None else 0

    def stage(self, name: Literal["schedule", "llvm", "asm", "obj"]) -> bytes:
        """The bytes of a codegen stage: schedule, llvm, asm (all units one after the other), or obj (an ar archive)."""
        from mlc.driver.generate import stage

        assert self.program is not None, name
        return stage(self.program, name, self.target)


def load(model: str | os.PathLike[str] | Any, entry: str | None = None) -> Module:
    """The verified module of a model: an .onnx, .pt2 or .mlir file, `package.module:factory`, an onnx.ModelProto, MLIR
    as text or as a Module of its bindings, or a Module (copied). `entry` names MLIR's function that is the model."""
    if not _may_have_entry(model):
        check_entry(entry, str(model) if isinstance(model, str | os.PathLike) else type(model).__name__)
    if isinstance(model, Module):
        module = model.clone()
    elif mlir_models.is_mlir_module(model):
        module = mlir_models.import_module(model, entry)
    elif isinstance(model, str) and mlir_models.is_mlir_text(model):
        module = text_module(model, entry)
    elif isinstance(model, str | os.PathLike) and Path(model).suffix == ".mlir":
        module = read_module(Path(model), entry)
    elif isinstance(model, str | os.PathLike) and Path(model).suffix == ".mlc":
        problem = "is compiled already; give the model that it was made from"
        raise CompileError(problem if Path(model).exists() else "No such file or directory", where=str(model))
    else:
        from mlc.frontend import load as load_model

        module = load_model(model)
    try:
        verify(module)
    except CompileError as error:
        raise error.at(str(model)) if _is_path(model) else error from None
    return module


def _may_have_entry(model: object) -> bool:
    is_file = _is_path(model) and Path(str(model)).suffix == ".mlir"
    return is_file or mlir_models.is_mlir_text(model) or mlir_models.is_mlir_module(model)


def _is_path(model: object) -> bool:
    return isinstance(model, str | os.PathLike) and not mlir_models.is_mlir_text(model)


def optimize(module: Module, options: Options, observers: Sequence[Observer] = ()) -> tuple[list[PassResult], Ledger]:
    """Runs the options' pipeline on the module in place."""
    watching = list(observers)
    if options.validate == "sample":
        watching.insert(0, sample_validator(module))
    run_options = RunOptions(verify_each=options.validate != "off", rewrite_limits=options.rewrite_limits)
    return run_passes(module, options.pipeline(), run_options, watching)


def compile_file(
    path: Path,
    options: Options,
    observers: Sequence[Observer] = (),
    *,
    stop_before_codegen: bool = False,
    reuse_model: bool = True,
) -> Compilation:
    """Compiles a model file; the finished artifact is kept in the cache under all that it depends on.

    `reuse_model=False` runs every step even when the cache has the artifact.
    """
    start = time.perf_counter()
    # What a factory makes depends on more than files can tell; only its kernels are kept.
    is_kept = options.use_cache and not stop_before_codegen and not is_factory(path)
    cache = Cache.default() if is_kept else None
    key = model_key(path, options) if cache is not None else ""
    cached = cache.model_path(key) if cache is not None and reuse_model else None
    if cached is not None:
        artifact = _cached_artifact(cached)
        if artifact is not None:
            target = Target.parse(options.target)
            notes = _tuning_notes(load_tuning(cache, target), target)
            return Compilation(target, time.perf_counter() - start, from_cache=True, artifact=artifact, notes=notes)
    compilation = compile_module(load(path, options.entry), options, observers, stop_before_codegen=stop_before_codegen)
    if cache is not None and compilation.artifact is not None:
        cache.put_model(key, compilation.artifact.save)
        # Weights as the file has them, mapped: the copy that they were packed in is freed.
        if (kept := cache.model_path(key)) is not None:
            compilation.artifact = _cached_artifact(kept) or compilation.artifact
    compilation.seconds = time.perf_counter() - start
    return compilation


def compile_module(
    module: Module, options: Options, observers: Sequence[Observer] = (), *, stop_before_codegen: bool = False
) -> Compilation:
    """Compiles a loaded module, which the passes rewrite in place."""
    start = time.perf_counter()
    target = Target.parse(options.target)
    passes, ledger = optimize(module, options, observers)
    compilation = Compilation(target, module=module, passes=passes, ledger=ledger)
    if options.backend != "interp" and not stop_before_codegen:
        _generate(compilation, target, options)
    compilation.seconds = time.perf_counter() - start
    return compilation


def executable_for(path: Path, options: Options) -> Executable | Interpreted:
    """A model file made ready to run: a compiled artifact as it is, anything else compiled first."""
    if path.suffix == ".mlc":
        return Executable.load(path)
    if options.backend == "interp":
        return executable_of(load(path, options.entry), options)
    artifact = compile_file(path, options).artifact
    assert artifact is not None
    return Executable.of(artifact)


def executable_of(module: Module, options: Options) -> Executable | Interpreted:
    """A loaded module compiled, which rewrites it, and made ready to run."""
    compilation = compile_module(module, options)
    if options.backend == "interp":
        return Interpreted(module)
    assert compilation.artifact is not None
    return Executable.of(compilation.artifact)


def model_key(path: Path, options: Options) -> str:
    """The hash of all that the artifact of a model file depends on: files, options, passes, mlc and its compiler."""
    try:
        files = [file_digest(p) for p in _model_files(path)]
    except OSError as error:
        raise CompileError(error.strerror or str(error), where=str(path)) from None
    if options.schedule is not None and not options.schedule.is_file():
        raise CompileError("there is no such schedule", where=str(options.schedule))
    target = Target.parse(options.target)
    pipeline = options.pipeline()
    plugins = [one for item in pipeline for one in source_digests(type(item))]
    facts = [options.entry or "", options.backend, str(options.fallback), options.validate, repr(target)]
    facts.append(load_tuning(Cache.default() if options.use_cache else None, target).digest)
    facts += versions() if path.suffix == ".pt2" else [mlir_version()] if path.suffix == ".mlir" else []
    if options.backend == "mlir":
        facts += [mlir_version(), file_digest(options.schedule) if options.schedule is not None else ""]
    limits = [f"{name}={count}" for name, count in sorted(options.rewrite_limits.items())]
    passes = [str(item) for item in pipeline]
    return digest([path.suffix, *files, "|", *facts, *limits, "|", *passes, "|", *plugins, code_version()])


def _generate(compilation: Compilation, target: Target, options: Options) -> None:
    """Code and artifact of the optimized module. LLVM is imported here, when it is needed."""
    from mlc.driver.generate import generate, mlir_kernels, to_artifact

    assert compilation.module is not None
    cache = Cache.default() if options.use_cache else None
    tuning = load_tuning(cache, target)
    compilation.notes += _tuning_notes(tuning, target)
    if options.backend == "mlir":
        compilation.kernels = mlir_kernels(options.schedule)
    # The text names weights by hashes of them. Hashing holds no lock: it is done while code is made.
    with ThreadPoolExecutor(1) as beside:
        text = beside.submit(print_module, compilation.module)
        compilation.program = generate(
            compilation.module,
            target,
            fallback=options.fallback,
            cache=cache,
            jobs=options.job_count,
            tuned=tuning.choices,
            kernels=compilation.kernels,
        )
        compilation.artifact = to_artifact(compilation.program, text.result(), target)


def _tuning_notes(tuning: Tuning, target: Target) -> list[str]:
    return [stale_note(target)] if tuning.is_stale else []


def _model_files(path: Path) -> list[Path]:
    if path.suffix == ".mlir":
        return [p for p in (path, weights_path(path)) if p.exists()]
    if path.suffix == ".pt2":
        return [path]
    from mlc.frontend.onnx_import.dependencies import model_files

    return model_files(path)


def _cached_artifact(path: Path) -> runtime.Artifact | None:
    try:
        return runtime.load(path)
    except runtime.ArtifactError:
        path.unlink(missing_ok=True)  # damaged: compile anew
        return None
