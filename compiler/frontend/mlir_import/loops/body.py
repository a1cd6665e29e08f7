"""The scalar body of a nest: computed for all turns at once, and read for what it accumulates over the turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.combiners import COMBINERS, Combiner
from mlc.frontend.mlir_import.nesting import nested
from mlc.frontend.mlir_import.registry import Imported
from mlc.frontend.mlir_import.types import dtype_of

# Ops whose results depend on the turn itself, not only on what is read in it.
_TURNING = frozenset({"linalg.index", "tensor.extract"})


@dataclass(frozen=True)
class Accumulation:
    """An output that becomes combiner(output, term) at each turn; `term` is MLIR's value."""

    combiner: Combiner
    term: Any


@dataclass(frozen=True)
class Position:
    """An output that becomes `index` at each turn whose term is better than output number `of`; the first or last."""

    of: int
    combiner: Combiner
    index: Any
    picks_last: bool


@dataclass(frozen=True)
class Unchanged:
    """An output that stays what it was."""


Update = Accumulation | Position | Unchanged


class Body:
    """One block: its arguments are the operands' elements, those of the outputs last."""

    def __init__(self, g: Graph, block: Any, input_count: int) -> None:
        self.g = g
        self.operations = [operation.operation for operation in block.operations]
        self.arguments = list(block.arguments)
        self.input_count = input_count
        self.yielded = list(self.operations[-1].operands)
        self._places = {argument: number for number, argument in enumerate(self.arguments)}

    # --- computing ---

    def compute(self, values: Sequence[Any], argument: Callable[[int], Imported]) -> list[Imported]:
        """The values for all turns; `argument` gives what stands for an operand's element. Raises Unavailable."""
        checks = [operation for operation in self.operations if operation.name == "cf.assert"]
        wanted = [*values, *(operand for check in checks for operand in check.operands)]
        needed = [*self.needed(wanted), *checks]
        for number in self.read(wanted):
            self.g.values[self.arguments[number]] = argument(number)
        for operation in self.operations[:-1]:
            if operation in needed:
                self.g.step(operation)
        return [self.g.imported(value) for value in values]

    def needed(self, values: Sequence[Any]) -> list[Any]:
        """The ops of the body that the values are computed by."""
        found: list[Any] = []
        stack = list(values)
        while stack:
            operation = self.definition(stack.pop())
            if operation is not None and operation not in found:
                found.append(operation)
                stack.extend(operation.operands)
                stack.extend(v for inner in nested(operation) for v in inner.operands)
        return found

    def read(self, values: Sequence[Any]) -> list[int]:
        """The numbers of the arguments that the values are computed from."""
        ops = self.needed(values)
        used = [v for op in ops for v in (*op.operands, *(v for inner in nested(op) for v in inner.operands))]
        return sorted({self._places[v] for v in (*values, *used) if v in self._places})

    def is_pointwise(self, value: Any) -> bool:
        """Whether the value depends on the operands' elements alone, not on the turn."""
        return not any(operation.name in _TURNING or nested(operation) for operation in self.needed([value]))

    def definition(self, value: Any) -> Any:
        """The op of the body that defines the value; None for arguments and values from outside."""
        return next((op for op in self.operations if value in list(op.results)), None)

    # --- reading ---

    def updates(self) -> list[Update]:
        """What becomes of each output. Raises CompileError that names the op that is not understood."""
        return [self._update(number) for number in range(len(self.yielded))]

    def _update(self, number: int) -> Update:
        value, output = self.yielded[number], self.arguments[self.input_count + number]
        if value == output:
            return Unchanged()
        found = self._combined(value, output) or self._chosen(value, output) or self._position(value, output)
        if found is None:
            operation = self.definition(value)
            what = operation.name if operation is not None else "a value that does not depend on it"
            raise self.g.error(f"the reduction of output {number} by {what} is not understood")
        return found

    def _combined(self, value: Any, output: Any) -> Accumulation | None:
        operation = self.definition(value)
        combiner = COMBINERS.get(operation.name) if operation is not None else None
        if combiner is None:
            return None
        term = _other(operation.operands, output)
        if term is None or not self._is_input(term):
            return None
        return Accumulation(combiner.on(dtype_of(value.type)), term)

    def _chosen(self, value: Any, output: Any) -> Accumulation | None:
        """`term > output ? term : output` and its kin."""
        select = self.definition(value)
        if select is None or select.name != "arith.select":
            return None
        condition, *branches = select.operands
        term = _other(branches, output)
        better = self._better(condition)
        if term is None or better is None or set(better[1:3]) != {term, output} or not self._is_input(term):
            return None
        name, larger, _, _ = better
        takes_term = branches[0] == term
        is_maximum = (larger == term) == takes_term
        combiner = COMBINERS[_MAXIMA[name] if is_maximum else _MINIMA[name]]
        return Accumulation(combiner.on(dtype_of(value.type)), term)

    def _position(self, value: Any, output: Any) -> Position | None:
        """`term > best ? index : output`, where best is another output that the maximum or minimum is of."""
        select = self.definition(value)
        if select is None or select.name != "arith.select":
            return None
        condition, *branches = select.operands
        index, better = _other(branches, output), self._better(condition)
        if index is None or better is None or not self._is_input(index):
            return None
        name, larger, smaller, is_strict = better
        takes_index = branches[0] == index
        for number, best in enumerate(self.arguments[self.input_count :]):
            if best not in (larger, smaller) or best == output:
                continue
            term = smaller if larger == best else larger
            is_maximum = (larger == term) == takes_index
            combiner = COMBINERS[_MAXIMA[name] if is_maximum else _MINIMA[name]]
            # `term > best ? index : output` keeps the first of equal terms, `best > term ? output : index` the last.
            picks_last = is_strict != takes_index
            values = self._update(number)
            if isinstance(values, Accumulation) and values.term == term and values.combiner.name == combiner.name:
                return Position(number, combiner, index, picks_last)
        return None

    def _better(self, condition: Any) -> tuple[str, Any, Any, bool] | None:
        """(op, larger, smaller, whether strictly) of a comparison."""
        operation = self.definition(condition)
        if operation is None or operation.name not in _MAXIMA:
            return None
        predicate = int(operation.attributes["predicate"].value)
        name = _PREDICATES[operation.name].get(predicate)
        if name is None:
            return None
        lhs, rhs = operation.operands
        larger, smaller = (lhs, rhs) if name.startswith("g") else (rhs, lhs)
        return operation.name, larger, smaller, name.endswith("t")

    def _is_input(self, value: Any) -> bool:
        return all(number < self.input_count for number in self.read([value]))


_MAXIMA = {"arith.cmpf": "arith.maximumf", "arith.cmpi": "arith.maxsi"}
_MINIMA = {"arith.cmpf": "arith.minimumf", "arith.cmpi": "arith.minsi"}
# Ordered and unordered comparisons differ for NaN alone, of which a maximum by comparison says nothing.
_PREDICATES = {
    "arith.cmpf": {2: "gt", 3: "ge", 4: "lt", 5: "le", 9: "gt", 10: "ge", 11: "lt", 12: "le"},
    "arith.cmpi": {2: "lt", 3: "le", 4: "gt", 5: "ge"},
}


def _other(values: Sequence[Any], known: Any) -> Any:
    """The one of two values that is not `known`, None when neither or both are."""
    first, second = values
    if (first == known) == (second == known):
        return None
    return second if first == known else first
