"""From a function to the steps of main: groups are formed, planned, and what has no kernel becomes a host step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from mlc.codegen import control, shapes
from mlc.codegen.buffers import Names
from mlc.codegen.families import Kernels
from mlc.codegen.groups import Group, partition, single
from mlc.codegen.kernels.concat import copy_operands
from mlc.codegen.main import MainBuilder, registers_hold
from mlc.codegen.program import CodeUnit, ScheduleRow
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Inline, Plan
from mlc.codegen.steps import Host, Step
from mlc.codegen.units import Tuned, UnitTable
from mlc.codegen.views import concat_in_place, view_of
from mlc.errors import CompileError
from mlc.ir import Array, Block, Dim, DType, Op, TensorType, Value
from mlc.ir.dims import lower_bound
from mlc.ops import Concat, Constant, Fused
from mlc.target import Target

# Elements of a concat that one kernel selects, where copies operand by operand would be launch after launch.
SMALL_CONCAT = 256


class Lowering:
    """The state while a function is lowered; `steps` are collected by `block`."""

    def __init__(
        self,
        target: Target,
        input_symbols: Sequence[str],
        *,
        no_fallback: bool,
        submit: Callable[[CodeUnit], object],
        tuned: Tuned,
        kernels: Kernels,
    ) -> None:
        self.kernels = kernels
        self.table = UnitTable(target, submit, tuned)
        self.names = Names()
        self.constants: dict[Value, Array] = {}
        self.rows: list[ScheduleRow] = []
        self.host_steps: list[tuple[Op, str, tuple[Value, ...], tuple[Value, ...]]] = []
        self.input_symbols = input_symbols
        self.known_symbols: dict[str, None] = dict.fromkeys(input_symbols)
        self.defined: dict[Op, set[str]] = {}
        self._no_fallback = no_fallback
        self._checked: set[tuple[str, Dim, Dim]] = set()
        self._made: set[Value] = set()  # values that kernels write to buffers of their own

    def block(self, block: Block) -> list[Step]:
        """The steps of a block's ops; its terminator is the caller's."""
        steps: list[Step] = []
        checked = set(self._checked)
        for op in block:
            if not op.is_terminator:
                steps.extend(self.op(op))
        self._checked = checked  # what a branch or a turn has checked is not checked behind it
        return steps

    def op(self, op: Op) -> list[Step]:
        """The steps of one op."""
        if isinstance(op, Constant) and registers_hold(op.result):
            self.constants[op.result] = op.value
            return []
        if isinstance(op, Fused):
            return self._fused(op)
        self._note_symbols(op)
        if reason := self._host_reason(op):
            return [self.host(op, reason)]
        if control.is_control(op):
            return control.lower(self, op)
        try:
            steps = shapes.steps_for(op)
            if (seen := view_of(op)) is not None:
                self.names.view(op.result, *seen)
                return [*steps, *self._checks(op)]
            if isinstance(op, Concat) and self.kernels.copies_concats and (copies := self._concat(op)) is not None:
                return copies
            return [*steps, *self.group(single(op))]
        except NoKernel as missing:
            return [self.host(op, str(missing))]

    def group(self, group: Group) -> list[Step]:
        """The planned steps of one group."""
        group.immediates = self._immediates(group)
        plan = self.kernels.plan(group, self.table, self._constant, self._add_checks)
        self._made.update(group.outputs)
        self.rows.append(plan.row())
        return [*plan.finished()]

    def _concat(self, op: Concat) -> list[Step] | None:
        """Copies of the operands that cannot be computed in place; None for a small one, which is one kernel."""
        count = op.result.tensor.element_count
        if isinstance(count, int) and count <= SMALL_CONCAT:
            return None
        others = concat_in_place(op, self.names, self._made, frozenset(self.input_symbols))
        self._made.add(op.result)
        plan = Plan(single(op), "concat", self.table, self._constant)
        copy_operands(plan, op, others)
        self.rows.append(plan.row())
        return [*self._checks(op), *plan.finished()]

    def host(self, op: Op, reason: str) -> Host:
        """The host step of an op, or an error where the user wants none."""
        if self._no_fallback:
            raise CompileError(
                f"{op.name} has no native kernel: {reason}",
                where=f"node '{op.loc.title}'" if op.loc.sources else "",
                detail=op.error("").detail,
            )
        operands = tuple(dict.fromkeys((*op.operands, *captured(op))))
        self.host_steps.append((op, reason, operands, op.results))
        return Host(len(self.host_steps) - 1, op, operands, op.results)

    def _fused(self, op: Fused) -> list[Step]:
        for argument, given in zip(op.body.block.arguments, op.inputs, strict=True):
            self.names.view(argument, given)
        for nested in op.body.block:
            if isinstance(nested, Constant):
                self.constants[nested.result] = nested.value
        parts = partition(
            op,
            is_light=self.kernels.is_light,
            is_view=_is_view,
            takes_prologue=self.kernels.takes_prologue,
            is_native=self._is_native,
            joins=lambda first, second: self.kernels.joins(first, second, self.table.target),
        )
        steps: list[Step] = []
        for part in parts:
            if isinstance(part, Op):
                steps.extend(self.op(part))
                continue
            for inner in part.ops:
                self._note_symbols(inner)
            try:
                resolved = [step for inner in part.ops for step in shapes.steps_for(inner)]
                steps.extend([*resolved, *self.group(part)])
            except NoKernel:
                steps.extend(step for inner in part.ops for step in self.op(inner))
        for result, value in zip(op.results, op.body.block.terminator.operands, strict=True):
            self.names.view(result, value)
        return steps

    def _is_native(self, op: Op) -> bool:
        return not self._host_reason(op)

    def _host_reason(self, op: Op) -> str:
        """Why no native code can run the op, whatever kernels there are; "" when it can."""
        if control.is_control(op):
            return control.host_reason(op, self.known_symbols)
        for value in (*op.operands, *op.results):
            if not registers_hold(value):
                return _foreign(value)
        return self.kernels.missing(op)

    def _note_symbols(self, op: Op) -> None:
        if op in self.defined:
            return
        new: dict[str, None] = {}
        for value in op.results:
            if registers_hold(value):
                new.update(dict.fromkeys(s for s in value.tensor.symbols() if s not in self.known_symbols))
        self.defined[op] = set(new)
        self.known_symbols.update(new)

    def _constant(self, value: Value) -> Array | None:
        root, offset = self.names.root(value)
        array = self.constants.get(root)
        if array is None or not isinstance(offset, int) or not value.tensor.is_static:
            return None
        shape, start = value.tensor.static_shape, offset // array.itemsize
        return array.reshape(-1)[start : start + math.prod(shape)].reshape(shape)

    def _immediates(self, group: Group) -> dict[Value, Array]:
        found: dict[Value, Array] = {}
        for value in group.inputs:
            if registers_hold(value) and (array := self._constant(value)) is not None and array.size == 1:
                found[value] = array
        return found

    def _add_checks(self, plan: Plan) -> None:
        for op in plan.group.ops:
            if doubtful := self._new_doubtful(op):
                plan.inline(_extent_check(op, doubtful))
            for emit in self._size_checks(op):
                plan.inline(emit)

    def _checks(self, op: Op) -> list[Step]:
        """The checks in main of an op that is not planned with its group."""
        return [Inline(emit, (), op) for emit in self._size_checks(op)]

    def _size_checks(self, op: Op) -> Iterator[Callable[[MainBuilder], None]]:
        if pairs := self._new_pairs("==", op.equal_dims()):
            yield _equality_check(op, pairs)
        if pairs := self._new_pairs("<=", op.at_most_dims()):
            yield _order_check(op, pairs)
        if pairs := self._new_pairs("broadcast", [p for p in op.broadcast_dims() if p[0] != 1]):
            yield _broadcast_check(op, pairs)

    def _new_doubtful(self, op: Op) -> list[Dim]:
        """Dims of the results that could be negative for some extents of the inputs: a window longer than its image."""
        dims = dict.fromkeys(d for r in op.results for d in r.tensor.dims)
        doubtful = [d for d in dims if (low := lower_bound(d)) is None or low < 0]
        return [d for d, _ in self._new_pairs(">=", [(d, 0) for d in doubtful])]

    def _new_pairs(self, relation: str, pairs: Sequence[tuple[Dim, Dim]]) -> list[tuple[Dim, Dim]]:
        """The pairs of dims whose relation only the run can tell, and was not checked before."""
        new = [(a, b) for a, b in dict.fromkeys(pairs) if a != b and (relation, a, b) not in self._checked]
        self._checked.update((relation, a, b) for a, b in new)
        return new


def _equality_check(op: Op, pairs: Sequence[tuple[Dim, Dim]]) -> Callable[[MainBuilder], None]:
    def emit(m: MainBuilder) -> None:
        for left, right in pairs:
            size, expected = m.dim(left), m.dim(right)
            m.require(
                m.compare("==", size, expected),
                f"{_sized(left, 0)} must equal {_sized(right, 1)}",
                size,
                expected,
                op=op,
            )

    return emit


def _order_check(op: Op, pairs: Sequence[tuple[Dim, Dim]]) -> Callable[[MainBuilder], None]:
    def emit(m: MainBuilder) -> None:
        for low, high in pairs:
            size, most = m.dim(low), m.dim(high)
            text = f"{_sized(low, 0)} must be {_sized(high, 1)} at most"
            m.require(m.compare("<=", size, most), text, size, most, op=op)

    return emit


def _sized(dim: Dim, number: int) -> str:
    """A dim in an error of the run: its name and its size there, which is argument `number` of the error."""
    return str(dim) if isinstance(dim, int) else f"{dim} = {{{number}}}"


def _broadcast_check(op: Op, pairs: Sequence[tuple[Dim, Dim]]) -> Callable[[MainBuilder], None]:
    def emit(m: MainBuilder) -> None:
        for dim, wide in pairs:
            size, expected = m.dim(dim), m.dim(wide)
            fits = m.ir.or_(m.compare("==", size, expected), m.compare("==", size, 1))
            m.require(fits, f"{_sized(dim, 0)} does not broadcast to {_sized(wide, 1)}", size, expected, op=op)

    return emit


def _extent_check(op: Op, dims: Sequence[Dim]) -> Callable[[MainBuilder], None]:
    def emit(m: MainBuilder) -> None:
        for dim in dims:
            size = m.dim(dim)
            m.require(m.compare(">=", size, 0), f"a dim of the result, {dim}, would be {{0}}", size, op=op)

    return emit


def captured(op: Op) -> list[Value]:
    """The values that the op's regions use and do not define, each once, in order."""
    inside: set[Value] = set()
    found: dict[Value, None] = {}
    for nested in op.walk():
        for region in nested.regions:
            inside.update(region.block.arguments)
        inside.update(nested.results)
        if nested is not op:
            found.update(dict.fromkeys(v for v in nested.operands if v not in inside))
    return [v for v in found if v not in inside]


def _is_view(op: Op) -> bool:
    return view_of(op) is not None


def _foreign(value: Value) -> str:
    kind = value.type
    if not isinstance(kind, TensorType):
        return f"{kind} is no tensor"
    if kind.shape is None:
        return f"the rank of {kind} is not known when compiling"
    return (
        f"no kernel computes with {kind.dtype}" if kind.dtype is not DType.STRING else "no kernel computes with strings"
    )
