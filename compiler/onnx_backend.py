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

from mlc import driver
from mlc.driver import Executable, Interpreted
from mlc.errors import CompileError

Engine = Literal["llvm", "interp"]
Level = Literal["O0", "O1", "O2", "O3"]
_LEVELS: dict[Level, Literal[0, 1, 2, 3]] = {"O0": 0, "O1": 1, "O2": 2, "O3": 3}


class MlcBackendRep(BackendRep):
    """A model ready to run any number of times."""

    def __init__(self, executable: Executable | Interpreted) -> None:
        self.executable = executable

    @property
    def is_native(self) -> bool:
        """Whether no step of it runs in Python."""
        return isinstance(self.executable, Executable) and not self.executable.artifact.steps

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs, in the model's order, for inputs by position or by name."""
        if kwargs:
            raise CompileError(f"run does not take {', '.join(kwargs)}")
        if isinstance(inputs, Mapping):
            return self.executable.run(**inputs)
        return self.executable.run(*(inputs if isinstance(inputs, Sequence) else [inputs]))


class MlcBackend(Backend):
    """Compiles ONNX models and runs them."""

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
        cls,
        model: onnx.ModelProto,
        device: str = "CPU",
        *,
        engine: Engine = "llvm",
        level: Level = "O2",
        no_fallback: bool = False,
        cache: bool = False,
        **kwargs: Any,
    ) -> MlcBackendRep:
        """The model, ready to run: compiled at `level`, or by the interpreter when `engine` is interp.

        Raises CompileError for a model that mlc does not support, and with `no_fallback` for one that has a step
        without native code. With `cache` kernels that were compiled before come from the user's cache.
        """
        if kwargs:
            raise CompileError(f"prepare does not take {', '.join(kwargs)}")
        if not cls.supports_device(device):
            raise CompileError(f"no support for device {device}; mlc compiles for CPU")
        if level not in _LEVELS:
            raise CompileError(f"level must be one of {', '.join(_LEVELS)}, got {level!r}")
        options = driver.Options(level=_LEVELS[level], backend=engine, fallback=not no_fallback, use_cache=cache)
        return MlcBackendRep(driver.executable_of(driver.load(model), options))

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
