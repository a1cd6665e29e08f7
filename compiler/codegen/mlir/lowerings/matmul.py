"""Matrix products: linalg.matmul and linalg.batch_matmul, on operands brought into that form first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.codegen.kernel import Storage
from mlc.codegen.kernels.tiles import TileShape, step_cycles, tile_shapes
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering, best_divisor
from mlc.codegen.mlir.narrow import is_narrow_float
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Matmul
from mlc.target import Target

# Length of a part of K: its rows of a panel of 32 columns are 64 KiB, which stays in L2 while a block of rows passes.
DEPTH = 512
# Rows of one turn of the parallel loop at most.
BLOCK = 256


@linalg(Matmul, attributes="transpose_y strassen")
def matmul(g: Lowering, op: Matmul) -> None:
    """Rows of all batches as one product where the right factor is one matrix, else a product for each of the batch."""
    x, y = op.x.tensor.dims, op.y.tensor.dims
    batch = op.result.tensor.dims[: -(len(x) > 1) - (len(y) > 1) or None]
    m, k = (x[-2] if len(x) > 1 else 1), x[-1]
    n = 1 if len(y) == 1 else y[-2] if op.transpose_y else y[-1]
    left, right = x[:-2], y[:-2]
    if not right and left == batch:
        m, batch, left = product(batch) * m, (), ()
    factor = _transposed(g, op, right, k, n) if op.transpose_y else op.y
    dtype = accumulator(op.result.tensor.dtype)
    stage = g.stage(op)
    if not batch:
        out = g.result(stage, op.result, (m, n), dtype)
        zero = stage.fill(0, out)
        a, b = stage.tensor(op.x, (m, k)), stage.tensor(factor, (k, n))
        product_ = contraction(stage, "linalg.matmul", a, b, zero, g.last())
        tile_product(g, stage, "matmul", m, n, k)
    else:
        out = g.result(stage, op.result, (*batch, m, n), dtype)
        zero = stage.fill(0, out)
        is_plain = left == batch and right == batch and len(batch) == 1
        a, b = stage.tensor(op.x, (*left, m, k)), stage.tensor(factor, (*right, k, n))
        if is_plain:
            product_ = contraction(stage, "linalg.batch_matmul", a, b, zero, g.last())
            tile_product(g, stage, "batch_matmul", m, n, k)
        else:
            product_ = _broadcast(stage, a, b, zero, batch, left, right, g.last())
            stage.parameters = {"tile": (*(1,) * len(batch), 1, 0)}
    g.finish(stage, product_, cost=max(1, g.plan.estimate(k)) // 8 + 1)


def contraction(stage: Stage, name: str, a: Tensor, b: Tensor, out: Tensor, attribute: str) -> Tensor:
    """A named op of a product: linalg.matmul, batch_matmul, vecmat."""
    for dtype in (a.dtype, b.dtype):
        if is_narrow_float(dtype):  # of which a named op would take the bits for integers
            raise NoKernel(f"linalg has no products of {dtype}")
    text = f"{name} {{mlc.contraction, {attribute}}} ins({a.name}, {b.name} : {a.type}, {b.type})"
    return stage.op(f"{text} outs({out.name} : {out.type}) -> {out.type}", out.dtype, out.dims)


def _broadcast(
    stage: Stage,
    a: Tensor,
    b: Tensor,
    out: Tensor,
    batch: Sequence[Dim],
    left: Sequence[Dim],
    right: Sequence[Dim],
    attribute: str,
) -> Tensor:
    """The product of batches that broadcast: linalg.batch_matmul has no form for them."""
    names = [f"b{axis}" for axis in range(len(batch))]

    def seen(dims: Sequence[Dim]) -> list[str]:
        full = batch[len(batch) - len(dims) :]
        return [
            "0" if d == 1 and f != 1 else n for d, f, n in zip(dims, full, names[len(batch) - len(dims) :], strict=True)
        ]

    def region(body: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        return [body.add(old[0], body.mul(*given))]

    ins = [(a, [*seen(left), "m", "k"]), (b, [*seen(right), "k", "n"])]
    outs = [(out, [*names, "m", "n"])]
    [made] = stage.generic(
        [*names, "m", "n"], ins, outs, region, reduction=["k"], attributes=f"mlc.contraction, {attribute}"
    )
    return made


def tile_product(g: Lowering, stage: Stage, family: str, m: Dim, n: Dim, k: Dim) -> None:
    """A register tile whose rows divide the product's; plain loops where there is none."""
    if not isinstance(n, int) or 0 in (m, n, k):
        stage.parameters = {"tile": (*(1,) * (len(stage.outputs[0].dims) - 1), 0)}
        return
    rows, columns = register_tile(g.target, stage.outputs[0].dtype, m, n)
    block = rows * best_divisor(m // rows, max(1, BLOCK // rows)) if isinstance(m, int) else 1
    stage.family = family
    depth = min(DEPTH, k) if isinstance(k, int) and k > 0 else DEPTH
    stage.parameters = {"rows": rows, "columns": columns, "block": block, "depth": depth}


def register_tile(target: Target, dtype: DType, m: Dim, n: int) -> tuple[int, int]:
    """Rows, which divide `m`, and columns of the tile of accumulators with the fewest cycles.

    Columns are a power of two, since LLVM keeps other vectors in memory where they live across blocks, and no more than
    `n`. A last panel of columns that is not full is masked, and costs what a full one does.
    """

    def cycles(shape: TileShape) -> float:
        return -(-n // shape.columns) * step_cycles(target, shape.rows, shape.vectors) / shape.rows

    shapes = [
        shape
        for shape in tile_shapes(target, dtype, m)
        if shape.vectors in (1, 2, 4) and (m % shape.rows == 0 if isinstance(m, int) else shape.rows == 1)
    ]
    if fitting := [shape for shape in shapes if shape.columns <= n]:
        best = min(fitting, key=cycles)
        return best.rows, best.columns
    best = min(shapes, key=lambda shape: step_cycles(target, shape.rows, 1) / shape.rows)
    return best.rows, 1 << n.bit_length() - 1


def _transposed(g: Lowering, op: Matmul, batch: tuple[Dim, ...], k: Dim, n: Dim) -> Storage:
    """The right factor as [..., K, N]: turned when compiling where it is constant, else by a stage of its own."""
    value = op.y
    if (array := g.plan.constant(value)) is not None:
        dims = tuple(array.shape[:-2]) + (array.shape[-1], array.shape[-2])
        return g.plan.prepared(
            value, "transposed", value.tensor.dtype, dims, lambda a: np.ascontiguousarray(np.swapaxes(a, -1, -2))
        )
    made = g.temporary(value.tensor.dtype, *batch, k, n)
    transpose(g, value, made, (*range(len(batch)), len(batch) + 1, len(batch)), (*batch, n, k))
    return made


def transpose(g: Lowering, source: Value, target: Storage, perm: Sequence[int], dims: Sequence[Dim]) -> None:
    """A stage of linalg.transpose from one buffer to another."""
    stage = Stage("transpose")
    x = stage.tensor(source, dims)
    out = stage.destination(target, [dims[p] for p in perm])
    made = transposed(stage, x, out, perm, "mlc.last")
    g.tile_loops(stage, len(perm))
    g.close(stage, [made])


def transposed(stage: Stage, x: Tensor, out: Tensor, perm: Sequence[int], attributes: str) -> Tensor:
    """linalg.transpose of x into out."""
    text = f"linalg.transpose ins({x.name} : {x.type}) outs({out.name} : {out.type}) permutation = {list(perm)}"
    return stage.op(f"{text} {{{attributes}}}", out.dtype, out.dims)
