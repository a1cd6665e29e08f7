"""Rules, and the one driver that applies them.

A rule is a plain function whose only parameter is annotated with the op class (or classes) it looks at:

    def drop_double_relu(op: Relu) -> Value | Miss | None:
        '''relu(relu(x)) -> relu(x).'''

It returns the new value (one per result for several), `Miss` for a near miss with its reason and blocker, or None when
the op is not its business. It only builds new ops; the driver commits them, so a Miss leaves no trace.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlc.errors import CompileError
from mlc.ir import UNKNOWN, Block, Location, Module, Op, Purity, Use, Value
from mlc.ir.symbols import symbols_named_by, symbols_of_type


@dataclass(frozen=True)
class Miss:
    """A rule's refusal: why, and which use, value, op or attribute (as text) stands in the way."""

    reason: str
    blocker: Use | Value | Op | str | None = None


RuleResult = Value | Sequence[Value] | Miss | None
Rule = Callable[[Any], RuleResult]


@functools.cache  # reading a rule's annotations takes longer than many a pass over a small module
def root_classes(rule: Rule) -> tuple[type[Op], ...]:
    """The op classes a rule looks at, from its parameter's annotation. Raises TypeError when it names none."""
    parameters = list(inspect.signature(rule).parameters)
    hint = typing.get_type_hints(rule).get(parameters[0]) if len(parameters) == 1 else None
    members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    classes = tuple(m for m in members if isinstance(m, type) and issubclass(m, Op))
    if not classes or len(classes) != len(members):
        raise TypeError(f"rule {rule.__name__} must take one parameter annotated with op classes")
    return classes


def apply_rules(module: Module, rules: Sequence[Rule], *, pass_name: str) -> None:
    """Applies the rules until none fires: ops in program order, rules in tuple order, neighbours of changes again.

    Pure ops that a rewrite leaves without users are erased with it. Raises CompileError naming the rule when more than
    10 x ops + 1,000 rewrites were made, or when a rule fails or returns values that do not fit.
    """
    _Driver(module, rules, pass_name).run()


class _Driver:
    def __init__(self, module: Module, rules: Sequence[Rule], pass_name: str) -> None:
        self.module = module
        self.pass_name = pass_name
        self.rules = [(root_classes(r), r) for r in rules]
        self.by_class: dict[type[Op], list[Rule]] = {}
        self.queue: deque[Op] = deque(module.walk())
        self.queued: set[Op] = set(self.queue)
        self.budget = 10 * len(self.queue) + 1000

    def run(self) -> None:
        while self.queue:
            op = self.queue.popleft()
            self.queued.discard(op)
            if op.is_attached:
                self._visit(op)

    def _visit(self, op: Op) -> None:
        for rule in self._rules_for(type(op)):
            outcome = self._call(rule, op)
            if isinstance(outcome, Miss):
                self.module.missed(op, outcome.reason, blocker=outcome.blocker, rule=rule.__name__)
            elif outcome is not None:
                self._commit(rule, op, outcome)
                return

    def _rules_for(self, kind: type[Op]) -> list[Rule]:
        if kind not in self.by_class:
            self.by_class[kind] = [rule for classes, rule in self.rules if issubclass(kind, classes)]
        return self.by_class[kind]

    def _call(self, rule: Rule, op: Op) -> RuleResult:
        try:
            return rule(op)
        except CompileError as error:
            raise self._error(rule, op, str(error)) from error
        except Exception as error:
            raise self._error(rule, op, f"{type(error).__name__}: {error}") from error

    def _commit(self, rule: Rule, op: Op, outcome: Value | Sequence[Value]) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise self._error(rule, op, "the rules do not come to an end; this one fired last")
        values = [outcome] if isinstance(outcome, Value) else list(outcome)
        if any(v.op is op for v in values):
            raise self._error(rule, op, "the rule returned a result of the op it replaces")
        if [v.type for v in values] != [r.type for r in op.results]:
            got, want = (", ".join(str(v.type) for v in vs) for vs in (values, op.results))
            raise self._error(rule, op, f"the rule returned ({got}) for results of ({want})")
        before, block = op.previous, op.parent
        assert block is not None
        producers = [v.op for v in op.operands if v.op is not None]
        fresh = [v.op for v in values if v.op is not None and not v.op.is_attached]
        with self.module.rewriting(op, rule=rule.__name__):
            self.module.replace(op, values)
            erased, neighbours = erase_dead(self.module, producers)
            for new in fresh:
                self.module.relocate(new, _locations(erased).fused_with(new.loc))
        self._queue_new(before, block, values)
        for neighbour in neighbours:
            self._queue(neighbour)

    def _queue_new(self, before: Op | None, block: Block, values: list[Value]) -> None:
        """Queues what was inserted where the root stood, and the users of the new values."""
        users = [user for value in values for user in value.users]
        stop = set(users)
        new = before.next if before is not None and before.is_attached else block.first
        while new is not None and new not in stop and any(r.use_count for r in new.results):
            self._queue(new)
            if any(r in values for r in new.results):
                break
            new = new.next
        for user in users:
            self._queue(user)

    def _queue(self, op: Op) -> None:
        if op.is_attached and op not in self.queued:
            self.queued.add(op)
            self.queue.append(op)

    def _error(self, rule: Rule, op: Op, message: str) -> CompileError:
        where = f"node '{op.loc.title}'" if op.loc.sources else ""
        return CompileError(f"pass {self.pass_name}, rule {rule.__name__} on {op.name}: {message}", where=where)


def _locations(erased: Sequence[Op]) -> Location:
    """The sources of erased ops, producers first; a constant's name is not a node's."""
    return UNKNOWN.fused_with(*(op.loc for op in reversed(erased) if op.operands))


def erase_dead(module: Module, candidates: Sequence[Op]) -> tuple[list[Op], list[Op]]:
    """Erases those candidates that are unused and may go, and what dies with them.

    Returns the erased ops, users first, and the producers that live on.
    """
    erased: list[Op] = []
    living: dict[Op, None] = {}
    stack = list(reversed(candidates))
    while stack:
        op = stack.pop()
        if not op.is_attached:
            living.pop(op, None)
        elif is_dead(op):
            producers = [v.op for nested in op.walk() for v in nested.operands if v.op is not None]
            module.erase(op)
            erased.append(op)
            stack.extend(p for p in reversed(producers) if p is not op)
        else:
            living[op] = None
    return erased, [op for op in living if op.is_attached]


def is_dead(op: Op) -> bool:
    """Whether nobody uses the op's results and dropping it changes nothing.

    Ops that may fail stay, and those that define a symbol which another op still names.
    """
    if op.is_terminator or any(r.use_count for r in op.results):
        return False
    if any(nested.purity is Purity.MAY_FAIL for nested in op.walk()):
        return False
    return not op.defines_symbols or defined_symbol_in_use(op) is None


def symbols_defined_by(op: Op) -> set[str]:
    """The symbols that only the op's results tell: neither its operands nor the function's inputs name them."""
    function = op.function
    assert function is not None
    known = {s for v in (*function.inputs, *op.operands) for s in symbols_of_type(v.type)}
    return {s for r in op.results for s in symbols_of_type(r.type)} - known


def defined_symbol_in_use(op: Op) -> str | None:
    """A symbol that the module learns from this op and some other op names, or None."""
    own = symbols_defined_by(op)
    if not own:
        return None
    function = op.function
    assert function is not None
    inside = set(op.walk())
    for other in function.walk():
        if other not in inside:
            for name in symbols_named_by(other):
                if name in own:
                    return name
    return None
