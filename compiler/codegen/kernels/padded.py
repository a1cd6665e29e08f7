"""A copy of a blocked image with its pads, for kernels that cannot leave out the taps in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.windows import WindowDim
from mlc.codegen.schedule import Plan
from mlc.ir import Value
from mlc.ir.dims import product


def padded_image(plan: Plan, x: Value, dims: Sequence[WindowDim], pixel: int) -> tuple[Temporary, list[WindowDim]]:
    """Adds the copy of x[N, planes, spatial..., pixel], and gives it with the windows as they lie on it."""
    batch, planes = x.tensor.dims[:2]
    extents = [d.begin + d.size + d.end for d in dims]
    dtype = x.tensor.dtype
    image = plan.temporary(dtype, batch, planes, *extents, pixel)
    lanes = plan.target.lanes(dtype.itemsize)

    @plan.each(batch * planes * product(extents[:-1]), cost=extents[-1] * pixel)
    def line(k: Kernel, number: Any) -> None:
        n, c, *at = k.unravel(number, [k.dim(d) for d in (batch, planes, *extents[:-1])])
        target = k.tensor(image, (batch, planes, *extents[:-1], extents[-1] * pixel))
        source = k.tensor(x, (batch, planes, *(d.size for d in dims[:-1]), dims[-1].size * pixel))
        places = [k.sub(i, d.begin) for i, d in zip(at, dims, strict=False)]
        inside = [k.compare(">=", p, 0) for p in places]
        inside += [k.compare("<", p, k.dim(d.size)) for p, d in zip(places, dims, strict=False)]
        is_inside = k.all_of(inside)
        low = dims[-1].begin * pixel
        high = k.add(low, k.mul(k.dim(dims[-1].size), pixel))
        end = k.mul(k.dim(extents[-1]), pixel)
        zero = registers.constant(dtype, 0)

        def clear(start: Num, stop: Num) -> None:
            for i in k.across(start, stop, lanes):
                k.write(target, (n, c, *at, i), zero)

        with k.when(is_inside):
            clear(0, low)
            for i in k.across(low, high, lanes):
                k.write(target, (n, c, *at, i), k.read(source, (n, c, *places, k.sub(i, low))))
            clear(high, end)
        with k.when(k.ir.not_(is_inside)):
            clear(0, end)

    exact = [
        WindowDim(e, d.count, d.taps, d.stride, d.dilation, 0, 0, False) for e, d in zip(extents, dims, strict=True)
    ]
    return image, exact
