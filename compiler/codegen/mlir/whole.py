"""A whole model as one MLIR module: the stages of the mlir backend as functions, and a main that calls them on tensors.

For reading (`--emit=linalg`): main has no memory plan and no run-time checks, and weights are constants in it. Booleans
are i8, and integers signless, as in every stage. What other compilers get is written by mlc.codegen.mlir.portable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mlc.codegen.backend import input_symbols
from mlc.codegen.kernel import Prepared, Storage
from mlc.codegen.lower import Lowering
from mlc.codegen.main import registers_hold
from mlc.codegen.mlir.backend import MlirKernels
from mlc.codegen.mlir.elements import Scalar, dense
from mlc.codegen.mlir.flow import told_dims, write_control
from mlc.codegen.mlir.lowering import Call
from mlc.codegen.mlir.pipeline import STAGES
from mlc.codegen.mlir.run import Schedule, lower
from mlc.codegen.mlir.text import Stage, Tensor, tensor_type
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Launch
from mlc.codegen.steps import If, Loop, Step, walk
from mlc.errors import CompileError
from mlc.ir import Array, Dim, DType, Module, Op, Value, symbol
from mlc.ir.dims import product, symbols_of
from mlc.target import Target

# Constants up to this many bytes are written out even where large ones are left out.
SHORT_CONSTANT = 64


def lowered_stages(
    module: Module, target: Target, schedule: Schedule | None = None
) -> tuple[MlirKernels, Lowering, list[Step]]:
    """The stages of a verified module's main, before MLIR sees them, and the steps around them."""
    kernels = MlirKernels(schedule)
    symbols = input_symbols([v for v in module.main.inputs if registers_hold(v)])
    lowering = Lowering(target, symbols, no_fallback=False, submit=lambda unit: None, tuned={}, kernels=kernels)
    return kernels, lowering, lowering.block(module.main.block)


def whole_text(module: Module, kernels: MlirKernels, lowering: Lowering, steps: Sequence[Step]) -> str:
    """The module of stages that are written already, large weights left out.

    Raises CompileError for what only the compiled program has: steps in Python, shapes made of data.
    """
    functions = [f.text for f in kernels.functions.by_name.values()]
    main = Main(module, lowering, steps, with_weights=False).text(kernels.functions.calls)
    return "\n".join(["module {", *functions, main, "}", ""])


