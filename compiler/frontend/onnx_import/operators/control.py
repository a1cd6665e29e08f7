"""Control flow: If, Loop, Scan. What their subgraphs say about shapes decides the types around them."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import normalized
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Block, Dim, DType, Region, TensorType, Type, Value, tensor
from mlc.ir.dims import symbols_of
from mlc.ops import If, Loop, Scan, Yield
from mlc.ops.sequence import join


@onnx_op("If", since=1)
def if_(g: Graph, condition: Value, *, then_branch: onnx.GraphProto, else_branch: onnx.GraphProto) -> Sequence[Value]:
    known = g.array(condition)
    if known is not None:
        return _inlined(g, g.region(then_branch if known.item() else else_branch, []))
    branches = g.region(then_branch, []), g.region(else_branch, [])
    first, second = ([v.type for v in region.block.terminator.operands] for region in branches)
    if len(first) != len(second):
        raise g.error(f"then_branch has {len(first)} outputs, else_branch {len(second)}")
    outer = _symbols_around(branches, [])
    types = []
    for index, (a, b) in enumerate(zip(first, second, strict=True)):
        joined = a if a == b else _joined(g, a, b, set())
        types.append(_outside(g, joined, outer, index, 0))
    return g.add(If(condition, *branches, tuple(types))).results


def _inlined(g: Graph, region: Region) -> Sequence[Value]:
    """The region's ops in place of an op that would always run it once."""
    mapping: dict[Value, Value] = {}
    for op in region.block:
        if op.is_terminator:
            break
        g.add(op.clone(mapping))
    return [mapping.get(v, v) for v in region.block.terminator.operands]


@onnx_op("Loop", since=1)
def loop(
    g: Graph, m: Value | None = None, cond: Value | None = None, *carried: Value, body: onnx.GraphProto
) -> Sequence[Value]:
    if len(body.input) != 2 + len(carried):
        raise g.error(f"body has {len(body.input)} inputs for {len(carried)} carried values")
    fixed = [_counter(info, dtype) for info, dtype in zip(body.input, (DType.I64, DType.BOOL), strict=False)]
    region, arguments = _stable_region(g, body, fixed, [v.type for v in carried], [], skipped=1)
    outer = _symbols_around([region], [v.type for v in carried])
    types = [_outside(g, t, outer, i, 0) for i, t in enumerate(arguments)]
    turns = _turns(g, m, cond, region)
    for index, value in enumerate(region.block.terminator.operands[1 + len(carried) :], start=len(carried)):
        types.append(_stack(g, value.type, outer, index, 0, turns))
    return g.add(Loop(m, cond, carried, region, tuple(types))).results


def _counter(info: onnx.ValueInfoProto, dtype: DType) -> TensorType:
    """A scalar, or a vector of one where the body declares that."""
    return tensor(dtype, 1) if len(info.type.tensor_type.shape.dim) == 1 else tensor(dtype)


def _turns(g: Graph, m: Value | None, cond: Value | None, region: Region) -> Dim | None:
    """How often the loop runs, where only the trip count ends it and is known."""
    dims = g.dims(m)
    if cond is None:
        return dims[0] if dims else None
    again, now = region.block.terminator.operands[0], region.block.arguments[1]
    starts, goes_on = g.array(cond), g.array(again)
    is_endless = starts is not None and bool(starts.item()) and (again is now or goes_on is not None and goes_on.item())
    return dims[0] if dims and is_endless else None


@onnx_op("Scan", since=9)
def scan(
    g: Graph,
    *values: Value,
    body: onnx.GraphProto,
    num_scan_inputs: int,
    scan_input_axes: tuple[int, ...] | None = None,
    scan_input_directions: tuple[int, ...] | None = None,
    scan_output_axes: tuple[int, ...] | None = None,
    scan_output_directions: tuple[int, ...] | None = None,
) -> Sequence[Value]:
    count = len(values) - num_scan_inputs
    states, inputs = values[:count], values[count:]
    given = scan_input_axes or (0,) * len(inputs)
    axes = tuple(normalized(g, a, v.tensor.rank) for a, v in zip(given, inputs, strict=True))
    slices = [_without(v.tensor, a) for v, a in zip(inputs, axes, strict=True)]
    region, arguments = _stable_region(g, body, [], [v.type for v in states], slices, skipped=0)
    stacked = region.block.terminator.operands[count:]
    outer = _symbols_around([region], [v.type for v in values])
    types = [_outside(g, t, outer, i, 0) for i, t in enumerate(arguments)]
    output_axes = []
    for index, (value, axis) in enumerate(zip(stacked, scan_output_axes or (0,) * len(stacked), strict=True)):
        output_axes.append(axis % (value.tensor.rank + 1))
        length = inputs[0].tensor.dims[axes[0]]
        types.append(_stack(g, value.type, outer, count + index, output_axes[-1], length))
    op = Scan(
        states,
        inputs,
        region,
        tuple(types),
        input_axes=axes,
        input_directions=scan_input_directions or (0,) * len(inputs),
        output_axes=tuple(output_axes),
        output_directions=scan_output_directions or (0,) * len(stacked),
    )
    return g.add(op).results


