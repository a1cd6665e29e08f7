"""The image a direct convolution reads: its input padded, split into phases of the stride, flattened over space.

Element q of phase f of a dim is x[q * stride + f - pad], or 0 outside of x. An image is dense over [batch, channel,
phases..., extents...]; a position in the flattened extents is one output, and a tap lies at a fixed distance from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.kernel import Kernel, Storage
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType
from mlc.ir.dims import product
from mlc.ops import Conv, ConvTranspose
from mlc.ops.inference import numbers


@dataclass(frozen=True, eq=False)
class Image:
    """Where the convolution reads. Per spatial dim: the phases it has, its extent, how many outputs there are, and the
    stride and dilation that taps are found by."""

    storage: Storage
    dtype: DType
    how: str
    phases: tuple[tuple[int, ...], ...]
    extents: tuple[Dim, ...]
    counts: tuple[Dim, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    channels: Dim
    has_slack: bool  # a tile may read beyond the last position

    @property
    def plane(self) -> Dim:
        """Elements of one channel."""
        return product(self.extents) * product([len(p) for p in self.phases])

    @property
    def positions(self) -> Dim:
        """Flattened positions up to the last output."""
        last: Dim = 0
        for axis, count in enumerate(self.counts):
            last = last + (count - 1) * product(self.extents[axis + 1 :])
        return last + 1

    @property
    def is_dense(self) -> bool:
        """Whether every position is an output."""
        return self.extents[1:] == self.counts[1:]

    @property
    def has_all_phases(self) -> bool:
        """Whether the number of a phase is the phase, so that it can be computed."""
        return all(p == tuple(range(s)) for p, s in zip(self.phases[:-1], self.strides[:-1], strict=True))

    def plane_start(self, k: Kernel, n: Num, channel: Num) -> Num:
        """Where a channel of a batch element starts."""
        return k.mul(k.add(k.mul(n, k.dim(self.channels)), channel), k.dim(self.plane))

    def distance(self, k: Kernel, tap: Sequence[Num]) -> Num:
        """How far from an output's position the element lies that it sees at `tap`."""
        phase: Num = 0
        place: Num = 0
        for axis, t in enumerate(tap):
            moved = k.mul(t, self.dilations[axis])
            rest = k.mod(moved, self.strides[axis])
            number = self.phases[axis].index(rest) if isinstance(rest, int) else rest
            phase = k.add(k.mul(phase, len(self.phases[axis])), number)
            place = k.add(k.mul(place, k.dim(self.extents[axis])), k.floordiv(moved, self.strides[axis]))
        return k.add(k.mul(phase, k.dim(product(self.extents))), place)

    def load(self, k: Kernel, start: Num, offset: int, lanes: int) -> Any:
        """A vector of the image."""
        pointer = k.tensor(self.storage).pointer
        memory = k.load(pointer, registers.memory_type(self.dtype), Lanes(k.add(start, offset), 1, lanes))
        return registers.decoded(k, self.dtype, memory)


