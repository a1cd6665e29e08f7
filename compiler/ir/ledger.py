"""The ledger: every change of a module, who made it and why, and the refusals with their reasons.

Events hold references, never text, and each can be undone, so any earlier state is reached by `seek`. Changes are
grouped into rewrites: all that happened inside one `Module.rewriting` block, or one bare change outside of any.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mlc.ir.core import Block, Function, Op, Use, Value, link, register, unlink, unregister
from mlc.ir.location import Location
from mlc.ir.module import Module
from mlc.remarks import Remark


@dataclass(slots=True)
class Rewrite:
    """One step from a valid module to a valid module. `application` counts its rule within the pass run, from 1."""

    pass_name: str
    rule: str
    application: int
    root: Op
    reason: str
    first_event: int
    last_event: int = 0


@dataclass(slots=True)
class Missed:
    """A rule that did not fire on `root` though it nearly could."""

    pass_name: str
    rule: str
    root: Op
    reason: str
    blocker: Use | Value | Op | str | None


@dataclass(slots=True)
class Event:
    """An insertion or erasure of `op` in `block` before `before`, or a place, operand or location from old to new."""

    kind: str
    op: Op
    block: Block | None = None
    before: Op | None = None
    index: int = 0
    old: Value | Location | Op | None = None
    new: Value | Location | Op | None = None


@dataclass
class Ledger:
    """Attach with `module.listener = ledger`; read `rewrites`, `misses`, `remarks()`; travel with `seek`."""

    events: list[Event] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)
    misses: dict[tuple[str, str, Op], Missed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pass_name = ""
        self._applications: dict[str, int] = {}
        self._open: Rewrite | None = None
        self._position = 0  # number of events that are in effect

    def enter_pass(self, name: str) -> None:
        """What follows is the work of pass `name`; application counts start again."""
        self.pass_name = name
        self._applications = {}

    # --- what the module reports ---

    def begin(self, root: Op, rule: str, reason: str) -> bool:
        """Opens a rewrite; False when one is open already, which then takes the changes."""
        if self._open is not None:
            return False
        assert self._position == len(self.events), "the module is at an earlier state; seek to the last one first"
        count = self._applications[rule] = self._applications.get(rule, 0) + 1
        self._open = Rewrite(self.pass_name, rule, count, root, reason, len(self.events))
        return True

    def end(self) -> None:
        """Closes the open rewrite; one without a change is forgotten."""
        assert self._open is not None
        rewrite, self._open = self._open, None
        rewrite.last_event = len(self.events)
        if rewrite.last_event > rewrite.first_event:
            self.rewrites.append(rewrite)
        else:
            self._applications[rewrite.rule] -= 1

    def inserted(self, op: Op) -> None:
        """See Listener."""
        self._record(Event("insert", op, op.parent, op.next))

    def erased(self, op: Op, before: Op | None, block: Block) -> None:
        """See Listener."""
        self._record(Event("erase", op, block, before))

    def operand_set(self, use: Use, old: Value, new: Value) -> None:
        """See Listener."""
        self._record(Event("set", use.op, index=use.index, old=old, new=new))

    def moved(self, op: Op, old: Op | None, new: Op | None) -> None:
        """See Listener."""
        self._record(Event("move", op, old=old, new=new))

    def relocated(self, op: Op, old: Location, new: Location) -> None:
        """See Listener."""
        self._record(Event("loc", op, old=old, new=new))

    def missed(self, root: Op, rule: str, reason: str, blocker: Use | Value | Op | str | None) -> None:
        """Keeps the latest refusal of each rule at each root."""
        self.misses[(self.pass_name, rule, root)] = Missed(self.pass_name, rule, root, reason, blocker)

    # --- reading ---

    def remarks(self) -> list[Remark]:
        """All rewrites in order, then the misses of ops that are still in the module."""
        passed = [self._passed(r) for r in self.rewrites]
        return passed + [_missed_remark(m) for m in self.misses.values() if m.root.is_attached]

    def seek(self, module: Module, rewrite_count: int) -> None:
        """Puts the module into its state after the first `rewrite_count` rewrites; -1 is the last one."""
        count = len(self.rewrites) if rewrite_count < 0 else rewrite_count
        target = self.rewrites[count].first_event if count < len(self.rewrites) else len(self.events)
        assert module.listener is self
        while self._position > target:
            self._position -= 1
            _undo(self.events[self._position])
        while self._position < target:
            _redo(self.events[self._position])
            self._position += 1

    def truncate(self, module: Module, rewrite_count: int) -> None:
        """Seeks, and forgets all rewrites behind that state."""
        self.seek(module, rewrite_count)
        del self.events[self._position :]
        del self.rewrites[rewrite_count:]

    def _record(self, event: Event) -> None:
        alone = self._open is None and self.begin(event.op, "", "")
        self.events.append(event)
        self._position += 1
        if alone:
            self.end()

    def _passed(self, rewrite: Rewrite) -> Remark:
        events = self.events[rewrite.first_event : rewrite.last_event]
        before = [e.op for e in events if e.kind == "erase"]
        erased = set(before)
        after = [e.op for e in events if e.kind == "insert" and e.op not in erased]
        sources = rewrite.root.loc.fused_with(*(op.loc for op in before if op.operands)).names  # constants are no nodes
        return Remark(
            "passed",
            rewrite.pass_name,
            rewrite.rule,
            rewrite.root.name,
            sources,
            rewrite.reason,
            rewrite.application,
            before=tuple(op.name for op in before),
            after=tuple(op.name for op in after),
        )


def describe(blocker: Use | Value | Op | str | None) -> str:
    """A blocker in words: the op and its source node, a graph output by its name, a graph input by its name."""
    match blocker:
        case None:
            return ""
        case str():
            return blocker
        case Use(op, index):
            return _output_name(op, index) or f"operand {index} of {op.name} {op.loc.title!r}"
        case Op():
            return f"{blocker.name} {blocker.loc.title!r}"
        case Value():
            return _value_text(blocker)


def _missed_remark(miss: Missed) -> Remark:
    sources = miss.root.loc.names
    return Remark(
        "missed", miss.pass_name, miss.rule, miss.root.name, sources, miss.reason, blocker=describe(miss.blocker)
    )


def _function_of(block: Block | None) -> Function | None:
    return block.region.function if block is not None and block.region is not None else None


def _output_name(op: Op, index: int) -> str:
    function = _function_of(op.parent)
    is_return = function is not None and op.is_terminator
    return f"graph output {function.output_names[index]!r}" if is_return and function is not None else ""


def _value_text(value: Value) -> str:
    if isinstance(value.owner, Op):
        return f"result {value.index} of {value.owner.name} {value.owner.loc.title!r}"
    function = _function_of(value.owner)
    return f"graph input {function.input_names[value.index]!r}" if function else f"block argument {value.index}"


def _undo(event: Event) -> None:
    match event.kind:
        case "insert":
            unregister(event.op)
            unlink(event.op)
        case "erase":
            assert event.block is not None
            link(event.op, event.block, event.before)
            register(event.op)
        case "move":
            _move(event.op, event.old)
        case _:
            _set(event, event.old)


def _redo(event: Event) -> None:
    match event.kind:
        case "insert":
            assert event.block is not None
            link(event.op, event.block, event.before)
            register(event.op)
        case "erase":
            unregister(event.op)
            unlink(event.op)
        case "move":
            _move(event.op, event.new)
        case _:
            _set(event, event.new)


def _move(op: Op, before: Op | Value | Location | None) -> None:
    block = op.parent
    assert block is not None and (before is None or isinstance(before, Op))
    unlink(op)
    link(op, block, before)


def _set(event: Event, value: Value | Location | Op | None) -> None:
    """Puts the operand or the location back to what it was before or after the event."""
    match value:
        case Location():
            event.op.loc = value
        case Value():
            unregister(event.op)
            event.op.put_operand(event.index, value)
            register(event.op)
        case _:
            raise AssertionError(event)
