"""MLIR text while it is written: a Stage is one function on tensors, a Body the region of a linalg.generic in it.

Elements in memory and in registers:

| dtype | in a tensor | in a region |
|---|---|---|
| bool | i8, 0 or 1 | i1 |
| 2- and 4-bit integers | i8, low bits | i8, sign- or zero-extended |
| other integers | signless, as wide | the same |
| f16, bf16 | as they are | f32 |
| 8- and 4-bit floats | their bits in an i8 | f32 |
| f32, f64 | as they are | as they are |

Arithmetic on a dtype narrower than its register ends in `rounded`, so that fused ops give the bits that the same ops
give through memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.elements import INDEX, Arithmetic, Scalar, Writer, dense, memory_type, stored_number
from mlc.codegen.mlir.narrow import decoded_narrow, encoded_narrow, is_narrow_float
from mlc.ir import Array, Dim, DType, Value
from mlc.ir.dims import Quotient, Symbol


@dataclass(frozen=True)
class Tensor:
    """A tensor value of a stage."""

    name: str
    dtype: DType
    dims: tuple[Dim, ...]

    @property
    def type(self) -> str:
        """Its MLIR type; dims that are not numbers are `?`."""
        return tensor_type(self.dtype, self.dims)


def tensor_type(dtype: DType, dims: Sequence[Dim]) -> str:
    """The MLIR type of a tensor as stages see it."""
    extents = "".join(f"{d}x" if isinstance(d, int) else "?x" for d in dims)
    return f"tensor<{extents}{memory_type(dtype)}>"


class Body(Arithmetic):
    """The region of a linalg.generic: arithmetic on elements."""

    stage: Stage

    @contextmanager
    def nested(self, by: str = "  ") -> Iterator[Body]:
        """A region inside of this one, while it is written; the stage's own ops go there too."""
        inner = Body(self.lines, self._counter, self.indent + by)
        inner.stage, outer = self.stage, self.stage.indent
        self.stage.indent = inner.indent
        yield inner
        self.stage.indent = outer

    def loop_index(self, axis: int) -> Scalar:
        """The index of an iteration dim of the generic."""
        return self.value(f"linalg.index {axis} : index", INDEX)

    def as_index(self, x: Scalar) -> Scalar:
        """A signed integer as an index."""
        return self.convert("arith.index_cast", x, INDEX)

    def extract(self, source: Tensor, index: Sequence[Scalar]) -> Scalar:
        """An element of a tensor, in a register."""
        kind = memory_type(source.dtype)
        at = ", ".join(map(str, index))
        return self.decoded(self.value(f"tensor.extract {source.name}[{at}] : {source.type}", kind), source.dtype)

    # --- between memory and registers ---

    def decoded(self, x: Scalar, dtype: DType) -> Scalar:
        """The register value of what lies in memory."""
        match dtype:
            case DType.BOOL:
                return self.compare("ne", x, self.like(0, x))
            case DType.F16 | DType.BF16:
                return self.convert("arith.extf", x, "f32")
            case DType.I2 | DType.I4:
                places = self.like(8 - dtype.bits, x)
                return self.binary("arith.shrsi", self.binary("arith.shli", x, places), places)
            case _:
                return decoded_narrow(self, x, dtype) if is_narrow_float(dtype) else x

    def encoded(self, x: Scalar, dtype: DType) -> Scalar:
        """What lies in memory for a register value."""
        match dtype:
            case DType.BOOL:
                return self.convert("arith.extui", x, "i8")
            case DType.F16 | DType.BF16:
                return self.convert("arith.truncf", x, dtype.value)
            case _ if is_narrow_float(dtype):
                return encoded_narrow(self, x, dtype)
            case _ if dtype.bits < 8:
                return self.binary("arith.andi", x, self.like((1 << dtype.bits) - 1, x))
            case _:
                return x

    def rounded(self, x: Scalar, dtype: DType) -> Scalar:
        """A register value brought back to the numbers its dtype has."""
        is_narrow = dtype.bits < 8 or (dtype.is_float and dtype.itemsize < 4)
        if dtype is DType.BOOL or not is_narrow:
            return x
        return self.decoded(self.encoded(x, dtype), dtype)


