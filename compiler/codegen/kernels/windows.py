"""Where windows lie on a padded dim: which taps see elements, and for which positions all of them do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.codegen.builder import Builder, Num
from mlc.ir import Dim


@dataclass(frozen=True)
class WindowDim:
    """One spatial dim of a pool: `size` elements, `count` windows of `taps` taps; pads before and behind."""

    size: Dim
    count: Dim
    taps: int
    stride: int
    dilation: int
    begin: int
    end: int
    ceil_mode: bool

    @property
    def reach(self) -> int:
        """From the first tap of a window to the last."""
        return (self.taps - 1) * self.dilation

    @property
    def length(self) -> Dim:
        """What all windows see, from the first begin pad on, whether or not the dim is as long."""
        return (self.count - 1) * self.stride + self.reach + 1

    @property
    def is_exact(self) -> bool:
        """Whether every tap of every window sees an element."""
        return self.begin == 0 and self.end == 0 and not self.ceil_mode

    def first(self, b: Builder, position: Num) -> Num:
        """Where the window at `position` begins, from the first element of the dim on; negative in the pad."""
        return b.sub(b.mul(position, self.stride), self.begin)

    def seen(self, b: Builder, position: Num, size: Num) -> tuple[Num, Num]:
        """The taps [low, high) of the window at `position` that see elements of the dim, which has `size`."""
        first = self.first(b, position)
        low: Num = 0
        if self.begin:
            low = b.minimum(b.ceildiv(b.maximum(b.mul(first, -1), 0), self.dilation), self.taps)
        if self.end == 0 and not self.ceil_mode:
            return low, self.taps
        high = b.minimum(b.ceildiv(b.maximum(b.sub(size, first), 0), self.dilation), self.taps)
        return low, b.maximum(high, low)

    def whole(self, b: Builder, size: Num, count: Num) -> tuple[Num, Num]:
        """The positions [low, high) whose windows see elements with all taps."""
        if self.is_exact:
            return 0, count
        low = b.minimum(b.ceildiv(self.begin, self.stride), count)
        room = b.add(size, self.begin - self.reach - 1)
        high = b.floordiv(b.maximum(b.add(room, self.stride), 0), self.stride)
        return low, b.maximum(b.minimum(high, count), low)


def window_dims(
    sizes: Sequence[Dim],
    counts: Sequence[Dim],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
    ceil_mode: bool,
) -> list[WindowDim]:
    """One WindowDim per spatial dim; pads are (begin..., end...)."""
    rank = len(kernel)
    columns = zip(sizes, counts, kernel, strides, dilations, pads[:rank], pads[rank:], strict=True)
    return [
        WindowDim(size, count, taps, stride, dilation, begin, end, ceil_mode)
        for size, count, taps, stride, dilation, begin, end in columns
    ]