class Main:
    """The main function while it is written; `known` holds the newest tensor of each buffer."""

    def __init__(self, module: Module, lowering: Lowering, steps: Sequence[Step], *, with_weights: bool) -> None:
        self.steps = steps
        self.function, self.lowering, self.with_weights = module.main, lowering, with_weights
        self.stage = Stage("main")
        self.known: dict[Storage, Tensor] = {}
        self._calls: Iterator[Call] = iter(())
        self._defined: set[str] = set()

    def text(self, calls: Sequence[Call]) -> str:
        """The function, its calls in the order of the program."""
        self._refuse()
        try:
            return self._text(calls)
        except NoKernel as reason:  # of a tensor that is only looked at, such as one of texts
            raise CompileError(f"there is no MLIR module of the whole: {reason}") from None

    def _text(self, calls: Sequence[Call]) -> str:
        for number, value in enumerate(self.function.inputs):
            self.known[value] = Tensor(f"%arg{number}", value.tensor.dtype, value.tensor.dims)
        self._calls = iter(calls)
        self.write(self.steps)
        results = [self.seen(v, v.tensor.dims) for v in self.function.outputs]
        given = [(n, s.name) for n, s in self.stage.symbols.items() if n not in self._defined]
        symbols = [self._symbol(name, ssa) for name, ssa in given]
        inputs = ", ".join(f"{self.known[v].name}: {_type(v)}" for v in self.function.inputs)
        types = ", ".join(r.type for r in results)
        return "\n".join(
            [
                f"func.func @main({inputs}) -> ({types}) {{",
                *(line for lines in symbols for line in lines),
                *self.stage.lines,
                f"  return {', '.join(r.name for r in results)} : {types}",
                "}",
            ]
        )

    def _refuse(self) -> None:
        lowering = self.lowering
        if lowering.host_steps:
            op, reason, _, _ = lowering.host_steps[0]
            raise CompileError(f"{op.name} has no linalg form, so there is no MLIR module of the whole: {reason}")
        control = [step.op for step in walk(self.steps) if isinstance(step, If | Loop)]
        defined = {str(d) for op in control for d in told_dims(op) if self.is_new(op, d)}
        unknown = [s for s in lowering.known_symbols if s not in lowering.input_symbols and s not in defined]
        if unknown:
            raise CompileError(self._why_unknown(unknown[0]))

    def _why_unknown(self, name: str) -> str:
        if any(name in symbols_of(d) for v in self.function.inputs for d in v.tensor.dims):
            return f"there is no MLIR module of a model no input of which has {name} itself as a dim"
        op = next(op for op, new in self.lowering.defined.items() if name in new)
        return f"there is no MLIR module of the whole: only running {op.name} tells {name}, a dim of its result"

    def _symbol(self, name: str, ssa: str) -> list[str]:
        for value in self.function.inputs:
            for axis, dim in enumerate(value.tensor.dims):
                if symbols_of(dim) == [name] and str(dim) == name:
                    tensor = self.known[value]
                    return [
                        f"  {ssa}_axis = arith.constant {axis} : index",
                        f"  {ssa} = tensor.dim {tensor.name}, {ssa}_axis : {_type(value)}",
                    ]
        raise AssertionError(name)

    def write(self, steps: Sequence[Step]) -> None:
        """The steps: calls of stages in their order, control flow. Copies between buffers and checks are main's own."""
        for step in steps:
            match step:
                case Launch():
                    self.call(next(self._calls))
                case If() | Loop():
                    write_control(self, step)

    @contextmanager
    def inside(self, known: Mapping[Value, Tensor]) -> Iterator[None]:
        """A region in which these values are known as well; what is made in it stays there."""
        outside = dict(self.known)
        for value, tensor in known.items():
            self.set(value, tensor)
        yield
        self.known = outside

    def is_new(self, op: Op, dim: Dim) -> bool:
        """Whether a dim is a symbol that the op brings in."""
        return str(dim) in self.lowering.defined[op]

    def define(self, dim: Dim, number: Scalar) -> None:
        """Makes this the value of a dim that is new."""
        self.stage.symbols[str(dim)] = number
        self._defined.add(str(dim))

    def set(self, value: Value, tensor: Tensor) -> None:
        """Makes this the tensor of a value's buffer."""
        self.known[self._root(value)] = tensor

    def call(self, call: Call) -> None:
        """The call of a stage's function."""
        given, scalars = self.given(call), [self.stage.dim(symbol(s)) for s in call.symbols]
        made = [Tensor(self.stage.fresh(), given[n].dtype, given[n].dims) for n in call.function.outputs]
        types = ", ".join([*(t.type for t in given), *("index" for _ in scalars)])
        names = ", ".join([*(t.name for t in given), *(s.name for s in scalars)])
        left = ", ".join(t.name for t in made)
        results = ", ".join(t.type for t in made)
        self.stage.line(f"{left} = func.call @{call.function.name}({names}) : ({types}) -> ({results})")
        self.keep(call, made)

    def given(self, call: Call) -> list[Tensor]:
        """The tensors that a stage is called with; what it writes first is empty."""
        tensors: list[Tensor] = []
        for number, (storage, dims) in enumerate(call.arguments):
            is_new = number in call.function.outputs and self._root(storage) not in self.known
            tensors.append(self.stage.empty(_dtype(storage), dims) if is_new else self.seen(storage, dims))
        return tensors

    def keep(self, call: Call, made: Sequence[Tensor]) -> None:
        """What a stage wrote is from now on what its buffers hold."""
        for number, tensor in zip(call.function.outputs, made, strict=True):
            self.known[self._root(call.arguments[number][0])] = tensor

    def _root(self, storage: Storage) -> Storage:
        return self.lowering.names.storage(storage)

    def seen(self, storage: Storage, dims: Sequence[Dim]) -> Tensor:
        """The tensor of a buffer in this shape."""
        root, offset = self.lowering.names.root(storage) if isinstance(storage, Value) else (storage, 0)
        if root not in self.known:
            self.known[root] = self._constant(root)
        tensor = self.known[root]
        count = product(tuple(dims))
        if offset == 0 and product(tensor.dims) == count:
            return self._reshaped(tensor, tuple(dims))
        flat = self._reshaped(tensor, (product(tensor.dims),))
        if not isinstance(offset, int):
            raise CompileError("there is no MLIR module of a slice whose start depends on the data")
        start = offset // tensor.dtype.itemsize
        size = str(count) if isinstance(count, int) else str(self.stage.dim(count))
        kind = tensor_type(tensor.dtype, (count,))
        part = self.stage.op(
            f"tensor.extract_slice {flat.name}[{start}] [{size}] [1] : {flat.type} to {kind}", tensor.dtype, (count,)
        )
        return self._reshaped(part, tuple(dims))

    def _constant(self, storage: Storage) -> Tensor:
        if isinstance(storage, Prepared):
            return self._written(storage.make(storage.source), storage.dtype)
        if isinstance(storage, Value) and storage in self.lowering.constants:
            return self._written(self.lowering.constants[storage], storage.tensor.dtype)
        return self.stage.empty(_dtype(storage), storage.tensor.dims if isinstance(storage, Value) else storage.dims)

    def _written(self, array: Array, dtype: DType) -> Tensor:
        kind = tensor_type(dtype, array.shape)
        is_written = self.with_weights or array.nbytes <= SHORT_CONSTANT
        contents = dense(array) if is_written else "dense_resource<__elided__>"
        return self.stage.op(f"arith.constant {contents} : {kind}", dtype, array.shape)

    def _reshaped(self, tensor: Tensor, dims: tuple[Dim, ...]) -> Tensor:
        """The same elements in another shape of equally many: through one dim where dims do not just split or merge."""
        if (made := self._regrouped(tensor, dims)) is not None:
            return made
        flat = self._regrouped(tensor, (product(tensor.dims),))
        made = None if flat is None else self._regrouped(flat, dims)
        assert made is not None, (tensor.dims, dims)
        return made

    def _regrouped(self, tensor: Tensor, dims: tuple[Dim, ...]) -> Tensor | None:
        """The same elements with dims split, merged or as they are; None where that does not make these dims."""
        if tensor.dims == dims:
            return tensor
        if (groups := reassociation(tensor.dims, dims)) is not None:
            return self._collapsed(tensor, dims, groups)
        if (groups := reassociation(dims, tensor.dims)) is not None:
            return self._expanded(tensor, dims, groups)
        return None

    def _collapsed(self, tensor: Tensor, dims: tuple[Dim, ...], groups: list[list[int]]) -> Tensor:
        kind = tensor_type(tensor.dtype, dims)
        text = f"tensor.collapse_shape {tensor.name} {groups} : {tensor.type} into {kind}"
        return self.stage.op(text, tensor.dtype, dims)

    def _expanded(self, tensor: Tensor, dims: tuple[Dim, ...], groups: list[list[int]]) -> Tensor:
        kind = tensor_type(tensor.dtype, dims)
        sizes = ", ".join(str(d) if isinstance(d, int) else str(self.stage.dim(d)) for d in dims)
        text = f"tensor.expand_shape {tensor.name} {groups} output_shape [{sizes}] : {tensor.type} into {kind}"
        return self.stage.op(text, tensor.dtype, dims)


