"""The reference implementation of the onnx package as an engine to compare with. Nothing that compiles uses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx.reference import ReferenceEvaluator

from mlc.errors import CompileError


def reference(path: Path) -> Callable[[Sequence[Any]], list[Any]]:
    """A function from one array per input to one per output; CompileError when the reference refuses the model."""
    try:
        evaluator = ReferenceEvaluator(onnx.load(path))
    except Exception as error:  # it raises whatever its parts raise
        raise CompileError(f"the onnx reference refuses the model: {error}", where=str(path)) from error
    names = evaluator.input_names

    def run(arrays: Sequence[Any]) -> list[Any]:
        return list(evaluator.run(None, dict(zip(names, arrays, strict=True))))

    return run
