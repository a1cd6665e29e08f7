"""`emit`: a verified module to native code, for one target. About a page; each step is a module of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from mlc.codegen import elements as elements  # fills the registry
from mlc.codegen import kernels as kernels  # fills the registry
from mlc.codegen.buffers import is_known, plan_memory
from mlc.codegen.compile_pool import CompilePool
from mlc.codegen.families import Kernels, LlvmKernels
from mlc.codegen.lower import Lowering
from mlc.codegen.main import registers_hold, write_main
from mlc.codegen.program import CodeUnit, HostStep, HostValue, Port, Program
from mlc.codegen.units import Tuned
from mlc.ir import Module, TensorType, Type, Value
from mlc.ir.dims import symbols_of
from mlc.target import Target


class Compiler(Protocol):
    """What makes object code: mlc.codegen.compile_pool, or the driver's, which asks its cache first."""

    def submit(self, unit: CodeUnit) -> None:
        """May begin to compile a unit; called when it is written."""

    def code(self, unit: CodeUnit) -> bytes:
        """The object code of a submitted unit."""


@dataclass(frozen=True)
class Options:
    """`no_fallback` makes an op without a kernel a CompileError; `tuned` overrides choices of the cost model."""

    no_fallback: bool = False
    tuned: Tuned = field(default_factory=dict)


def emit(
    module: Module,
    target: Target,
    options: Options = Options(),
    compiler: Compiler | None = None,
    kernels: Kernels | None = None,
) -> Program:
    """The program that computes `main` of the module, with the llvm backend's kernels unless others are given.

    Without a compiler of the caller's this process compiles it.

    Raises CompileError under `no_fallback` for the first op that has no native kernel.
    """
    compiler = compiler or CompilePool(target)
    function = module.main
    symbols = input_symbols([v for v in function.inputs if registers_hold(v)])
    kernels = kernels or LlvmKernels()
    # Kernels that are whole once they are written are compiled while others are being written.
    submit = compiler.submit if kernels.are_whole else _later
    lowering = Lowering(
        target, symbols, no_fallback=options.no_fallback, submit=submit, tuned=options.tuned, kernels=kernels
    )
    steps = lowering.block(function.block)
    known = frozenset(symbols)
    native_outputs = [(number, v) for number, v in enumerate(function.outputs) if registers_hold(v)]
    memory = plan_memory(steps, lowering.names, function.inputs, native_outputs, lowering.constants, known)
    slots = _slots(lowering, [*function.inputs, *function.outputs])
    outputs = [
        Port(name, v.type, registers_hold(v), is_sized(v.type, known), slots.get(v, -1))
        for name, v in zip(function.output_names, function.outputs, strict=True)
    ]
    delivered = [
        (number, value, port.is_sized)
        for number, (value, port) in enumerate(zip(function.outputs, outputs, strict=True))
        if port.is_native
    ]
    main, errors, rows = write_main(
        steps,
        memory,
        lowering.names,
        symbols=tuple(lowering.known_symbols),
        constants=lowering.constants,
        outputs=delivered,
        slots=slots,
        defined=lowering.defined,
        target=target,
    )
    compiler.submit(main)
    finished = kernels.finish(lowering.table.units)
    for unit in finished if not kernels.are_whole else ():
        compiler.submit(unit)
    units = [*finished, main]
    return Program(
        units=tuple(replace(unit, code=compiler.code(unit)) for unit in units),
        inputs=tuple(
            Port(name, v.type, registers_hold(v), True, slots.get(v, -1))
            for name, v in zip(function.input_names, function.inputs, strict=True)
        ),
        outputs=tuple(outputs),
        symbols=tuple(lowering.known_symbols),
        input_symbol_count=len(symbols),
        weights=tuple(memory.weights),
        weight_bytes=memory.weight_bytes,
        host_steps=tuple(
            HostStep(op, reason, _host_values(operands, slots), _host_values(results, slots))
            for op, reason, operands, results in lowering.host_steps
        ),
        slot_count=max(slots.values(), default=-1) + 1,
        errors=errors,
        profile=rows,
        schedule=tuple(lowering.rows),
        workspace_text=memory.text(),
        workspace_bytes=memory.workspace_bytes,
    )


def _later(unit: CodeUnit) -> None:
    """Leaves a unit alone until it is finished."""


def input_symbols(inputs: list[Value]) -> list[str]:
    """The symbols that are a dim of a native input by themselves, in order: the caller knows their values."""
    found: dict[str, None] = {}
    for value in inputs:
        found.update(dict.fromkeys(str(d) for d in value.tensor.dims if str(d) in symbols_of(d)))
    return list(found)


def is_sized(kind: Type, symbols: frozenset[str]) -> bool:
    """Whether the bytes of a value of this type follow from the input symbols."""
    return isinstance(kind, TensorType) and kind.shape is not None and is_known(kind.shape, symbols)


def _slots(lowering: Lowering, ports: list[Value]) -> dict[Value, int]:
    """Slot numbers: for what host steps touch, and for inputs and outputs that are no native tensors."""
    values: dict[Value, None] = dict.fromkeys(v for v in ports if not registers_hold(v))
    for _, _, operands, results in lowering.host_steps:
        values.update(dict.fromkeys((*operands, *results)))
    return {value: number for number, value in enumerate(values)}


def _host_values(values: tuple[Value, ...], slots: dict[Value, int]) -> tuple[HostValue, ...]:
    return tuple(HostValue(slots[v], v.type, registers_hold(v)) for v in values)
