"""The driver: load -> passes -> codegen -> runtime, in that order and nowhere else."""

from __future__ import annotations

from mlc.driver.compile import Compilation, compile_file, compile_module, executable_for, executable_of, load, optimize
from mlc.driver.executable import Executable, Interpreted
from mlc.driver.inputs import Input, module_inputs
from mlc.driver.options import Options

__all__ = [
    "Compilation",
    "Executable",
    "Input",
    "Interpreted",
    "Options",
    "compile_file",
    "compile_module",
    "executable_for",
    "executable_of",
    "load",
    "module_inputs",
    "optimize",
]
