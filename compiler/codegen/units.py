"""Kernels as LLVM modules of their own: each distinct kernel is written once, compiled once and cached by its text."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from mlc.codegen.builder import I64, POINTER
from mlc.codegen.groups import Group
from mlc.codegen.kernel import Argument, Kernel
from mlc.codegen.math import declare_features
from mlc.codegen.program import CodeUnit
from mlc.target import Target

MAIN = "mlc_main"
TRIPLE = "x86_64-unknown-linux-gnu"
KERNEL_TYPE = ir.FunctionType(ir.VoidType(), [POINTER, I64, I64])


@dataclass(frozen=True)
class Written:
    """A kernel's unit, and the positions among the group's storages (see `Plan`) of what it is called with."""

    unit: CodeUnit
    arguments: tuple[tuple[str, int], ...]


class UnitTable:
    """The kernels of one program by what they compute."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._written: dict[str, Written] = {}

    @property
    def units(self) -> list[CodeUnit]:
        """The distinct units, in the order in which they were first needed."""
        return list({w.unit.name: w.unit for w in self._written.values()}.values())

    def kernel(
        self,
        family: str,
        key: str,
        group: Group,
        body: Callable[[Kernel, Any, Any], None],
        position: Callable[[Argument], tuple[str, int]],
        prepare: Callable[[Kernel], None],
    ) -> Written:
        """The kernel under `key`; `body` writes it when it is new."""
        if key not in self._written:
            module = new_module(self.target)
            function = ir.Function(module, KERNEL_TYPE, "mlc_kernel")
            function.attributes.add("nounwind")
            k = Kernel(function, self.target, group)
            prepare(k)
            body(k, function.args[1], function.args[2])
            k.finish()
            arguments = tuple(position(a) for a in k.arguments)
            self._written[key] = Written(named_unit(family, str(module), "mlc_kernel"), arguments)
        return self._written[key]


def new_module(target: Target) -> ir.Module:
    """An empty module for the target."""
    module = ir.Module("mlc")
    module.triple = TRIPLE
    declare_features(module, target.features)
    return module


def named_unit(family: str, text: str, function: str) -> CodeUnit:
    """The unit with its function named after the family and the text, so that equal kernels have equal names."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    name = f"mlc_{family}_{digest}"
    return CodeUnit(name, text.replace(f'@"{function}"', f'@"{name}"'))


def object_code(unit: CodeUnit, target: Target) -> bytes:
    """The object file of one unit.

    The pipeline is light: kernels are already vectorized and unrolled, so LLVM's own vectorizers and unroller are off.
    Main only calls kernels and is compiled as it stands, in an eighth of the time.
    """
    from llvmlite import binding

    is_main = unit.name == MAIN
    machine = _machine(target, 0 if is_main else 2)
    module = binding.parse_assembly(unit.text)
    module.data_layout = str(machine.target_data)
    if not is_main:
        _optimize(module, machine)
    return bytes(machine.emit_object(module))


def _optimize(module: Any, machine: Any) -> None:
    from llvmlite import binding

    module.data_layout = str(machine.target_data)
    options = binding.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = False
    options.loop_interleaving = False
    builder = binding.create_pass_builder(machine, options)
    manager = builder.getModulePassManager()
    manager.run(module, builder)


def linked(units: Sequence[CodeUnit], target: Target, kind: Literal["llvm", "asm", "obj"]) -> bytes:
    """All units in one LLVM module, optimized as they are alone: as text, assembly or one object file."""
    from llvmlite import binding

    machine = _machine(target, 2)
    whole = binding.parse_assembly(units[0].text)
    for unit in units[1:]:
        whole.link_in(binding.parse_assembly(unit.text))
    _optimize(whole, machine)
    match kind:
        case "llvm":
            return str(whole).encode()
        case "asm":
            return str(machine.emit_assembly(whole)).encode()
        case "obj":
            return bytes(machine.emit_object(whole))


@functools.cache
def _initialize() -> None:
    """Sets LLVM up once for the process, with instructions left in the order in which they are written.

    Its scheduler would move loads ahead of the products they feed, and spill the accumulators to make room. It can only
    be switched off for the whole process, where whoever else uses llvmlite does without it as well.
    """
    from llvmlite import binding

    binding.set_option("mlc", "-enable-misched=false")
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()


@functools.cache
def _machine(target: Target, level: int) -> Any:
    from llvmlite import binding

    _initialize()
    description = binding.Target.from_triple(TRIPLE)
    return description.create_target_machine(
        cpu=target.cpu, features=target.feature_text, opt=level, reloc="pic", codemodel="small"
    )
