"""Torch-dialect MLIR to Module: arguments bound, constants and lists resolved on the way, operators by the registry."""

from __future__ import annotations

import operator as python_operators
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.fx import Node

import mlc.frontend.torch_import.operators  # noqa: F401  registers them
from mlc.errors import CompileError
from mlc.frontend.builder import Unavailable
from mlc.frontend.torch_import import numbers
from mlc.frontend.torch_import.arguments import bind
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.locations import location_of, title
from mlc.frontend.torch_import.mlir import COND, LITERAL, SYMBOLIC, TorchMlir, read_strides, to_mlir
from mlc.frontend.torch_import.program import Absent, Input, Program, Weight
from mlc.frontend.torch_import.refusals import Refused, find_refused
from mlc.frontend.torch_import.registry import find_operator
from mlc.frontend.torch_import.symbols import Symbols, is_extent, is_symbolic
from mlc.frontend.torch_import.types import declared, dtype_of, shared_array
from mlc.frontend.torch_import.unsupported import branches_of, operator_name, unsupported_nodes
from mlc.ir import Block, Dim, DimExpr, DType, Function, Location, Module, Region, TensorType, Value
from mlc.ir.dims import maximum, minimum
from mlc.ops import Constant, If, Yield
from mlc.rewrite import is_dead


def import_program(program: Program) -> Module:
    """The Module of a functional graph; weights share the model's memory.

    Raises CompileError, located at module path and line, for whatever is not supported: Refused, which lists all of it,
    where operators are not.
    """
    try:
        read_strides(program.graph)
        importer = None if unsupported_nodes(program.graph) else _Importer(program)
        module = importer.module() if importer is not None else None
        if module is None:
            raise Refused(find_refused(program, lambda rest: _Importer(rest).refused()))
        return module
    except CompileError as error:
        raise error.at(program.name) from error.__cause__


def refused_nodes(program: Program) -> Mapping[Node, str]:
    """The nodes of the graph that cannot be imported, each with its reason; none where all of them can.

    Raises CompileError for what is no single node's fault, such as an input that there is no type for.
    """
    try:
        import_program(program)
    except Refused as error:
        return error.reasons
    return {}


