"""The llvm backend: `emit` turns a verified module into native code for a target.

The steps, each a module, in the order of `backend`: groups (what becomes one kernel), schedule (how it runs; kernels/
and elements/ are the families), lower (the steps of main), buffers (where tensors live), main (the native entry), units
(LLVM modules), objects (LLVM modules to object code, in the worker processes of compile_pool). `program` is what comes
out. Nothing here runs compiled code or knows files: the driver does both.

The names below are imported when they are first used: a compile worker is a module of this package too, and starts in
a fraction of the time that all kernels take to import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlc.codegen.backend import Compiler, Options, emit
    from mlc.codegen.compile_pool import CompilePool
    from mlc.codegen.objects import LLVM_OPTIONS, linked, object_code
    from mlc.codegen.program import (
        Alternatives,
        CodeUnit,
        ErrorText,
        HostStep,
        HostValue,
        Port,
        ProfileRow,
        Program,
        ScheduleRow,
        Weight,
    )
    from mlc.codegen.units import Tuned as Tuned

_HOME = {
    **dict.fromkeys(("CompilePool",), "compile_pool"),
    **dict.fromkeys(("Tuned",), "units"),
    **dict.fromkeys(("Compiler", "Options", "emit"), "backend"),
    **dict.fromkeys(("LLVM_OPTIONS", "linked", "object_code"), "objects"),
    **dict.fromkeys(("Alternatives", "CodeUnit", "ErrorText", "HostStep", "HostValue", "Port"), "program"),
    **dict.fromkeys(("ProfileRow", "Program", "ScheduleRow", "Weight"), "program"),
}

__all__ = [
    "LLVM_OPTIONS",
    "Alternatives",
    "CodeUnit",
    "CompilePool",
    "Compiler",
    "ErrorText",
    "HostStep",
    "HostValue",
    "Options",
    "Port",
    "ProfileRow",
    "Program",
    "ScheduleRow",
    "Tuned",
    "Weight",
    "emit",
    "linked",
    "object_code",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mlc.codegen' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mlc.codegen.{_HOME[name]}"), name)
