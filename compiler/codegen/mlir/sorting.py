"""Stable radix sort of places by unsigned keys, in a stage or a turn of its parallel loop.

By bytes, lowest first (Knuth, The Art of Computer Programming 3, 5.2.5), as mlc.codegen.kernels.sorting does natively.
"""

from __future__ import annotations

from collections.abc import Callable

from mlc.codegen.kernels.sorting import RADIX
from mlc.codegen.mlir.control import Carried, insert, loop
from mlc.codegen.mlir.elements import INDEX, Scalar
from mlc.codegen.mlir.text import Body, Tensor
from mlc.ir import DType

# Of a place, the unsigned key of one of its elements.
Key = Callable[[Body, Scalar, Scalar], Scalar]


def rising(b: Body, dtype: DType, x: Scalar) -> Scalar:
    """An unsigned integer in the order of elements; NaN has the largest, and the zeros have one."""
    if dtype is DType.BOOL:
        return b.convert("arith.extui", x, "i8")
    if not x.is_float:
        return b.binary("arith.xori", x, b.like(-(1 << int(x.type[1:]) - 1), x)) if dtype.is_signed else x
    kind = "i64" if x.type == "f64" else "i32"
    # -0 becomes 0; the bits behind the sign fall where numbers below 0 rise.
    bits = b.convert("arith.bitcast", b.plain("arith.addf", x, b.like(0, x)), kind)
    sign = b.like(-(1 << int(kind[1:]) - 1), bits)
    flips = b.binary("arith.ori", b.binary("arith.shrsi", bits, b.like(int(kind[1:]) - 1, bits)), sign)
    return b.select(b.compare("uno", x, x), b.like(-1, bits), b.binary("arith.xori", bits, flips))


def falling(b: Body, dtype: DType, x: Scalar) -> Scalar:
    """An unsigned integer against the order of floats; NaN has the largest here too."""
    key = rising(b, dtype, x)
    nothing = b.like(-1, key)
    return b.select(b.compare("uno", x, x), nothing, b.binary("arith.xori", key, nothing))


def key_bytes(dtype: DType) -> int:
    """Bytes of a key of the dtype: floats of fewer bits are f32 in registers."""
    return 4 if dtype.is_float and dtype.itemsize < 4 else dtype.itemsize


def sort_places(
    b: Body, buffers: tuple[Tensor, Tensor, Tensor], count: Scalar, key: Key, byte_count: int, width: Scalar
) -> list[Tensor]:
    """The first `count` places sorted by `key(b, place, number)` for number 0, 1, ... below `width`, the first decides.

    The buffers are the places in their order so far, equal ones keep it, as many to spare, and RADIX numbers. All come
    back: what a loop carries keeps its memory.
    """
    # To the other buffer and back in a turn. Bytes are turns, not code: what bufferization asks of loops behind each
    # other doubles with each.
    zero, turns = b.index(0), (byte_count + 1) // 2

    def by_bytes(b: Body, turn: Scalar, now: list[Carried]) -> list[Carried]:
        places, spare, starts = now
        element = b.binary("arith.divui", turn, b.index(turns))
        number = b.binary("arith.subi", b.binary("arith.subi", width, b.index(1)), element)
        pair = b.binary("arith.remui", turn, b.index(turns))

        def digit(b: Body, place: Scalar, second: int) -> Scalar:
            found = key(b, b.as_index(place), number)
            bits = b.binary("arith.addi", b.binary("arith.muli", pair, b.index(16)), b.index(8 * second))
            shifted = b.binary("arith.shrui", found, b.convert("arith.index_cast", bits, found.type))
            return b.convert("arith.index_castui", b.binary("arith.andi", shifted, b.like(RADIX - 1, found)), INDEX)

        def back(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
            return [insert(b, b.extract(spare, [i]), now[0], [i])]

        spare, starts = _scattered(b, places, spare, starts, count, lambda b, place: digit(b, place, 0))
        if byte_count == 1:
            return [*loop(b, zero, count, [places], back), spare, starts]
        places, starts = _scattered(b, spare, places, starts, count, lambda b, place: digit(b, place, 1))
        return [places, spare, starts]

    return loop(b, zero, b.binary("arith.muli", width, b.index(turns)), buffers, by_bytes)


def _scattered(
    b: Body, places: Tensor, target: Tensor, starts: Tensor, n: Scalar, digit: Callable[[Body, Scalar], Scalar]
) -> list[Carried]:
    """`target` with the places in the order of their digits, equal ones as they were; and what became of `starts`."""
    zero, one = b.index(0), b.number(1, "i64")

    def clear(b: Body, d: Scalar, now: list[Carried]) -> list[Carried]:
        return [insert(b, b.number(0, "i64"), now[0], [d])]

    def count(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
        d = digit(b, b.extract(places, [i]))
        return [insert(b, b.add(b.extract(now[0], [d]), one), now[0], [d])]

    def add_up(b: Body, d: Scalar, now: list[Carried]) -> list[Carried]:
        size = b.extract(now[0], [d])
        return [insert(b, now[1], now[0], [d]), b.add(now[1], size)]

    def put(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
        place = b.extract(places, [i])
        d = digit(b, place)
        at = b.extract(now[1], [d])
        return [insert(b, place, now[0], [b.as_index(at)]), insert(b, b.add(at, one), now[1], [d])]

    starts = loop(b, zero, b.index(RADIX), [starts], clear)[0]
    starts = loop(b, zero, n, [starts], count)[0]
    starts = loop(b, zero, b.index(RADIX), [starts, b.number(0, "i64")], add_up)[0]
    return loop(b, zero, n, [target, starts], put)