@onnx_op("Scan", since=8)
def scan_before_9(
    g: Graph,
    sequence_lens: Value | None = None,
    *values: Value,
    body: onnx.GraphProto,
    directions: tuple[int, ...] | None = None,
    num_scan_inputs: int,
) -> Sequence[Value]:
    """Everything has a batch dim first: a scan over the batch whose body is the scan over the sequence."""
    if sequence_lens is not None:
        raise g.error("input sequence_lens is not supported")
    count = len(values) - num_scan_inputs
    samples = Block([_without(v.tensor, 0) for v in values])
    states, inputs = samples.arguments[:count], samples.arguments[count:]
    slices = [_without(v.tensor, 0) for v in inputs]
    region, arguments = _stable_region(g, body, [], [v.type for v in states], slices, skipped=0)
    if any(a != v.type for a, v in zip(arguments, states, strict=True)):
        raise g.error("states whose shape changes are not supported before opset 9")
    length, batch = inputs[0].tensor.dims[0], values[0].tensor.dims[0]
    stacked = [v.tensor for v in region.block.terminator.operands[count:]]
    types = (*arguments, *(t.with_shape((length, *t.dims)) for t in stacked))
    inner = Scan(
        states,
        inputs,
        region,
        types,
        input_axes=(0,) * len(inputs),
        input_directions=directions or (0,) * len(inputs),
        output_axes=(0,) * len(stacked),
        output_directions=(0,) * len(stacked),
        loc=g.loc,
    )
    samples.append(inner)
    samples.append(Yield(inner.results, loc=g.loc))
    whole = tuple(v.tensor.with_shape((batch, *v.tensor.dims)) for v in inner.results)
    op = Scan(
        [],
        values,
        Region(samples),
        whole,
        input_axes=(0,) * len(values),
        input_directions=(0,) * len(values),
        output_axes=(0,) * len(whole),
        output_directions=(0,) * len(whole),
    )
    return g.add(op).results


def _without(type: TensorType, axis: int) -> TensorType:
    return type.with_shape(tuple(d for a, d in enumerate(type.dims) if a != axis))


# --- types ------------------------------------------------------------------------------------------------------------


def _stable_region(
    g: Graph,
    body: onnx.GraphProto,
    before: Sequence[Type],
    carried: Sequence[Type],
    after: Sequence[Type],
    skipped: int,
) -> tuple[Region, list[Type]]:
    """The body, and types for the carried values that hold on every turn: a dim that changes is a symbol of the turn.

    The body is imported again with wider types until what it yields fits them. `skipped` yields come before.
    """
    types, turning = list(carried), set[str]()
    while True:
        region = g.region(body, [*before, *types, *after])
        given = [v.type for v in region.block.terminator.operands[skipped : skipped + len(types)]]
        if len(given) != len(types):
            raise g.error(f"body yields {len(given)} of {len(types)} carried values")
        wider = [_joined(g, a, b, turning) for a, b in zip(types, given, strict=True)]
        if wider == types:
            return region, types
        types = wider


def _joined(g: Graph, now: Type, then: Type, turning: set[str]) -> Type:
    """A type that both are of; dims that differ become new symbols, which are added to `turning` and stay."""
    if isinstance(now, TensorType) and isinstance(then, TensorType) and now.dtype is then.dtype:
        if now.shape is None or then.shape is None or len(now.shape) != len(then.shape):
            return now.with_shape(None)
        return now.with_shape(tuple(_joined_dim(g, a, b, turning) for a, b in zip(now.shape, then.shape, strict=True)))
    wider = join(now, then)
    if wider is None:
        raise g.error(f"a value is {now} here and {then} there")
    return wider


def _joined_dim(g: Graph, now: Dim, then: Dim, turning: set[str]) -> Dim:
    if now == then or str(now) in turning:
        return now
    new = g.fresh("turn")
    turning.add(str(new))
    return new


def _symbols_around(regions: Sequence[Region], types: Sequence[Type]) -> set[str]:
    """Symbols that are known outside of the regions: those of what they capture, and of `types`."""
    inside: set[Value] = set()
    used: list[Value] = []
    for region in regions:
        _collect(region, inside, used)
    around = [*types, *(v.type for v in used if v not in inside)]
    return {s for t in around if isinstance(t, TensorType) for s in t.symbols()}


def _collect(region: Region, inside: set[Value], used: list[Value]) -> None:
    inside.update(region.block.arguments)
    for op in region.block:
        used.extend(op.operands)
        inside.update(op.results)
        for nested in op.regions:
            _collect(nested, inside, used)


def _outside(g: Graph, type: Type, outer: set[str], index: int, skipped: int) -> Type:
    """The type of output number `index`: dims with symbols from inside are those the model declares, or new.

    `skipped` counts the dims that the output has in front of those of `type`.
    """
    if not isinstance(type, TensorType):
        return type
    declared = g.declared(index)
    if type.shape is None:
        return type if declared is None or skipped else type.with_shape(declared.shape)
    if all(set(symbols_of(d)) <= outer for d in type.shape):
        return type
    dims = g.result_dims(type.rank + skipped, index)[skipped:]
    pairs = zip(type.shape, dims, strict=True)
    return type.with_shape(tuple(d if set(symbols_of(d)) <= outer else new for d, new in pairs))


def _stack(g: Graph, type: Type, outer: set[str], index: int, axis: int, length: Dim | None) -> Type:
    """The type of a stack of such values along `axis`; its length is declared or new where it is None."""
    inner = _outside(g, type, outer, index, 1)
    if not isinstance(inner, TensorType):
        raise g.error(f"only tensors can be stacked, got {type}")
    if inner.shape is None:
        return inner
    count = length if length is not None else g.result_dims(inner.rank + 1, index)[0]
    return inner.with_shape((*inner.dims[:axis], count, *inner.dims[axis:]))