class _Importer:
    """The walk over one function. Values are what they are in mlc, numbers and lists are Python's."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.symbols = Symbols(program.symbol_names)
        self.placeholders = [node for node in program.graph.nodes if node.op == "placeholder"]
        self.mlir: TorchMlir = to_mlir(program.graph)
        self.values: dict[Any, Any] = {}
        self.errors: dict[Node, str] = {}
        self.weights: dict[tuple[Any, ...], Value] = {}

    def refused(self) -> dict[Node, str]:
        """The nodes that could not be imported, but for those behind one of them."""
        self.module()
        return self.errors

    def module(self) -> Module | None:
        """The module, or None where a node could not be imported: `errors` says why."""
        function = Function("main", self._inputs())
        self.graph = Graph(function.block, self.symbols)
        self._bind_arguments(function)
        (block,) = self.mlir.function.regions[0].blocks
        for operation in block.operations:
            self._import(operation.operation)
        if self.errors:
            return None
        outputs = [self.values[operand] for operand in block.operations[len(block.operations) - 1].operands]
        function.set_outputs(self._outputs(outputs))
        module = Module(self.program.name)
        module.add(function)
        _erase_unused(module)
        return module

    def region(self, around: Graph, operands: Sequence[Any]) -> Region:
        """The program as a branch on values around it. Raises CompileError for what is refused in it."""
        self.symbols, self.graph = around.symbols, around.inside(Block())
        (block,) = self.mlir.function.regions[0].blocks
        self.values.update(zip(block.arguments, operands, strict=True))
        for operation in block.operations:
            self._import(operation.operation)
        if self.errors:
            reasons = dict.fromkeys(f"its branch has {operator_name(n)}: {reason}" for n, reason in self.errors.items())
            raise CompileError(", ".join(reasons))
        yields = [self._resolved(self.values[o]) for o in block.operations[len(block.operations) - 1].operands]
        self.graph.add(Yield(yields))
        return Region(self.graph.block)

    # --- arguments and results ---

    def _inputs(self) -> list[tuple[str, TensorType]]:
        inputs: list[tuple[str, TensorType]] = []
        told = self._told()
        for node, binding in zip(self.placeholders, self.program.bindings, strict=True):
            value = node.meta.get("val")
            if isinstance(binding, Input) and not (isinstance(value, torch.SymInt) and str(value) in told):
                try:
                    kind = (
                        TensorType(dtype_of(value.dtype), self._input_dims(value, told))
                        if isinstance(value, torch.Tensor)
                        else TensorType(_NUMBERS[type(value)], ())
                    )
                except CompileError as error:
                    raise error.at(f"input '{binding.name}'") from error
                inputs.append((binding.name, kind))
        return inputs

    def _input_dims(self, value: torch.Tensor, told: set[str]) -> tuple[Dim, ...]:
        """The dims of an input; one that is computed from sizes which no input tells is a size of its own."""
        dims: list[Dim] = []
        for size in list[Any](value.shape):
            is_known = not is_symbolic(size) or all(str(s) in told for s in size.node.expr.free_symbols)
            dims.append(self.symbols.dim(size) if is_known else self.symbols.tell(size.node.expr, "d"))
        return tuple(dims)

    def _told(self) -> set[str]:
        """Sizes that the shape of some input tells: no caller need give them as numbers."""
        pairs = zip(self.placeholders, self.program.bindings, strict=True)
        tensors = [n.meta["val"] for n, b in pairs if isinstance(b, Input) and isinstance(n.meta["val"], torch.Tensor)]
        return {str(size) for tensor in tensors for size in list[Any](tensor.shape) if is_symbolic(size)}

    def _bind_arguments(self, function: Function) -> None:
        (block,) = self.mlir.function.regions[0].blocks
        given = iter(function.inputs)
        told = self._told()
        for node, binding, argument in zip(self.placeholders, self.program.bindings, block.arguments, strict=True):
            match binding:
                case Input() if isinstance(node.meta["val"], torch.Tensor):
                    value = next(given)
                    self.graph.knows(value)
                    self.values[argument] = value
                case Input() if not isinstance(node.meta["val"], torch.SymInt):
                    self.values[argument] = self.graph.number(next(given))
                case Input():
                    dim = self.symbols.dim(node.meta["val"])
                    self.values[argument] = dim
                    if str(node.meta["val"]) not in told:
                        self.graph.define(next(given), dim)
                case Weight(name, tensor):
                    self.values[argument] = lambda name=name, tensor=tensor: self._weight(name, tensor)
                case Absent():
                    self.values[argument] = node.meta.get("val")

    def _weight(self, name: str, tensor: torch.Tensor) -> Value:
        """The constant that shares the tensor's memory; one for weights that are tied."""
        key = (tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride())
        if key not in self.weights or tensor.numel() == 0:
            try:
                array = shared_array(tensor)
            except CompileError as error:
                raise error.at(f"weight '{name}'") from error
            self.weights[key] = self.graph.block.append(Constant(array, loc=Location.of(name))).result
        return self.weights[key]

    def _outputs(self, values: Sequence[Any]) -> list[tuple[str, Value]]:
        named: list[tuple[str, Value]] = []
        for name, value in zip(self.program.outputs, values, strict=True):
            if name is not None:
                resolved = self._resolved(value)
                if not isinstance(resolved, Value):
                    resolved = self.graph.scalar(resolved, DType.F64 if isinstance(resolved, float) else DType.I64)
                named.append((name, resolved))
        return named

    # --- one operation ---

    def _import(self, operation: Any) -> None:
        name = operation.name
        if name == "torch.operator":
            name = operation.attributes["name"].value
        match name:
            case "func.return":
                return
            case "torch.constant.none":
                self._set(operation, None)
            case "torch.constant.device":
                self._set(operation, operation.attributes["value"].value)
            case _ if name.startswith("torch.constant."):
                self._set(operation, operation.attributes["value"].value)
            case "torch.prim.ListConstruct":
                self._set(operation, [self.values[operand] for operand in operation.operands])
            case "torch.prim.ListUnpack":
                parts = self.values[operation.operands[0]]
                self._set(operation, *(parts if parts is not _MISSING else [_MISSING] * len(operation.results)))
            case _ if name == LITERAL:
                self._set(operation, self._literal(operation.attributes["number"].value))
            case _:
                self._call(operation, name.removeprefix("torch."))

    def _cond(self, node: Node, operands: Sequence[Any]) -> Sequence[Value]:
        """An If: its branches take the values around them. Raises CompileError unless they give the same types."""
        condition, *taken = operands
        regions = []
        for branch in branches_of(node):
            read_strides(branch.graph)
            inputs = [Input(argument.name) for argument in branch.graph.nodes if argument.op == "placeholder"]
            regions.append(_Importer(Program("branch", branch.graph, inputs, ())).region(self.graph, taken))
        holds, fails = regions
        types, others = ([value.type for value in region.block.terminator.operands] for region in regions)
        if types != others:
            pair = next(f"{one} and {other}" for one, other in zip(types, others, strict=True) if one != other)
            raise CompileError(f"its branches give {pair}, not tensors of the same sizes")
        return self.graph.add(If(self.graph.tensor(condition, DType.BOOL), holds, fails, tuple(types))).results

    def _set(self, operation: Any, *values: Any) -> None:
        for result, value in zip(operation.results, values, strict=True):
            self.values[result] = value

    def _literal(self, number: int) -> Value:
        return self._weight(f"literal{number}", self.mlir.literals[number])

    def _call(self, operation: Any, name: str) -> None:
        node = self._enter(operation, name)
        try:
            operands = [self._resolved(self.values[operand]) for operand in operation.operands]
            if name.startswith(SYMBOLIC):
                self._set(operation, self._symbolic(node, name.removeprefix(SYMBOLIC), operands))
                return
            results = self._cond(node, operands) if name == COND else self._results(name, operands)
            self._set(operation, *results)
            self._check(operation, node)
            return
        except CompileError as error:
            self.errors.setdefault(node, error.message)
        except Unavailable:
            pass
        for result in operation.results:
            self.values[result] = _MISSING

    def _enter(self, operation: Any, name: str) -> Node:
        """Makes the operation the one in hand: its node is the location of the ops that follow."""
        text = operation.location
        node = self.mlir.nodes[text.name_str] if hasattr(text, "name_str") else self.placeholders[0]
        self.graph.node, self.graph.operator, self.graph.loc = node, name, location_of(node)
        self.graph.declared = [declared(str(result.type)) for result in operation.results]
        return node

    def _resolved(self, value: Any) -> Any:
        if value is _MISSING:
            raise Unavailable
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        return value() if callable(value) else value

    def _results(self, name: str, operands: Sequence[Any]) -> Sequence[Any]:
        operator = find_operator(name)
        if operator is None:
            raise CompileError("no support yet")
        arguments = bind(operator, name, operands)
        try:
            result = operator.function(self.graph, **arguments)
        except (CompileError, Unavailable):
            raise
        except Exception as error:
            error.add_note(f"while importing {name} at {title(self.graph.node)}" if self.graph.node else name)
            raise
        return result if isinstance(result, tuple) else [result]

    def _symbolic(self, node: Node, name: str, operands: Sequence[Any]) -> Any:
        """Python's arithmetic on sizes: over dims where it is theirs, else what torch found out, or ops on scalars."""
        function = _ON_DIMS.get(name)
        if function is not None and all(isinstance(o, int | DimExpr) for o in operands):
            return function(*operands)
        traced = node.meta["val"]
        if not is_symbolic(traced):
            return traced
        if is_extent(traced):
            dim = self.symbols.dim(traced)
            if not self.graph.untold(dim):
                return dim
        value = numbers.compute(self.graph, name, operands)
        return self.graph.as_extent(value, traced)

    def _check(self, operation: Any, node: Node) -> None:
        """Raises AssertionError unless the results are of the dtype and shape that torch says, and CompileError where
        nothing tells a size of theirs when the model runs."""
        for result, expected in zip(operation.results, self.graph.declared, strict=True):
            value = self.values[result]
            if isinstance(value, Value):
                self.graph.knows_symbols(value)
                if isinstance(value.type, TensorType) and self.graph.untold(*value.tensor.dims):
                    raise CompileError(f"its result is a {value.type}, a size that nothing tells when the model runs")
            if expected is None or value is None or not isinstance(value, Value):
                continue
            kind = value.tensor
            is_same = kind.dtype is expected.dtype and len(kind.dims) == len(expected.shape)
            is_same = is_same and all(
                e is None or not isinstance(d, int) or d == e for d, e in zip(kind.dims, expected.shape, strict=True)
            )
            assert is_same, f"{self.graph.operator} at {title(node)}: made {kind}, torch says {expected}"


def _erase_unused(module: Module) -> None:
    """Drops what no result needs, such as transposes that products read through: folding would copy weights for it."""
    for op in reversed(module.main.block):
        if not op.is_terminator and not any(result.use_count for result in op.results) and is_dead(op):
            module.erase(op)


_NUMBERS = {torch.SymInt: DType.I64, torch.SymFloat: DType.F64, torch.SymBool: DType.BOOL}
_MISSING = object()  # what a failed operator should have defined


_ON_DIMS: dict[str, Callable[..., Any]] = {
    **{name: getattr(python_operators, name) for name in ("add", "sub", "mul", "floordiv", "mod", "neg")},
    "sym_max": maximum,
    "sym_min": minimum,
    "sym_sum": lambda *xs: sum(xs, 0),
}
