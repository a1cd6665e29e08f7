"""The graph: Value, Op, Block, Region, Function, Module.

SSA with nested regions. A module is changed only through `Module.insert`, `replace`, `erase`, `move`, `set_operand` and
`relocate`, which report to its ledger. An op outside of a function is a plain description: it is in nobody's `uses`,
and dropping it leaves no trace.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, dataclass_transform

from mlc.errors import CompileError
from mlc.ir.dims import Dim
from mlc.ir.location import UNKNOWN, Location
from mlc.ir.signature import REQUIRED, FieldDescriptor, Signature, read_signature
from mlc.ir.types import TensorType, Type, UnknownRank


class Purity(enum.Enum):
    """What may be done to an op.

    PURE: anything. RANDOM: never merged, evaluated or duplicated. MAY_FAIL: never hoisted out of a region.
    """

    PURE = "pure"
    RANDOM = "random"
    MAY_FAIL = "may-fail"


@dataclass(frozen=True)
class Use:
    """Operand number `index` of `op`."""

    op: Op
    index: int


class Value:
    """A result of an op or an argument of a block. Compared and hashed by identity."""

    __slots__ = ("type", "owner", "index", "_uses")

    def __init__(self, type: Type, owner: Op | Block, index: int) -> None:
        self.type = type
        self.owner = owner
        self.index = index
        self._uses: dict[tuple[Op, int], None] = {}

    @property
    def uses(self) -> list[Use]:
        """Every use by an op that is part of a function, those in nested regions included, oldest first."""
        return [Use(op, index) for op, index in self._uses]

    @property
    def users(self) -> list[Op]:
        """The ops that use this value, each once, oldest use first."""
        return list(dict.fromkeys(op for op, _ in self._uses))

    @property
    def use_count(self) -> int:
        """Number of uses; an op that takes the value twice counts twice."""
        return len(self._uses)

    @property
    def op(self) -> Op | None:
        """The op that defines this value, or None for a block argument."""
        return self.owner if isinstance(self.owner, Op) else None

    @property
    def tensor(self) -> TensorType:
        """The type of a value that must be a tensor."""
        assert isinstance(self.type, TensorType), self.type
        return self.type

    def __repr__(self) -> str:
        where = self.owner.name if isinstance(self.owner, Op) else "argument"
        return f"<Value {where}#{self.index}: {self.type}>"


class _Operand(FieldDescriptor):
    def __init__(self, position: int, kind: str, default: Any) -> None:
        self.position, self.kind, self.default = position, kind, default

    def __get__(self, op: Op | None, owner: type) -> Any:
        if op is None:
            return self
        start, stop = op._segments[self.position]
        if self.kind == "variadic":
            return op._operands[start:stop]
        return op._operands[start] if stop > start else None


class _Attribute(FieldDescriptor):
    def __init__(self, name: str, default: Any) -> None:
        self.name, self.default = name, default

    def __get__(self, op: Op | None, owner: type) -> Any:
        return self if op is None else op.attributes[self.name]


class _RegionField(FieldDescriptor):
    def __init__(self, position: int) -> None:
        self.position, self.default = position, REQUIRED

    def __get__(self, op: Op | None, owner: type) -> Any:
        return self if op is None else op.regions[self.position]


# Dialects whose ops are mlc's own or MLIR's.
_OURS = ("mlc", "func", "builtin")


def keyword(*, default: Any = REQUIRED, kw_only: bool = True) -> Any:
    """A field the constructor takes by keyword, so that type checkers let it follow fields with defaults.

    It must be given when it has no `default`. Type checkers want `kw_only` spelled out.
    """
    return default


@dataclass_transform(field_specifiers=(keyword,))
class _Declared:
    """Tells type checkers that annotated fields of the classes below are constructor arguments."""


class Op(_Declared):
    """Base of all ops. A subclass declares operands, attributes and regions as annotated fields, in constructor order.

    Fields of type `Value`, `Value | None` and `Sequence[Value]` are operands, `Region` fields are regions, all others
    attributes. A subclass defines `infer`, and `evaluate` unless it is structural. The op's name is the class name in
    snake case behind the dialect: `class TopK(Op)` is `mlc.top_k`; `class TopK(Op, name="topk")` is `mlc.topk`. Ops of
    others have a dialect of their own: `class Hypotenuse(Op, dialect="geometry")`; claiming ours is a TypeError.
    """

    loc: Location = keyword(default=UNKNOWN, kw_only=True)

    name: ClassVar[str] = ""
    signature: ClassVar[Signature]
    registry: ClassVar[dict[str, type[Op]]] = {}
    purity: ClassVar[Purity] = Purity.PURE
    result_names: ClassVar[tuple[str, ...] | None] = ("result",)  # None: as many as an attribute or region says
    is_terminator: ClassVar[bool] = False
    is_isolated: ClassVar[bool] = False  # its regions take block arguments and capture nothing
    defines_symbols: ClassVar[bool] = False  # its result types may name symbols that are new here
    is_elementwise: ClassVar[bool] = False  # each result element depends on the broadcast operand elements at its index

    def __init_subclass__(cls, name: str = "", dialect: str = "mlc", abstract: bool = False) -> None:
        super().__init_subclass__()
        if abstract:
            return
        cls.signature = read_signature(cls, Value, Region, frozenset({"loc"}))
        cls.name = f"{dialect}.{name or _snake(cls.__name__)}"
        if dialect in _OURS and cls.__module__.partition(".")[0] != "mlc":
            raise TypeError(
                f"{cls.__qualname__} would be {cls.name}, but dialect {dialect} has the ops of mlc and of MLIR alone; "
                f'give it a dialect of its own: class {cls.__qualname__}(..., dialect="name")'
            )
        known = Op.registry.get(cls.name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"two op classes are named {cls.name}: {known.__qualname__} and {cls.__qualname__}")
        Op.registry[cls.name] = cls
        defaults = cls.signature.defaults
        for position, operand in enumerate(cls.signature.operands):
            setattr(cls, operand.name, _Operand(position, operand.kind, defaults.get(operand.name, REQUIRED)))
        for attribute in cls.signature.attributes:
            setattr(cls, attribute.name, _Attribute(attribute.name, attribute.default))
        for position, region in enumerate(cls.signature.regions):
            setattr(cls, region, _RegionField(position))

    def __init__(self, *arguments: Any, loc: Location = UNKNOWN, **keywords: Any) -> None:
        given = self._bind(arguments, keywords)
        self.loc = loc
        self.attributes: dict[str, Any] = {s.name: given[s.name] for s in self.signature.attributes}
        self._operands: list[Value] = []
        self._segments: list[tuple[int, int]] = []
        for spec in self.signature.operands:
            field = given[spec.name]
            values = list(field) if spec.kind == "variadic" else [] if field is None else [field]
            self._segments.append((len(self._operands), len(self._operands) + len(values)))
            self._operands.extend(values)
        self.regions: tuple[Region, ...] = tuple(given[name] for name in self.signature.regions)
        for region in self.regions:
            region.op = self
        self.parent: Block | None = None
        self._previous: Op | None = None
        self._next: Op | None = None
        self._order = 0
        for attribute in self.signature.attributes:
            if not attribute.accepts(self.attributes[attribute.name]):
                got = self.attributes[attribute.name]
                raise self.error(f"attribute {attribute.name} must be {attribute.expected}, got {got!r}")
        try:
            inferred = self.infer()
        except UnknownRank as unknown:
            raise self.error("needs operands of known rank") from unknown
        types = inferred if isinstance(inferred, tuple) else (inferred,)
        assert self.result_names is None or len(types) == len(self.result_names), f"{self.name}: {len(types)} results"
        self.results: tuple[Value, ...] = tuple(Value(t, self, i) for i, t in enumerate(types))

    def _bind(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        fields = self.signature.fields
        if len(arguments) > len(fields):
            raise TypeError(f"{self.name} takes {len(fields)} arguments, got {len(arguments)}")
        given = {**self.signature.defaults, **dict(zip(fields, arguments, strict=False)), **keywords}
        if unknown := [k for k in given if k not in fields]:
            raise TypeError(f"{self.name} has no field {unknown[0]!r}; it has {', '.join(fields)}")
        if missing := [f for f in fields if f not in given]:
            raise TypeError(f"{self.name} is missing {', '.join(missing)}")
        return given

    # --- what a subclass defines ---

    def infer(self) -> Type | tuple[Type, ...]:
        """Types of the results from operands and attributes; raises `self.error` that says what differs."""
        raise NotImplementedError(f"{type(self).__name__}.infer")

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        """Dims of the operands that must be equal; those that types leave open are checked when the model runs."""
        return ()

    def at_most_dims(self) -> Sequence[tuple[Dim, Dim]]:
        """Dims of the operands, each with the one that it must not exceed; checked when the model runs."""
        return ()

    def broadcast_dims(self) -> Sequence[tuple[Dim, Dim]]:
        """Dims of the operands, each with the one that it must equal unless it is 1; checked when the model runs."""
        if not self.is_elementwise:
            return ()
        full = self.results[0].tensor.dims
        dims = [v.tensor.dims for v in self.operands]
        return [pair for own in dims for pair in zip(own, full[len(full) - len(own) :], strict=True)]

    def evaluate(self, *arrays: Any) -> Any:
        """The op's meaning on numpy arrays, one argument per operand field: None where absent, a list where variadic.

        One array, or a tuple of them when the op has several results.
        """
        raise NotImplementedError(f"{type(self).__name__}.evaluate")

    def flops(self) -> Dim:
        """Floating-point operations of one evaluation; an elementwise op counts one per result element."""
        return self.results[0].tensor.element_count if self.is_elementwise else 0

    def verify(self) -> None:
        """Checks beyond infer, raising `self.error`; most ops need none."""

    # --- reading ---

    @property
    def operands(self) -> tuple[Value, ...]:
        """All operands in field order, absent optional ones left out."""
        return tuple(self._operands)

    @property
    def result(self) -> Value:
        """The result of an op that has exactly one."""
        assert len(self.results) == 1, f"{self.name} has {len(self.results)} results"
        return self.results[0]

    def put_operand(self, index: int, value: Value) -> None:
        """Changes an operand without touching uses; for unattached ops and the module's own methods."""
        self._operands[index] = value

    def operand_fields(self) -> list[Value | list[Value] | None]:
        """One entry per operand field: a value, a list for a variadic field, None for an absent optional one."""
        return [getattr(self, spec.name) for spec in self.signature.operands]

    @property
    def segment_sizes(self) -> tuple[int, ...]:
        """Number of operands in each operand field."""
        return tuple(stop - start for start, stop in self._segments)

    @property
    def next(self) -> Op | None:
        """The op after this one in its block."""
        return self._next

    @property
    def previous(self) -> Op | None:
        """The op before this one in its block."""
        return self._previous

    def is_before(self, other: Op) -> bool:
        """Whether this op stands before `other` of the same block."""
        assert self.parent is not None and self.parent is other.parent
        self.parent._number()
        return self._order < other._order

    def ancestors(self) -> Iterator[Op]:
        """This op, then the op whose region holds it, outwards."""
        op: Op | None = self
        while op is not None:
            yield op
            op = op.parent.region.op if op.parent is not None and op.parent.region is not None else None

    def walk(self) -> Iterator[Op]:
        """This op, then all ops nested in its regions in program order."""
        yield self
        for region in self.regions:
            for op in region.block:
                yield from op.walk()

    @property
    def function(self) -> Function | None:
        """The function that the op is part of, directly or through the ops around it."""
        outermost = list(self.ancestors())[-1].parent
        return outermost.region.function if outermost is not None and outermost.region is not None else None

    @property
    def is_attached(self) -> bool:
        """Whether the op is part of a function."""
        return self.parent is not None and self.parent.is_attached

    def error(self, message: str) -> CompileError:
        """A CompileError at this op's source node, with the op's line under it."""
        types = ", ".join(str(v.type) for v in self._operands)
        where = f"node '{self.loc.title}'" if self.loc.sources else ""
        return CompileError(f"{self.name}: {message}", where=where, detail=f'"{self.name}" : ({types}) -> ...')

    def clone(self, mapping: dict[Value, Value] | None = None, **changes: Any) -> Op:
        """An unattached copy with operands mapped and the given fields changed; regions are copied with it.

        The copy's results and nested values are added to `mapping`.
        """
        mapping = {} if mapping is None else mapping

        def mapped(field: Value | list[Value] | None) -> Any:
            if isinstance(field, list):
                return [mapping.get(v, v) for v in field]
            return field if field is None else mapping.get(field, field)

        given: dict[str, Any] = {s.name: mapped(getattr(self, s.name)) for s in self.signature.operands}
        given.update(self.attributes)
        given.update(
            {name: getattr(self, name).clone(mapping) for name in self.signature.regions if name not in changes}
        )
        copy = type(self)(**{"loc": self.loc, **given, **changes})
        mapping.update(zip(self.results, copy.results, strict=False))
        return copy

    def __repr__(self) -> str:
        return f"<{self.name} {self.loc.title}>"


