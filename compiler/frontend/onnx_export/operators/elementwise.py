"""Arithmetic, math, logic and casts."""

from __future__ import annotations

from typing import Any

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import DType, TensorType, Value
from mlc.ops import cast, elementwise, logic, math

for _op, _operator in {
    elementwise.Add: "Add",
    elementwise.Sub: "Sub",
    elementwise.Mul: "Mul",
    elementwise.Div: "Div",
    elementwise.Pow: "Pow",
    elementwise.Maximum: "Max",
    elementwise.Minimum: "Min",
    elementwise.Where: "Where",
    elementwise.Neg: "Neg",
    elementwise.Abs: "Abs",
    elementwise.Sign: "Sign",
    elementwise.Relu: "Relu",
    elementwise.Floor: "Floor",
    elementwise.Ceil: "Ceil",
    elementwise.Round: "Round",
    math.Exp: "Exp",
    math.Log: "Log",
    math.Sqrt: "Sqrt",
    math.Sin: "Sin",
    math.Cos: "Cos",
    math.Tan: "Tan",
    math.Asin: "Asin",
    math.Acos: "Acos",
    math.Atan: "Atan",
    math.Sinh: "Sinh",
    math.Cosh: "Cosh",
    math.Tanh: "Tanh",
    math.Asinh: "Asinh",
    math.Acosh: "Acosh",
    math.Atanh: "Atanh",
    math.Erf: "Erf",
    math.Sigmoid: "Sigmoid",
    math.Softplus: "Softplus",
    logic.Equal: "Equal",
    logic.Less: "Less",
    logic.LessOrEqual: "LessOrEqual",
    logic.And: "And",
    logic.Or: "Or",
    logic.Xor: "Xor",
    logic.Not: "Not",
    logic.BitwiseAnd: "BitwiseAnd",
    logic.BitwiseOr: "BitwiseOr",
    logic.BitwiseXor: "BitwiseXor",
    logic.BitwiseNot: "BitwiseNot",
    logic.IsNan: "IsNaN",
}.items():
    same_operator(_op, _operator)

same_operator(elementwise.LeakyRelu, "LeakyRelu", alpha="slope")
same_operator(math.Elu, "Elu", alpha="alpha")
same_operator(math.Gelu, "Gelu", approximate="approximation")
same_operator(logic.IsInf, "IsInf", detect_positive="is_positive", detect_negative="is_negative")


@onnx_export(elementwise.Mod)
def mod(w: Writer, op: elementwise.Mod) -> str:
    is_floored_float = op.sign_of == "divisor" and op.x.tensor.dtype.is_float
    w.require(28 if is_floored_float else 0)  # before, floats had the dividend's sign only
    return str(w("Mod", *w.operands(op), fmod=int(op.sign_of == "dividend")))


@onnx_export(elementwise.Clip)
def clip(w: Writer, op: elementwise.Clip) -> str:
    if all(_is_scalar(v) for v in (op.low, op.high) if v is not None):
        return str(w("Clip", *w.operands(op)))
    name = w.name(op.x)
    if op.low is not None:
        name = w("Max", name, w.name(op.low))
    return str(w("Min", name, w.name(op.high))) if op.high is not None else name


def _is_scalar(value: Value) -> bool:
    return isinstance(value.type, TensorType) and value.type.shape == ()


@onnx_export(math.Expm1)
def expm1(w: Writer, op: math.Expm1) -> str:
    # e^x - 1 = 2 t / (1 - t) with t = tanh(x / 2), which loses nothing near 0; further out the difference does not.
    x, dtype = w.name(op.x), op.x.tensor.dtype
    one, two = w.scalar(1, dtype), w.scalar(2, dtype)
    t = w("Tanh", w("Div", x, two))
    near = w("Div", w("Mul", two, t), w("Sub", one, t))
    return str(w("Where", w("Less", w("Abs", x), one), near, w("Sub", w("Exp", x), one)))


@onnx_export(math.Log1p)
def log1p(w: Writer, op: math.Log1p) -> str:
    # log(1 + x) = 2 atanh(x / (2 + x)), which loses nothing near 0; further out the sum does not.
    x, dtype = w.name(op.x), op.x.tensor.dtype
    half, one, two = w.scalar(0.5, dtype), w.scalar(1, dtype), w.scalar(2, dtype)
    is_near = w("Less", w("Abs", x), half)
    # Outside of where it is used the quotient may leave atanh's domain; 0 stays inside.
    bounded = w("Where", is_near, x, w.scalar(0, dtype))
    near = w("Mul", two, w("Atanh", w("Div", bounded, w("Add", two, bounded))))
    return str(w("Where", is_near, near, w("Log", w("Add", one, x))))


@onnx_export(logic.Shift)
def shift(w: Writer, op: logic.Shift) -> str:
    return str(w("BitShift", *w.operands(op), direction=op.direction.upper()))


@onnx_export(cast.Cast)
def convert(w: Writer, op: cast.Cast) -> str:
    given: dict[str, Any] = {} if op.saturates else {"saturate": 0}
    rounding = op.rounding if op.dtype is DType.F8E8M0 and op.rounding != "up" else None
    w.require(24 if rounding or op.dtype is DType.F8E8M0 else 25 if op.dtype in (DType.I2, DType.U2) else 0)
    return str(w("Cast", w.name(op.x), to=w.element_type(op.dtype), round_mode=rounding, **given))


@onnx_export(cast.ParseNumber)
def parse_number(w: Writer, op: cast.ParseNumber) -> str:
    return str(w("Cast", w.name(op.x), to=w.element_type(op.dtype)))


@onnx_export(cast.FormatNumber)
def format_number(w: Writer, op: cast.FormatNumber) -> str:
    return str(w("Cast", w.name(op.x), to=w.element_type(DType.STRING)))


@onnx_export(cast.Bitcast)
def bitcast(w: Writer, op: cast.Bitcast) -> str:
    w.require(26)
    return str(w("BitCast", w.name(op.x), to=w.element_type(op.dtype)))
