"""A thin layer over llvmlite's IRBuilder: index arithmetic, loops, variables, strided reads and writes.

Kernels are written against `Builder`, never against an IRBuilder, so that one body serves constant and symbolic
extents, scalars and vectors. Three kinds of index go through the same functions: a Python int, a scalar i64 value,
and `Lanes`, the indices of neighbouring vector lanes; a vector of i64 is the general case that anything falls back to.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from mlc.codegen.math.lanes import Splat
from mlc.ir import Array
from mlc.target import Target

I1, I8, I16, I32, I64 = (ir.IntType(n) for n in (1, 8, 16, 32, 64))
F32, F64 = ir.FloatType(), ir.DoubleType()
POINTER = ir.PointerType()

Num = Any  # int | scalar i64 ir.Value; llvmlite is untyped
Index = Any  # Num | Lanes | vector of i64


@dataclass(frozen=True)
class Lanes:
    """Indices base, base + step, ... of `count` vector lanes; base is known to be a multiple of `multiple`."""

    base: Num
    step: int
    count: int
    multiple: int = 1


class Variable:
    """A mutable local of one LLVM type; becomes a register when LLVM optimizes."""

    def __init__(self, builder: Builder, type: ir.Type) -> None:
        self._builder = builder
        self.type = type
        self.slot = builder._allocas.alloca(type)

    def get(self) -> ir.Value:
        """The value last set."""
        return self._builder.ir.load(self.slot, typ=self.type)

    def set(self, value: ir.Value) -> None:
        """Changes the value from here on."""
        self._builder.ir.store(value, self.slot)


class Builder:
    """Writes one LLVM function. `ir` is the IRBuilder behind it, for plain arithmetic on values."""

    def __init__(self, function: ir.Function, target: Target) -> None:
        self.function = function
        self.target = target
        self._allocas = ir.IRBuilder(function.append_basic_block("entry"))
        self._body = function.append_basic_block("body")
        self.ir = ir.IRBuilder(self._body)
        self._multiples: dict[int, int] = {}
        # What `_arithmetic` wrote last for these operands: where, the result, and the operands that the ids are of.
        self._computed: dict[tuple[str, Any, Any], tuple[ir.Block, ir.Value, Index, Index]] = {}

    def finish(self, value: ir.Value | None = None) -> None:
        """Returns from the function and closes it."""
        if value is None:
            self.ir.ret_void()
        else:
            self.ir.ret(value)
        self._allocas.branch(self._body)

    # --- index arithmetic: folds what is constant, keeps Lanes as long as they stay a ramp ---

    def i64(self, x: Num) -> ir.Value:
        """A scalar index as an LLVM value."""
        return ir.Constant(I64, x) if isinstance(x, int) else x

    def add(self, x: Index, y: Index) -> Index:
        """x + y."""
        if isinstance(x, int) and isinstance(y, int):
            return x + y
        if _is_zero(x) or _is_zero(y):
            return y if _is_zero(x) else x
        if isinstance(x, Lanes) and isinstance(y, Lanes):
            return self._ramp(self.add(x.base, y.base), x.step + y.step, x.count, math.gcd(x.multiple, y.multiple))
        if isinstance(x, Lanes) and not _is_vector(y):
            return Lanes(self.add(x.base, y), x.step, x.count, math.gcd(x.multiple, self.multiple_of(y)))
        if isinstance(y, Lanes) and not _is_vector(x):
            return self.add(y, x)
        return self._arithmetic(self.ir.add, x, y, math.gcd(self.multiple_of(x), self.multiple_of(y)))

    def sub(self, x: Index, y: Index) -> Index:
        """x - y."""
        if isinstance(y, int):
            return self.add(x, -y)
        return self.add(x, self.mul(y, -1))

    def mul(self, x: Index, y: Index) -> Index:
        """x * y."""
        if isinstance(x, int) and isinstance(y, int):
            return x * y
        if isinstance(x, int):
            x, y = y, x
        if isinstance(y, int) and y in (0, 1):
            return x if y else 0
        if isinstance(x, Lanes) and isinstance(y, int):
            return Lanes(self.mul(x.base, y), x.step * y, x.count, x.multiple * abs(y))
        return self._arithmetic(self.ir.mul, x, y, self.multiple_of(x) * self.multiple_of(y))

    def floordiv(self, x: Index, y: Num) -> Index:
        """x / y rounded down, for x >= 0 and y > 0; 0 where y is an empty extent, in code that never runs."""
        if isinstance(y, int):
            if y == 0:
                return 0
            if isinstance(x, int):
                return x // y
            if y == 1:
                return x
            if isinstance(x, Lanes):
                if x.step % y == 0 and x.multiple % y == 0:
                    return self._ramp(self.floordiv(x.base, y), x.step // y, x.count, x.multiple // y)
                if self._is_within(x, y):
                    return self.floordiv(x.base, y)
        return self._arithmetic(self.ir.udiv, x, y, 1)

    def mod(self, x: Index, y: Num) -> Index:
        """x - y * floordiv(x, y), for x >= 0 and y > 0; 0 in code that never runs because y is 0."""
        if isinstance(y, int):
            if y == 0:
                return 0
            if isinstance(x, int):
                return x % y
            if y == 1:
                return 0
            if isinstance(x, Lanes) and self._is_within(x, y):
                return Lanes(self.mod(x.base, y), x.step, x.count, math.gcd(x.multiple, y))
        return self._arithmetic(self.ir.urem, x, y, math.gcd(self.multiple_of(x), self.multiple_of(y)))

    def ceildiv(self, x: Num, y: Num) -> Num:
        """x / y rounded up, for x >= 0 and y > 0."""
        return self.floordiv(self.add(x, self.sub(y, 1)), y)

    def minimum(self, x: Index, y: Index) -> Index:
        """The smaller of two indices, signed."""
        if isinstance(x, int) and isinstance(y, int):
            return min(x, y)
        return self.select(self.compare("<", x, y), x, y)

    def maximum(self, x: Index, y: Index) -> Index:
        """The larger of two indices, signed."""
        if isinstance(x, int) and isinstance(y, int):
            return max(x, y)
        return self.select(self.compare(">", x, y), x, y)

    def compare(self, relation: str, x: Index, y: Index) -> ir.Value:
        """x `relation` y as i1, or a vector of i1; signed."""
        left, right = self.unified(self.value(x), self.value(y))
        return self.ir.icmp_signed(relation, left, right)

    def select(self, condition: ir.Value, x: Index, y: Index) -> Index:
        """x where the condition holds, else y; on indices or on data."""
        if x is y or (isinstance(x, int) and isinstance(y, int) and x == y):
            return x
        condition, left, right = self.unified(condition, self.value(x), self.value(y))
        return self.ir.select(condition, left, right)

    def all_of(self, conditions: Sequence[ir.Value]) -> ir.Value:
        """Whether all conditions hold; true for none."""
        result = ir.Constant(I1, 1)
        for number, condition in enumerate(conditions):
            result = condition if number == 0 else self.ir.and_(*self.unified(result, condition))
        return result

    def multiple_of(self, x: Index) -> int:
        """A number that x is known to be a multiple of."""
        if isinstance(x, int):
            return abs(x) or 1 << 30
        return x.multiple if isinstance(x, Lanes) else self._multiples.get(id(x), 1)

    def value(self, x: Index) -> ir.Value:
        """An index as an LLVM value: scalar, or a vector for lanes."""
        if not isinstance(x, Lanes):
            return self.i64(x)
        ramp = ir.Constant(ir.VectorType(I64, x.count), [lane * x.step for lane in range(x.count)])
        return self.ir.add(self.splat(self.i64(x.base), x.count), ramp)

    def _ramp(self, base: Num, step: int, count: int, multiple: int) -> Index:
        return Lanes(base, step, count, multiple) if step else base

    def _is_within(self, x: Lanes, y: int) -> bool:
        """Whether all lanes lie between two neighbouring multiples of y."""
        return 0 <= x.step * (x.count - 1) < math.gcd(x.multiple, y)

    def _arithmetic(self, instruction: Callable[..., Any], x: Index, y: Index, multiple: int) -> ir.Value:
        """The instruction's result; the one that stands in this block already where it does.

        LLVM would find the second one as well, but each costs ten times as long to write and to read as to look up.
        """
        key = instruction.__name__, identity(x), identity(y)
        if key in self._computed and self._computed[key][0] is self.ir.block:
            return self._computed[key][1]
        result = instruction(*self.unified(self.value(x), self.value(y)))
        self._computed[key] = self.ir.block, result, x, y
        if multiple > 1:
            self._multiples[id(result)] = min(multiple, 1 << 30)
        return result

    # --- scalars and vectors ---

    def splat(self, x: ir.Value, count: int) -> ir.Value:
        """x in each of `count` lanes."""
        if isinstance(x, ir.Constant) and isinstance(x.constant, int | float):
            return Splat(ir.VectorType(x.type, count), x)
        nothing = _undefined(ir.VectorType(x.type, count))
        first = self.ir.insert_element(nothing, x, ir.Constant(I32, 0))
        return self.ir.shuffle_vector(first, nothing, _zeros(count))

    def unified(self, *values: ir.Value) -> tuple[ir.Value, ...]:
        """The values with scalars splat to the lanes of those that are vectors."""
        count = next((v.type.count for v in values if _is_vector(v)), None)
        if count is None:
            return values
        return tuple(v if _is_vector(v) else self.splat(v, count) for v in values)

    def like(self, number: float, x: ir.Value) -> ir.Value:
        """The constant `number` of the type of x."""
        if _is_vector(x):
            return Splat(x.type, ir.Constant(x.type.element, number))
        return ir.Constant(x.type, number)

    def lane(self, x: ir.Value, number: int) -> ir.Value:
        """One lane of a vector; a scalar is every lane of itself."""
        return self.ir.extract_element(x, ir.Constant(I32, number)) if _is_vector(x) else x

    def gathered(self, lanes: Sequence[ir.Value]) -> ir.Value:
        """The vector of these scalars."""
        vector = ir.VectorType(lanes[0].type, len(lanes))
        result = ir.Constant(vector, ir.Undefined)
        for number, lane in enumerate(lanes):
            result = self.ir.insert_element(result, lane, ir.Constant(I32, number))
        return result

    def transposed(self, rows: Sequence[ir.Value]) -> list[ir.Value]:
        """The columns of a square of vectors: as many as each has lanes, a power of two."""
        rows, count, step = list(rows), len(rows), 1
        while step < count:
            low, high = (
                ir.Constant(
                    ir.VectorType(I32, count),
                    [lane + first if not lane & step else count + lane - step + first for lane in range(count)],
                )
                for first in (0, step)
            )
            for n in range(count):
                if not n & step:
                    pair = rows[n], rows[n + step]
                    rows[n], rows[n + step] = (self.ir.shuffle_vector(*pair, order) for order in (low, high))
            step *= 2
        return rows

    def by_lane(self, function: Callable[..., ir.Value], *values: ir.Value) -> ir.Value:
        """`function` of scalars applied lane by lane; once when all values are scalars."""
        values = self.unified(*values)
        if not _is_vector(values[0]):
            return function(*values)
        count = values[0].type.count
        return self.gathered([function(*(self.lane(v, n) for v in values)) for n in range(count)])

    def intrinsic(self, name: str, *args: ir.Value, result: ir.Type | None = None) -> ir.Value:
        """A call of LLVM's `llvm.<name>` overloaded on the first argument's type, which is also the result's."""
        return self.call(f"llvm.{name}.{_mangled(args[0].type)}", *args, result=result or args[0].type)

    def call(self, name: str, *args: ir.Value, result: ir.Type) -> ir.Value:
        """A call of an external function, declared on first use."""
        module = self.function.module
        function = module.globals.get(name)
        if function is None:
            function = ir.Function(module, ir.FunctionType(result, [a.type for a in args]), name)
        return self.ir.call(function, args)

    def fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        """x * y + z on floats or integers; rounded once where the target has FMA."""
        x, y, z = self.unified(x, y, z)
        if isinstance(scalar_type(x.type), ir.IntType):
            return self.ir.add(self.ir.mul(x, y), z)
        if self.target.has("fma"):
            return self.intrinsic("fma", x, y, z)
        return self.ir.fadd(self.ir.fmul(x, y), z)

    # --- memory ---

    def stack(self, type: ir.Type, count: int) -> ir.Value:
        """A pointer to `count` uninitialized elements that live as long as the call, aligned to a cache line."""
        slot = self._allocas.alloca(type, size=count)
        slot.align = 64
        slot.type = POINTER  # llvmlite's alloca is typed; elements of other types are stored here too
        return slot

    def table(self, array: Array) -> ir.Value:
        """A pointer to the dense elements of an array, which become part of the object code."""
        data = np.ascontiguousarray(array).tobytes()
        name = f"table_{hashlib.sha256(data).hexdigest()[:16]}"
        module = self.function.module
        if name not in module.globals:
            kind = ir.ArrayType(I8, len(data))
            table = ir.GlobalVariable(module, kind, name)
            table.linkage, table.global_constant, table.align = "internal", True, 64
            table.initializer = ir.Constant(kind, bytearray(data))
        return module.globals[name].bitcast(POINTER)

    def variable(self, initial: ir.Value) -> Variable:
        """A mutable local that holds `initial` from here on."""
        variable = Variable(self, initial.type)
        variable.set(initial)
        return variable

    def at(self, pointer: ir.Value, type: ir.Type, offset: Num) -> ir.Value:
        """The address of element number `offset`."""
        if isinstance(offset, int) and offset == 0:
            return pointer
        return self.ir.gep(pointer, [self.i64(offset)], source_etype=type)

    def prefetch(self, pointer: ir.Value) -> None:
        """Asks for the cache line at the address, which will be read later; harmless where there is no memory."""
        hints = [ir.Constant(I32, n) for n in (0, 2, 1)]  # to read, into the second level, data
        self.call("llvm.prefetch.p0", pointer, *hints, result=ir.VoidType())

    def load(self, pointer: ir.Value, type: ir.Type, offset: Index = 0) -> ir.Value:
        """The element at an offset counted in elements, or one per lane: a vector load where lanes are neighbours."""
        if not isinstance(offset, Lanes) and not _is_vector(offset):
            return self.ir.load(self.at(pointer, type, offset), align=_size_of(type), typ=type)
        if isinstance(offset, Lanes) and offset.step == 1:
            vector = ir.VectorType(type, offset.count)
            return self.ir.load(self.at(pointer, type, offset.base), align=_size_of(type), typ=vector)
        if isinstance(offset, Lanes) and offset.step == -1:
            first = Lanes(self.sub(offset.base, offset.count - 1), 1, offset.count)
            return self._reversed(self.load(pointer, type, first))
        return self.gathered([self.load(pointer, type, o) for o in self.lane_offsets(offset)])

    def store(self, pointer: ir.Value, value: ir.Value, offset: Index = 0) -> None:
        """Writes an element, or one per lane."""
        type = scalar_type(value.type)
        if not _is_vector(value):
            self.ir.store(value, self.at(pointer, type, offset), align=_size_of(type))
        elif isinstance(offset, Lanes) and offset.step == 1:
            self.ir.store(value, self.at(pointer, type, offset.base), align=_size_of(type))
        else:
            for number, place in enumerate(self.lane_offsets(offset)):
                self.store(pointer, self.lane(value, number), place)

    def lane_offsets(self, offset: Index) -> list[Num]:
        """The scalar index of each lane."""
        if isinstance(offset, Lanes):
            return [self.add(offset.base, lane * offset.step) for lane in range(offset.count)]
        return [self.lane(offset, lane) for lane in range(offset.type.count)]

    def _reversed(self, x: ir.Value) -> ir.Value:
        count = x.type.count
        order = ir.Constant(ir.VectorType(I32, count), list(range(count - 1, -1, -1)))
        return self.ir.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), order)

    # --- control ---

    @contextmanager
    def loop(self, start: Num, stop: Num, step: int = 1) -> Iterator[ir.Value]:
        """Counts from start to below stop; the counter is a scalar i64."""
        head = self.function.append_basic_block("loop")
        body = self.function.append_basic_block("do")
        end = self.function.append_basic_block("end")
        before = self.ir.block
        self.ir.branch(head)
        self.ir.position_at_end(head)
        counter = self.ir.phi(I64)
        counter.add_incoming(self.i64(start), before)
        multiple = math.gcd(self.multiple_of(start), step)
        if multiple > 1:
            self._multiples[id(counter)] = multiple
        self.ir.cbranch(self.ir.icmp_signed("<", counter, self.i64(stop)), body, end)
        self.ir.position_at_end(body)
        yield counter
        counter.add_incoming(self.ir.add(counter, ir.Constant(I64, step), flags=["nsw"]), self.ir.block)
        self.ir.branch(head)
        self.ir.position_at_end(end)

    def carried(
        self,
        start: Num,
        stop: Num,
        step: int,
        initial: Sequence[ir.Value],
        body: Callable[[ir.Value, list[ir.Value]], Sequence[ir.Value]],
    ) -> list[ir.Value]:
        """A loop whose values live in registers: `body(counter, values)` gives the next ones, the last are returned.

        Written with its test at the end, as LLVM would turn it.
        """
        before = self.ir.block
        do = self.function.append_basic_block("do")
        end = self.function.append_basic_block("end")
        self.ir.cbranch(self.compare("<", start, stop), do, end)
        self.ir.position_at_end(do)
        counter = self.ir.phi(I64)
        counter.add_incoming(self.i64(start), before)
        values = [self.ir.phi(value.type) for value in initial]
        for phi, value in zip(values, initial, strict=True):
            phi.add_incoming(value, before)
        results = body(counter, list(values))
        following = self.ir.add(counter, ir.Constant(I64, step), flags=["nsw"])
        last = self.ir.block
        counter.add_incoming(following, last)
        for phi, value in zip(values, results, strict=True):
            phi.add_incoming(value, last)
        self.ir.cbranch(self.compare("<", following, stop), do, end)
        self.ir.position_at_end(end)
        final: list[ir.Value] = []
        for value, result in zip(initial, results, strict=True):
            phi = self.ir.phi(value.type)
            phi.add_incoming(value, before)
            phi.add_incoming(result, last)
            final.append(phi)
        return final

    def across(self, start: Num, stop: Num, lanes: int) -> Iterator[Index]:
        """Emits its body for whole vectors, then for the single elements left: `for i in k.across(0, n, 8)`.

        stop must not be below start.
        """
        whole = start
        length = self.sub(stop, start)
        if lanes > 1 and not (isinstance(length, int) and length < lanes):
            whole = self.add(start, self.mul(self.floordiv(length, lanes), lanes))
            with self.loop(start, whole, lanes) as i:
                yield Lanes(i, 1, lanes, math.gcd(self.multiple_of(start), lanes))
        if not (isinstance(length, int) and lanes > 1 and length % lanes == 0):
            with self.loop(whole, stop) as i:
                yield i

    @contextmanager
    def when(self, condition: ir.Value) -> Iterator[None]:
        """Runs the block where a scalar condition holds."""
        then = self.function.append_basic_block("then")
        end = self.function.append_basic_block("end")
        self.ir.cbranch(condition, then, end)
        self.ir.position_at_end(then)
        yield
        self.ir.branch(end)
        self.ir.position_at_end(end)

    @contextmanager
    def repeat(self) -> Iterator[Callable[[ir.Value], None]]:
        """A loop without a count: `with k.repeat() as stop_if: ... stop_if(condition) ...`."""
        body = self.function.append_basic_block("repeat")
        end = self.function.append_basic_block("end")
        self.ir.branch(body)
        self.ir.position_at_end(body)

        def stop_if(condition: ir.Value) -> None:
            rest = self.function.append_basic_block("do")
            self.ir.cbranch(condition, end, rest)
            self.ir.position_at_end(rest)

        yield stop_if
        self.ir.branch(body)
        self.ir.position_at_end(end)


