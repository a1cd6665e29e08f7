"""Where the coefficients of mlc.codegen.math come from: weighted minimax fits by Remez exchange.

Run it to print compiler/codegen/math/coefficients.py anew (needs mpmath, about two minutes):
    python tests/codegen/fit_polynomials.py > compiler/codegen/math/coefficients.py
Each fit names the function, the interval, the number of coefficients and the weight that turns the
polynomial's error into the relative error of the final result. No compiler module imports this file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import mpmath as mp

mp.mp.dps = 60

Real = Any
Function = Callable[[Real], Real]


@dataclass(frozen=True)
class Fit:
    """The polynomial in z on [low, high] nearest to target(z), its error weighed by weight(z).

    `start` is the share of the interval that is fitted first, to grow from there, where the weight falls over orders of
    magnitude and an exchange on the whole of it does not find its way.
    """

    name: str
    meaning: str
    target: Function
    weight: Function
    low: Real
    high: Real
    count: int
    bits: int  # 32 or 64: the format the coefficients are rounded to
    start: float = 1.0


def remez(fit: Fit) -> tuple[list[Real], Real]:
    """Coefficients (lowest power first) of the weighted minimax polynomial, and its largest weighted error."""
    high = fit.low + (fit.high - fit.low) * mp.mpf(fit.start)
    nodes = [_chebyshev(fit.low, high, mp.mpf(k) / fit.count) for k in range(fit.count + 1)]
    while True:
        coefficients, worst, nodes = _exchanged(replace(fit, high=high), nodes)
        if high >= fit.high:
            return coefficients, worst
        wider = min(fit.low + (high - fit.low) * mp.mpf("1.1"), fit.high)
        nodes = [fit.low + (z - fit.low) * (wider - fit.low) / (high - fit.low) for z in nodes]
        high = wider


def _chebyshev(low: Real, high: Real, share: Real) -> Real:
    return (high + low) / mp.mpf(2) - (high - low) / mp.mpf(2) * mp.cos(mp.pi * share)


def _exchanged(fit: Fit, nodes: list[Real]) -> tuple[list[Real], Real, list[Real]]:
    """The fit's coefficients and largest weighted error, and the nodes where errors alternate."""
    n = fit.count
    grid = [_chebyshev(fit.low, fit.high, (k + mp.mpf("0.5")) / (24 * n)) for k in range(24 * n)]
    grid_target = [fit.target(z) for z in grid]
    grid_weight = [fit.weight(z) for z in grid]
    coefficients: list[Real] = []
    worst = mp.mpf(0)
    for _ in range(8):
        rows = mp.matrix(n + 1, n + 1)
        right = mp.matrix(n + 1, 1)
        for i, z in enumerate(nodes):
            power = mp.mpf(1)
            for j in range(n):
                rows[i, j] = power
                power *= z
            # the weight is never zero: fits start a hair away from points where it vanishes
            rows[i, n] = (-1) ** i / fit.weight(z)
            right[i] = fit.target(z)
        solution = mp.lu_solve(rows, right)
        coefficients = [solution[j] for j in range(n)]
        errors = [
            (mp.polyval(coefficients[::-1], z) - t) * w for z, t, w in zip(grid, grid_target, grid_weight, strict=True)
        ]
        worst = max(abs(e) for e in errors)
        nodes_next = _alternating_extrema(grid, errors, n + 1)
        if nodes_next is None or worst < abs(solution[n]) * mp.mpf("1.02"):
            break
        nodes = nodes_next
    return coefficients, worst, nodes


def _alternating_extrema(grid: list[Real], errors: list[Real], count: int) -> list[Real] | None:
    runs: list[tuple[Real, Real]] = []
    for z, e in zip(grid, errors, strict=True):
        if runs and (e > 0) == (runs[-1][1] > 0):
            if abs(e) > abs(runs[-1][1]):
                runs[-1] = (z, e)
        else:
            runs.append((z, e))
    while len(runs) > count:
        runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
    return [z for z, _ in runs] if len(runs) == count else None


def tiny(value: str = "1e-9") -> Real:
    return mp.mpf(value)


def _even(f: Function) -> Function:
    return lambda z: f(mp.sqrt(z))


LN2 = mp.log(2)
HALF_LN2 = LN2 / 2 * mp.mpf("1.0005")
S_MAX = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mp.mpf("1.0005")
QUARTER_PI = mp.pi / 4 * mp.mpf("1.0005")
TAN_PI_8 = (mp.sqrt(2) - 1) * mp.mpf("1.0005")
ERF_SPLIT_F32 = mp.mpf("0.921875")


def _exp_tail(r: Real) -> Real:
    return (mp.expm1(r) - r) / r**2 if abs(r) > tiny() else mp.mpf(1) / 2 + r / 6


def _exp_weight(r: Real) -> Real:
    return max(r**2, tiny("1e-6")) / mp.exp(r)


def _atanh_tail(z: Real) -> Real:
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) / s - 2) / z


