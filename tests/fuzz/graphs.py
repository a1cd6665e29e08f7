"""Random ONNX graphs with the value of each node: what the differential tests of whole models run.

A graph grows by one node at a time. Each is run by onnxruntime alone, without its optimizations, the moment it is
drawn: so shapes need no second implementation, a node that the reference refuses is dropped, and every value of the
graph is known. The same seed gives the same graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]
T = TypeVar("T")
OPSET = 21
# A batch that no other dim of a graph is as long as: what has it is the batch.
BATCH = 7
LARGEST = 40_000


class Refused(Exception):
    """A node that cannot be part of the graph: the reference refuses it, or its value would compare badly."""


@dataclass(frozen=True)
class Known:
    """A value of the graph. `is_exact`: it has no rounding, so that a step function of it may be compared."""

    name: str
    array: Array
    is_exact: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def rank(self) -> int:
        return self.array.ndim


@dataclass
class Graph:
    """A graph under construction; `pool` are its values in the order of their nodes."""

    rng: np.random.Generator
    is_symbolic: bool = False
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    inputs: dict[str, Array] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    pool: list[Known] = field(default_factory=list)

    def add_input(self, array: Array) -> Known:
        name = f"x{len(self.inputs)}"
        self.inputs[name] = array
        return self._keep(Known(name, array, True))

    def constant(self, array: Array) -> Known:
        """A stored tensor; now and then one that others have already."""
        for name, other in self.constants.items():
            if other.dtype == array.dtype and other.shape == array.shape and self.chance(0.3):
                return Known(name, other, True)
        name = f"c{len(self.constants)}"
        self.constants[name] = array
        return Known(name, array, True)

    def ints(self, *values: int) -> Known:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.array(values, np.int64)
        return Known(name, self.constants[name], True)

    def emit(
        self, op: str, inputs: Sequence[Known | None], *, results: int = 1, exact: bool = False, **attributes: Any
    ) -> list[Known]:
        """Adds the node and its values to the pool. Raises Refused."""
        number = len(self.nodes)
        names = [f"v{number}" if i == 0 else f"v{number}_{i}" for i in range(results)]
        feeds = [value.name if value else "" for value in inputs]
        node = helper.make_node(op, feeds, names, name=f"n{number}_{op}", **attributes)
        arrays = run_node(node, {v.name: v.array for v in inputs if v})
        for array in arrays:
            check_value(array)
        self.nodes.append(node)
        return [self._keep(Known(n, a, exact or a.dtype.kind in "biu")) for n, a in zip(names, arrays, strict=True)]

    def _keep(self, value: Known) -> Known:
        self.pool.append(value)
        return value

    # --- drawing ---

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def integer(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, values: Sequence[T]) -> T:
        if not values:
            raise Refused("nothing to choose from")
        return values[int(self.rng.integers(len(values)))]

    def value(self, fits: Callable[[Known], bool] = lambda v: True) -> Known:
        """A value that fits, rather a late one."""
        fitting = [v for v in self.pool if fits(v)]
        if fitting and self.chance(0.5):
            return fitting[-1 - min(int(self.rng.geometric(0.5)) - 1, len(fitting) - 1)]
        return self.choice(fitting)

    def floats(self, rank: int | None = None, *, least: int = 0) -> Known:
        return self.value(lambda v: is_f32(v) and (v.rank == rank if rank is not None else v.rank >= least))

    def axis(self, x: Known, *, signed: bool = True) -> int:
        """An axis of x; not the batch of a symbolic graph."""
        axes = [a for a in range(x.rank) if not self.is_batch(x.shape[a])]
        axis = self.choice(axes)
        return axis - x.rank if signed and self.chance(0.4) else axis

    def is_batch(self, size: int) -> bool:
        return self.is_symbolic and size % BATCH == 0 and size > 0

    def weights(self, *shape: int, scale: float = 1.0) -> Known:
        return self.constant((self.rng.standard_normal(shape) * scale).astype(np.float32))

    def positive(self, *shape: int) -> Known:
        return self.constant((self.rng.random(shape) + 0.5).astype(np.float32))

    # --- the model ---

    def model(self, output_count: int) -> tuple[onnx.ModelProto, list[str]]:
        """The graph with so many outputs: the last value, some in the middle, and rarely an input as it came."""
        made = [v for v in self.pool if v.name not in self.inputs]
        used = {name for node in self.nodes for name in node.input}
        ends = [v for v in made if v.name not in used]
        chosen = {v.name: v for v in [*ends[-output_count:], *(self.choice(made) for _ in range(output_count - 1))]}
        if self.chance(0.08):
            straight = self.choice([v for v in self.pool if v.name in self.inputs])
            chosen[straight.name] = straight
        outputs = list(chosen.values())
        proto = helper.make_graph(
            self.nodes,
            "random",
            [self._info(name, array) for name, array in self.inputs.items()],
            [helper.make_tensor_value_info(v.name, _element(v.array), None) for v in outputs],
            [numpy_helper.from_array(array, name) for name, array in self.constants.items()],
        )
        return model_of(proto), [v.name for v in outputs]

    def _info(self, name: str, array: Array) -> onnx.ValueInfoProto:
        dims = ["N" if self.is_batch(size) else size for size in array.shape]
        return helper.make_tensor_value_info(name, _element(array), dims)


def is_f32(value: Known) -> bool:
    return value.array.dtype == np.float32


def model_of(graph: onnx.GraphProto) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def run_node(node: onnx.NodeProto, feeds: dict[str, Array]) -> list[Array]:
    """The node's results by onnxruntime. Raises Refused."""
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(n, _element(a), a.shape) for n, a in feeds.items()],
        [onnx.ValueInfoProto(name=name) for name in node.output],
    )
    return run_reference(model_of(graph), feeds)


def run_reference(model: onnx.ModelProto, feeds: dict[str, Array]) -> list[Array]:
    """The model's outputs by onnxruntime with its optimizations off. Raises Refused."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [np.asarray(a) for a in session.run(None, feeds)]
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise Refused(str(error)) from error


def check_value(array: Array) -> None:
    """Raises Refused for what is too large, not finite, or of a magnitude where the next op would lose all digits."""
    if array.size > LARGEST:
        raise Refused("too large")
    if array.dtype.kind == "f" and array.size:
        largest = np.abs(array).max()
        if not np.isfinite(largest) or largest > 1e3 or 0 < largest < 1e-3:
            raise Refused("too large or too small a number")


def _element(array: Array) -> int:
    return int(helper.np_dtype_to_tensor_dtype(array.dtype))
