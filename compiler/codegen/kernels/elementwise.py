"""Groups without a root: elementwise ops and index functions, evaluated at every index of each output.

The innermost dim runs over vector lanes, the others and chunks of it over the parallel range. Where all ops are
elementwise, neighbouring dims that every value walks through alike are merged first, most often into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Index, scalar_type
from mlc.codegen.groups import Group
from mlc.codegen.kernel import Kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import ceildiv, product

# Elements of the innermost dim in one unit of the parallel range: long enough to forget the unit's own cost.
CHUNK = 4096


def elementwise(plan: Plan) -> None:
    """One launch for the outputs of each shape."""
    by_dims: dict[tuple[Dim, ...], list[Value]] = {}
    for output in plan.group.outputs:
        by_dims.setdefault(output.tensor.dims, []).append(output)
    for dims, outputs in by_dims.items():
        _launch(plan, dims, outputs)


def _launch(plan: Plan, dims: tuple[Dim, ...], outputs: Sequence[Value]) -> None:
    values = _ancestors(plan.group, outputs)
    merged, shapes = dims, None
    if all(v.op is None or v.op not in plan.group.ops or v.op.is_elementwise for v in values):
        merged, shapes = merge_dims(dims, values)
    lanes = vector_lanes(plan, values, merged[-1] if merged else 1)
    plan.choose("dims", "x".join(map(str, merged)) or "scalar")
    plan.choose("lanes", lanes)
    outer, inner = merged[:-1], merged[-1] if merged else 1
    chunks = ceildiv(inner, CHUNK)
    width = min(inner, CHUNK) if isinstance(inner, int) else CHUNK
    op_count = sum(1 for v in values if v.op is not None and v.op in plan.group.ops)

    in_place = _overwritten(plan.group, dims) if len(plan.group.outputs) == 1 else ()

    @plan.each(product(outer) * chunks, cost=width * (1 + op_count), shapes=shapes, overwrites=in_place)
    def unit(k: Kernel, number: Any) -> None:
        *at, chunk = k.unravel(number, [*(k.dim(d) for d in outer), k.dim(chunks)])
        if not merged:
            _store(k, outputs, ())
            return
        start = k.mul(chunk, CHUNK) if chunks != 1 else 0
        stop = k.minimum(k.add(start, CHUNK), k.dim(inner)) if chunks != 1 else k.dim(inner)
        for i in k.across(start, stop, lanes):
            _store(k, outputs, (*at, i))


def _overwritten(group: Group, dims: tuple[Dim, ...]) -> tuple[Value, ...]:
    """The inputs whose elements are read at the index where the one output is written, and are as large."""
    if not group.is_elementwise:
        return ()
    itemsize = group.outputs[0].tensor.dtype.itemsize
    return tuple(v for v in group.inputs if v.tensor.dims == dims and v.tensor.dtype.itemsize == itemsize)


def _store(k: Kernel, outputs: Sequence[Value], index: tuple[Index, ...]) -> None:
    memo: dict[Any, Any] = {}
    for output in outputs:
        value = k.values.evaluate(output, index, {}, memo)
        k.write(k.tensor(output), index, value)


def _ancestors(group: Group, outputs: Sequence[Value]) -> list[Value]:
    """The values of the group that these outputs are computed from, themselves included, in a fixed order."""
    found: dict[Value, None] = {}
    stack = list(outputs)
    while stack:
        value = stack.pop()
        if value not in found:
            found[value] = None
            if value.op is not None and value.op in group.ops:
                stack.extend(value.op.operands)
    return list(found)


def merge_dims(dims: tuple[Dim, ...], values: Sequence[Value]) -> tuple[tuple[Dim, ...], dict[Value, tuple[Dim, ...]]]:
    """`dims` with neighbours merged where each value is dense or broadcast along both, and each value's dims so."""
    padded = {v: (1,) * (len(dims) - v.tensor.rank) + v.tensor.dims for v in values}
    merged: list[Dim] = []
    patterns: list[list[str]] = []
    shapes: dict[Value, list[Dim]] = {v: [] for v in values}
    for axis, dim in enumerate(dims):
        if dim == 1:
            continue
        pattern = [_walk(padded[v][axis], dim) for v in values]
        if patterns and patterns[-1] == pattern and "?" not in pattern:
            merged[-1] = merged[-1] * dim
            for v, walk in zip(values, pattern, strict=True):
                shapes[v][-1] = merged[-1] if walk == "dense" else 1
        else:
            merged.append(dim)
            patterns.append(pattern)
            for v in values:
                shapes[v].append(padded[v][axis])
    return tuple(merged), {v: tuple(s) for v, s in shapes.items()}


def _walk(dim: Dim, full: Dim) -> str:
    if dim == full:
        return "dense"
    return "broadcast" if dim == 1 else "?"


def vector_lanes(plan: Plan, values: Sequence[Value], inner: Dim) -> int:
    """Lanes for computing these values: as many as the widest of them fill a register; 1 where the dim is shorter."""
    widest = max((_register_bytes(v.tensor.dtype) for v in values), default=4)
    lanes = min(plan.target.lanes(widest), 32)
    return 1 if isinstance(inner, int) and inner < lanes else lanes


def _register_bytes(dtype: DType) -> int:
    kind = scalar_type(registers.register_type(dtype))
    if dtype is DType.BOOL:
        return 1
    return int(getattr(kind, "width", 64 if dtype is DType.F64 else 32)) // 8
