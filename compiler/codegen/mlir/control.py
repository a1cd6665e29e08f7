"""Loops and conditions over tensors, by scf: for ops whose iterations need one another, or write where the data says.

What a loop or a branch changes is carried through it as values, tensors included; bufferization makes the carried
tensor and the changed one the same memory. A stage whose work is written with these has the family "forall": its
parallel loop is `forall`, and no schedule is applied. For other compilers, which may know no scf.forall outside of
kernels, that is nested scf.for.

    def turn(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]: ...
    [total] = loop(b, first, last, [zero], turn)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlc.codegen.mlir.elements import INDEX, Scalar
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.ir import Dim

Carried = Any  # Scalar | Tensor: each comes out of a loop as what went in
Place = Callable[[list[Scalar]], Sequence["Scalar | int | None"]]


def loop(
    b: Body,
    first: Scalar,
    last: Scalar,
    carried: Sequence[Carried],
    turn: Callable[[Body, Scalar, list[Carried]], Sequence[Carried]],
) -> list[Carried]:
    """scf.for over [first, last); `turn(b, i, carried)` returns what the next turn gets."""
    step, i = b.index(1), Scalar(b.fresh(), INDEX)
    inside = [_renamed(b, c) for c in carried]
    results = [_renamed(b, c) for c in carried]
    given = ", ".join(f"{_name(x)} = {_name(c)}" for x, c in zip(inside, carried, strict=True))
    types = ", ".join(c.type for c in carried)
    left = f"{', '.join(_name(r) for r in results)} = " if carried else ""
    head = f"{left}scf.for {i} = {first} to {last} step {step}"
    b.line(f"{head} iter_args({given}) -> ({types}) {{" if carried else f"{head} {{")
    with b.nested() as inner:
        _yield(inner, turn(inner, i, inside), "scf.yield")
    b.line("}")
    return results


def nest(
    b: Body,
    extents: Sequence[Scalar],
    carried: Sequence[Carried],
    turn: Callable[[Body, list[Scalar], list[Carried]], Sequence[Carried]],
    outer: Sequence[Scalar] = (),
) -> list[Carried]:
    """Loops over [0, extent) for each of the extents, the last one innermost; `turn(b, index, carried)`."""
    if len(outer) == len(extents):
        return list(turn(b, list(outer), list(carried)))
    zero = b.index(0)
    return loop(b, zero, extents[len(outer)], carried, lambda b, i, now: nest(b, extents, now, turn, [*outer, i]))


def when(
    b: Body,
    condition: Scalar,
    carried: Sequence[Carried],
    then: Callable[[Body], Sequence[Carried]],
    otherwise: Callable[[Body], Sequence[Carried]] | None = None,
) -> list[Carried]:
    """scf.if: what `then` makes of the carried values where the condition holds, else they themselves."""
    results = [_renamed(b, c) for c in carried]
    types = ", ".join(c.type for c in carried)
    b.line(f"{', '.join(_name(r) for r in results)} = scf.if {condition} -> ({types}) {{")
    with b.nested() as inner:
        _yield(inner, then(inner), "scf.yield")
    b.line("} else {")
    with b.nested() as inner:
        _yield(inner, carried if otherwise is None else otherwise(inner), "scf.yield")
    b.line("}")
    return results


def repeat(
    b: Body,
    carried: Sequence[Carried],
    holds: Callable[[Body, list[Carried]], Scalar],
    turn: Callable[[Body, list[Carried]], Sequence[Carried]],
) -> list[Carried]:
    """scf.while: turns as long as `holds(b, carried)`."""
    before, after = [_renamed(b, c) for c in carried], [_renamed(b, c) for c in carried]
    results = [_renamed(b, c) for c in carried]
    types = ", ".join(c.type for c in carried)
    given = ", ".join(f"{_name(x)} = {_name(c)}" for x, c in zip(before, carried, strict=True))
    b.line(f"{', '.join(_name(r) for r in results)} = scf.while ({given}) : ({types}) -> ({types}) {{")
    with b.nested() as inner:
        condition = holds(inner, before)
        inner.line(f"scf.condition({condition}) {', '.join(_name(x) for x in before)} : {types}")
    b.line("} do {")
    b.line(f"^bb0({', '.join(f'{_name(x)}: {x.type}' for x in after)}):")
    with b.nested() as inner:
        _yield(inner, turn(inner, after), "scf.yield")
    b.line("}")
    return results


def insert(b: Body, value: Scalar, target: Tensor, index: Sequence[Scalar]) -> Tensor:
    """tensor.insert: `target` with an element replaced by a register value."""
    stored = b.encoded(value, target.dtype)
    made = Tensor(b.fresh(), target.dtype, target.dims)
    at = ", ".join(map(str, index))
    b.line(f"{made.name} = tensor.insert {stored} into {target.name}[{at}] : {target.type}")
    return made


def forall(
    stage: Stage,
    extents: Sequence[Dim],
    outs: Sequence[tuple[Tensor, Place]],
    turn: Callable[[Body, list[Scalar], list[Tensor]], Sequence[Tensor]],
) -> list[Tensor]:
    """The stage's parallel loop: `turn(b, at, parts)` returns its parts of the destinations, changed.

    Each destination comes with the place of a turn's part in it: an index for each dim, None where all of it belongs to
    the turn. A part has the dims that are None.
    """
    b = stage.body()
    if stage.is_portable:
        return _in_turn(b, list(extents), outs, turn, [], [t for t, _ in outs])
    sizes = [stage.dim(d) for d in extents]
    at = [Scalar(b.fresh(), INDEX) for _ in extents]
    shared = [_renamed(b, t) for t, _ in outs]
    results = [_renamed(b, t) for t, _ in outs]
    given = ", ".join(f"{s.name} = {t.name}" for s, (t, _) in zip(shared, outs, strict=True))
    kinds = ", ".join(t.type for t, _ in outs)
    left = ", ".join(r.name for r in results)
    b.line(
        f"{left} = scf.forall ({', '.join(map(str, at))}) in ({', '.join(map(str, sizes))}) "
        f"shared_outs({given}) -> ({kinds}) {{"
    )
    with b.nested() as inner:
        slices = [_slice(inner, t, place(at)) for t, (_, place) in zip(shared, outs, strict=True)]
        parts = [_extract(inner, t, text, kept) for t, (text, kept) in zip(shared, slices, strict=True)]
        made = turn(inner, at, parts)
        inner.line("scf.forall.in_parallel {")
        for part, whole, (text, _) in zip(made, shared, slices, strict=True):
            types = f"{part.type} into {whole.type}"
            inner.line(f"  tensor.parallel_insert_slice {part.name} into {whole.name}{text} : {types}")
        inner.line("}")
    b.line("}")
    return results


def _in_turn(
    b: Body,
    extents: list[Dim],
    outs: Sequence[tuple[Tensor, Place]],
    turn: Callable[[Body, list[Scalar], list[Tensor]], Sequence[Tensor]],
    at: list[Scalar],
    wholes: list[Tensor],
) -> list[Tensor]:
    """The turns of `forall` one after the other, dim by dim, those from `at` on."""
    if extents:

        def inner(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
            return _in_turn(b, extents[1:], outs, turn, [*at, i], carried)

        return loop(b, b.index(0), b.stage.dim(extents[0]), wholes, inner)
    places = [place(at) for _, place in outs]
    parts = [part_of(b, t, place) for t, place in zip(wholes, places, strict=True)]
    made = turn(b, at, parts)
    return [replaced(b, part, t, place) for part, t, place in zip(made, wholes, places, strict=True)]


def part_of(b: Body, source: Tensor, place: Sequence[Scalar | int | None]) -> Tensor:
    """tensor.extract_slice at a place, as for `forall`: the dims that are None stay."""
    return _extract(b, source, *_slice(b, source, place))


def replaced(b: Body, part: Tensor, target: Tensor, place: Sequence[Scalar | int | None]) -> Tensor:
    """tensor.insert_slice: `target` with the part at this place replaced."""
    text, _ = _slice(b, target, place)
    made = Tensor(b.fresh(), target.dtype, target.dims)
    b.line(f"{made.name} = tensor.insert_slice {part.name} into {target.name}{text} : {part.type} into {target.type}")
    return made


def _slice(b: Body, t: Tensor, place: Sequence[Scalar | int | None]) -> tuple[str, tuple[Dim, ...]]:
    starts = ["0" if p is None else str(p) for p in place]
    sizes = [
        "1" if p is not None else str(d) if isinstance(d, int) else str(b.stage.dim(d))
        for p, d in zip(place, t.dims, strict=True)
    ]
    kept = tuple(d for p, d in zip(place, t.dims, strict=True) if p is None)
    return f"[{', '.join(starts)}] [{', '.join(sizes)}] [{', '.join('1' for _ in place)}]", kept


def _extract(b: Body, t: Tensor, text: str, kept: tuple[Dim, ...]) -> Tensor:
    made = Tensor(b.fresh(), t.dtype, kept)
    b.line(f"{made.name} = tensor.extract_slice {t.name}{text} : {t.type} to {made.type}")
    return made


def _renamed(b: Body, carried: Carried) -> Carried:
    if isinstance(carried, Tensor):
        return Tensor(b.fresh(), carried.dtype, carried.dims)
    return Scalar(b.fresh(), carried.type)


def _name(carried: Carried) -> str:
    return str(carried.name)


def _yield(b: Body, values: Sequence[Carried], name: str) -> None:
    if values:
        b.line(f"{name} {', '.join(_name(v) for v in values)} : {', '.join(v.type for v in values)}")
