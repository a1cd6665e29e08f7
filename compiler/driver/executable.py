"""What the driver hands out: compiled models with their host steps, and the interpreter behind the same calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from mlc import runtime
from mlc.driver.inputs import Input, module_inputs
from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import Module, TensorType
from mlc.ir.parser import parse_module
from mlc.ir.type_parser import parse_dims
from mlc.ir.types import DType


class Executable(runtime.Executable):
    """A compiled model that takes numpy arrays and returns fresh ones; see mlc.runtime.Executable.

    Adds what the runtime does not know: the operators of steps that run in Python.
    """

    @classmethod
    def of(cls, artifact: runtime.Artifact) -> Self:
        """The artifact made ready to run."""
        return cls(artifact, cls.host_steps(artifact))

    @classmethod
    def host_steps(cls, artifact: runtime.Artifact) -> Sequence[Callable[..., Sequence[object]]]:
        """A callable per host step: the interpreter on the one-op module that its payload is the text of."""
        return [_host_step(step) for step in artifact.steps]

    @property
    def inputs(self) -> list[Input]:
        """Names and types of the inputs. Raises CompileError for one that is not a tensor of numbers."""
        return [_input(spec) for spec in self.artifact.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in order."""
        return [spec.name for spec in self.artifact.outputs]


class Interpreted:
    """A module behind an Executable's calls, run by each op's `evaluate`: slow, and right by definition."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def __repr__(self) -> str:
        return f"<Interpreted {self.module!r}>"

    @property
    def inputs(self) -> list[Input]:
        """Names and types of the inputs."""
        return module_inputs(self.module)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in order."""
        return list(self.module.main.output_names)

    def __call__(self, *arrays: object, **named: object) -> Any:
        """The output, or a tuple of several."""
        outputs = self.run(*arrays, **named)
        return outputs[0] if len(outputs) == 1 else outputs

    def run(self, *arrays: object, **named: object) -> tuple[Any, ...]:
        """Like a call, but always a tuple."""
        if len(arrays) == 1 and not named and isinstance(arrays[0], Mapping):
            return tuple(interpret(self.module, self._in_order((), arrays[0])))
        return tuple(interpret(self.module, self._in_order(arrays, named)))

    def run_profiled(self, *arrays: object, **named: object) -> tuple[tuple[Any, ...], list[int]]:
        """Not available: the interpreter has no kernels to time."""
        raise CompileError("the interp backend has no kernels to profile; use --backend llvm")

    def save(self, path: object) -> None:
        """Not available: an interpreted module has no artifact."""
        raise CompileError("the interp backend has no artifact to save; use backend='llvm'")

    def _in_order(self, arrays: tuple[object, ...], named: Mapping[str, object]) -> list[Any]:
        names = self.module.main.input_names
        if len(arrays) > len(names):
            raise CompileError(f"the model has {len(names)} inputs ({', '.join(names)}), got {len(arrays)}")
        given = dict(zip(names, arrays, strict=False))
        for name, value in named.items():
            if name not in names or name in given:
                problem = "was given twice" if name in given else f"is not one of {', '.join(names)}"
                raise CompileError(f"input {name!r} {problem}")
            given[name] = value
        if missing := [n for n in names if n not in given]:
            raise CompileError(f"missing input {', '.join(map(repr, missing))}")
        return [given[n] for n in names]


def _host_step(step: runtime.HostStep) -> Callable[..., Sequence[object]]:
    import mlc.ops  # noqa: F401 - the parser finds op classes in the registry

    module = parse_module(step.payload, file=f"host step {step.name}")
    return lambda *operands: interpret(module, operands)


def _input(spec: runtime.TensorSpec) -> Input:
    if spec.slot is not None:
        raise CompileError(
            f"input '{spec.name}' is no tensor of known rank and of numbers; "
            "call the model from Python, or use --backend interp"
        )
    dtype = DType.of(np.dtype(runtime.artifact.numpy_dtype(spec.dtype)))
    return Input(spec.name, TensorType(dtype, parse_dims(",".join(spec.shape))))
