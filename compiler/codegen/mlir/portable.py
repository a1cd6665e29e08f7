"""A model in linalg on tensors for other compilers: one function, named ops, plain layouts, nothing made for a target.

The same groups and lowerings as the mlir backend's, but those of lowerings/named.py come first, stages are written into
main instead of being called, and what only our schedules read is left out. No MLIR is needed to write it. Main has no
run-time checks, weights are constants in it; booleans are i8, integers signless.
"""

from __future__ import annotations

import re
from typing import Any

from mlc.codegen.backend import input_symbols
from mlc.codegen.lower import Lowering
from mlc.codegen.main import registers_hold
from mlc.codegen.mlir.backend import MlirKernels
from mlc.codegen.mlir.lowering import Call
from mlc.codegen.mlir.run import require_mlir
from mlc.codegen.mlir.text import Tensor
from mlc.codegen.mlir.whole import Main
from mlc.errors import CompileError
from mlc.ir import Module, symbol
from mlc.target import Target

# The lowering of a program asks for a target throughout; portable kernels ask it nothing.
_ANY = Target.parse("x86-64-v2")


def module_text(module: Module, *, with_weights: bool = True) -> str:
    """The text of a verified module in linalg on tensors; without weights large constants are left out.

    Raises CompileError for what only the compiled program has: steps in Python, shapes made of data.
    """
    if not isinstance(module, Module):
        raise CompileError(f"expected an mlc.ir.Module, as mlc.load gives it, got {type(module).__name__}")
    kernels = MlirKernels(is_portable=True)
    symbols = input_symbols([v for v in module.main.inputs if registers_hold(v)])
    lowering = Lowering(_ANY, symbols, no_fallback=False, submit=lambda unit: None, tuned={}, kernels=kernels)
    steps = lowering.block(module.main.block)
    main = _Inlined(module, lowering, steps, with_weights=with_weights).text(kernels.functions.calls)
    return f"module {{\n{main}\n}}\n"


def to_module(module: Module) -> Any:
    """A torch_mlir.ir.Module of the model in linalg on tensors, weights included.

    It belongs to the current context, or where there is none to one of its own, which lives as long as it does. Raises
    CompileError without torch-mlir, and as `module_text` does.
    """
    require_mlir()
    text = module_text(module)
    from torch_mlir import ir

    with ir.Context.current or ir.Context():
        return ir.Module.parse(text)


class _Inlined(Main):
    """Main with the ops of each stage in place of its call."""

    def call(self, call: Call) -> None:
        stage = call.stage
        names = {t.name: g.name for t, g in zip(stage.arguments.values(), self.given(call), strict=True)}
        names |= {stage.symbols[s].name: self.stage.dim(symbol(s)).name for s in call.symbols}

        def renamed(found: re.Match[str]) -> str:
            if found.group(0) not in names:
                names[found.group(0)] = self.stage.fresh()
            return names[found.group(0)]

        for line in stage.lines:
            self.stage.line(re.sub(r"%\w+", renamed, _without_marks(line.removeprefix("  "))))
        self.keep(call, [Tensor(names[r.name], r.dtype, r.dims) for r in stage.results])


def _without_marks(line: str) -> str:
    """A line without the attributes by which schedules find ops."""
    return re.sub(r" (attrs = )?\{\}", "", re.sub(r"(, )?mlc\.\w+", "", line))
