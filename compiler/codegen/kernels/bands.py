"""Images in bands of neighbouring lines, so that a core finds in its caches what it wrote.

A core has the same share of the parallel range in one kernel after the other. Where units are numbered band by band,
its share of every layer lies in the same part of the image, whatever channels a layer has: of what other cores wrote it
reads the lines at a border. Numbered by channels, it would read all that they wrote, out of the caches of cores that
may be far away.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.builder import Num
from mlc.codegen.kernel import Kernel
from mlc.ir import Dim
from mlc.ir.dims import product
from mlc.target import Target

# Windows of three lines at the borders of lower bands would see more lines of others than of their own.
LINES_OF_BAND = 4


def band_count(target: Target, lines: Dim) -> int:
    """One band for each core, but fewer of few lines; 1 where their number is not known."""
    return max(1, min(target.cores, lines // LINES_OF_BAND)) if isinstance(lines, int) else 1


class BandedLines:
    """A parallel range of the lines of blocks of channels: numbered by samples, bands, blocks, lines of a band.

    `lines` are the extents of the dims that count lines; there may be none.
    """

    def __init__(self, target: Target, batch: Dim, blocks: Dim, lines: Sequence[Dim]) -> None:
        self.batch, self.blocks, self.lines = batch, blocks, tuple(lines)
        self.bands = band_count(target, lines[0]) if lines else 1

    @property
    def count(self) -> Dim:
        """All units."""
        return product([self.batch, self.blocks, *self.lines])

    def at(self, k: Kernel, number: Num) -> tuple[Num, Num, list[Num]]:
        """Sample, block and line of a unit."""
        if self.bands == 1:
            n, block, *line = k.unravel(number, [k.dim(d) for d in (self.batch, self.blocks, *self.lines)])
            return n, block, line
        first, *others = self.lines
        assert isinstance(first, int)
        high = -(-first // self.bands)  # the last band may be lower
        blocks, inner = k.dim(self.blocks), k.dim(product(others))
        n, place = k.unravel(number, [k.dim(self.batch), k.mul(blocks, k.mul(inner, first))])
        size = k.mul(blocks, k.mul(inner, high))
        band = k.floordiv(place, size)
        height = k.minimum(high, k.sub(first, k.mul(band, high)))
        block, rest = self._divided(k, k.sub(place, k.mul(band, size)), k.mul(height, inner))
        line, *behind = k.unravel(rest, [height, *map(k.dim, others)])
        return n, block, [k.add(k.mul(band, high), line), *behind]

    def _divided(self, k: Kernel, number: Num, by: Num) -> tuple[Num, Num]:
        quotient = k.floordiv(number, by)
        return quotient, k.sub(number, k.mul(quotient, by))