def conv_image(plan: Plan, op: Conv, dtype: DType, columns: int) -> Image:
    """The image of a Conv: its input itself where that has no pads, strides or gaps to handle, else a copy."""
    kernel = numbers(op.w.tensor.dims[2:])
    x, counts = op.x.tensor.dims, op.result.tensor.dims[2:]
    rank = len(kernel)
    phases = tuple(
        tuple(sorted({t * d % s for t in range(size)}))
        for size, d, s in zip(kernel, op.dilations, op.strides, strict=True)
    )
    reach = [(size - 1) * d // s for size, d, s in zip(kernel, op.dilations, op.strides, strict=True)]
    is_plain = not any(op.pads) and all(s == 1 for s in op.strides) and op.x.tensor.dtype is dtype
    plain = Image(op.x, dtype, "in place", phases, x[2:], counts, op.strides, op.dilations, x[1], False)
    if is_plain and isinstance(plain.positions, int) and plain.positions >= columns:
        return plain
    extents = tuple(count + r for count, r in zip(counts, reach, strict=True))

    def source(k: Kernel, axis: int, phase: Num, q: Index) -> Index:
        return k.sub(k.add(k.mul(q, op.strides[axis]), phase), op.pads[axis])

    def bounds(k: Kernel, phase: Num) -> tuple[Num, Num]:
        """Where along the last dim the image is x: the q whose source is not below 0, and not beyond x."""
        stride, begin = op.strides[-1], op.pads[rank - 1]
        low = k.ceildiv(k.maximum(k.sub(begin, phase), 0), stride)
        return low, k.ceildiv(k.maximum(k.sub(k.add(k.dim(x[-1]), begin), phase), 0), stride)

    image = _copied(plan, dtype, phases, extents, counts, op.strides, op.dilations, x, columns)
    _add_copy(plan, op, image, source, bounds)
    return image


def transposed_image(plan: Plan, op: ConvTranspose, dtype: DType, columns: int) -> Image:
    """The image of a ConvTranspose: x with stride - 1 zeros between its elements, and around it what the taps reach."""
    kernel = numbers(op.w.tensor.dims[2:])
    x, counts = op.x.tensor.dims, op.result.tensor.dims[2:]
    reach = [(size - 1) * d for size, d in zip(kernel, op.dilations, strict=True)]
    extents = tuple(count + r for count, r in zip(counts, reach, strict=True))
    ones = (1,) * len(kernel)
    image = _copied(plan, dtype, ((0,),) * len(kernel), extents, counts, ones, op.dilations, x, columns)
    lead = [r - pad for r, pad in zip(reach, op.pads, strict=False)]

    @plan.each(x[0] * x[1] * product(extents[:-1]), cost=extents[-1])
    def spread(k: Kernel, number: Any) -> None:
        n, c, *at = k.unravel(number, [k.dim(d) for d in (x[0], x[1], *extents[:-1])])
        target = k.tensor(image.storage)
        row = _row_start(k, image, n, c, (), at)
        _zero(k, target.pointer, dtype, row, k.dim(extents[-1]))
        inside, place = [], []
        for axis, i in enumerate(at):
            moved = k.sub(i, lead[axis])
            safe = k.maximum(moved, 0)
            quotient, rest = k.floordiv(safe, op.strides[axis]), k.mod(safe, op.strides[axis])
            inside += [k.compare(">=", moved, 0), k.compare("==", rest, 0)]
            inside.append(k.compare("<", quotient, k.dim(x[2 + axis])))
            place.append(quotient)
        with k.when(k.all_of(inside)), k.loop(0, k.dim(x[-1])) as j:
            q = k.add(k.mul(j, op.strides[-1]), lead[-1])
            fits = k.all_of([k.compare(">=", q, 0), k.compare("<", q, k.dim(extents[-1]))])
            with k.when(fits):
                value = k.read_as(dtype, k.tensor(op.x), (n, c, *place, j))
                k.store(target.pointer, registers.encoded(k, dtype, value), k.add(row, q))

    return image


def _copied(
    plan: Plan,
    dtype: DType,
    phases: tuple[tuple[int, ...], ...],
    extents: tuple[Dim, ...],
    counts: tuple[Dim, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    x: tuple[Dim, ...],
    columns: int,
) -> Image:
    phase_count = product([len(p) for p in phases])
    size = x[0] * x[1] * phase_count * product(extents)
    # A tile may read up to its columns beyond the last position: room for that behind the last plane.
    room = plan.temporary(dtype, size + columns)
    return Image(room, dtype, "copied", phases, extents, counts, strides, dilations, x[1], True)


def _add_copy(
    plan: Plan,
    op: Conv,
    image: Image,
    source: Callable[[Kernel, int, Num, Index], Index],
    bounds: Callable[[Kernel, Num], tuple[Num, Num]],
) -> None:
    """One unit per line of the image along its last dim: zeros, a part of x, zeros."""
    x = op.x.tensor.dims
    counts: list[Dim] = [len(p) for p in image.phases]
    lines = x[0] * x[1] * product(counts) * product(image.extents[:-1])
    lanes = plan.target.lanes(image.dtype.itemsize)

    @plan.each(lines, cost=image.extents[-1])
    def line(k: Kernel, number: Any) -> None:
        n, c, *rest = k.unravel(number, [k.dim(d) for d in (x[0], x[1], *counts, *image.extents[:-1])])
        numbers_of_phases, at = rest[: len(counts)], rest[len(counts) :]
        phases = [_phase(k, image.phases[axis], i) for axis, i in enumerate(numbers_of_phases)]
        row = _row_start(k, image, n, c, numbers_of_phases, at)
        target = k.tensor(image.storage)
        extent = k.dim(image.extents[-1])
        places = [source(k, axis, phases[axis], i) for axis, i in enumerate(at)]
        inside = []
        for axis, place in enumerate(places):
            inside += [k.compare(">=", place, 0), k.compare("<", place, k.dim(x[2 + axis]))]
        is_inside = k.all_of(inside)
        with k.when(is_inside):
            low, high = (k.minimum(b, extent) for b in bounds(k, phases[-1]))
            high = k.maximum(low, high)
            _zero(k, target.pointer, image.dtype, row, low)
            for q in k.across(low, high, lanes):
                column = source(k, len(at), phases[-1], q)
                value = k.read_as(image.dtype, k.tensor(op.x), (n, c, *places, column))
                k.store(target.pointer, registers.encoded(k, image.dtype, value), k.add(row, q))
            _zero(k, target.pointer, image.dtype, k.add(row, high), k.sub(extent, high))
        with k.when(k.ir.not_(is_inside)):
            _zero(k, target.pointer, image.dtype, row, extent)


def _phase(k: Kernel, phases: tuple[int, ...], number: Num) -> Num:
    """The phase with this number."""
    if phases == tuple(range(len(phases))):
        return number
    result: Num = phases[0]
    for i, phase in enumerate(phases[1:], 1):
        result = k.select(k.compare("==", number, i), phase, result)
    return result


def _row_start(k: Kernel, image: Image, n: Num, c: Num, phase_numbers: Sequence[Num], at: Sequence[Num]) -> Num:
    """Where the line along the last dim starts."""
    phase: Num = 0
    for number, phases in zip(phase_numbers, image.phases, strict=False):
        phase = k.add(k.mul(phase, len(phases)), number)
    line: Num = 0
    for i, extent in zip(at, image.extents, strict=False):
        line = k.add(k.mul(line, k.dim(extent)), i)
    inside = k.add(k.mul(phase, k.dim(product(image.extents))), k.mul(line, k.dim(image.extents[-1])))
    return k.add(image.plane_start(k, n, c), inside)


def _zero(k: Kernel, pointer: Any, dtype: DType, start: Num, count: Num) -> None:
    """Zeros in [start, start + count)."""
    zero = registers.encoded(k, dtype, registers.constant(dtype, 0))
    lanes = k.target.lanes(dtype.itemsize)
    for i in k.across(0, count, lanes):
        value = k.splat(zero, lanes) if isinstance(i, Lanes) else zero
        k.store(pointer, value, k.add(start, i))
