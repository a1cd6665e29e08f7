"""What other implementations answer: ONNX Runtime and the reference evaluator of the onnx package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

Array = NDArray[Any]


def run_onnxruntime(path: Path, inputs: Mapping[str, Array], *, optimize: bool = True) -> dict[str, Array]:
    """Outputs by name on one thread of the CPU provider; with optimize=False each node runs as it is written."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimize:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))


def run_onnx_reference(path: Path, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by name of onnx.reference: numpy, slow, and an implementation that shares nothing with the other."""
    opset = next(entry.version for entry in onnx.load(path, load_external_data=False).opset_import if not entry.domain)
    corrected = [LRN, *([BatchNormalization] if opset < 14 else []), *([Softmax] if opset < 13 else [])]
    evaluator = ReferenceEvaluator(str(path), new_ops=corrected)
    return dict(zip(evaluator.output_names, evaluator.run(None, dict(inputs)), strict=True))


# Three operators that onnx.reference 1.23 gets wrong, written anew from their specification.


class LRN(OpRun):
    """x / (bias + alpha / size * the sum of squares over `size` channels around) ** beta.

    The one of onnx.reference loops over as many channels as the batch is large.
    """

    op_domain = ""

    def _run(self, x: Array, alpha: float, beta: float, bias: float, size: int) -> tuple[Array]:
        before, after = (size - 1) // 2, size // 2  # floor and ceiling of (size - 1) / 2
        squares = np.pad(x**2, [(0, 0), (before, after), *[(0, 0)] * (x.ndim - 2)])
        around = sum(squares[:, start : start + x.shape[1]] for start in range(size))
        return (x / (bias + alpha / size * around) ** beta,)


class BatchNormalization(OpRun):
    """Before opset 14 one output means inference, whatever momentum says; onnx.reference mixes the batch in."""

    op_domain = ""

    def _run(
        self, x: Array, scale: Array, bias: Array, mean: Array, var: Array, epsilon: float, **unused: float
    ) -> tuple[Array]:
        scale, bias, mean, var = (value.reshape(-1, *[1] * (x.ndim - 2)) for value in (scale, bias, mean, var))
        return ((scale * (x - mean) / np.sqrt(var + np.float32(epsilon)) + bias).astype(x.dtype),)


class Softmax(OpRun):
    """Before opset 13 the dims from `axis` on are one; onnx.reference takes the last axis alone, as later opsets do."""

    op_domain = ""

    def _run(self, x: Array, **of_newer_opset: int) -> tuple[Array]:
        axis = next((item.i for item in self.onnx_node.attribute if item.name == "axis"), 1)
        rows = x.reshape(int(np.prod(x.shape[:axis])), -1)
        powers = np.exp(rows - rows.max(1, keepdims=True))
        return ((powers / powers.sum(1, keepdims=True)).reshape(x.shape),)


def graph_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """The inputs a caller must feed: files of IR version 3 list initializers among them."""
    stored = {initializer.name for initializer in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def shape_of(value: onnx.ValueInfoProto) -> list[int]:
    """The static extents of a tensor value."""
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]


def seeded_normal(seed: int, shape: list[int]) -> Array:
    """Standard normal float32 values."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)
