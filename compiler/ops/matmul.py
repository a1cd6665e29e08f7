"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value
from mlc.ir.dims import product
from mlc.ops.inference import same_dtype
from mlc.ops.precision import widened
from mlc.ops.strassen import by_seven_products


class Matmul(Op):
    """x[..., M, K] @ y[..., K, N] -> [..., M, N] as numpy.matmul; y is [..., N, K] when transpose_y.

    A rank-1 x is a row [K] and loses M in the result, a rank-1 y a column [K] and loses N. Products of narrow floats
    are accumulated in f32. With `strassen` each matrix is multiplied by one y[K, N] by seven products of its blocks
    instead of eight, with more rounding: an infinity or NaN then spreads to whole rows and columns, and numbers within
    a few powers of two of the greatest overflow in the sums. ONNX MatMul (opset 13).
    """

    x: Value
    y: Value
    transpose_y: bool = False
    strassen: bool = False

    def infer(self) -> TensorType:
        dtype = same_dtype(self, self.x, self.y)
        x, y = self.x.tensor, self.y.tensor
        if x.shape is None or y.shape is None:
            return TensorType(dtype, None)
        if x.rank == 0 or y.rank == 0:
            raise self.error(f"operands must have at least one dim, got {x} and {y}")
        if self.transpose_y and y.rank < 2:
            raise self.error(f"transpose_y needs y of rank 2 or more, got {y}")
        k_of_y, n = (y.dims[-1], y.dims[-2]) if self.transpose_y else (y.dims[-2 if y.rank > 1 else -1], y.dims[-1])
        if isinstance(x.dims[-1], int) and isinstance(k_of_y, int) and x.dims[-1] != k_of_y:
            raise self.error(f"x has K={x.dims[-1]} but y has K={k_of_y}: {x} @ {y}")
        if self.strassen and (x.rank < 2 or y.rank != 2 or dtype is not DType.F32):
            raise self.error(f"strassen is for matrices of f32 times one matrix, got {x} @ {y}")
        rows = x.dims[-2:-1]
        columns = (n,) if y.rank > 1 else ()
        return TensorType(dtype, (*self._batch(x, y), *rows, *columns))

    def _batch(self, x: TensorType, y: TensorType) -> tuple[Dim, ...]:
        left, right = x.dims[:-2], y.dims[:-2]
        rank = max(len(left), len(right))
        pairs = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
        batch: list[Dim] = []
        for a, b in pairs:
            if isinstance(a, int) and isinstance(b, int) and a != b and 1 not in (a, b):
                raise self.error(f"batch dims of {x} and {y} do not broadcast")
            batch.append(b if a == 1 else a if not isinstance(b, int) or b == 1 else b)
        return tuple(batch)

    @property
    def depth(self) -> Dim:
        """K, the number of products in a sum: what both operands have, as a number where one knows it."""
        return next((d for d in self._depths() if isinstance(d, int)), self.x.tensor.dims[-1])

    def _depths(self) -> tuple[Dim, Dim]:
        x, y = self.x.tensor.dims, self.y.tensor.dims
        return x[-1], y[-1] if self.transpose_y or len(y) == 1 else y[-2]

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return [self._depths()]

    def broadcast_dims(self) -> Sequence[tuple[Dim, Dim]]:
        x, y = self.x.tensor.dims, self.y.tensor.dims
        batch = self._batch(self.x.tensor, self.y.tensor)
        return [pair for own in (x[:-2], y[:-2]) for pair in zip(own[::-1], batch[::-1], strict=False)]

    def evaluate(self, x: Array, y: Array) -> Array:
        right = np.swapaxes(y, -1, -2) if self.transpose_y else y
        if self.strassen:
            return by_seven_products(x, right)
        if DType.of(x.dtype) in (DType.F16, DType.BF16):
            return np.asarray(np.matmul(x.astype(np.float32), right.astype(np.float32))).astype(x.dtype)
        return np.asarray(np.matmul(x, right))

    def flops(self) -> Dim:
        return 2 * product(self.result.tensor.dims) * self.x.tensor.dims[-1]


class Det(Op):
    """The determinant of each square matrix of x[..., M, M]. ONNX Det (opset 22)."""

    x: Value

    def infer(self) -> TensorType:
        x = self.x.tensor
        if x.shape is None:
            return x
        if x.rank < 2 or (isinstance(x.dims[-1], int) and isinstance(x.dims[-2], int) and x.dims[-1] != x.dims[-2]):
            raise self.error(f"x {x} holds no square matrices")
        return x.with_shape(x.dims[:-2])

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.linalg.det(widened(x))).astype(x.dtype)

    def flops(self) -> Dim:
        return product(self.x.tensor.dims) * self.x.tensor.dims[-1]
