"""Elements at places that an index tensor names."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import wrapped
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body
from mlc.ops import Gather, GatherElements, GatherNd


@linalg(Gather, attributes="axis")
def gather(g: Lowering, op: Gather) -> None:
    axis, rank = op.axis % op.x.tensor.rank, op.indices.tensor.rank

    def element(b: Body, index: list[Scalar]) -> Scalar:
        place = wrapped(b, op.indices, index[axis : axis + rank], op.x.tensor.dims[axis])
        return b.extract(b.stage.tensor(op.x), [*index[:axis], place, *index[axis + rank :]])

    g.indexed(op, element)


@linalg(GatherElements, attributes="axis")
def gather_elements(g: Lowering, op: GatherElements) -> None:
    axis = op.axis % op.x.tensor.rank

    def element(b: Body, index: list[Scalar]) -> Scalar:
        place = wrapped(b, op.indices, index, op.x.tensor.dims[axis])
        return b.extract(b.stage.tensor(op.x), [*index[:axis], place, *index[axis + 1 :]])

    g.indexed(op, element)


@linalg(GatherNd, attributes="batch_axes")
def gather_nd(g: Lowering, op: GatherNd) -> None:
    batch, inner = op.batch_axes, op.indices.tensor.rank - 1
    depth = op.indices.tensor.dims[-1]
    assert isinstance(depth, int)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        places = [
            wrapped(b, op.indices, [*index[:inner], b.index(n)], op.x.tensor.dims[batch + n]) for n in range(depth)
        ]
        return b.extract(b.stage.tensor(op.x), [*index[:batch], *places, *index[inner:]])

    g.indexed(op, element)
