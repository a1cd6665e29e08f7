"""The graph being built, as an operator function sees it: appends ops, and answers what is known about values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import onnx

from mlc.errors import CompileError
from mlc.frontend.builder import Appender
from mlc.frontend.contents import Contents
from mlc.frontend.onnx_import.external_data import ExternalData
from mlc.frontend.onnx_import.structure import domain_of, node_title
from mlc.frontend.onnx_import.symbols import Symbols
from mlc.ir import (
    Array,
    Block,
    Dim,
    DimExpr,
    DType,
    Location,
    Region,
    TensorType,
    Type,
    Value,
)
from mlc.ops import constant_value


@dataclass
class Model:
    """What all graphs of one model share."""

    file: str
    data: ExternalData
    functions: dict[tuple[str, str, str], onnx.FunctionProto] = field(default_factory=dict)
    symbols: Symbols = field(default_factory=Symbols)
    contents: Contents = field(default_factory=Contents)
    errors: list[CompileError] = field(default_factory=list)


class Unavailable(Exception):
    """A value is missing because the node that defines it has failed already; that error is in `Model.errors`."""


class Scope:
    """Values by their names in one graph or function; a subgraph's scope looks outwards.

    None marks the outputs of a node that failed.
    """

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.values: dict[str, Value | None] = {}
        self.declared: dict[str, onnx.TypeProto] = {}

    def find(self, name: str) -> Value:
        """The value called `name`."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                value = scope.values[name]
                if value is None:
                    raise Unavailable(name)
                return value
            scope = scope.outer
        raise CompileError(f"value '{name}' is not defined before it is used")


@dataclass(frozen=True)
class Caller:
    """The node whose function body is being inlined. Nodes of a library body go by its name."""

    title: str
    operator: str
    is_library: bool


class Graph(Appender):
    """Builds one block. The importer sets the node in hand before it calls an operator function."""

    def __init__(
        self,
        model: Model,
        block: Block,
        scope: Scope,
        opsets: dict[str, int],
        subgraph: Callable[[Graph, onnx.GraphProto, Sequence[Type]], Region],
        caller: Caller | None = None,
    ) -> None:
        super().__init__(block)
        self.model = model
        self.scope = scope
        self.opsets = opsets
        self.node = onnx.NodeProto()
        self.title = ""
        self.where = ""
        self.caller = caller
        self._subgraph = subgraph
        self._declared: dict[str, Type] = {}

    def enter(self, node: onnx.NodeProto) -> None:
        """Makes `node` the node in hand: its name is the location of the ops that follow."""
        caller = self.caller
        self.node, self.title, operator = node, node_title(node), node.op_type
        if caller is not None:
            self.title = caller.title if caller.is_library else f"{caller.title}/{self.title}"
            operator = caller.operator if caller.is_library else operator
        self.where, self.loc = f"node '{self.title}' ({operator})", Location.of(self.title)

    def region(self, graph: onnx.GraphProto, argument_types: Sequence[Type]) -> Region:
        """The subgraph as a region ending in mlc.yield; its block takes arguments of these types, one per input."""
        return self._subgraph(self, graph, argument_types)

    # --- what is known about values ---

    def array(self, value: Value | None) -> Array | None:
        """The contents of a value that is a constant, or that small constants alone determine."""
        if value is None or (constant := constant_value(value)) is not None:
            return None if value is None else constant
        known = self.model.contents.of(value)
        return None if known is None or known.dtype == object and value.tensor.dtype is not DType.STRING else known

    def dims(self, value: Value | None) -> tuple[Dim, ...] | None:
        """The contents of a small integer scalar or vector as dims, where they are known."""
        return None if value is None else self.model.contents.dims(value)

    def ints_of(self, value: Value | None) -> tuple[int, ...] | None:
        """The contents of an integer scalar or vector, where they are known as numbers."""
        dims = self.dims(value)
        if dims is None:
            array = self.array(value)
            is_list = array is not None and array.ndim <= 1 and array.dtype.kind in "iu"
            return tuple(int(i) for i in array.reshape(-1)) if array is not None and is_list else None
        numbers = tuple(d for d in dims if isinstance(d, int))
        return numbers if len(numbers) == len(dims) else None

    # --- the node in hand ---

    @property
    def opset(self) -> int:
        """The version of the node's domain that the model imports."""
        return self.opsets[domain_of(self.node)]

    @property
    def output_count(self) -> int:
        """Number of outputs the node lists, unnamed ones included."""
        return len(self.node.output)

    def has_output(self, index: int) -> bool:
        """Whether the node names its output number `index`."""
        return index < len(self.node.output) and self.node.output[index] != ""

    def declared_type(self, index: int = 0) -> Type | None:
        """The type the model declares for the node's output number `index`; any kind of type."""
        if not self.has_output(index):
            return None
        name = self.node.output[index]
        if name not in self._declared:
            if name not in self.scope.declared or self.scope.declared[name].WhichOneof("value") is None:
                return None
            self._declared[name] = self.model.symbols.type(self.scope.declared[name], name)
        return self._declared[name]

    def declared(self, index: int = 0) -> TensorType | None:
        """The tensor type the model declares for the node's output number `index`."""
        type = self.declared_type(index)
        return type if isinstance(type, TensorType) else None

    def fresh(self, hint: str = "d") -> DimExpr:
        """A new symbol whose name is made from the hint."""
        return self.model.symbols.fresh(hint)

    def result_dims(self, rank: int | None = None, index: int = 0) -> tuple[Dim, ...]:
        """The dims of output number `index` as the model declares them, else fresh symbols.

        Raises CompileError when neither `rank` nor a declaration says how many.
        """
        declared = self.declared(index)
        if declared is not None and declared.shape is not None and rank in (None, declared.rank):
            return declared.shape
        name = self.node.output[index] if self.has_output(index) else "d"
        if rank is None:
            raise self.error(f"the rank of output '{name}' is not known; declare its shape in the model's value_info")
        return tuple(self.fresh(f"{name}_{i}") for i in range(rank))

    def type(self, proto: onnx.TypeProto) -> Type:
        """The type a TypeProto declares."""
        return self.model.symbols.type(proto)

    def error(self, message: str) -> CompileError:
        """A CompileError located at the node."""
        return CompileError(message, where=self.where)
