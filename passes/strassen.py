"""Strassen's algorithm for products with constant weights, where its fewer multiplications are worth its sums."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.ir import Dim, DType, Module
from mlc.ir.dims import evaluate, product, symbols_of
from mlc.ops import Matmul, constant_value
from mlc.ops.strassen import PRODUCTS
from mlc.rewrite import Miss, Pass
from mlc.target import Target

# Bytes a cycle at which one core streams weights that a run reads once, measured on one Zen 4 core beside the products.
_STREAMED = 6
# Cycles for a vector of each quarter of x, of which seven factors are written, and of the result, which is put together
# from seven buffers: what is read and written is not in the first level of cache.
_SUMS, _RESULT = 35, 40
# Cycles for a vector of each quarter of the weights, of which four differences are made on the way, times the rows of
# a half: many rows hide them. Measured on the same core, of 768x3072 weights: 16 rows take 9 % longer than without,
# 24 rows 3 %; 32 rows save 5 %, 48 rows 9 %.
_DIFFERENCES = 100
# Cycles of one more launch of a kernel.
_LAUNCH = 2000
# The share of the time that must be saved, at least, for the precision that is lost.
_WORTH = 0.04


@dataclass(frozen=True)
class Strassen(Pass):
    """Multiplies by constant weights in seven products of blocks instead of eight; precision changes.

    %1 = matmul(%0, w)  ->  %1 = matmul(%0, w) {strassen}

    Unchanged: products of two activations, of vectors, of batches of weights, of other dtypes than f32, and those that
    would not win enough, by the multiplications, sums and bytes of weights on `target`; of symbolic dims of x one row
    each is counted. Rounding errors grow up to three times. `always` takes all that it can.
    """

    always: bool = False
    target: str = "host"
    numerics = "precision-changing"

    def run(self, module: Module) -> None:
        for op in list(module.walk()):
            if isinstance(op, Matmul) and not op.strassen and op.x.tensor.shape is not None:
                miss = self._miss(op)
                if miss is not None:
                    module.missed(op, miss.reason, blocker=miss.blocker, rule="multiply_blocks")
                    continue
                rows, depth, columns = _sizes(op)
                reason = f"{PRODUCTS} products of {_half(rows)}x{_half(depth)}x{_half(columns)} instead of 8"
                with module.rewriting(op, rule="multiply_blocks", reason=reason):
                    module.replace(op, op.clone(strassen=True).results)

    def _miss(self, op: Matmul) -> Miss | None:
        if constant_value(op.y) is None:
            return Miss("its right factor is not constant", blocker=op.y)
        if op.x.tensor.dtype is not DType.F32:
            return Miss("its numbers are not f32", blocker=op.x)
        if op.x.tensor.rank < 2 or op.y.tensor.rank != 2:
            return Miss("it is no product of matrices with one matrix", blocker=op.x if op.y.tensor.rank == 2 else op.y)
        if self.always:
            return None
        lanes = Target.parse(self.target).lanes(DType.F32.itemsize)
        plain, seven = (cycles(*_sizes(op), lanes) for cycles in (_plain_cycles, _strassen_cycles))
        if seven > (1 - _WORTH) * plain:
            return Miss(f"it would take {seven / plain:.0%} of the time", blocker="size")
        return None


def _sizes(op: Matmul) -> tuple[int, int, int]:
    """M, K and N; of an x with symbolic dims as if they were 1."""
    depth, columns = op.depth, op.result.tensor.dims[-1]
    assert isinstance(depth, int) and isinstance(columns, int), "constant weights have extents"
    return _at_one(product(op.x.tensor.dims[:-1])), depth, columns


def _at_one(dim: Dim) -> int:
    return dim if isinstance(dim, int) else evaluate(dim, dict.fromkeys(symbols_of(dim), 1))


def _half(extent: int) -> int:
    return -(-extent // 2)


def _plain_cycles(rows: int, depth: int, columns: int, lanes: int) -> float:
    """About how long one core takes the product: its multiply-adds, or the weights' bytes."""
    return max(rows * depth * columns / lanes, 4 * depth * columns / _STREAMED)


def _strassen_cycles(rows: int, depth: int, columns: int, lanes: int) -> float:
    half_rows, half_depth, half_columns = _half(rows), _half(depth), _half(columns)
    products = PRODUCTS * half_rows * half_depth * half_columns / lanes
    sums = half_rows * (half_depth * _SUMS + half_columns * _RESULT) / lanes
    differences = half_depth * half_columns * _DIFFERENCES / (lanes * max(half_rows, 1))
    return max(products, 4 * depth * columns / _STREAMED) + sums + differences + _LAUNCH
