"""Code for a module: codegen with the object cache, and its Program as the runtime's Artifact."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from mlc import codegen, runtime
from mlc.codegen import CodeUnit, HostStep, HostValue, Port, Program
from mlc.codegen.families import Kernels
from mlc.driver.cache import Cache, digest
from mlc.errors import CompileError
from mlc.ir import Function, Module, Op, TensorType, Value
from mlc.ir.printer import print_module
from mlc.runtime.artifact import FORMAT_VERSION, OBJECT, aligned_bytes
from mlc.target import Target

if TYPE_CHECKING:
    from mlc.codegen.mlir.backend import MlirKernels
    from mlc.codegen.mlir.run import Schedule
    from mlc.codegen.mlir.whole import StageTexts


def generate(
    module: Module,
    target: Target,
    *,
    fallback: bool,
    cache: Cache | None,
    jobs: int,
    tuned: codegen.Tuned | None = None,
    kernels: Kernels | None = None,
) -> Program:
    """The module's native code, compiled by up to `jobs` processes; object code of kernels that were compiled before
    comes from the cache. `tuned` overrides choices of the cost model."""
    options = codegen.Options(no_fallback=not fallback, tuned=tuned or {})
    with codegen.CompilePool(target, jobs) as pool:
        if cache is None:
            return codegen.emit(module, target, options, pool, kernels)
        compiler = _CachedCompiler(pool, cache, target)
        program = codegen.emit(module, target, options, compiler, kernels)
    if compiler.has_new_objects:
        cache.prune()
    return program


class _CachedCompiler:
    """A codegen.Compiler that compiles what the cache does not hold."""

    def __init__(self, pool: codegen.CompilePool, cache: Cache, target: Target) -> None:
        self._pool = pool
        self._cache = cache
        versions = (importlib.metadata.version("llvmlite"), str(FORMAT_VERSION))
        self._facts = (repr(target), *codegen.LLVM_OPTIONS, *versions)
        self._found: dict[str, bytes] = {}
        self.has_new_objects = False

    def submit(self, unit: CodeUnit) -> None:
        """Takes the unit from the cache, or has the pool compile it."""
        code = self._cache.get("objects", self._key(unit))
        if code is None:
            self._pool.submit(unit)
        else:
            self._found[unit.name] = code

    def code(self, unit: CodeUnit) -> bytes:
        """The object code; the cache keeps what is new."""
        if unit.name in self._found:
            return self._found[unit.name]
        code = self._pool.code(unit)
        self._cache.put("objects", self._key(unit), code)
        self.has_new_objects = True
        return code

    def _key(self, unit: CodeUnit) -> str:
        return digest([unit.text, *self._facts])


def mlir_kernels(schedule: Path | None, stages: Sequence[str] = ()) -> MlirKernels:
    """The mlir backend's kernels, which keep the texts of the stages. Raises CompileError without torch-mlir."""
    from mlc.codegen.mlir.backend import MlirKernels

    return MlirKernels(read_schedule(schedule), stages)


def mlir_stages(module: Module, target: Target, schedule: Path | None, stop: str) -> StageTexts:
    """What the mlir backend makes of an optimized module, stage by stage, without compiling it."""
    from mlc.codegen.mlir.whole import stage_texts

    return stage_texts(module, target, read_schedule(schedule), stop)


def read_schedule(path: Path | None) -> Schedule | None:
    """The user's schedule. Raises CompileError where it cannot be read."""
    from mlc.codegen.mlir.run import Schedule

    if path is None:
        return None
    try:
        return Schedule(str(path), path.read_text())
    except OSError as error:
        raise CompileError(error.strerror or str(error), where=str(path)) from None
    except UnicodeDecodeError as error:
        raise CompileError(f"not the text of a schedule: {error}", where=str(path)) from None


def to_artifact(program: Program, ir: str, target: Target) -> runtime.Artifact:
    """The artifact of a compiled module whose text is `ir`; weights are laid out here, each at its offset."""
    weights = aligned_bytes(program.weight_bytes)
    for weight in program.weights:
        data = np.ascontiguousarray(weight.array).reshape(-1).view(np.uint8)
        weights[weight.offset : weight.offset + data.nbytes] = data
    return runtime.Artifact(
        inputs=tuple(_port(port) for port in program.inputs),
        outputs=tuple(_port(port) for port in program.outputs),
        code=tuple(runtime.CodeUnit(unit.name, unit.code) for unit in program.units),
        weights=weights,
        looked_up=tuple((w.offset, w.offset + w.array.nbytes) for w in program.weights if w.is_looked_up),
        symbols=program.symbols,
        errors=tuple(e.template for e in program.errors),
        steps=tuple(_step(step) for step in program.host_steps),
        slot_count=program.slot_count,
        profile_rows=tuple(
            runtime.ProfileRow(f"{row.kernel} {row.title}", row.sources, str(row.flops), str(row.byte_count))
            for row in program.profile
        ),
        workspace_bytes=str(program.workspace_bytes),
        target=target.name,
        features=target.features,
        ir=ir,
    )


def stage(program: Program, name: Literal["schedule", "llvm", "asm", "obj"], target: Target) -> bytes:
    """A stage of codegen as bytes: the schedule, or all units linked into one as LLVM IR, assembly or an object."""
    if name == "schedule":
        return f"{program.schedule_text}\n".encode()
    return codegen.linked([(unit.name, unit.text) for unit in program.units], target, name)


def step_module(op: Op) -> Module:
    """A module whose main is `op` alone: its inputs are the operands and then what its regions capture, each once."""
    sources = list(dict.fromkeys((*op.operands, *captures(op))))
    main = Function("main", [(f"x{i}", v.type) for i, v in enumerate(sources)])
    mapping: dict[Value, Value] = dict(zip(sources, main.inputs, strict=True))
    copy = main.append(op.clone(mapping))
    main.set_outputs([(f"y{i}", v) for i, v in enumerate(copy.results)])
    module = Module("host_step")
    module.add(main)
    return module


def captures(op: Op) -> list[Value]:
    """Values defined outside of the op that its regions use, in order of use."""
    inside = {v for nested in op.walk() for v in nested.results}
    inside |= {a for nested in op.walk() for region in nested.regions for a in region.block.arguments}
    used = [v for nested in op.walk() if nested is not op for v in nested.operands]
    return [v for v in dict.fromkeys(used) if v not in inside]


def _port(port: Port) -> runtime.TensorSpec:
    if not port.is_native or not isinstance(port.type, TensorType):
        return runtime.TensorSpec(port.name, OBJECT, (), port.object_slot)
    return runtime.TensorSpec(port.name, port.type.dtype.numpy.name, tuple(str(d) for d in port.type.dims))


def _step(step: HostStep) -> runtime.HostStep:
    payload = print_module(step_module(step.op), elide=False)
    operands = tuple(_step_value(v, is_dynamic=False) for v in step.operands)
    # The step brings the memory of its results, whose shapes may be known only then.
    results = tuple(_step_value(v, is_dynamic=True) for v in step.results)
    return runtime.HostStep(f"{step.op.name} {step.op.loc.title}", payload, operands, results)


def _step_value(value: HostValue, *, is_dynamic: bool) -> runtime.StepValue:
    if not value.is_native or not isinstance(value.type, TensorType):
        return runtime.StepValue(value.slot, OBJECT)
    return runtime.StepValue(value.slot, value.type.dtype.numpy.name, value.type.rank, is_dynamic)
