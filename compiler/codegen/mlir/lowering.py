"""From a group to stages: what the functions of lowerings/ are given, and how elementwise ops join them.

A function registered with `@linalg(Op)` gets a `Lowering` and the op, and writes stages:

    @linalg(ReduceSum)
    def reduce_sum(g: Lowering, op: ReduceSum) -> None:
        stage = g.stage(op)
        out = g.result(stage, op.result)                  # where the op's result goes, perhaps seen in another shape
        zero = stage.fill(0, out)
        [total] = stage.generic([...], [(stage.tensor(op.x), ...)], [(zero, ...)], region, reduction=[...])
        g.finish(stage, total)                            # fuses what is behind the op, returns, launches

`g.indexed` writes a result, and `g.tabulate` a buffer between stages, element by element from its index; loops of
mlc.codegen.mlir.control may stand in an element. `stage.table` holds an array that is an attribute of the op.

One stage is one parallel loop over destinations: what one stage reads of another lies in a buffer between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

from mlc.codegen.builder import I64, POINTER
from mlc.codegen.kernel import Kernel, Storage, Temporary
from mlc.codegen.kernels.elementwise import merge_dims
from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.registry import SCALARS
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.codegen.schedule import WORTH_A_THREAD, Plan
from mlc.ir import Dim, DType, Op, Value, symbol
from mlc.ir.dims import product

# Into how many parts a parallel loop is cut at most: enough for threads to share evenly.
MAX_PARTS = 64
# Elements of the innermost dim in one turn of a parallel loop at least.
PIECE = 1024
# Elements of one vector step of an elementwise stage: four registers of the widest vectors.
MAX_VECTOR_BYTES = 256


@dataclass(frozen=True)
class Function:
    """A stage ready for MLIR: `name` is made of its text, so equal stages are one."""

    name: str
    text: str
    family: str
    parameters: tuple[tuple[str, int | tuple[int, ...]], ...]
    parts: int
    outputs: tuple[int, ...]  # positions of the destinations among the arguments, one for each result


@dataclass(frozen=True, eq=False)
class Call:
    """A stage in the order of the program: which buffers it reads and writes, each seen in some shape."""

    function: Function
    stage: Stage
    arguments: tuple[tuple[Storage, tuple[Dim, ...]], ...]
    symbols: tuple[str, ...]


@dataclass
class Functions:
    """The distinct functions of a program in order, and every call of them."""

    by_name: dict[str, Function] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)


class Lowering:
    """The stages of one group while they are written; `is_portable` ones are read, and go to other compilers."""

    def __init__(self, plan: Plan, functions: Functions, *, is_portable: bool = False) -> None:
        self.plan, self.group, self.functions, self.is_portable = plan, plan.group, functions, is_portable
        self.target = plan.target
        self._accumulators: dict[Value, Temporary] = {}

    # --- for lowering functions ---

    def stage(self, op: Op) -> Stage:
        """A new stage named after the op."""
        return Stage(op.name.removeprefix("mlc."), is_portable=self.is_portable)

    def temporary(self, dtype: DType, *dims: Dim) -> Temporary:
        """A buffer between two stages."""
        return self.plan.temporary(dtype, *dims)

    def result(
        self,
        stage: Stage,
        value: Value,
        dims: Sequence[Dim] | None = None,
        dtype: DType | None = None,
        *,
        is_alone: bool = False,
    ) -> Tensor:
        """The destination of the root's result, seen in `dims` and computed in `dtype`.

        It is the group's output itself where what is behind the root can be done in place, else a buffer; `is_alone`
        wants a buffer whenever there is something behind.
        """
        view = value.tensor.dims if dims is None else tuple(dims)
        wanted = dtype or value.tensor.dtype
        output = self._in_place(value, view, wanted)
        if is_alone and output is not value:
            output = None
        if output is not None:
            return stage.destination(output, view)
        made = self.plan.temporary(wanted, *value.tensor.dims)
        self._accumulators[value] = made
        return stage.destination(made, view)

    def written(self, value: Value, dtype: DType | None = None) -> Storage:
        """The buffer of one of the root's results, of several or written by several stages; `finish_written` ends them.

        It is computed in `dtype`: in a buffer between where that is not its own, or where nobody reads it as it is.
        """
        wanted = dtype or value.tensor.dtype
        if value in self.group.outputs and wanted is value.tensor.dtype:
            return value
        made = self.plan.temporary(wanted, *value.tensor.dims)
        self._accumulators[value] = made
        return made

    def finish_written(self) -> None:
        """Computes what is behind the root once all its results are written."""
        root = self.group.root
        assert root is not None
        done = [v for v in root.results if v not in self._accumulators]
        if left := [v for v in self.group.outputs if v not in done]:
            self.elementwise(left)

    def behind(self, stage: Stage, source: Tensor, out: Tensor, order: Sequence[int]) -> Tensor:
        """What is behind the root, computed from `source` into its destination: the last op of the stage.

        The source's dims are those of `out` in another order, that of the loops: dim number n is out's order[n].
        """
        root = self.group.root
        assert root is not None
        value = root.results[0]
        is_fused = value not in self._accumulators and self.group.outputs != root.results
        output = self.group.outputs[0] if is_fused else value
        leaves = [v for v in self._leaves([output]) if v is not value] if is_fused else []
        names = [f"i{axis}" for axis in range(len(out.dims))]
        ordered = [names[axis] for axis in order]
        ins: list[tuple[Tensor, Sequence[str]]] = [(source, ordered)]
        for leaf in leaves:
            shape = aligned(leaf.tensor.dims, value.tensor.dims, out.dims)
            assert shape is not None
            ins.append((stage.tensor(leaf, shape), _expressions(shape, out.dims, names)))

        def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
            if not is_fused:
                return [given[0]]
            return self._values(b, [output], {value: given[0], **dict(zip(leaves, given[1:], strict=True))})

        [made] = stage.generic(ordered, ins, [(out, names)], region, attributes="mlc.last, mlc.pixelwise")
        return made

    def finish(self, stage: Stage, *results: Tensor, is_done: bool = False, cost: int = 1) -> None:
        """Ends the root's stage; what is behind the op is computed in place, unless it `is_done`, or in a next one."""
        root = self.group.root
        assert root is not None
        fused = list(results)
        if not is_done and root.results[0] not in self._accumulators and self.group.outputs != root.results:
            fused = [self._epilogue(stage, results[0])]
        self.close(stage, fused, cost=cost)
        if self._accumulators:
            self.elementwise(self.group.outputs)

    def close(self, stage: Stage, results: Sequence[Tensor], *, cost: int = 1) -> None:
        """Returns from the stage and launches it; `cost` is the work of one element written."""
        stage.finish(results)
        if all(0 in t.dims for t in stage.outputs):
            # There is nothing to write; the buffers have their places all the same.
            self.plan.inline(lambda m: None, *(storage for storage, _ in stage.arguments))
            return
        if any(0 in t.dims for t in stage.arguments.values()):
            stage.family, stage.parameters = "serial", {}
        work = self.plan.estimate(product([d for t in stage.outputs for d in t.dims])) * cost
        parts = max(1, min(MAX_PARTS, work // WORTH_A_THREAD))
        if stage.family == "serial":
            parts = 1
        function = self._function(stage, parts)
        keys = list(stage.arguments)
        self.functions.calls.append(Call(function, stage, tuple(keys), tuple(stage.symbols)))
        self.plan.choose("stage", stage.family)
        for name, number in stage.parameters.items():
            self.plan.choose(name, "x".join(map(str, number)) if isinstance(number, tuple) else number)

        def body(k: Kernel, begin: Any, end: Any) -> None:
            _call(k, function.name, keys, list(stage.symbols), begin, end)

        # Parts are of equal work: a thread takes one at least.
        self.plan.launch(body, count=parts, cost=WORTH_A_THREAD, variant=function.name)

    def _function(self, stage: Stage, parts: int) -> Function:
        parameters = tuple(stage.parameters.items())
        text = stage.text("stage")
        digest = hashlib.sha256(f"{text} {stage.family} {parameters} {parts}".encode()).hexdigest()[:8]
        name = f"{stage.title}_{digest}"
        names = [t.name for t in stage.arguments.values()]
        outputs = tuple(names.index(t.name) for t in stage.outputs)
        function = Function(name, stage.text(name), stage.family, parameters, parts, outputs)
        return self.functions.by_name.setdefault(name, function)

    def indexed(self, op: Op, element: Callable[[Body, list[Scalar]], Scalar], *, cost: int = 1) -> None:
        """A stage that computes each element of the op's result from its index, reading by tensor.extract."""
        stage = self.stage(op)
        out = self.result(stage, op.results[0])
        names = [f"i{axis}" for axis in range(len(out.dims))]

        def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            return [element(b, [b.loop_index(axis) for axis in range(len(names))])]

        [made] = stage.generic(names, [], [(out, names)], region, attributes=self.last())
        self.tile_loops(stage, len(names))
        self.finish(stage, made, cost=cost)

    def tabulate(
        self, title: str, target: Storage, element: Callable[[Body, list[Scalar]], Scalar], *, cost: int = 1
    ) -> None:
        """A stage that computes each element of a buffer from its index, for later stages of the op."""
        stage = Stage(title, is_portable=self.is_portable)
        out = stage.destination(target)
        names = [f"i{axis}" for axis in range(len(out.dims))]

        def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            return [element(b, [b.loop_index(axis) for axis in range(len(names))])]

        [made] = stage.generic(names, [], [(out, names)], region, attributes="mlc.last")
        self.tile_loops(stage, len(names))
        self.close(stage, [made], cost=cost)

    def tile_loops(self, stage: Stage, rank: int) -> None:
        """Plain loops inside of a parallel one over all dims but the last, and over pieces of that where it is long."""
        if rank == 0:
            stage.family, stage.parameters = "serial", {}
            return
        dims = stage.outputs[-1].dims
        turns = self.plan.estimate(product(dims[: rank - 1]))
        last = self.plan.estimate(dims[rank - 1])
        piece = 0 if turns >= MAX_PARTS or last < 2 * PIECE else max(PIECE, last * turns // MAX_PARTS)
        stage.family, stage.parameters = (
            "loops",
            {"tile": (*(1,) * (rank - 1), piece if rank > 1 else piece or last or 1)},
        )

    def fill(self, target: Storage, dims: Sequence[Dim], number: float) -> None:
        """A stage that fills a buffer."""
        stage = Stage("fill")
        whole = product(tuple(dims))
        out = stage.destination(target, (whole,))
        kind = register_type(out.dtype)
        [made] = stage.generic(
            ["i"], [], [(out, ["i"])], lambda b, _, __: [b.number(number, kind)], attributes="mlc.last"
        )
        self.tile_elements(stage, (whole,), out.dtype.itemsize)
        self.close(stage, [made])

    def copy(
        self, source: Storage, dims: Sequence[Dim], target: Storage, whole: Sequence[Dim], offsets: Sequence[Dim]
    ) -> None:
        """A stage that copies a buffer of `dims` into another of `whole` dims, at the offsets."""
        stage = Stage("copy")
        x, out = stage.tensor(source, dims), stage.destination(target, whole)
        made = insert(stage, x, out, offsets)
        self.tile_loops(stage, len(x.dims))
        self.close(stage, [made])

    # --- elementwise ops ---

    def in_loops(self, dtype: DType) -> DType:
        """What a stage of loops (mlc.codegen.mlir.control) keeps elements of `dtype` in.

        Another compiler may run these on the host, and IREE's has no floats of fewer than 32 bits and takes narrower
        integers for unsigned ones. Its regions of linalg ops, which convert before and behind, have them all.
        """
        if not self.is_portable:
            return dtype
        if dtype.is_float and dtype.itemsize < 4:
            return DType.F32
        return DType.I32 if dtype.is_signed and dtype.itemsize < 4 else dtype

    def for_loops(self, value: Value) -> Storage:
        """A value as a stage of loops reads it: itself, or a copy."""
        own, dtype = value.tensor.dtype, self.in_loops(value.tensor.dtype)
        if dtype is own:
            return value
        made = self.temporary(dtype, *value.tensor.dims)
        self.convert(value, made)
        return made

    def convert(self, source: Value, target: Storage) -> None:
        """A stage that copies a value into a buffer of as many elements, in the buffer's dtype."""
        from mlc.codegen.mlir.scalars.conversion import converted

        stage = Stage("copy")
        count = (source.tensor.element_count,)
        x, out = stage.tensor(source, count), stage.destination(target, count)

        def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
            return [converted(b, given[0], x.dtype, out.dtype)]

        [made] = stage.generic(["i"], [(x, ["i"])], [(out, ["i"])], region, attributes="mlc.last")
        self.tile_elements(stage, count, max(x.dtype.itemsize, out.dtype.itemsize))
        self.close(stage, [made])

    def elementwise(self, outputs: Sequence[Value]) -> None:
        """Stages that compute these outputs from what is stored, one for the outputs of each shape."""
        by_dims: dict[tuple[Dim, ...], list[Value]] = {}
        for output in outputs:
            by_dims.setdefault(output.tensor.dims, []).append(output)
        for dims, values in by_dims.items():
            self._elementwise(dims, values)

    def _elementwise(self, dims: tuple[Dim, ...], outputs: list[Value]) -> None:
        title = "_".join(dict.fromkeys(op.name.removeprefix("mlc.") for op in self.group.ops if op.is_elementwise))
        stage = Stage(title[:40] or "copy")
        leaves = self._leaves(outputs)
        values = list(dict.fromkeys([*leaves, *outputs]))
        # Merged dims make long loops of short ones; who reads the module wants to see the tensors as they are.
        merged, shapes = (dims, _padded(values, len(dims))) if self.is_portable else merge_dims(dims, values)
        names = [f"i{axis}" for axis in range(len(merged))]
        plain, doubtful = self._split(leaves, merged, shapes)
        ins = [(stage.tensor(self._stored(v), shapes[v]), _expressions(shapes[v], merged, names)) for v in plain]
        extras = {v: stage.tensor(self._stored(v), shapes[v]) for v in doubtful}
        outs = [(stage.destination(v, merged), names) for v in outputs]

        def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
            known = dict(zip(plain, given, strict=True))
            for value, tensor in extras.items():
                known[value] = b.extract(tensor, doubtful_index(b, tensor.dims, merged))
            return self._values(b, outputs, known)

        results = stage.generic(names, ins, outs, region, attributes="mlc.last")
        widest = max(t.dtype.itemsize for t in stage.arguments.values())
        self.tile_elements(stage, merged, widest, is_scalar=bool(doubtful))
        self.close(stage, results, cost=1 + len(self.group.ops))

    def tile_elements(self, stage: Stage, dims: Sequence[Dim], itemsize: int, *, is_scalar: bool = False) -> None:
        """Chooses how a stage whose last op walks through `dims` is tiled: vectors where the innermost dim has them."""
        if not dims:
            stage.family = "serial"
            return
        inner = dims[-1]
        width = best_divisor(inner, max(2, MAX_VECTOR_BYTES // itemsize)) if isinstance(inner, int) else 1
        if is_scalar or width < 4:
            stage.family = "loops"
            stage.parameters = {"tile": (*(1,) * (len(dims) - 1), 64 if len(dims) == 1 else 0)}
            return
        stage.family = "elementwise"
        assert isinstance(inner, int)
        chunk = width * best_divisor(inner // width, 64) if len(dims) == 1 else inner
        stage.parameters = {"tile": (*(1,) * (len(dims) - 1), chunk), "width": width}

    def _leaves(self, outputs: Iterable[Value]) -> list[Value]:
        """The values in buffers that these are computed from by elementwise ops, constants of one element left out."""
        found: dict[Value, None] = {}
        seen: set[Value] = set()
        stack = list(reversed(list(outputs)))
        while stack:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            if value not in self._accumulators and value.op in self.group.ops and _is_scalar(value.op):
                assert value.op is not None
                stack.extend(reversed(value.op.operands))
            elif value not in self.group.immediates:
                found[value] = None
        return list(found)

    def _stored(self, value: Value) -> Storage:
        return self._accumulators.get(value, value)

    def _split(
        self, leaves: list[Value], dims: tuple[Dim, ...], shapes: Mapping[Value, tuple[Dim, ...]]
    ) -> tuple[list[Value], list[Value]]:
        """The leaves that an index map can read, and those of which only the run knows whether they broadcast."""
        plain: list[Value] = []
        doubtful: list[Value] = []
        for value in leaves:
            is_plain = all(d in (1, full) for d, full in zip(shapes[value], dims, strict=True))
            (plain if is_plain else doubtful).append(value)
        return plain, doubtful

    def _values(self, b: Body, outputs: Sequence[Value], known: dict[Value, Scalar]) -> list[Scalar]:
        """The outputs' elements from those of the leaves; an accumulator's is brought to its value's dtype first."""
        from mlc.codegen.mlir.scalars.conversion import converted

        for value, made in self._accumulators.items():
            if value in known:
                known[value] = converted(b, known[value], made.dtype, value.tensor.dtype)
        memo = dict(known)
        return [self._value(b, v, memo) for v in outputs]

    def _value(self, b: Body, value: Value, memo: dict[Value, Scalar]) -> Scalar:
        if value not in memo:
            if value in self.group.immediates:
                kind = register_type(value.tensor.dtype)
                memo[value] = b.number(self.group.immediates[value].reshape(-1)[0].item(), kind)
            else:
                op = value.op
                assert op is not None and _is_scalar(op), value
                given: list[Any] = []
                for operand in op.operand_fields():
                    given.append(self._value(b, operand, memo) if isinstance(operand, Value) else operand)
                memo[value] = b.rounded(SCALARS[type(op)](b, op, *given), value.tensor.dtype)
        return memo[value]

    # --- behind a root ---

    def _in_place(self, value: Value, view: tuple[Dim, ...], dtype: DType) -> Value | None:
        """The output whose buffer can hold the root's result until what is behind it is computed there."""
        root = self.group.root
        assert root is not None
        if len(self.group.outputs) != 1:
            is_whole = self.group.outputs == root.results and value.tensor.dtype is dtype
            return value if is_whole else None
        output = self.group.outputs[0]
        if output.tensor.dtype is not dtype or value.tensor.dtype is not dtype:
            return None
        if output is value:
            return output
        for leaf in self._leaves([output]):
            if leaf is not value and aligned(leaf.tensor.dims, value.tensor.dims, view) is None:
                return None
        return output

    def _epilogue(self, stage: Stage, accumulated: Tensor) -> Tensor:
        """The ops behind the root as one generic that updates the root's result."""
        root = self.group.root
        assert root is not None
        [output] = self.group.outputs
        value = root.results[0]
        names = [f"i{axis}" for axis in range(len(accumulated.dims))]
        leaves = [v for v in self._leaves([output]) if v is not value]
        ins = []
        for leaf in leaves:
            shape = aligned(leaf.tensor.dims, value.tensor.dims, accumulated.dims)
            assert shape is not None
            ins.append((stage.tensor(leaf, shape), _expressions(shape, accumulated.dims, names)))

        def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            return self._values(b, [output], {**dict(zip(leaves, given, strict=True)), value: old[0]})

        [made] = stage.generic(names, ins, [(accumulated, names)], region, attributes="mlc.last, mlc.pixelwise")
        return made

    def last(self) -> str:
        """The attribute of the root's op: "mlc.last" where nothing is fused behind it."""
        root = self.group.root
        assert root is not None
        is_last = root.results[0] in self._accumulators or self.group.outputs == root.results
        return "mlc.last" if is_last else "mlc.inner"


def insert(stage: Stage, x: Tensor, out: Tensor, offsets: Sequence[Dim]) -> Tensor:
    """`out` with x copied to the offsets, as the last op of a stage of plain loops."""
    part = _slice_text(stage, x, offsets)
    target = stage.op(f"tensor.extract_slice {out.name}{part} : {out.type} to {x.type}", x.dtype, x.dims)
    text = f"linalg.copy {{mlc.last}} ins({x.name} : {x.type}) outs({target.name} : {target.type}) -> {x.type}"
    copied = stage.op(text, x.dtype, x.dims)
    return stage.op(
        f"tensor.insert_slice {copied.name} into {out.name}{part} : {x.type} into {out.type}", out.dtype, out.dims
    )


def _slice_text(stage: Stage, x: Tensor, offsets: Sequence[Dim]) -> str:
    def text(dim: Dim) -> str:
        return str(dim) if isinstance(dim, int) else str(stage.dim(dim))

    starts, sizes = ", ".join(map(text, offsets)), ", ".join(map(text, x.dims))
    return f"[{starts}] [{sizes}] [{', '.join('1' for _ in x.dims)}]"


def aligned(dims: Sequence[Dim], full: Sequence[Dim], view: Sequence[Dim]) -> tuple[Dim, ...] | None:
    """`dims`, which broadcast to `full`, as they look where `full` is seen as `view`: dims merged, split, or 1 added.

    None where a merged dim is broadcast in part, or the view is another.
    """
    padded = (1,) * (len(full) - len(dims)) + tuple(dims)
    if any(d not in (1, f) for d, f in zip(padded, full, strict=True)):
        return None
    seen: list[Dim] = []
    at = place = 0
    while at < len(full) or place < len(view):
        # The shortest runs of both that hold equally many elements.
        first, begin = at, place
        whole: Dim = 1
        parts: Dim = 1
        while at == first or place == begin or whole != parts:
            can_grow = at < len(full)
            if can_grow and (at == first or not _holds(whole, parts)):
                whole, at = whole * full[at], at + 1
            elif place < len(view):
                parts, place = parts * view[place], place + 1
            elif can_grow:
                whole, at = whole * full[at], at + 1
            else:
                return None
        run, own = view[begin:place], padded[first:at]
        if all(d == 1 for d in own):
            seen += [1] * len(run)
        elif tuple(own) == tuple(full[first:at]):
            seen += run
        else:
            return None
    return tuple(seen)


def _holds(whole: Dim, parts: Dim) -> bool:
    """Whether `whole` elements may hold `parts` of them and more."""
    if isinstance(whole, int) and isinstance(parts, int):
        return whole >= parts
    return True


def best_divisor(count: int, most: int) -> int:
    """The largest divisor of `count` that is at most `most`; 1 for 0."""
    return next((d for d in range(min(count, most), 0, -1) if count % d == 0), 1)


def _padded(values: Sequence[Value], rank: int) -> dict[Value, tuple[Dim, ...]]:
    """Each value's dims behind as many of 1 as make `rank`."""
    return {v: (1,) * (rank - v.tensor.rank) + v.tensor.dims for v in values}


def _is_scalar(op: Op | None) -> bool:
    return op is not None and type(op) in SCALARS


def _expressions(dims: Sequence[Dim], full: Sequence[Dim], names: Sequence[str]) -> list[str]:
    return ["0" if d == 1 and f != 1 else n for d, f, n in zip(dims, full, names, strict=True)]


def doubtful_index(b: Body, dims: Sequence[Dim], full: Sequence[Dim]) -> list[Scalar]:
    """Where a region over `full` reads what has as many dims, of which only the run knows whether they are 1."""
    index = []
    for axis, (dim, extent) in enumerate(zip(dims, full, strict=True)):
        at = b.loop_index(axis) if dim != 1 else b.index(0)
        if dim not in (1, extent):
            is_one = b.compare("eq", b.stage.dim(dim), b.index(1))
            at = b.select(is_one, b.index(0), at)
        index.append(at)
    return index


def _call(
    k: Kernel, name: str, keys: Sequence[tuple[Storage, tuple[Dim, ...]]], symbols: Sequence[str], begin: Any, end: Any
) -> None:
    """The call of a stage: each tensor as MLIR passes a memref, then symbols, then the part of the parallel loop."""
    given: list[Any] = []
    for storage, dims in keys:
        tensor = k.tensor(storage, dims)
        given += [tensor.pointer, tensor.pointer, ir.Constant(I64, 0)]
        given += [k.i64(d) for d in (*tensor.dims, *tensor.strides)]
    given += [k.i64(k.dim(symbol(s))) for s in symbols]
    given += [begin, end]
    kinds = [POINTER if v.type == POINTER else I64 for v in given]
    callee = ir.Function(k.function.module, ir.FunctionType(ir.VoidType(), kinds), name)
    k.ir.call(callee, given)