@functools.cache
def _undefined(type: ir.VectorType) -> ir.Constant:
    """A vector without a value yet; one object, for the reason that `_zeros` has."""
    return ir.Constant(type, ir.Undefined)


@functools.cache
def _zeros(count: int) -> ir.Constant:
    """A shuffle mask that takes the first lane everywhere.

    One object, since llvmlite makes its text once for each, and splats stand in front of every product.
    """
    return Splat(ir.VectorType(I32, count), ir.Constant(I32, 0))


def scalar_type(type: ir.Type) -> ir.Type:
    """The lane type of a vector type, or the type itself."""
    return type.element if isinstance(type, ir.VectorType) else type


def with_lanes(type: ir.Type, scalar: ir.Type) -> ir.Type:
    """`scalar` with as many lanes as `type`."""
    return ir.VectorType(scalar, type.count) if isinstance(type, ir.VectorType) else scalar


def lanes_of(*indices: Index) -> int | None:
    """How many lanes the first index that has lanes has; None when all are scalar."""
    for x in indices:
        if isinstance(x, Lanes):
            return x.count
        if _is_vector(x):
            return int(x.type.count)
    return None


def identity(index: Index) -> Any:
    """What stands for an index in a key; whoever keeps the key keeps the index alive."""
    match index:
        case int():
            return index
        case ir.Value():
            return "value", id(index)
        case _:
            return identity(index.base), index.step, index.count


def _is_vector(x: Any) -> bool:
    return isinstance(x, ir.Value) and isinstance(x.type, ir.VectorType)


def _is_zero(x: Any) -> bool:
    return isinstance(x, int) and x == 0


def _size_of(type: ir.Type) -> int:
    match type:
        case ir.IntType():
            return max(1, int(type.width) // 8)
        case ir.FloatType():
            return 4
        case _:
            return 8


def _mangled(type: ir.Type) -> str:
    scalar = scalar_type(type)
    name = {ir.FloatType: "f32", ir.DoubleType: "f64"}.get(scalar.__class__) or f"i{scalar.width}"
    return f"v{type.count}{name}" if isinstance(type, ir.VectorType) else name
