"""What becomes one kernel: an op, or a part of a fused region with at most one op that is more than element by element.

`partition` takes any fused region: where a region is not what a kernel can compute in one go, it is cut into several
groups with buffers between them, so no fusion decision of a pass can make a module impossible to compile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from mlc.ir import UNKNOWN, Array, Dim, Location, Op, TensorType, Value
from mlc.ops import Constant, Fused


@dataclass(eq=False)
class Group:
    """Ops in program order; `root` is the one that is not element by element, if there is one.

    `inputs` are the values the ops read, `outputs` those that are stored. `immediates` are inputs of one element that
    are constants: kernels hold them as numbers. A group of `parts` runs them in one loop nest, each on what the one
    before has just left of the value between them; root and outputs are those of the last.
    """

    ops: tuple[Op, ...]
    root: Op | None
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    immediates: dict[Value, Array] = field(default_factory=dict)
    parts: tuple[Group, ...] = ()

    @property
    def loc(self) -> Location:
        """The source nodes of all ops."""
        return UNKNOWN.fused_with(*(op.loc for op in self.ops))

    @property
    def is_elementwise(self) -> bool:
        """Whether each output element depends on the broadcast input elements at its index alone."""
        return all(op.is_elementwise for op in self.ops)

    @property
    def title(self) -> str:
        """The ops' names for tables: `conv+relu`."""
        return "+".join(op.name.removeprefix("mlc.") for op in self.ops)

    @property
    def flops(self) -> Dim:
        """Floating-point operations of all ops."""
        total: Dim = 0
        for op in self.ops:
            total = total + op.flops()
        return total

    @property
    def byte_count(self) -> Dim:
        """Bytes of the inputs and outputs, each once: the least that must be moved."""
        total: Dim = 0
        for value in (*self.inputs, *self.outputs):
            if isinstance(value.type, TensorType) and value.type.shape is not None:
                total = total + value.type.byte_count
        return total


def single(op: Op) -> Group:
    """The group that is one op."""
    inputs = tuple(dict.fromkeys(op.operands))
    return Group((op,), op, inputs, op.results)


def partition(
    fused: Fused,
    *,
    is_light: Callable[[Op], bool],
    is_view: Callable[[Op], bool],
    takes_prologue: Callable[[Op], bool],
    is_native: Callable[[Op], bool],
    joins: Callable[[Group, Group], bool],
) -> list[Group | Op]:
    """The groups of a fused region in the order they run; a view and an op without a kernel stand for themselves."""
    groups = _Partition(fused, is_light, is_view, takes_prologue, is_native).run()
    return _joined(groups, frozenset(fused.body.block.terminator.operands), joins)


def _joined(
    groups: Sequence[Group | Op], yielded: frozenset[Value], joins: Callable[[Group, Group], bool]
) -> list[Group | Op]:
    """The groups with two as parts of one where the first one's only result goes to the root of the second, nowhere
    else, and `joins` says that one loop nest computes both."""
    joined: list[Group | Op] = []
    for group in groups:
        source = next((g for g in joined if isinstance(g, Group) and _feeds(g, group, yielded)), None)
        if isinstance(group, Group) and source is not None and joins(source, group):
            joined.remove(source)
            ops = tuple(dict.fromkeys((*source.ops, *group.ops)))
            inputs = [v for v in dict.fromkeys((*source.inputs, *group.inputs)) if v not in source.outputs]
            joined.append(Group(ops, group.root, tuple(inputs), group.outputs, parts=(source, group)))
        else:
            joined.append(group)
    return joined


def _feeds(source: Group, group: Group | Op, yielded: frozenset[Value]) -> bool:
    """Whether all that `source` leaves is one value, for the root of `group` alone."""
    if isinstance(group, Op) or group.root is None or source.root is None or source.parts or len(source.outputs) != 1:
        return False
    (between,) = source.outputs
    return between not in yielded and all(user is group.root for user in between.users)


