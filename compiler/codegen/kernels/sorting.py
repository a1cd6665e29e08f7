"""Stable radix sort of places by integer keys, for kernels that run it on one line in one thread.

By bytes, lowest first, each pass a count, a running sum and a stable scatter from one pair of buffers to the other
(Knuth, The Art of Computer Programming 3, 5.2.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I64, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType

RADIX = 256


@dataclass(frozen=True)
class SortBuffers:
    """Scratch memory for lines sorted side by side: two buffers of keys and two of places, each [lines, extent]."""

    keys: tuple[Temporary, Temporary]
    places: tuple[Temporary, Temporary]

    @staticmethod
    def of(plan: Plan, key: DType, lines: Dim, extent: Dim) -> SortBuffers:
        """Temporaries for keys of this dtype."""
        keys = plan.temporary(key, lines, extent), plan.temporary(key, lines, extent)
        return SortBuffers(keys, (plan.temporary(DType.I64, lines, extent), plan.temporary(DType.I64, lines, extent)))


class Sorter:
    """The sort of one line while a kernel is written; `places` points to the order, 0, 1, ... at first."""

    def __init__(self, k: Kernel, buffers: SortBuffers, line: Num) -> None:
        self.k = k
        self.kind = registers.register_type(buffers.keys[0].dtype)
        extent = buffers.keys[0].dims[1]
        self.extent = k.dim(extent)
        start = k.mul(line, self.extent)
        self._keys = [k.at(k.tensor(b).pointer, self.kind, start) for b in buffers.keys]
        self._places = [k.at(k.tensor(b).pointer, I64, start) for b in buffers.places]
        self._starts = k.stack(I64, RADIX)
        self.places = self._places[0]
        with k.loop(0, self.extent) as i:
            k.store(self.places, i, i)

    def by(self, key: Callable[[ir.Value], ir.Value]) -> None:
        """Sorts the places by `key(place)`, the least first; those of equal keys keep their order."""
        k = self.k
        lowest = ir.Constant(self.kind, -1 << (self.kind.width - 1))
        with k.loop(0, self.extent) as i:
            # Unsigned order from here on.
            k.store(self._keys[0], k.ir.xor(key(k.load(self.places, I64, i)), lowest), i)
        count = self.kind.width // 8
        with k.loop(0, count) as number:
            is_even = k.compare("==", k.mod(number, 2), 0)
            keys, places = (
                [k.ir.select(is_even, *b), k.ir.select(is_even, *b[::-1])] for b in (self._keys, self._places)
            )
            self._pass(keys, places, number)
        if count % 2:
            with k.loop(0, self.extent) as i:
                k.store(self.places, k.load(self._places[1], I64, i), i)

    def _pass(self, keys: list[ir.Value], places: list[ir.Value], number: Num) -> None:
        k, kind, starts = self.k, self.kind, self._starts

        def digit(key: ir.Value) -> ir.Value:
            wide = key if kind == I64 else k.ir.zext(key, I64)
            return k.ir.and_(k.ir.lshr(wide, k.mul(number, 8)), k.i64(RADIX - 1))

        with k.loop(0, RADIX) as d:
            k.store(starts, k.i64(0), d)
        with k.loop(0, self.extent) as i:
            d = digit(k.load(keys[0], kind, i))
            k.store(starts, k.add(k.load(starts, I64, d), 1), d)
        total = k.variable(k.i64(0))
        with k.loop(0, RADIX) as d:
            size = k.load(starts, I64, d)
            k.store(starts, total.get(), d)
            total.set(k.add(total.get(), size))
        with k.loop(0, self.extent) as i:
            key = k.load(keys[0], kind, i)
            d = digit(key)
            at = k.load(starts, I64, d)
            k.store(starts, k.add(at, 1), d)
            k.store(keys[1], key, at)
            k.store(places[1], k.load(places[0], I64, i), at)
