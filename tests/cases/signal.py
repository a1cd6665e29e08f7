"""Rows for the ops of mlc.ops.signal."""

from __future__ import annotations

import numpy as np

from cases import Case, normal, positive
from mlc.ir import DType, symbol
from mlc.ops import Dft, MelWeightMatrix, Stft

FRAMES = (1, symbol("F"), symbol("B"), 2)

CASES = [
    Case("dft", lambda x: Dft(x, axis=1), (normal(2, 7, 1),)),
    Case("dft_complex", lambda x: Dft(x, axis=0), (normal(4, 3, 2),)),
    Case("dft_onesided", lambda x: Dft(x, axis=1, is_onesided=True), (normal(2, 8, 3, 1),)),
    Case("dft_inverse", lambda x: Dft(x, axis=1, is_inverse=True), (normal(2, 5, 2),)),
    Case("dft_inverse_onesided", lambda x: Dft(x, axis=1, is_inverse=True, is_onesided=True), (normal(2, 5, 2),)),
    Case("dft_cut", lambda x: Dft(x, axis=1, length=4), (normal(2, 7, 1),)),
    Case("dft_padded", lambda x: Dft(x, axis=1, length=10, is_onesided=True), (normal(2, 7, 1),)),
    Case("dft_f64", lambda x: Dft(x, axis=1), (normal(2, 3, 1, dtype=DType.F64),)),
    Case("dft_bf16", lambda x: Dft(x, axis=1), (normal(2, 3, 2, dtype=DType.BF16),)),
    Case(
        "dft_operands",
        lambda *v: Dft(*v, dims=(2, symbol("L"), 2)),
        (normal(2, 7, 1), np.array(5), np.array(-2)),
    ),
    Case("stft", lambda x, s, w: Stft(x, s, w, dims=FRAMES), (normal(1, 20, 1), np.array(4), positive(8))),
    Case(
        "stft_of_known_shape",
        lambda x, s, w: Stft(x, s, w, dims=(2, 4, 5, 2)),
        (normal(2, 20, 1), np.array(4), positive(8)),
    ),
    Case("stft_length", lambda x, s, n: Stft(x, s, None, n, dims=FRAMES), (normal(1, 20, 1), np.array(4), np.array(8))),
    Case(
        "stft_complex",
        lambda x, s, n: Stft(x, s, None, n, is_onesided=False, dims=FRAMES),
        (normal(1, 20, 2), np.array(4), np.array(6)),
    ),
    Case(
        "mel_weight_matrix",
        lambda *v: MelWeightMatrix(*v, DType.F32, (9, 8)),
        (np.array(8), np.array(16), np.array(8192), np.array(0, np.float32), np.array(4096, np.float32)),
    ),
    Case(
        "mel_weight_matrix_f64",
        lambda *v: MelWeightMatrix(*v, DType.F64, (33, 5)),
        (np.array(5), np.array(64), np.array(8000), np.array(100, np.float32), np.array(3000, np.float32)),
    ),
]
