"""Prints elements per nanosecond of the vector math at <8 x float> beside numpy's, on 4,096 numbers in L1.

PYTHONPATH=build/python:tests python tests/codegen/bench_math.py
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable

import numpy as np
from codegen.math_loops import FMA_TARGET, PORTABLE_TARGET, compile_loop

from mlc.codegen import math as vector_math

FUNCTIONS = ["exp", "exp2", "log", "tanh", "sigmoid", "erf", "gelu", "gelu_tanh", "softplus", "sin", "cos"]


def elements_per_ns(call: Callable[[], object], count: int) -> float:
    """The best of 3,000 runs."""
    best = float("inf")
    for _ in range(3000):
        start = time.perf_counter_ns()
        call()
        best = min(best, time.perf_counter_ns() - start)
    return count / best


def main() -> None:
    x = (np.random.default_rng(0).standard_normal(4096) * 3).astype(np.float32)
    out = np.empty_like(x)
    signature = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
    print("| function | x86-64-v3 | x86-64-v2 | numpy |\n|---|---|---|---|")
    for name in FUNCTIONS:
        cells = []
        for target in (FMA_TARGET, PORTABLE_TARGET):
            loop = compile_loop(getattr(vector_math, name), ["float32"], "float32", 8, target)
            native = signature(loop.address)
            rate = elements_per_ns(lambda f=native: f(x.size, out.ctypes.data, x.ctypes.data), x.size)
            cells.append(f"{rate:.2f}")
        numpy_function = getattr(np, name, None)
        with np.errstate(all="ignore"):
            cells.append(
                "-" if numpy_function is None else f"{elements_per_ns(lambda f=numpy_function: f(x, out), x.size):.2f}"
            )
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
