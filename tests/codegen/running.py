"""From a Program of codegen to arrays: what the driver does, for the tests of codegen alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.codegen import HostStep, HostValue, Options, Port, Program, emit
from mlc.codegen.families import Kernels
from mlc.codegen.lower import captured
from mlc.interpreter import run
from mlc.ir import Function, Module, Op, TensorType, Value
from mlc.runtime import artifact as runtime
from mlc.runtime.executable import Executable
from mlc.target import Target


def module_of(op: Op, arguments: Sequence[Value]) -> Module:
    """The module whose main is one op on inputs of the arguments' types."""
    function = Function("main", [(f"x{i}", a.type) for i, a in enumerate(arguments)])
    copy = op.clone(dict(zip(arguments, function.inputs, strict=True)))
    function.append(copy)
    function.set_outputs([(f"y{i}", r) for i, r in enumerate(copy.results)])
    module = Module("test")
    module.add(function)
    return module


def compiled(
    module: Module, *, target: str = "host", no_fallback: bool = False, kernels: Kernels | None = None
) -> tuple[Executable, Program]:
    """The module as an Executable, with the program it was made from."""
    program = emit(module, Target.parse(target), Options(no_fallback=no_fallback), kernels=kernels)
    return Executable(artifact_of(program), [host_function(s) for s in program.host_steps]), program


def artifact_of(program: Program) -> runtime.Artifact:
    """The runtime's artifact of a program."""
    weights = runtime.aligned_bytes(program.weight_bytes)
    for weight in program.weights:
        flat = np.ascontiguousarray(weight.array).reshape(-1).view(np.uint8)
        weights[weight.offset : weight.offset + flat.size] = flat
    return runtime.Artifact(
        inputs=tuple(_spec(p) for p in program.inputs),
        outputs=tuple(_spec(p) for p in program.outputs),
        code=tuple(runtime.CodeUnit(u.name, u.code) for u in program.units),
        weights=weights,
        symbols=program.symbols,
        errors=tuple(e.template for e in program.errors),
        steps=tuple(_step(s) for s in program.host_steps),
        slot_count=program.slot_count,
        profile_rows=tuple(runtime.ProfileRow(row.kernel, row.sources) for row in program.profile),
    )


def _spec(port: Port) -> runtime.TensorSpec:
    if not port.is_native:
        return runtime.TensorSpec(port.name, runtime.OBJECT, (), port.object_slot)
    assert isinstance(port.type, TensorType)
    return runtime.TensorSpec(port.name, port.type.dtype.numpy.name, tuple(str(d) for d in port.type.dims))


def _step(step: HostStep) -> runtime.HostStep:
    return runtime.HostStep(
        step.op.name, "", tuple(_value(v, False) for v in step.operands), tuple(_value(v, True) for v in step.results)
    )


def _value(value: HostValue, is_dynamic: bool) -> runtime.StepValue:
    if not value.is_native:
        return runtime.StepValue(value.slot, runtime.OBJECT)
    assert isinstance(value.type, TensorType)
    return runtime.StepValue(value.slot, value.type.dtype.numpy.name, value.type.rank, is_dynamic)


def host_function(step: HostStep) -> Any:
    """What the runtime calls for a host step: the op's evaluate."""
    values = list(dict.fromkeys((*step.op.operands, *captured(step.op))))

    def call(*operands: Any) -> list[Any]:
        known = dict(zip(values, operands, strict=True))
        return run(step.op, [known[v] for v in step.op.operands], known, {})

    return call
