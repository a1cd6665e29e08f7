"""Modules, and the only ways to change one: insert, replace, erase and set_operand, which report to a listener."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from mlc.ir.core import Block, Function, Op, Use, Value, link, register, unlink, unregister
from mlc.ir.location import Location


class Listener(Protocol):
    """Is told of each change to a module after it happened; a ledger is one."""

    def begin(self, root: Op, rule: str, reason: str) -> bool:
        """A rewrite of `root` starts; False when it joins one that is open."""

    def end(self) -> None:
        """The rewrite that `begin` opened is complete."""

    def missed(self, root: Op, rule: str, reason: str, blocker: Use | Value | Op | str | None) -> None:
        """A rewrite of `root` was refused."""

    def inserted(self, op: Op) -> None:
        """`op` and what it holds became part of the module."""

    def erased(self, op: Op, before: Op | None, block: Block) -> None:
        """`op` left `block`, where it stood before `before` (None: it was last)."""

    def operand_set(self, use: Use, old: Value, new: Value) -> None:
        """The operand at `use` was `old` and is now `new`."""

    def moved(self, op: Op, old: Op | None, new: Op | None) -> None:
        """`op` stood before `old` in its block and stands before `new` now (None: it is last)."""

    def relocated(self, op: Op, old: Location, new: Location) -> None:
        """The location of `op` was `old` and is now `new`."""


class Module:
    """Functions, of which `main` is the model. All changes go through its methods."""

    def __init__(self, name: str = "module") -> None:
        self.name = name
        self.functions: dict[str, Function] = {}
        self.listener: Listener | None = None

    def __repr__(self) -> str:
        return f"<Module {self.name}: {', '.join(map(repr, self.functions.values())) or 'empty'}>"

    def add(self, function: Function) -> Function:
        """Adds a function; its name must be new."""
        assert function.name not in self.functions, function.name
        self.functions[function.name] = function
        return function

    @property
    def main(self) -> Function:
        """The function that is the model."""
        return self.functions["main"]

    def walk(self) -> Iterator[Op]:
        """All ops of all functions in program order, nested ones included."""
        for function in self.functions.values():
            yield from function.walk()

    @contextmanager
    def rewriting(self, root: Op, *, rule: str = "", reason: str = "") -> Iterator[None]:
        """All changes inside are one rewrite of the ledger, at whose end the module must be valid and mean the same."""
        is_outermost = self.listener is not None and self.listener.begin(root, rule, reason)
        try:
            yield
        finally:
            if is_outermost and self.listener is not None:
                self.listener.end()

    def missed(self, root: Op, reason: str, *, blocker: Use | Value | Op | str | None = None, rule: str = "") -> None:
        """Records that a rewrite of `root` nearly applied, why it did not, and what stands in the way."""
        if self.listener is not None:
            self.listener.missed(root, rule, reason, blocker)

    def insert(self, op: Op, *, before: Op) -> Op:
        """Places the unattached `op` before another op of the module."""
        assert op.parent is None, f"{op.name} is already in a block"
        assert before.parent is not None
        link(op, before.parent, before)
        register(op)
        if self.listener is not None:
            self.listener.inserted(op)
        return op

    def replace(self, op: Op, values: Value | Sequence[Value], *, reason: str = "") -> None:
        """Lets `values` stand for the results of `op`, one each and of the same types, and erases it; one rewrite.

        Unattached ops that define them are inserted before `op` and take its location over, fused with their own.
        """
        with self.rewriting(op, reason=reason):
            self._replace(op, values)

    def _replace(self, op: Op, values: Value | Sequence[Value]) -> None:
        new = [values] if isinstance(values, Value) else list(values)
        assert len(new) == len(op.results), f"{op.name} has {len(op.results)} results, {len(new)} values given"
        for old, value in zip(op.results, new, strict=True):
            if old.type != value.type:
                raise op.error(f"replaced by a value of another type: {value.type} for {old.type}")
        for fresh in unattached(new):
            fresh.loc = op.loc.fused_with(fresh.loc)
            self.insert(fresh, before=op)
        for old, value in zip(op.results, new, strict=True):
            self.replace_uses(old, value)
        self.erase(op)

    def replace_uses(self, old: Value, new: Value) -> None:
        """Makes every user of `old` use `new`, which must be defined before them all."""
        if old is not new:
            for use in old.uses:
                self.set_operand(use.op, use.index, new)

    def set_operand(self, op: Op, index: int, value: Value) -> None:
        """Changes one operand of an op of the module to a value of the same type."""
        old = op._operands[index]
        assert old.type == value.type, f"{op.name} operand {index}: {value.type} for {old.type}"
        del old._uses[(op, index)]
        op.put_operand(index, value)
        value._uses[(op, index)] = None
        if self.listener is not None:
            self.listener.operand_set(Use(op, index), old, value)

    def move(self, op: Op, *, before: Op) -> None:
        """Places an op before another one of its block, where its operands must be defined and its users not yet."""
        block, old = op.parent, op._next
        assert block is not None and before.parent is block and before is not op
        if old is before:
            return
        unlink(op)
        link(op, block, before)
        if self.listener is not None:
            self.listener.moved(op, old, before)

    def relocate(self, op: Op, loc: Location) -> None:
        """Changes the source nodes that an op of the module stands for."""
        old, op.loc = op.loc, loc
        if self.listener is not None and old != loc:
            self.listener.relocated(op, old, loc)

    def erase(self, op: Op) -> None:
        """Removes an op whose results nobody uses; it keeps its operands, so that a ledger can put it back."""
        assert op.parent is not None, f"{op.name} is not in a block"
        assert not any(r.use_count for r in op.results), f"{op.name} still has users"
        before, block = op._next, op.parent
        unregister(op)
        unlink(op)
        if self.listener is not None:
            self.listener.erased(op, before, block)

    def clone(self) -> Module:
        """A deep copy that shares constants' arrays and has no listener."""
        copy = Module(self.name)
        for function in self.functions.values():
            twin = Function(
                function.name, list(zip(function.input_names, (v.type for v in function.inputs), strict=True))
            )
            mapping: dict[Value, Value] = dict(zip(function.inputs, twin.inputs, strict=True))
            for op in function.block:
                twin.append(op.clone(mapping))
            twin.output_names = list(function.output_names)
            copy.add(twin)
        return copy


def unattached(values: Sequence[Value]) -> list[Op]:
    """The ops not in a block that `values` depend on, definitions before uses."""
    order: list[Op] = []
    seen: set[Op] = set()
    stack: list[tuple[Op, bool]] = [(v.owner, False) for v in reversed(values) if isinstance(v.owner, Op)]
    while stack:
        op, is_done = stack.pop()
        if is_done:
            order.append(op)
        elif op.parent is None and op not in seen:
            seen.add(op)
            stack.append((op, True))
            inner = [v for nested in op.walk() for v in nested.operands]
            stack.extend((v.owner, False) for v in reversed(inner) if isinstance(v.owner, Op))
    return order