class _Partition:
    """Each heavy op takes the elementwise ops behind it; light ops run where they are needed, or at the end."""

    def __init__(
        self,
        fused: Fused,
        is_light: Callable[[Op], bool],
        is_view: Callable[[Op], bool],
        takes_prologue: Callable[[Op], bool],
        is_native: Callable[[Op], bool],
    ) -> None:
        self.ops = [op for op in fused.body.block if not op.is_terminator and not isinstance(op, Constant)]
        self.yields = fused.body.block.terminator.operands
        self.is_light, self.is_view = is_light, is_view
        self.takes_prologue, self.is_native = takes_prologue, is_native
        self.stored: set[Value] = set(fused.body.block.arguments)  # values that have a buffer
        for op in fused.body.block:
            if isinstance(op, Constant):
                self.stored.update(op.results)
        self.placed: set[Op] = set()
        self.groups: list[Group | Op] = []

    def run(self) -> list[Group | Op]:
        for op in self.ops:
            if not self.is_light(op):
                self._place_heavy(op)
        left = [v for v in dict.fromkeys(self.yields) if v not in self.stored]
        self._store(left)
        return self.groups

    def _place_heavy(self, root: Op) -> None:
        if not self.is_native(root):
            self._store(root.operands)
            self.placed.add(root)
            self.stored.update(root.results)
            self.groups.append(root)
            return
        if not self.takes_prologue(root):
            self._store(root.operands)
        prologue = self._needed(root.operands)
        epilogue = self._epilogue(root, prologue)
        others = [v for op in epilogue for v in op.operands if v not in root.results]
        ops = {*prologue, root, *epilogue, *(o for o in self._needed(others, inside={root, *epilogue}))}
        self._append(ops, root)

    def _epilogue(self, root: Op, prologue: Iterable[Op]) -> list[Op]:
        """The elementwise ops that can be computed where the root's result is, at its index."""
        if len(root.results) != 1:
            return []
        shape = root.result.tensor.shape
        inside: dict[Value, None] = {root.result: None}
        taken: list[Op] = []
        for op in self.ops:
            if not (op.is_elementwise and self.is_light(op)) or op in self.placed:
                continue
            if not any(v in inside for v in op.operands) or op.result.tensor.shape != shape:
                continue
            is_ready = all(
                v.tensor.shape == shape if v in inside else self._is_computable(v, root) for v in op.operands
            )
            if is_ready:
                inside[op.result] = None
                taken.append(op)
        return taken

    def _is_computable(self, value: Value, root: Op) -> bool:
        """Whether `value` is stored, or light ops on stored values that do not depend on `root`."""
        if value in self.stored:
            return True
        op = value.op
        return (
            op is not None
            and op is not root
            and self.is_light(op)
            and all(self._is_computable(v, root) for v in op.operands)
        )

    def _needed(self, values: Sequence[Value], inside: Iterable[Op] = ()) -> list[Op]:
        """The light ops that must run for `values`, given what is stored and the ops inside."""
        found: dict[Op, None] = {}
        stack = [v.op for v in values]
        while stack:
            op = stack.pop()
            if op is None or op in found or op in inside or all(r in self.stored for r in op.results):
                continue
            found[op] = None
            stack.extend(v.op for v in op.operands if v not in self.stored)
        return list(found)

    def _store(self, values: Sequence[Value]) -> None:
        """Adds a group that computes the light values among these which have no buffer yet; views need no group."""
        for value in values:
            self._view(value)
        wanted = [v for v in dict.fromkeys(values) if v not in self.stored]
        if wanted:
            self._append(set(self._needed(wanted)), None, wanted)

    def _view(self, value: Value) -> None:
        """Lets an op that only looks at stored bytes in another shape stand for itself."""
        op = value.op
        if value in self.stored or op is None or not self.is_view(op):
            return
        source = op.operands[0]
        self._view(source)
        if source in self.stored:
            self.groups.append(op)
            self.placed.add(op)
            self.stored.update(op.results)

    def _append(self, ops: set[Op], root: Op | None, outputs: Sequence[Value] | None = None) -> None:
        ordered = tuple(op for op in self.ops if op in ops)
        made = {r for op in ordered for r in op.results}
        if outputs is None:
            outputs = self._leaving(ordered, root, made)
        inputs = tuple(dict.fromkeys(v for op in ordered for v in op.operands if v not in made))
        self.placed.update(op for op in ordered if root is None or op is root or op.result in outputs)
        self.stored.update(outputs)
        self.groups.append(Group(ordered, root, inputs, tuple(outputs)))

    def _leaving(self, ordered: Sequence[Op], root: Op | None, made: set[Value]) -> list[Value]:
        """Results at or behind the root that somebody outside of the group reads."""
        assert root is not None
        behind: set[Value] = set(root.results)
        for op in ordered:
            if any(v in behind for v in op.operands):
                behind.update(op.results)
        inside = set(ordered)
        return [
            r
            for op in ordered
            for r in op.results
            if r in behind and (r in self.yields or any(u not in inside and not u.is_terminator for u in r.users))
        ]
