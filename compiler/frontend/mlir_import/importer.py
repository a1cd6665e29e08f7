"""MLIR's module to the IR's: arguments and results by name, the ops of the entry function by the registry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch_mlir import ir

import mlc.frontend.mlir_import.operators  # noqa: F401  registers them
from mlc.errors import CompileError
from mlc.frontend.builder import Unavailable
from mlc.frontend.mlir_import.binding import bind, names_of
from mlc.frontend.mlir_import.entry import entry_of, functions_of
from mlc.frontend.mlir_import.graph import MISSING, Graph
from mlc.frontend.mlir_import.locations import location_of, name_in, place
from mlc.frontend.mlir_import.parse import Parsed, parse
from mlc.frontend.mlir_import.reasons import reason_for
from mlc.frontend.mlir_import.registry import Imported, find_operator
from mlc.frontend.mlir_import.symbols import Symbols, Ties
from mlc.frontend.mlir_import.types import declared, dtype_of, encoded_dims
from mlc.frontend.mlir_import.unsupported import Refusal, raise_all
from mlc.ir import Block, Dim, Function, Module, TensorType, Value
from mlc.ir.dims import symbols_of
from mlc.rewrite import is_dead

_ELEMENTWISE = ("arith.", "math.")


def import_mlir(text: str, file: str, entry: str | None = None, *, is_mlirs_own: bool = False) -> Module:
    """The Module of the entry function in `text`: the function of that name, or the only public one.

    `is_mlirs_own` says that MLIR printed it of a module that it verified. Raises CompileError at file, line and column
    for what MLIR does not read, and one for all that is not supported.
    """
    parsed = parse(text, file, is_mlirs_own=is_mlirs_own)
    ties = Ties()
    while True:  # each turn after the first knows more symbols to be equal: there are as many turns as symbols at most
        walk = _Importer(parsed, file, entry, ties)
        module = walk.module()
        if not walk.graph.has_news:
            return module


class _Importer:
    """One walk over the entry function and what it calls."""

    def __init__(self, parsed: Parsed, file: str, entry: str | None, ties: Ties) -> None:
        self.file = file
        self.refusals: list[Refusal] = []
        self.names = ir.AsmState(parsed.module)
        self.graph = Graph(Block(), Symbols(ties), parsed.resources, self)
        try:
            self.graph.functions = functions_of(parsed.module)
            self.entry = entry_of(self.graph.functions, entry)
        except CompileError as error:
            raise error.at(file) from None

    def module(self) -> Module:
        inputs = self._inputs()
        raise_all(self.refusals, self.file)
        function = Function("main", inputs)
        self.graph.block = function.block
        for value in function.inputs:
            self.graph.knows(value)
            self.graph.input_symbols |= {s for d in value.tensor.dims for s in symbols_of(d)}
        outputs: list[Imported] | None = None
        try:
            outputs = self.run(self.entry.regions[0].blocks[0], function.inputs)
        except Unavailable:
            assert self.refusals, "a value is missing without a reason"
        raise_all(self.refusals, self.file)
        assert outputs is not None
        function.set_outputs(self._outputs(outputs))
        module = Module(Path(self.file).stem.strip("<>") or "module")
        module.add(function)
        _erase_unused(module)
        return module

    # --- arguments and results ---

    def _inputs(self) -> list[tuple[str, TensorType]]:
        inputs: list[tuple[str, TensorType]] = []
        taken: set[str] = set()
        for number, argument in enumerate(self.entry.regions[0].blocks[0].arguments):
            told = _told_name(self.entry, "arg_attrs", number, ("mlc.name", "jax.arg_info"))
            name = _unique(told or name_in(argument.location) or f"arg{number}", taken)
            try:
                inputs.append((name, self._input_type(name, argument.type)))
            except CompileError as error:
                self.refusals.append(Refusal(f"argument {number}", error.message, place(argument.location, self.file)))
        return inputs

    def _input_type(self, name: str, kind: Any) -> TensorType:
        stated = declared(kind)
        if stated is None:
            raise CompileError(f"an argument of type {kind} is not supported, only tensors and numbers")
        symbols = self.graph.symbols
        if (spelled := encoded_dims(kind)) is not None:
            return TensorType(stated.dtype, tuple(symbols.take(d) for d in spelled))
        dims: list[Dim] = [symbols.fresh(f"{name}_{i}") if d is None else d for i, d in enumerate(stated.shape)]
        return TensorType(stated.dtype, tuple(dims))

    def _outputs(self, outputs: Sequence[Imported]) -> list[tuple[str, Value]]:
        taken: set[str] = set()
        kinds = ir.FunctionType(ir.TypeAttr(self.entry.attributes["function_type"]).value).results
        named = []
        for number, (output, kind) in enumerate(zip(outputs, kinds, strict=True)):
            told = _told_name(self.entry, "res_attrs", number, ("mlc.name", "jax.result_info"))
            self.graph.loc = location_of(self.entry.location, f"output{number}", self.file)
            value = self.graph.value(output, dtype_of(getattr(kind, "element_type", kind)))
            named.append((_unique(told or f"output{number}", taken), value))
        return named

    # --- ops ---

    def run(self, block: Any, arguments: Sequence[Imported]) -> list[Imported]:
        """Imports the ops of an MLIR block for these arguments; what its terminator is given."""
        self.graph.values.update(zip(block.arguments, arguments, strict=True))
        operations = list(block.operations)
        terminator = operations[-1].operation
        if len(terminator.successors):
            where = place(terminator.location, self.file)
            self.refusals.append(Refusal(terminator.name, "jumps between blocks are not supported, only scf", where))
            raise Unavailable
        for operation in operations[:-1]:
            self.step(operation.operation)
        return [self.graph.imported(operand) for operand in operations[-1].operation.operands]

    def step(self, operation: Any) -> None:
        """Imports one op; an error is noted, and its results are missing then."""
        graph = self.graph
        outer = graph.operation, graph.declared, graph.loc
        results = [MISSING] * len(operation.results)
        try:
            graph.operation, graph.loc = operation, self._location(operation)
            graph.declared = [declared(result.type) for result in operation.results]
            results = self._results(operation)
        except CompileError as error:
            where = place(operation.location, self.file)
            self.refusals.append(Refusal(operation.name, error.message, where, error.detail))
        except Unavailable:
            pass
        graph.values.update(zip(operation.results, results, strict=True))
        graph.operation, graph.declared, graph.loc = outer

    def _results(self, operation: Any) -> list[Any]:
        operator = find_operator(operation.name)
        if operator is None:
            raise CompileError(reason_for(operation.name))
        positional, attributes = bind(self.graph, operator, operation)
        kinds = list(self.graph.declared)
        if operation.name.startswith(_ELEMENTWISE) and not self.graph.is_elementwise:
            self._tie_operands(operation)
        try:
            made = operator.function(self.graph, *positional, **attributes)
        except (CompileError, Unavailable):
            raise
        except Exception as error:
            error.add_note(f"while importing {operation.name} at {place(operation.location, self.file)}")
            raise
        count = len(operation.results)
        results = list(made) if isinstance(made, tuple | list) and count != 1 else [] if made is None else [made]
        assert len(results) == count, f"{operation.name} has {count} results, {len(results)} are made"
        for result, kind in zip(results, kinds, strict=True):
            self._check(operation.name, result, kind)
        return results

    def _tie_operands(self, operation: Any) -> None:
        """Operands of one shape, which MLIR demands of an elementwise op, share their symbols."""
        values = [self.graph.imported(operand) for operand in operation.operands]
        shapes = [v.tensor.dims for v in values if isinstance(v, Value) and v.tensor.rank]
        for shape in shapes[1:]:
            for x, y in zip(shapes[0], shape, strict=True):
                self.graph.tie(x, y)

    def _check(self, name: str, result: Any, kind: Any) -> None:
        """Raises AssertionError unless the result is of the dtype and shape that MLIR says."""
        if kind is None or not isinstance(result, Value):
            return
        made = result.tensor
        is_same = made.dtype is kind.dtype and (self.graph.is_elementwise or made.rank == len(kind.shape))
        assert is_same, f"{name}: made {made}, MLIR says {kind}"
        if not self.graph.is_elementwise:
            for ours, stated in zip(made.dims, kind.shape, strict=True):
                assert stated is None or not isinstance(ours, int) or ours == stated, f"{name}: made {made}, not {kind}"
                if stated is not None:
                    self.graph.tie(ours, stated)

    def _location(self, operation: Any) -> Any:
        name = operation.results[0].get_name(self.names) if len(operation.results) else operation.name
        return location_of(operation.location, name, self.file)


def _told_name(operation: Any, which: str, number: int, keys: Sequence[str]) -> str:
    """The name that an attribute of the argument or result gives it, "" without one."""
    if which not in names_of(operation):
        return ""
    attributes = ir.ArrayAttr(operation.attributes[which])[number]
    for key in keys:
        if key in attributes and isinstance(attributes[key], ir.StringAttr):
            return str(attributes[key].value)
    return ""


def _unique(name: str, taken: set[str]) -> str:
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def _erase_unused(module: Module) -> None:
    """Drops what no result needs, such as tensors that were there to be written over."""
    for op in reversed(module.main.block):
        if not op.is_terminator and not any(result.use_count for result in op.results) and is_dead(op):
            module.erase(op)
