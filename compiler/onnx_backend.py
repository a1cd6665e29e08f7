"""mlc as an `onnx.backend`: the interface by which the onnx package's own tools and test suite drive a runtime.

from mlc.onnx_backend import MlcBackend
outputs = MlcBackend.run_model(onnx.load("model.onnx"), [x])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import onnx
from onnx import helper
from onnx.backend.base import Backend, BackendRep

from mlc.errors import CompileError
from mlc.frontend import load
from mlc.interpreter import interpret
from mlc.ir import Module

Engine = Literal["interp"]


class MlcBackendRep(BackendRep):
    """A model ready to run any number of times."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs, in the model's order, for inputs by position or by name."""
        if kwargs:
            raise CompileError(f"run does not take {', '.join(kwargs)}")
        return tuple(interpret(self.module, self._positional(inputs)))

    def _positional(self, inputs: Any) -> list[Any]:
        names = self.module.main.input_names
        if not isinstance(inputs, Mapping):
            return list(inputs) if isinstance(inputs, Sequence) else [inputs]
        if unknown := [n for n in inputs if n not in names]:
            raise CompileError(f"the model has no input {unknown[0]!r}; it has {', '.join(names)}")
        if missing := [n for n in names if n not in inputs]:
            raise CompileError(f"input {missing[0]!r} is missing")
        return [inputs[n] for n in names]


class MlcBackend(Backend):
    """Imports ONNX models and runs them; `engine` says by what."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether `prepare` would accept the model."""
        try:
            cls.prepare(model, device, **kwargs)
        except CompileError:
            return False
        return True

    @classmethod
    def prepare(
        cls, model: onnx.ModelProto, device: str = "CPU", *, engine: Engine = "interp", **kwargs: Any
    ) -> MlcBackendRep:
        """The model, ready to run. Raises CompileError for a model that mlc does not support."""
        if kwargs:
            raise CompileError(f"prepare does not take {', '.join(kwargs)}")
        if not cls.supports_device(device):
            raise CompileError(f"no support for device {device}; mlc compiles for CPU")
        if engine != "interp":
            raise CompileError(f"engine must be interp, got {engine!r}")
        return MlcBackendRep(load(model))

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        """`prepare(model).run(inputs)`."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[np.dtype[Any], tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """The outputs of one node; `opset_version` among the options says which operator it means."""
        opset = kwargs.pop("opset_version", onnx.defs.onnx_opset_version())
        names = [name for name in node.input if name]
        graph = helper.make_graph(
            [node],
            node.name or node.op_type,
            [_input(name, np.asarray(array)) for name, array in zip(names, inputs, strict=True)],
            [onnx.ValueInfoProto(name=name) for name in node.output if name],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(node.domain, opset)])
        return cls.run_model(model, inputs, device, **kwargs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether mlc compiles for this device: the CPU."""
        return device.split(":")[0] == "CPU"


def _input(name: str, array: np.ndarray[Any, Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