def reassociation(fine: Sequence[Dim], coarse: Sequence[Dim]) -> list[list[int]] | None:
    """Which neighbours of `fine` make each dim of `coarse`, as tensor.collapse_shape wants it; None where none do.

    All of `fine` is 1 where `coarse` has no dims: then there are no groups.
    """
    if not coarse:
        return [] if all(d == 1 for d in fine) else None
    groups: list[list[int]] = []
    at = 0
    for number, dim in enumerate(coarse):
        group: list[int] = []
        whole: Dim = 1
        is_last = number == len(coarse) - 1
        # The shortest run that makes the dim; dims of 1 behind the last go with it.
        while at < len(fine) and (not group or whole != dim or is_last):
            group.append(at)
            whole, at = whole * fine[at], at + 1
        if not group or whole != dim:
            return None
        groups.append(group)
    return groups if at == len(fine) and len(fine) > len(coarse) else None


def _dtype(storage: Storage) -> DType:
    return storage.tensor.dtype if isinstance(storage, Value) else storage.dtype


def _type(value: Value) -> str:
    return tensor_type(value.tensor.dtype, value.tensor.dims)


@dataclass(frozen=True)
class StageTexts:
    """A model at each stage up to one: `texts[stage]` is a module, `seconds` the time of each pass."""

    texts: Mapping[str, str]
    seconds: Mapping[str, float]


def stage_texts(module: Module, target: Target, schedule: Schedule | None, stop: str) -> StageTexts:
    """The stages of pipeline.STAGES up to `stop`, no code made of them.

    linalg has a main where the whole model can have one; the others are the functions alone, as kernels call them.
    """
    kernels, lowering, steps = lowered_stages(module, target, schedule)
    try:
        linalg = whole_text(module, kernels, lowering, steps)
    except CompileError as error:
        functions = [f.text for f in kernels.functions.by_name.values()]
        linalg = "\n".join([f"// {error}", "module {", *functions, "}", ""])
    wanted = STAGES[1 : STAGES.index(stop) + 1]
    if not wanted:
        lower([], schedule)  # nothing of it is used yet, but what is wrong with it is said
        return StageTexts({"linalg": linalg}, {})
    lowered = lower(list(kernels.functions.by_name.values()), schedule, wanted, stop)
    texts = {stage: "\n".join(lowered.stages[stage].values()) for stage in wanted}
    return StageTexts({"linalg": linalg, **texts}, lowered.seconds)