class Block:
    """Arguments and a list of ops, the last one a terminator. Iterating tolerates erasure of the current op."""

    def __init__(self, argument_types: Sequence[Type] = ()) -> None:
        self.arguments = [Value(t, self, i) for i, t in enumerate(argument_types)]
        self.region: Region | None = None
        self._first: Op | None = None
        self._last: Op | None = None
        self._count = 0
        self._is_numbered = False

    def __iter__(self) -> Iterator[Op]:
        op = self._first
        while op is not None:
            following = op._next
            yield op
            op = op._next if op.parent is self else following

    def __reversed__(self) -> Iterator[Op]:
        op = self._last
        while op is not None:
            before = op._previous
            yield op
            op = before

    def __len__(self) -> int:
        return self._count

    @property
    def first(self) -> Op | None:
        """The first op, or None when the block is empty."""
        return self._first

    @property
    def last(self) -> Op | None:
        """The last op, or None when the block is empty."""
        return self._last

    @property
    def terminator(self) -> Op:
        """The op that ends the block."""
        assert self._last is not None and self._last.is_terminator, "block has no terminator"
        return self._last

    @property
    def is_attached(self) -> bool:
        """Whether this block belongs to a function, directly or through the ops around it."""
        if self.region is None:
            return False
        return self.region.function is not None or (self.region.op is not None and self.region.op.is_attached)

    def append(self, op: Op) -> Op:
        """Places `op` last; for building a block. A module's own blocks are changed through the Module."""
        link(op, self, None)
        if self.is_attached:
            register(op)
        return op

    def _number(self) -> None:
        if not self._is_numbered:
            for order, op in enumerate(self):
                op._order = order
            self._is_numbered = True


