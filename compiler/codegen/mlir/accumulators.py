"""Accumulators of masked products are kept in registers; the child process (mlc.codegen.mlir.child) calls this.

transform.loop.hoist_loop_invariant_subsets moves a tile's read before the loop over K and its write behind it, but not
where the two are masked, as they are where a product's columns do not fill its last panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch_mlir import ir
from torch_mlir.dialects import scf

from mlc.codegen.mlir.walking import ops_named


def keep_in_registers(module: Any) -> None:
    """Loops that carry a tensor, read one masked tile of it and write that tile again carry the tile as a vector."""
    for loop in ops_named(module, "scf.for"):
        _carry_vector(loop)


def unmask_products(module: Any) -> None:
    """Products compute all lanes: those that the mask leaves out are never written."""
    for masked in ops_named(module, "vector.mask"):
        inside = list(masked.regions[0].blocks[0].operations)
        if inside[0].operation.name != "vector.contract" or len(masked.operands) > 1:
            continue
        inside[0].operation.move_before(masked)
        masked.results[0].replace_all_uses_with(inside[0].operation.results[0])
        masked.erase()


def _carry_vector(loop: Any) -> None:
    body = loop.regions[0].blocks[0]
    pair = _tile(loop, body)
    if pair is None:
        return
    read, write = pair
    lower, upper, step, start = loop.operands
    with ir.InsertionPoint(loop), loop.location:
        first = read.clone()
        first.operands[0] = start
        fresh = scf.ForOp(lower, upper, step, [first.results[0]])
    with ir.InsertionPoint(fresh.body), loop.location:
        stop = scf.YieldOp([write.operands[0]])
    with ir.InsertionPoint(loop), loop.location:
        last = write.clone()
    body.arguments[0].replace_all_uses_with(fresh.induction_variable)
    read.results[0].replace_all_uses_with(fresh.inner_iter_args[0])
    for op in list(body.operations)[:-1]:
        if op.operation not in (read, write):
            op.operation.move_before(stop.operation)
    last.operands[0], last.operands[1] = fresh.results[0], start
    loop.results[0].replace_all_uses_with(last.results[0])
    loop.erase()


def _tile(loop: Any, body: Any) -> tuple[Any, Any] | None:
    """The masked read and write of the same tile that are all the loop does with the one tensor it carries."""
    if len(loop.results) != 1:
        return None
    users = [use.owner for use in body.arguments[1].uses]
    reads = [op for op in users if op.name == "vector.transfer_read"]
    writes = [op for op in users if op.name == "vector.transfer_write"]
    if len(users) != 2 or len(reads) != 1 or len(writes) != 1:
        return None
    [read], [write] = reads, writes
    stop = body.operations[len(body.operations) - 1]
    is_yielded = stop.operands[0] == write.results[0] and len(list(write.results[0].uses)) == 1
    places = list(read.operands)[1:], list(write.operands)[2:]
    rank = len(ir.ShapedType(body.arguments[1].type).shape)
    # Behind the tensor a read has its indices, the padding and the mask, a write its indices and the mask.
    if len(places[0]) != rank + 2 or len(places[1]) != rank + 1:
        return None
    of_read = [*places[0][:rank], places[0][-1]]
    is_same = all(x == y for x, y in zip(of_read, places[1], strict=True))
    is_same = is_same and read.results[0].type == write.operands[0].type
    is_same = is_same and read.attributes["permutation_map"] == write.attributes["permutation_map"]
    return (read, write) if is_yielded and is_same and not _made_in(body, places[0]) else None


def _made_in(body: Any, values: Sequence[Any]) -> bool:
    """Whether one of the values changes from turn to turn."""
    made = [r for op in body.operations for r in op.operation.results]
    return any(value == other for value in values for other in (body.arguments[0], *made))