def _sin_tail(z: Real) -> Real:
    r = mp.sqrt(z)
    return (mp.sin(r) / r - 1) / z


def _cos_tail(z: Real) -> Real:
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


def _exp2_tail(f: Real) -> Real:
    return (mp.mpf(2) ** f - 1) / f if abs(f) > tiny() else LN2 + f * LN2**2 / 2


def _log2_erfc(t: Real) -> Real:
    return mp.log(mp.erfc(t)) / LN2


def _normal_tail(t: Real) -> Real:
    return mp.erfc(t / mp.sqrt(2)) / 2


def _logistic_tail(t: Real) -> Real:
    return 1 / (1 + mp.exp(mp.sqrt(8 / mp.pi) * (t + mp.mpf("0.044715") * t**3)))


def _log2_fit(name: str, meaning: str, tail: Function, end: Real, count: int) -> Fit:
    """A fit of log2(tail) whose weighted error is that of the tail, which is at most 1/2."""
    return Fit(
        name, meaning, lambda t: mp.log(tail(t)) / LN2, lambda t: tail(t) * LN2, mp.mpf(0), end, count, 32, start=0.3
    )


def _erf_ratio(z: Real) -> Real:
    t = mp.sqrt(z)
    return mp.erf(t) / t - 1


def _atan_tail(z: Real) -> Real:
    t = mp.sqrt(z)
    return (mp.atan(t) / t - 1) / z


def _asin_tail(z: Real) -> Real:
    t = mp.sqrt(z)
    return (mp.asin(t) / t - 1) / z


def _erfcx(t: Real) -> Real:
    return mp.exp(t * t) * mp.erfc(t)


def _erfcx_ratio(w: Real) -> Real:
    """exp(t^2) erfc(t) / u at the t with u = 1 / (1 + t/4) = w + 5/8."""
    u = w + mp.mpf("0.625")
    return _erfcx(4 * (1 / u - 1)) / u


def _erfcx_fit(name: str, t_max: int, count: int, bits: int) -> Fit:
    meaning = f"exp(t^2) erfc(t) / u, u = 1 / (1 + t/4), as a polynomial in u - 5/8, 0 <= t <= {t_max}"
    low, high = 1 / (1 + mp.mpf(t_max) / 4), mp.mpf(1)
    middle = mp.mpf("0.625")
    return Fit(name, meaning, _erfcx_ratio, lambda w: 1 / _erfcx_ratio(w), low - middle, high - middle, count, bits)