class Region:
    """One block, owned by an op or by a function."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.op: Op | None = None
        self.function: Function | None = None
        block.region = self

    def clone(self, mapping: dict[Value, Value]) -> Region:
        """A copy of the block with values mapped; the copies of arguments and results are added to `mapping`."""
        block = Block([a.type for a in self.block.arguments])
        mapping.update(zip(self.block.arguments, block.arguments, strict=True))
        for op in self.block:
            block.append(op.clone(mapping))
        return Region(block)


class Return(Op, name="return", dialect="func"):
    """The values a function gives back, in the order of its output names."""

    values: Sequence[Value]
    result_names = ()
    is_terminator = True

    def infer(self) -> tuple[Type, ...]:
        return ()


class Function:
    """A named function with named inputs, outputs and one block; built by `append`, ended by `set_outputs`."""

    def __init__(self, name: str, inputs: Sequence[tuple[str, Type]] = ()) -> None:
        self.name = name
        self.input_names = [n for n, _ in inputs]
        self.output_names: list[str] = []
        self.body = Region(Block([t for _, t in inputs]))
        self.body.function = self

    def __repr__(self) -> str:
        inputs = ", ".join(f"{name}: {value.type}" for name, value in zip(self.input_names, self.inputs, strict=True))
        return f"<Function {self.name}({inputs}) -> ({', '.join(self.output_names)})>"

    @property
    def block(self) -> Block:
        """The ops, Return last."""
        return self.body.block

    @property
    def inputs(self) -> list[Value]:
        """The function's arguments."""
        return self.block.arguments

    @property
    def outputs(self) -> tuple[Value, ...]:
        """What the function returns."""
        return self.block.terminator.operands

    def append(self, op: Op) -> Op:
        """Places `op` at the end while the function is being built."""
        return self.block.append(op)

    def set_outputs(self, outputs: Sequence[tuple[str, Value]]) -> None:
        """Ends the function with a Return of these named values."""
        self.output_names = [n for n, _ in outputs]
        self.append(Return([v for _, v in outputs]))

    def walk(self) -> Iterator[Op]:
        """All ops in program order, an op before those in its regions."""
        for op in self.block:
            yield from op.walk()


