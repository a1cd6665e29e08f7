"""The invariants of the IR; `verify` runs after loading and after every pass, and its tests break each one.

1. Names: function inputs and outputs have unique names, one for each argument and each returned value.
2. Blocks end in a terminator and have none before their end; a function's is func.return, a region's is not.
3. Links: each op knows its block, each region its owner, each block argument and result its owner and index.
4. Definitions come before uses, in the same block or in one around it; isolated regions use only what is theirs.
5. `uses` lists exactly the uses by ops that are part of the function.
6. Attributes are of their declared kinds.
7. Result types are what `infer` says for the operands' types.
8. Symbols in types are those of the function's inputs, or of an earlier op that may define symbols. What tells a symbol
   when the model runs is a dim that is nothing else: 2 * s alone does not.
9. What an op class checks itself in `verify`.
"""

from __future__ import annotations

from collections import Counter

from mlc.errors import CompileError, VerifyError
from mlc.ir.core import Block, Function, Op, Return, Value
from mlc.ir.module import Module
from mlc.ir.printer import print_op
from mlc.ir.symbols import symbols_of_type, symbols_told_by


def verify(module: Module) -> None:
    """Raises VerifyError for the first invariant that does not hold, naming the op and its source node."""
    for function in module.functions.values():
        _Verifier(function).run()


class _Verifier:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.visible: set[Value] = set()
        self.symbols: set[str] = set()
        self.uses: Counter[tuple[Value, Op, int]] = Counter()
        self.values: list[Value] = []

    def run(self) -> None:
        function = self.function
        if len(function.inputs) != len(function.input_names):
            raise self._function_error(f"has {len(function.inputs)} inputs but {len(function.input_names)} input names")
        told = {s for value in function.inputs for s in symbols_told_by(value.type)}
        for value, name in zip(function.inputs, function.input_names, strict=True):
            if untold := [s for s in symbols_of_type(value.type) if s not in told]:
                raise self._function_error(f"has an input {name!r} of {value.type}, but none with a dim {untold[0]}")
        self._block(function.block, is_function=True)
        if len(function.outputs) != len(function.output_names):
            raise self._function_error(
                f"returns {len(function.outputs)} values under {len(function.output_names)} names"
            )
        for names, what in ((function.input_names, "input"), (function.output_names, "output")):
            if repeated := [n for n, count in Counter(names).items() if count > 1]:
                raise self._function_error(f"has two {what}s named {repeated[0]!r}")
        self._check_uses()

    def _block(self, block: Block, is_function: bool = False) -> None:
        for index, argument in enumerate(block.arguments):
            if argument.owner is not block or argument.index != index:
                raise self._function_error(f"block argument {index} does not belong to its block")
            self.symbols.update(symbols_of_type(argument.type))
            self._define(argument)
        last = block.last
        if last is None or not last.is_terminator:
            raise self._function_error("has a block that does not end in a terminator")
        for op in block:
            if op.is_terminator and op is not last:
                raise _error(op, "a terminator stands before the end of its block")
            if isinstance(op, Return) is not is_function and op is last:
                raise _error(op, "func.return ends a function and nothing else does")
            if op.parent is not block:
                raise _error(op, "the op does not know its block")
            self._op(op)

    def _op(self, op: Op) -> None:
        for index, value in enumerate(op.operands):
            self.uses[(value, op, index)] += 1
            if value not in self.visible:
                raise _error(op, f"operand {index} is used before it is defined, or outside of where it is visible")
        for spec in op.signature.attributes:
            if not spec.accepts(op.attributes[spec.name]):
                got = op.attributes[spec.name]
                error = op.error(f"attribute {spec.name} must be {spec.expected}, got {got!r}")  # it can't be printed
                raise VerifyError(error.message, where=error.where, detail=error.detail)
        self._check_types(op)
        self._regions(op)
        try:
            op.verify()
        except CompileError as error:
            raise _error(op, error.message) from None
        for index, result in enumerate(op.results):
            if result.owner is not op or result.index != index:
                raise _error(op, f"result {index} does not belong to its op")
            self._check_symbols(op, result)
            self._define(result)

    def _check_types(self, op: Op) -> None:
        try:
            inferred = op.infer()
        except CompileError as error:
            raise _error(op, error.message) from None
        types = inferred if isinstance(inferred, tuple) else (inferred,)
        if types != tuple(r.type for r in op.results):
            texts = ", ".join(str(t) for t in types)
            raise _error(op, f"infer gives ({texts}), the results are ({', '.join(str(r.type) for r in op.results)})")

    def _check_symbols(self, op: Op, result: Value) -> None:
        unknown = [s for s in symbols_of_type(result.type) if s not in self.symbols]
        if unknown and not op.defines_symbols:
            raise _error(op, f"symbol {unknown[0]} is not known here and {op.name} defines none")
        told = {s for other in op.results for s in symbols_told_by(other.type)}
        if untold := [s for s in unknown if s not in told]:
            raise _error(op, f"symbol {untold[0]} is not known here, and no dim of {result.type} is just {untold[0]}")
        self.symbols.update(unknown)

    def _regions(self, op: Op) -> None:
        for region in op.regions:
            if region.op is not op or region.block.region is not region:
                raise _error(op, "a region does not know its op")
            outer, known = self.visible, set(self.symbols)
            self.visible = set() if op.is_isolated else set(outer)
            self._block(region.block)
            self.visible, self.symbols = outer, known

    def _define(self, value: Value) -> None:
        self.visible.add(value)
        self.values.append(value)

    def _check_uses(self) -> None:
        for value in self.values:
            for use in value.uses:
                if self.uses.pop((value, use.op, use.index), 0) != 1:
                    raise _error(use.op, f"operand {use.index} is listed as a use of a value that it is not")
        for (_, op, index), _ in self.uses.items():
            raise _error(op, f"operand {index} is missing among its value's uses")

    def _function_error(self, message: str) -> VerifyError:
        return VerifyError(f"function @{self.function.name} {message}")


def _error(op: Op, message: str) -> VerifyError:
    where = f"node '{op.loc.title}'" if op.loc.sources else ""
    return VerifyError(f"{op.name}: {message.removeprefix(f'{op.name}: ')}", where=where, detail=print_op(op))
