"""Prints docs/vector-math.md: the largest errors of the vector math, seen over every 251st f32 and seeded f64.

    PYTHONPATH=build/python:tests python tests/codegen/measure_math.py > docs/vector-math.md

Takes about three minutes; the numbers depend on the code alone, not on the machine.
"""

from __future__ import annotations

from itertools import chain

from codegen.math_cases import CASES, MathCase
from codegen.math_loops import FMA_TARGET, PORTABLE_TARGET, compile_loop, ulp_errors
from codegen.test_math import LANES, dense_f32_samples, edge_samples, samples

HEADER = """# Vector math

For those who ask how exact exp, tanh, sin and their kin are: the largest errors seen, in units in the last place of
the exact result, with FMA / without it. `mlc.codegen.math` emits these functions as LLVM IR for a scalar or a vector;
no library is called, and a scalar gives the same bits as a vector lane. Outside its domain a function is NaN.

- f32: every 251st of all 2^32 bit patterns, and the numbers around the points where branches meet.
- f64: 590,000 seeded numbers from the whole range (for erf, erfc and gelu 13,000, most of them from -40 to 30), and the
  same neighbourhoods.
- NaN, infinities, signed zeros and subnormals are among both.

Printed by `tests/codegen/measure_math.py`; `tests/codegen/test_math.py` holds the bounds.

| function | domain | f32: FMA / none | f64: FMA / none |
|---|---|---|---|"""

FOOTER = """| pow | C99 F.9.4.4 | 0.51 / 0.51 | 1.4 / 1.4 (bounds) |
| fmod, floor_mod | all | exact | exact |
| gelu_tanh | all | 2 units of x (bound) | the same formula |
| gelu_erf, gelu_logistic | all | 2 units of x (bound) | |

- sinh, cosh, tan, asin, acos, atan, asinh, acosh, atanh, log2, log10 and pow in f32 are evaluated in f64.
- gelu keeps its relative accuracy in the negative tail, where x (1 + erf(x / sqrt(2))) / 2 in f32 loses all bits.
- gelu_erf and gelu_logistic are what the f32 kernels of both GELUs use: as exact as those formulas in units of x, in
  two thirds of the instructions, and -0 below -5.5 and -5.2, where the formulas have no bit left.
- f16 and bf16 round to nearest, ties to even; the 8- and 4-bit floats follow ONNX Cast. Both are compared bit for bit
  with numpy and ml_dtypes over all codes and all ties.

tests/codegen/bench_math.py prints the speed at eight f32 lanes beside numpy's."""


def largest_errors(case: MathCase, dtype: str) -> list[float]:
    """The largest error in ULP with FMA and without."""
    loops = [compile_loop(case.emit, [dtype], dtype, LANES[dtype], target) for target in (FMA_TARGET, PORTABLE_TARGET)]
    largest = [0.0, 0.0]
    if dtype == "float32":
        chunks = chain([edge_samples(case, dtype)], dense_f32_samples(251))
    else:
        chunks = iter([samples(case, dtype)])
    for x in chunks:
        reference = case.reference(x)
        for i, loop in enumerate(loops):
            largest[i] = max(largest[i], float(ulp_errors(loop(x), reference).max()))
    return largest


def main() -> None:
    print(HEADER)
    for case in CASES:
        columns = [" / ".join(f"{error:.2f}" for error in largest_errors(case, dtype)) for dtype in LANES]
        print(f"| {case.name} | {case.domain} | {' | '.join(columns)} |", flush=True)
    print(FOOTER)


if __name__ == "__main__":
    main()