# --- links and uses ---------------------------------------------------------------------------------------------------


def link(op: Op, block: Block, before: Op | None) -> None:
    """Places an op in a block without registering its uses; for this file and the ledger's undo."""
    assert op.parent is None, f"{op.name} is already in a block"
    previous = block._last if before is None else before._previous
    op.parent, op._previous, op._next = block, previous, before
    if previous is None:
        block._first = op
    else:
        previous._next = op
    if before is None:
        block._last = op
    else:
        before._previous = op
    block._count += 1
    block._is_numbered = False


def unlink(op: Op) -> None:
    """The inverse of link."""
    block = op.parent
    assert block is not None
    if op._previous is None:
        block._first = op._next
    else:
        op._previous._next = op._next
    if op._next is None:
        block._last = op._previous
    else:
        op._next._previous = op._previous
    op.parent = None
    op._previous = op._next = None
    block._count -= 1


def register(op: Op) -> None:
    """Enters the uses of an op that became part of a function, and of all it holds."""
    for nested in op.walk():
        for index, value in enumerate(nested._operands):
            value._uses[(nested, index)] = None


def unregister(op: Op) -> None:
    """The inverse of register."""
    for nested in op.walk():
        for index, value in enumerate(nested._operands):
            del value._uses[(nested, index)]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
