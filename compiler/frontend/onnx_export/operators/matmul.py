"""Matrix products."""

from __future__ import annotations

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops import matmul

same_operator(matmul.Det, "Det")


@onnx_export(matmul.Matmul)
def product(w: Writer, op: matmul.Matmul) -> str:
    y = w.name(op.y)
    if op.transpose_y:
        rank = op.y.tensor.rank
        y = w("Transpose", y, perm=(*range(rank - 2), rank - 1, rank - 2))
    return str(w("MatMul", w.name(op.x), y))
