"""MelWeightMatrix: the bands' edges first, then a row of weights per line of the spectrum."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import F64, I64, Num
from mlc.codegen.elements.arithmetic import float_power
from mlc.codegen.kernel import Kernel
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.codegen.shapes import shaped
from mlc.ir import DType, Value
from mlc.ops import MelWeightMatrix

Element = Any  # ir.Value; llvmlite is untyped


@shaped(MelWeightMatrix, "bin_count", "dft_length")
def mel_shape(m: MainBuilder, op: MelWeightMatrix) -> list[Num]:
    return [m.add(m.floordiv(m.element(op.dft_length, 0), 2), 1), m.element(op.bin_count, 0)]


@kernel(MelWeightMatrix)
def mel_weight_matrix(plan: Plan, op: MelWeightMatrix) -> None:
    """Three edges make a triangle: it rises to the second and falls to the third."""
    spectrum, bands = op.dims
    edges = plan.temporary(DType.I64, bands + 2)

    @plan.each(1, cost=(bands + 2) * 64)
    def mark(k: Kernel, number: Any) -> None:
        low, high = (_mel(k, _one(k, hertz)) for hertz in (op.lower, op.upper))
        step = k.ir.fdiv(k.ir.fsub(high, low), _float(k, k.add(k.dim(bands), 2)))
        places = k.ir.fadd(_one(k, op.dft_length), _number(1))
        with k.loop(0, k.add(k.dim(bands), 2)) as edge:
            mel = k.ir.fadd(k.ir.fmul(_float(k, edge), step), low)
            power = float_power(k, _number(10), k.ir.fdiv(mel, _number(2595)))
            hertz = k.ir.fmul(_number(700), k.ir.fsub(power, _number(1)))
            place = math.floor(k.ir, k.ir.fdiv(k.ir.fmul(places, hertz), _one(k, op.sample_rate)))
            k.write(k.tensor(edges), (edge,), k.ir.fptosi(place, I64))

    @plan.each(spectrum, cost=bands * 4)
    def line(k: Kernel, place: Any) -> None:
        with k.loop(0, k.dim(bands)) as band:
            left, center, right = (k.read(k.tensor(edges), (k.add(band, n),)) for n in range(3))
            rising = _share(k, k.sub(place, left), k.sub(center, left))
            rising = k.select(k.compare(">=", place, left), rising, _number(0))
            falling = _share(k, k.sub(right, place), k.sub(right, center))
            falling = k.select(k.compare("<", place, right), falling, _number(0))
            behind = k.select(k.compare("==", place, center), _number(1), falling)
            weight = k.select(k.compare("<", place, center), rising, behind)
            k.emit((place, band), registers.converted(k, weight, DType.F64, op.dtype))


def _mel(k: Kernel, hertz: Element) -> Element:
    inner = k.ir.fadd(_number(1), k.ir.fdiv(hertz, _number(700)))
    return k.ir.fmul(_number(2595), math.log10(k.ir, inner))


def _share(k: Kernel, part: Num, whole: Num) -> Element:
    return k.ir.fdiv(_float(k, part), _float(k, k.maximum(whole, 1)))


def _one(k: Kernel, value: Value) -> Element:
    return k.read_as(DType.F64, k.tensor(value, (1,)), (0,))


def _float(k: Kernel, x: Num) -> Element:
    return k.ir.sitofp(k.i64(x), F64)


def _number(x: float) -> ir.Constant:
    return ir.Constant(F64, float(x))