FITS = [
    Fit("EXP_F32", "(e^r - 1 - r) / r^2, |r| <= ln2/2", _exp_tail, _exp_weight, -HALF_LN2, HALF_LN2, 5, 32),
    Fit("EXP_F64", "(e^r - 1 - r) / r^2, |r| <= ln2/2", _exp_tail, _exp_weight, -HALF_LN2, HALF_LN2, 10, 64),
    Fit(
        "LOG_F32",
        "(2 atanh(s)/s - 2) / z, z = s^2, s <= 3 - 2 sqrt(2)",
        _atanh_tail,
        lambda z: z / 2,
        tiny("1e-12"),
        S_MAX**2,
        3,
        32,
    ),
    Fit(
        "LOG_F64",
        "(2 atanh(s)/s - 2) / z, z = s^2, s <= 3 - 2 sqrt(2)",
        _atanh_tail,
        lambda z: z / 2,
        tiny("1e-12"),
        S_MAX**2,
        7,
        64,
    ),
    Fit(
        "SIN_F32",
        "(sin(r)/r - 1) / z, z = r^2, r <= pi/4",
        _sin_tail,
        lambda z: z,
        tiny("1e-12"),
        QUARTER_PI**2,
        3,
        32,
    ),
    Fit(
        "SIN_F64",
        "(sin(r)/r - 1) / z, z = r^2, r <= pi/4",
        _sin_tail,
        lambda z: z,
        tiny("1e-12"),
        QUARTER_PI**2,
        6,
        64,
    ),
    Fit(
        "COS_F32",
        "(cos(r) - 1 + z/2) / z^2, z = r^2, r <= pi/4",
        _cos_tail,
        lambda z: z**2 / mp.cos(mp.sqrt(z)),
        tiny("1e-6"),
        QUARTER_PI**2,
        3,
        32,
    ),
    Fit(
        "COS_F64",
        "(cos(r) - 1 + z/2) / z^2, z = r^2, r <= pi/4",
        _cos_tail,
        lambda z: z**2 / mp.cos(mp.sqrt(z)),
        tiny("1e-6"),
        QUARTER_PI**2,
        6,
        64,
    ),
    Fit(
        "EXP2_F32",
        "(2^f - 1) / f, |f| <= 1/2",
        _exp2_tail,
        lambda f: max(abs(f), tiny("1e-3")) / mp.mpf(2) ** f,
        mp.mpf("-0.5001"),
        mp.mpf("0.5001"),
        6,
        32,
    ),
    Fit(
        "EXP2_F64",
        "(2^f - 1) / f, |f| <= 1/2",
        _exp2_tail,
        lambda f: max(abs(f), tiny("1e-3")) / mp.mpf(2) ** f,
        mp.mpf("-0.5001"),
        mp.mpf("0.5001"),
        11,
        64,
    ),
    Fit(
        "EXP2_FOR_POW_F32",
        "2^f, |f| <= 1/2, in f64 for an f32 result",
        lambda f: mp.mpf(2) ** f,
        lambda f: mp.mpf(2) ** -f,
        mp.mpf("-0.5001"),
        mp.mpf("0.5001"),
        8,
        64,
    ),
    Fit(
        "LOG2_FOR_POW_F32",
        "2 atanh(s) / (s ln2), z = s^2, in f64 for an f32 result",
        lambda z: (2 + z * _atanh_tail(z)) / LN2,
        lambda z: mp.mpf(1) / 2,
        tiny("1e-12"),
        S_MAX**2,
        6,
        64,
    ),
    Fit(
        "ERF_SMALL_F32",
        "erf(t)/t - 1, z = t^2, t <= 0.921875",
        _erf_ratio,
        lambda z: 1 / (1 + _erf_ratio(z)),
        tiny("1e-12"),
        ERF_SPLIT_F32**2,
        7,
        32,
    ),
    Fit(
        "ERF_LARGE_F32",
        "log2(erfc(t)), 0.921875 <= t <= 4; weighed as an error of erf",
        _log2_erfc,
        lambda t: mp.erfc(t) * LN2 / mp.erf(t) + tiny("1e-7"),
        ERF_SPLIT_F32,
        mp.mpf(4),
        8,
        32,
    ),
    _log2_fit("GELU_ERF_F32", "log2(erfc(t / sqrt(2)) / 2), 0 <= t <= 5.5", _normal_tail, mp.mpf("5.5"), 9),
    _log2_fit(
        "GELU_TANH_F32",
        "log2(1 / (1 + e^a)), a = sqrt(8/pi) (t + 0.044715 t^3), 0 <= t <= 5.2",
        _logistic_tail,
        mp.mpf("5.2"),
        10,
    ),
    Fit(
        "ERF_SMALL_F64",
        "erf(t)/t - 1, z = t^2, t <= 1",
        _erf_ratio,
        lambda z: 1 / (1 + _erf_ratio(z)),
        tiny("1e-12"),
        mp.mpf(1),
        12,
        64,
    ),
    Fit(
        "LOG_FOR_POW_F64",
        "(2 atanh(s)/s - 2 - 2/3 z) / z^2, z = s^2, s <= 3 - 2 sqrt(2)",
        lambda z: (_atanh_tail(z) - mp.mpf(2) / 3) / z,
        lambda z: z**2 / 2,
        tiny("1e-6"),
        S_MAX**2,
        8,
        64,
    ),
    _erfcx_fit("ERFCX_F32", 11, 10, 32),
    _erfcx_fit("ERFCX_F64", 28, 22, 64),
    Fit(
        "ATAN_F64",
        "(atan(t)/t - 1) / z, z = t^2, t <= sqrt(2) - 1",
        _atan_tail,
        lambda z: z,
        tiny("1e-12"),
        TAN_PI_8**2,
        11,
        64,
    ),
    Fit(
        "ASIN_F64",
        "(asin(t)/t - 1) / z, z = t^2, t <= 1/2",
        _asin_tail,
        lambda z: z,
        tiny("1e-12"),
        mp.mpf("0.2501"),
        12,
        64,
    ),
]


def single(x: Real) -> float:
    """The nearest f32, as a Python float."""
    rounded: float = struct.unpack("<f", struct.pack("<f", float(x)))[0]
    return rounded


def main() -> None:
    print('"""Polynomial coefficients, lowest power first; printed by tests/codegen/fit_polynomials.py."""\n')
    print("from __future__ import annotations\n")
    for fit in FITS:
        coefficients, worst = remez(fit)
        error = float(mp.log(worst, 2)) if worst else -999.0
        print(f"# {fit.meaning}: weighted error 2^{error:.1f}")
        print(f"{fit.name} = (")
        for c in coefficients:
            print(f"    {single(c) if fit.bits == 32 else float(c)!r},")
        print(")")
    print_two_over_pi()


def print_two_over_pi() -> None:
    """The first 1,216 fraction bits of 2/pi: f64 exponents reach 971, and 245 bits after them are read."""
    with mp.workdps(450):
        digits = f"{int(mp.floor(2 / mp.pi * 2**1216)):0304x}"
    print("# the first 1,216 bits of the fraction of 2/pi")
    print("TWO_OVER_PI_BITS = int(")
    for i in range(0, 304, 76):
        print(f'    "{digits[i : i + 76]}"')
    print("    ,\n    16,\n)")


if __name__ == "__main__":
    main()