Expressions = Sequence[str]
Region = Callable[[Body, list[Scalar], list[Scalar]], Sequence[Scalar]]


class Stage(Writer):
    """One function: tensors in, tensors out through destinations, with no other memory.

    `arguments` are what it is called with: buffers seen in some shape, then symbols. `family` names the schedule that
    tiles it (a named sequence of schedules/), `parameters` what that sequence is given. A portable one goes to other
    compilers.
    """

    def __init__(self, title: str, *, is_portable: bool = False) -> None:
        super().__init__([], [0], "  ")
        self.title, self.is_portable = title, is_portable
        self.family = "loops"
        self.parameters: dict[str, int | tuple[int, ...]] = {}
        self.arguments: dict[tuple[Storage, tuple[Dim, ...]], Tensor] = {}
        self.symbols: dict[str, Scalar] = {}
        self.outputs: list[Tensor] = []
        self.results: list[Tensor] = []
        self._destinations: set[str] = set()
        self._tables: dict[tuple[DType, tuple[int, ...], bytes], Tensor] = {}

    def body(self) -> Body:
        """What writes ops on elements where the stage is."""
        made = Body(self.lines, self._counter, self.indent)
        made.stage = self
        return made

    def tensor(self, storage: Storage, dims: Sequence[Dim] | None = None) -> Tensor:
        """An argument: the buffer of a value or temporary, seen in another shape where `dims` are given."""
        dtype = storage.tensor.dtype if isinstance(storage, Value) else storage.dtype
        own = storage.tensor.dims if isinstance(storage, Value) else storage.dims
        key = (storage, tuple(own if dims is None else dims))
        if key not in self.arguments:
            memory_type(dtype)
            self.arguments[key] = Tensor(f"%arg{len(self.arguments)}", dtype, key[1])
        return self.arguments[key]

    def table(self, array: Array) -> Tensor:
        """A constant of the stage's own, at its beginning: for what is an attribute of the op, not a weight."""
        dtype = DType.of(array.dtype)
        key = (dtype, array.shape, array.tobytes())
        if key not in self._tables:
            made = Tensor(self.fresh(), dtype, array.shape)
            self.lines.insert(0, f"  {made.name} = arith.constant {dense(array)} : {made.type}")
            self._tables[key] = made
        return self._tables[key]

    def destination(self, storage: Storage, dims: Sequence[Dim] | None = None) -> Tensor:
        """An argument that the stage writes."""
        made = self.tensor(storage, dims)
        self._destinations.add(made.name)
        self.outputs.append(made)
        return made

    def scratch(self, storage: Storage) -> Tensor:
        """An argument that the stage writes and nobody reads behind it."""
        made = self.tensor(storage)
        self._destinations.add(made.name)
        return made

    def dim(self, dim: Dim) -> Scalar:
        """The value of a dim as an index."""
        if isinstance(dim, int):
            return self.index(dim)
        total: Scalar | None = None
        for monomial, coefficient in dim.terms:
            term = self.index(coefficient)
            for atom in monomial:
                term = self.binary("arith.muli", term, self._atom(atom))
            total = term if total is None else self.binary("arith.addi", total, term)
        return total if total is not None else self.index(0)

    def _atom(self, atom: Symbol | Quotient) -> Scalar:
        match atom:
            case Symbol(name):
                return self.symbols.setdefault(name, Scalar(f"%sym{len(self.symbols)}", INDEX))
            case Quotient(kind, x, y):
                left, right = self.dim(x), self.dim(y)
                match kind:
                    case "floordiv":
                        return self.binary("arith.floordivsi", left, right)
                    case "mod":
                        quotient = self.binary("arith.floordivsi", left, right)
                        return self.binary("arith.subi", left, self.binary("arith.muli", quotient, right))
                    case "min":
                        return self.binary("arith.minsi", left, right)
                    case _:
                        return self.binary("arith.maxsi", left, right)
        raise AssertionError(atom)

    def op(self, text: str, dtype: DType, dims: Sequence[Dim]) -> Tensor:
        """Adds an op whose result is a tensor."""
        made = Tensor(self.fresh(), dtype, tuple(dims))
        self.line(f"{made.name} = {text}")
        return made

    def empty(self, dtype: DType, dims: Sequence[Dim]) -> Tensor:
        """A tensor of no contents, which the schedule makes as small as a turn of the parallel loop needs."""
        sizes = ", ".join(str(self.dim(d)) for d in dims if not isinstance(d, int))
        return self.op(f"tensor.empty({sizes}) : {tensor_type(dtype, dims)}", dtype, dims)

    def fill(self, value: float, target: Tensor, attributes: str = "mlc.inner, mlc.pixelwise") -> Tensor:
        """linalg.fill of a destination."""
        kind = memory_type(target.dtype)
        text = stored_number(value, target.dtype)
        number = self.value(f"arith.constant {text} : {kind}", kind)
        return self.op(
            f"linalg.fill {{{attributes}}} ins({number} : {kind}) outs({target.name} : {target.type}) -> {target.type}",
            target.dtype,
            target.dims,
        )

    def generic(
        self,
        parallel: Sequence[str],
        ins: Sequence[tuple[Tensor, Expressions]],
        outs: Sequence[tuple[Tensor, Expressions]],
        region: Region,
        *,
        reduction: Sequence[str] = (),
        attributes: str = "",
    ) -> list[Tensor]:
        """A linalg.generic over named dims; each operand comes with its index expressions in these names."""
        names = [*parallel, *reduction]
        maps = [f"affine_map<({', '.join(names)}) -> ({', '.join(e)})>" for _, e in (*ins, *outs)]
        kinds = [*(['"parallel"'] * len(parallel)), *(['"reduction"'] * len(reduction))]
        results = [Tensor(self.fresh(), t.dtype, t.dims) for t, _ in outs]
        head = f"indexing_maps = [{', '.join(maps)}], iterator_types = [{', '.join(kinds)}]"
        given = f"ins({_operands([t for t, _ in ins])}) " if ins else ""
        extra = f" attrs = {{{attributes}}}" if attributes else ""
        left = results[0].name if len(results) == 1 else f"{results[0].name}, {', '.join(r.name for r in results[1:])}"
        self.line(f"{left} = linalg.generic {{{head}}} {given}outs({_operands([t for t, _ in outs])}){extra} {{")
        arguments = [Scalar(self.fresh(), memory_type(t.dtype)) for t, _ in (*ins, *outs)]
        self.line(f"^bb0({', '.join(f'{a}: {a.type}' for a in arguments)}):")
        with self.body().nested() as body:
            elements = [body.decoded(a, t.dtype) for a, (t, _) in zip(arguments, (*ins, *outs), strict=True)]
            made = region(body, elements[: len(ins)], elements[len(ins) :])
            stored = [body.encoded(x, t.dtype) for x, (t, _) in zip(made, outs, strict=True)]
            body.line(f"linalg.yield {', '.join(map(str, stored))} : {', '.join(s.type for s in stored)}")
        types = ", ".join(t.type for t, _ in outs)
        self.line(f"}} -> {types if len(outs) == 1 else f'({types})'}")
        return results

    def finish(self, results: Sequence[Tensor]) -> None:
        """The tensors to return, one for each destination in order."""
        self.results = list(results)

    def text(self, name: str, *, visibility: str = "private ") -> str:
        """The function under a name."""
        arguments = [
            f"{t.name}: {t.type} {{bufferization.writable = {'true' if t.name in self._destinations else 'false'}}}"
            for t in self.arguments.values()
        ]
        arguments += [f"{s}: index" for s in self.symbols.values()]
        types = [r.type for r in self.results]
        result = types[0] if len(types) == 1 else f"({', '.join(types)})"
        returned = f"  return {', '.join(r.name for r in self.results)} : {', '.join(types)}"
        head = f"func.func {visibility}@{name}({', '.join(arguments)}) -> {result} {{"
        return "\n".join([head, *self.lines, returned, "}"])


def _operands(tensors: Sequence[Tensor]) -> str:
    return f"{', '.join(t.name for t in tensors)} : {', '.join(t.type for t in tensors)}"
