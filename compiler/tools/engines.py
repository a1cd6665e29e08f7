"""Engines that run a model: ours, and the peers that are installed.

An engine is prepared once for a model file and then called with one array per input; it returns one array per output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlc import driver
from mlc.errors import CompileError, nearest

Run = Callable[[Sequence[Any]], list[Any]]

ENGINES = {
    "llvm": "mlc's native code",
    "interp": "mlc's interpreter on the graph as loaded",
    "ort": "ONNX Runtime, its optimizations off",
    "onnxref": "the reference of the onnx package",
}


def prepare(engine: str, path: Path, options: driver.Options) -> Run:
    """The engine made ready for the model. Raises CompileError for an unknown engine or one that is not installed."""
    if engine in ("ort", "onnxref") and path.suffix == ".mlir":
        raise CompileError(f"engine {engine} reads ONNX; write the model back with `mlc opt -o`", where=str(path))
    match engine:
        case "llvm":
            executable = driver.executable_for(path, replace(options, backend="llvm"))
            return lambda arrays: list(executable.run(*arrays))
        case "interp":
            plain = driver.executable_for(path, replace(options, backend="interp", passes="", level=None))
            return lambda arrays: list(plain.run(*arrays))
        case "ort":
            return _onnxruntime(path)
        case "onnxref":
            from mlc.frontend.onnx_reference import reference

            run: Run = reference(path)
            return run
        case _:
            hint = nearest(engine, list(ENGINES)) or f"; there are {', '.join(ENGINES)}"
            raise CompileError(f"unknown engine {engine!r}{hint}")


def _onnxruntime(path: Path) -> Run:
    try:
        import onnxruntime
    except ImportError:
        raise CompileError("engine ort needs ONNX Runtime: pip install mlc-compiler[bench]") from None
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class of their own
        raise CompileError(f"ONNX Runtime refuses the model: {error}", where=str(path)) from error
    names = [i.name for i in session.get_inputs()]
    return lambda arrays: list(session.run(None, dict(zip(names, arrays, strict=True))))
