"""LLVM text to object code. Imports nothing but llvmlite, so that a compile worker starts fast."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal

from mlc.target import Target

MAIN = "mlc_main"
TRIPLE = "x86_64-unknown-linux-gnu"
# Begins the names of units whose loops are plain, where LLVM's own loop vectorizer has something to do.
PLAIN_LOOPS = "mlc_linalg_"
# What object code depends on beside its text and target.
LLVM_OPTIONS = ("-enable-misched=false",)


def object_code(name: str, text: str, target: Target) -> bytes:
    """The object file of one unit of this name.

    Main only calls kernels and is compiled as it stands, in an eighth of the time.
    """
    from llvmlite import binding

    is_main = name == MAIN
    machine = _machine(target, 0 if is_main else 2)
    module = binding.parse_assembly(text)
    module.data_layout = str(machine.target_data)
    if not is_main:
        _optimize(name, module, machine)
    return bytes(machine.emit_object(module))


def linked(units: Sequence[tuple[str, str]], target: Target, kind: Literal["llvm", "asm", "obj"]) -> bytes:
    """All units (name, text), optimized as they are alone, in one LLVM module: as text, assembly or one object file."""
    from llvmlite import binding

    machine = _machine(target, 2)
    modules = [binding.parse_assembly(text) for _, text in units]
    for (name, _), module in zip(units, modules, strict=True):
        module.data_layout = str(machine.target_data)
        _optimize(name, module, machine)
    whole, *others = modules
    for module in others:
        whole.link_in(module)
    match kind:
        case "llvm":
            return str(whole).encode()
        case "asm":
            return str(machine.emit_assembly(whole)).encode()
        case "obj":
            return bytes(machine.emit_object(whole))


def _optimize(name: str, module: Any, machine: Any) -> None:
    """LLVM's passes over the unit of this name.

    Kernels are vectorized, unrolled and scheduled as they are written, so each function is only simplified: LLVM's
    vectorizers and unroller would find nothing, and what it does to whole modules wins nothing (its late passes over
    vectors take a fourth of the time). Units of plain loops get all of it.
    """
    from llvmlite import binding

    has_plain_loops = name.startswith(PLAIN_LOOPS)
    options = binding.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = has_plain_loops
    options.slp_vectorization = False
    options.loop_unrolling = False
    options.loop_interleaving = False
    builder = binding.create_pass_builder(machine, options)
    if has_plain_loops:
        builder.getModulePassManager().run(module, builder)
        return
    manager = builder.getFunctionPassManager()
    for function in module.functions:
        if not function.is_declaration:
            manager.run(function, builder)


@functools.cache
def _initialize() -> None:
    """Sets LLVM up once for the process, with instructions left in the order in which they are written.

    Its scheduler would move loads ahead of the products they feed, and spill the accumulators to make room. It can only
    be switched off for the whole process, where whoever else uses llvmlite does without it as well.
    """
    from llvmlite import binding

    for option in LLVM_OPTIONS:
        binding.set_option("mlc", option)
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
