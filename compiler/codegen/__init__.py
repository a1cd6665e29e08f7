"""The llvm backend: `emit` turns a verified module into native code for a target.

The steps, each a module: groups (what becomes one kernel), schedule (how it runs; kernels/ and elements/ are the
families), lower (the steps of main), buffers (where tensors live), main (the native entry), units (LLVM modules to
object code). `program` is what comes out. Nothing here runs code or knows files: the driver does both.
"""

from __future__ import annotations

from mlc.codegen.emit import Options, compile_unit, emit
from mlc.codegen.program import CodeUnit, ErrorText, HostStep, HostValue, Port, ProfileRow, Program, ScheduleRow, Weight
from mlc.codegen.units import linked

__all__ = [
    "CodeUnit",
    "ErrorText",
    "HostStep",
    "HostValue",
    "Options",
    "Port",
    "ProfileRow",
    "Program",
    "ScheduleRow",
    "Weight",
    "compile_unit",
    "emit",
    "linked",
]
