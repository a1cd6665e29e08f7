"""The native main of a program: `mlc_workspace_bytes` and `mlc_main`, which runs the steps with no Python in between.

Its ABI, struct mlc_call and the functions it calls are those of runtime/include/mlc_runtime.h.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.buffers import Memory, Names
from mlc.codegen.builder import F64, I1, I64, POINTER, Builder, Num, Variable
from mlc.codegen.dims import emit_dim
from mlc.codegen.kernel import Storage
from mlc.codegen.objects import MAIN
from mlc.codegen.program import CodeUnit, ErrorText, ProfileRow
from mlc.codegen.schedule import Inline, Launch
from mlc.codegen.steps import Copy, Host, If, Loop, Step, byte_count, walk
from mlc.codegen.units import KERNEL_TYPE, new_module
from mlc.ir import Array, Dim, Op, TensorType, Value
from mlc.ir.dims import is_static, symbols_of
from mlc.target import Target

# Fields of struct mlc_call, each 8 bytes.
_FIELDS = (
    "inputs",
    "outputs",
    "weights",
    "workspace",
    "symbols",
    "arena",
    "host_step",
    "host_ctx",
    "values",
    "shapes",
    "profile",
)
_ERROR_ARGS = len(_FIELDS)
_MOST_ERROR_ARGS = 4  # of mlc_call.error_args
_MOST_ELEMENTS = 1 << 47  # the user half of x86-64's address space, in bytes
OUT_OF_MEMORY = -2  # MLC_CALL_OUT_OF_MEMORY


def write_main(
    steps: Sequence[Step],
    memory: Memory,
    names: Names,
    *,
    symbols: Sequence[str],
    constants: dict[Value, Array],
    outputs: Sequence[tuple[int, Value, bool]],
    slots: dict[Value, int],
    defined: dict[Op, set[str]],
    target: Target,
) -> tuple[CodeUnit, tuple[ErrorText, ...], tuple[ProfileRow, ...]]:
    """The unit that holds main, the table of its errors and the names of its profile rows.

    `outputs` are (number, value, whether the caller brings the buffer) of the native outputs.
    """
    module = new_module(target)
    _write_workspace_bytes(module, memory, symbols, target)
    function = ir.Function(module, ir.FunctionType(I64, [POINTER]), MAIN)
    function.attributes.add("nounwind")
    m = MainBuilder(function, target, memory, names, symbols, constants, slots, defined)
    m.begin(max((len(s.arguments) for s in walk(steps) if isinstance(s, Launch)), default=0))
    m.run(steps)
    for number, value, is_sized in outputs:
        m.deliver(number, value, is_sized)
    m.finish(ir.Constant(I64, 0))
    return CodeUnit(MAIN, str(module)), tuple(m.errors), tuple(m.rows)


def _write_workspace_bytes(module: ir.Module, memory: Memory, symbols: Sequence[str], target: Target) -> None:
    function = ir.Function(module, ir.FunctionType(I64, [POINTER]), "mlc_workspace_bytes")
    k = Builder(function, target)
    total: Num = memory.static_bytes
    for size in memory.slots:
        total = k.add(total, emit_dim(k, size, lambda name: k.load(function.args[0], I64, symbols.index(name))))
    k.finish(k.i64(total))


class MainBuilder(Builder):
    """Main while it is written: pointers of storages, values of symbols, checks, launches."""

    def __init__(
        self,
        function: ir.Function,
        target: Target,
        memory: Memory,
        names: Names,
        symbols: Sequence[str],
        constants: dict[Value, Array],
        slots: dict[Value, int],
        defined: dict[Op, set[str]],
    ) -> None:
        super().__init__(function, target)
        self.memory, self.names, self.symbols, self.slots = memory, names, list(symbols), slots
        self.constants = constants
        self._defined = defined
        self.errors: list[ErrorText] = []
        self.rows: list[ProfileRow] = []
        self._allocated: set[int] = set()
        self._locals: dict[object, Variable] = {}
        self._declared: dict[str, ir.Function] = {}

    def begin(self, argument_count: int) -> None:
        """Loads the call's fields and computes where the symbolic slots start."""
        call = self.function.args[0]
        self._call = {name: self.ir.load(self.at(call, I64, n), typ=POINTER) for n, name in enumerate(_FIELDS)}
        self._args = self.stack(I64, max(argument_count, 1))
        self._variables = [self._allocas.alloca(POINTER) for _ in range(self.memory.variable_count)]
        at: Num = self.memory.static_bytes
        self._slot_offsets: list[Num] = []
        for size in self.memory.slots:
            self._slot_offsets.append(at)
            at = self.add(at, self.dim(size))

    # --- what kernels' inline code uses ---

    def dim(self, dim: Dim) -> Num:
        """The value of a dim here and now."""
        return emit_dim(self, dim, self.symbol)

    def symbol(self, name: str) -> Num:
        """The value of a symbol here and now."""
        return self.load(self._call["symbols"], I64, self.symbols.index(name))

    def define(self, name: str, value: Num) -> None:
        """Gives a symbol its value."""
        self.store(self._call["symbols"], self.i64(value), self.symbols.index(name))

    def pointer(self, storage: Storage) -> ir.Value:
        """The address of a storage."""
        root, offset = self.names.root(storage) if isinstance(storage, Value) else (storage, 0)
        place = self.memory.places[root]
        match place.kind:
            case "input":
                base = self.load(self._call["inputs"], POINTER, place.at)
            case "output":
                base = self.load(self._call["outputs"], POINTER, place.at)
            case "weights":
                base = self._bytes(self._call["weights"], place.at)
            case "workspace":
                base = self._bytes(self._call["workspace"], place.at)
            case "slot":
                base = self._bytes(self._call["workspace"], self._slot_offsets[place.at])
            case _:
                base = self.ir.load(self._variables[place.at], typ=POINTER)
        return self._bytes(base, self.dim(offset))

    def element(self, value: Value, index: Num) -> Num:
        """Element number `index` of an integer or boolean tensor, as i64; an int where it is constant."""
        root, offset = self.names.root(value)
        if isinstance(index, int) and offset == 0 and (array := self.constants.get(root)) is not None:
            return int(array.reshape(-1)[index])
        dtype = value.tensor.dtype
        memory = self.load(self.pointer(value), registers.memory_type(dtype), index)
        number = registers.decoded(self, dtype, memory)
        if number.type == I64:
            return number
        return self.ir.sext(number, I64) if dtype.is_signed else self.ir.zext(number, I64)

    def scalar(self, value: Value) -> ir.Value:
        """The one element of a tensor, in a register."""
        dtype = value.tensor.dtype
        return registers.decoded(self, dtype, self.load(self.pointer(value), registers.memory_type(dtype)))

    def require(self, condition: ir.Value, message: str, *args: Num, op: Op | None = None) -> None:
        """Returns with an error unless the condition holds; message is a template for str.format, of args."""
        fail, good = self.function.append_basic_block("fail"), self.function.append_basic_block("good")
        self.ir.cbranch(condition, good, fail)
        self.ir.position_at_end(fail)
        call = self.function.args[0]
        for number, arg in enumerate(args):
            self.store(call, self.i64(arg), _ERROR_ARGS + number)
        where = f"node '{op.loc.title}' ({op.name.removeprefix('mlc.')})" if op is not None else ""
        self.errors.append(ErrorText(message, where))
        self.ir.ret(ir.Constant(I64, len(self.errors)))
        self.ir.position_at_end(good)

    def resolve(self, value: Value, shape: Sequence[Num], op: Op) -> None:
        """States the actual shape of `value`: new symbols in its type get their values, the other dims are checked."""
        new = set(self._defined.get(op, ()))
        for axis, (dim, size) in enumerate(zip(value.tensor.dims, shape, strict=True)):
            if str(dim) in new:
                self.define(str(dim), size)
                new.discard(str(dim))
            elif not new.intersection(symbols_of(dim)) and not (isinstance(size, int) and dim == size):
                expected = self.dim(dim)
                text = f"dim {axis} of the result is {{0}}, but its type says {dim}" + (
                    "" if is_static(dim) else " = {1}"
                )
                self.require(self.compare("==", size, expected), text, size, expected, op=op)

    def set_local(self, key: object, value: ir.Value) -> None:
        """Changes a mutable local of main, which is made when it is first set."""
        if key not in self._locals:
            self._locals[key] = Variable(self, value.type)
        self._locals[key].set(value)

    def get_local(self, key: object) -> ir.Value:
        """What was last set."""
        return self._locals[key].get()

    @property
    def true(self) -> ir.Value:
        """The condition that always holds."""
        return ir.Constant(I1, 1)

    # --- steps ---

    def run(self, steps: Sequence[Step]) -> None:
        """Writes the steps one after another."""
        for step in steps:
            match step:
                case Launch():
                    self._launch(step)
                case Inline():
                    self.allocate(*step.storages)
                    step.emit(self)
                case Host():
                    self._host(step)
                case Copy():
                    self.allocate(step.source, step.target)
                    self.copy(self.pointer(step.target), self.pointer(step.source), self.dim(byte_count(step.source)))
                case If():
                    self._if(step)
                case Loop():
                    self._loop(step)

    def deliver(self, number: int, value: Value, is_sized: bool) -> None:
        """Hands an output to the caller: nothing to do where kernels wrote it, a copy, or the arena's buffer itself."""
        root, offset = self.names.root(value)
        place = self.memory.places[root]
        if place.kind == "output" and place.at == number and offset == 0:
            return
        source = self.pointer(value)
        if is_sized:
            self.copy(self.load(self._call["outputs"], POINTER, number), source, self.dim(byte_count(value)))
        elif place.kind == "variable":
            self.store_pointer(self._call["outputs"], source, number)
        else:
            fresh = self.arena(self.dim(byte_count(value)))
            self.copy(fresh, source, self.dim(byte_count(value)))
            self.store_pointer(self._call["outputs"], fresh, number)

    def copy(self, target: ir.Value, source: ir.Value, count: Num) -> None:
        """Copies bytes between buffers that do not overlap."""
        name = "llvm.memcpy.p0.p0.i64"
        function = self._external(name, ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I1]))
        self.ir.call(function, [target, source, self.i64(count), ir.Constant(I1, 0)])

    def arena(self, count: Num) -> ir.Value:
        """A buffer of the call's arena."""
        function = self._external("mlc_arena_alloc", ir.FunctionType(POINTER, [POINTER, I64]))
        pointer = self.ir.call(function, [self._call["arena"], self.i64(count)])
        self._return_unless(self.ir.icmp_unsigned("!=", pointer, ir.Constant(POINTER, None)), _i64(OUT_OF_MEMORY))
        return pointer

    def allocate(self, *storages: Storage) -> None:
        """Takes buffers from the arena for those of the storages that live there and have none yet."""
        for storage in storages:
            root = self.names.storage(storage)
            place = self.memory.places[root]
            if place.kind == "variable" and place.at not in self._allocated:
                self._allocated.add(place.at)
                self._require_addressable(root)
                self.ir.store(self.arena(self.dim(byte_count(root))), self._variables[place.at])

    def _require_addressable(self, storage: Storage) -> None:
        """Refuses sizes whose product does not fit an address: the count of bytes would wrap around."""
        dims = storage.tensor.dims if isinstance(storage, Value) else storage.dims
        count = ir.Constant(F64, 1)
        for dim in dims:
            count = self.ir.fmul(count, self.ir.sitofp(self.i64(self.dim(dim)), F64))
        shown = [self.dim(dim) for dim in dims[:_MOST_ERROR_ARGS]]
        text = "x".join(f"{{{number}}}" for number in range(len(shown))) + "x..." * (len(dims) > len(shown))
        fits = self.ir.fcmp_ordered("<", count, ir.Constant(F64, float(_MOST_ELEMENTS)))
        op = storage.op if isinstance(storage, Value) else None
        self.require(fits, f"a tensor of {text} elements is larger than memory can be", *shown, op=op)

    def set_pointer(self, storage: Storage, pointer: ir.Value) -> None:
        """Lets a storage of variable place be the buffer at `pointer`."""
        place = self.memory.places[self.names.storage(storage)]
        assert place.kind == "variable", place
        self._allocated.add(place.at)
        self.ir.store(pointer, self._variables[place.at])

    def store_pointer(self, array: ir.Value, pointer: ir.Value, number: int) -> None:
        """array[number] = pointer."""
        self.ir.store(pointer, self.at(array, I64, number))

    def _launch(self, step: Launch) -> None:
        self.allocate(*(a for a in step.arguments if not isinstance(a, str)))
        for number, argument in enumerate(step.arguments):
            value = self.symbol(argument) if isinstance(argument, str) else self.pointer(argument)
            self.ir.store(value, self.at(self._args, I64, number))
        kernel = self._external(step.kernel.unit.name, KERNEL_TYPE)
        row = len(self.rows)
        self.rows.append(self._profile_row(step))
        count = self.i64(self.dim(step.count))
        self.ir.call(
            self._timed_launch(), [self._call["profile"], kernel, self._args, count, _i64(step.grain), _i64(row)]
        )

    def _profile_row(self, step: Launch) -> ProfileRow:
        group = step.group
        flops, moved = (group.flops, group.byte_count) if step.is_last else (0, 0)
        return ProfileRow(step.kernel.unit.name, group.title, group.loc.names, step.key, flops, moved)

    def _timed_launch(self) -> ir.Function:
        """`void mlc_launch(profile, kernel, args, count, grain, row)`: parallel_for, timed where somebody looks."""
        if (found := self._declared.get("mlc_launch")) is not None:
            return found
        kinds = [POINTER, POINTER, POINTER, I64, I64, I64]
        function = ir.Function(self.function.module, ir.FunctionType(ir.VoidType(), kinds), "mlc_launch")
        function.linkage = "internal"
        function.attributes.add("noinline")
        self._declared["mlc_launch"] = function
        profile, kernel, args, count, grain, row = function.args
        k = Builder(function, self.target)
        run = self._external("mlc_parallel_for", ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I64]))
        now = self._external("mlc_now_ns", ir.FunctionType(I64, []))
        is_off = k.ir.icmp_unsigned("==", profile, ir.Constant(POINTER, None))
        with k.when(is_off):
            k.ir.call(run, [kernel, args, count, grain])
        with k.when(k.ir.not_(is_off)):
            start = k.ir.call(now, [])
            k.ir.call(run, [kernel, args, count, grain])
            spent = k.ir.sub(k.ir.call(now, []), start)
            k.store(profile, k.ir.add(k.load(profile, I64, row), spent), row)
        k.finish()
        return function

    def _host(self, step: Host) -> None:
        for value in step.operands:
            if value in self.slots and registers_hold(value):
                self.store_pointer(self._call["values"], self.pointer(value), self.slots[value])
                shape = self.stack(I64, max(value.tensor.rank, 1))
                for axis, dim in enumerate(value.tensor.dims):
                    self.store(shape, self.i64(self.dim(dim)), axis)
                self.store_pointer(self._call["shapes"], shape, self.slots[value])
        kind = ir.FunctionType(I64, [POINTER, I64, POINTER])
        number = ir.Constant(I64, step.number)
        row = len(self.rows)
        self.rows.append(ProfileRow("host", step.op.name.removeprefix("mlc."), step.op.loc.names))
        code = self._timed_host(kind, number, _i64(row))
        self._return_unless(self.ir.icmp_signed("==", code, _i64(0)), code)
        for value in step.results:
            self._take_host_result(value, step.op)

    def _timed_host(self, kind: ir.FunctionType, number: ir.Value, row: ir.Value) -> ir.Value:
        now = self._external("mlc_now_ns", ir.FunctionType(I64, []))
        is_on = self.ir.icmp_unsigned("!=", self._call["profile"], ir.Constant(POINTER, None))
        start = self.ir.call(now, [])
        code = self.ir.call(
            _Callee(self._call["host_step"], kind), [self._call["host_ctx"], number, self.function.args[0]]
        )
        with self.when(is_on):
            spent = self.ir.sub(self.ir.call(now, []), start)
            self.store(self._call["profile"], self.ir.add(self.load(self._call["profile"], I64, row), spent), row)
        return code

    def _take_host_result(self, value: Value, op: Op) -> None:
        if not registers_hold(value):
            return
        shape = self.load(self._call["shapes"], POINTER, self.slots[value])
        self.resolve(value, [self.load(shape, I64, axis) for axis in range(value.tensor.rank)], op)
        if self.names.storage(value) in self.memory.places:
            self.set_pointer(value, self.load(self._call["values"], POINTER, self.slots[value]))

    def _if(self, step: If) -> None:
        before = set(self._allocated)
        after: list[set[int]] = []
        then, otherwise, end = (self.function.append_basic_block(n) for n in ("then", "else", "end"))
        self.ir.cbranch(self.scalar(step.condition), then, otherwise)
        for block, steps in ((then, step.then), (otherwise, step.otherwise)):
            self._allocated = set(before)
            self.ir.position_at_end(block)
            self.run(steps)
            self.ir.branch(end)
            after.append(self._allocated)
        self._allocated = after[0] & after[1]
        self.ir.position_at_end(end)

    def _loop(self, step: Loop) -> None:
        control = step.control(self)
        head, body, end = (self.function.append_basic_block(n) for n in ("turn", "do", "end"))
        before = self.ir.block
        self.ir.branch(head)
        self.ir.position_at_end(head)
        turn = self.ir.phi(I64)
        turn.add_incoming(_i64(0), before)
        self.ir.cbranch(control.goes_on(turn), body, end)
        self.ir.position_at_end(body)
        control.before(turn)
        self.run(step.body)
        turn.add_incoming(self.ir.add(turn, _i64(1)), self.ir.block)
        self.ir.branch(head)
        self.ir.position_at_end(end)
        control.finish(turn)

    def _bytes(self, base: ir.Value, offset: Num) -> ir.Value:
        return self.at(base, ir.IntType(8), offset)

    def _return_unless(self, condition: ir.Value, code: ir.Value) -> None:
        ok, failed = self.function.append_basic_block("ok"), self.function.append_basic_block("failed")
        self.ir.cbranch(condition, ok, failed)
        self.ir.position_at_end(failed)
        self.ir.ret(code)
        self.ir.position_at_end(ok)

    def _external(self, name: str, kind: ir.FunctionType) -> ir.Function:
        if name not in self._declared:
            self._declared[name] = ir.Function(self.function.module, kind, name)
        return self._declared[name]


class _Callee:
    """What llvmlite's call needs to know of a function that is only a pointer."""

    def __init__(self, pointer: ir.Value, kind: ir.FunctionType) -> None:
        self.function_type = kind
        self.type = POINTER
        self._pointer = pointer

    def get_reference(self) -> str:
        return str(self._pointer.get_reference())


def registers_hold(value: Value) -> bool:
    """Whether native code holds this value: a ranked tensor of a dtype that registers have."""
    kind = value.type
    return isinstance(kind, TensorType) and kind.shape is not None and kind.dtype in registers.NATIVE


def _i64(number: int) -> ir.Constant:
    return ir.Constant(I64, number)
