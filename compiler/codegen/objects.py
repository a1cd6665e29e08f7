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

    The pipeline is light: kernels are already vectorized and unrolled, so LLVM's own vectorizers and unroller are off,
    but for units of plain loops.
    Main only calls kernels and is compiled as it stands, in an eighth of the time.
    """
    from llvmlite import binding

    is_main = name == MAIN
    machine = _machine(target, 0 if is_main else 2)
    module = binding.parse_assembly(text)
    module.data_layout = str(machine.target_data)
    if not is_main:
        _optimize(module, machine, vectorizes_loops=name.startswith(PLAIN_LOOPS))
    return bytes(machine.emit_object(module))


def linked(texts: Sequence[str], target: Target, kind: Literal["llvm", "asm", "obj"]) -> bytes:
    """All units in one LLVM module, optimized as they are alone: as text, assembly or one object file."""
    from llvmlite import binding

    machine = _machine(target, 2)
    whole = binding.parse_assembly(texts[0])
    for text in texts[1:]:
        whole.link_in(binding.parse_assembly(text))
    whole.data_layout = str(machine.target_data)
    _optimize(whole, machine)
    match kind:
        case "llvm":
            return str(whole).encode()
        case "asm":
            return str(machine.emit_assembly(whole)).encode()
        case "obj":
            return bytes(machine.emit_object(whole))


def _optimize(module: Any, machine: Any, *, vectorizes_loops: bool = False) -> None:
    from llvmlite import binding

    options = binding.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = vectorizes_loops
    options.slp_vectorization = False
    options.loop_unrolling = False
    options.loop_interleaving = False
    builder = binding.create_pass_builder(machine, options)
    manager = builder.getModulePassManager()
    manager.run(module, builder)


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
