"""Rounding to integers and square roots: one instruction each on x86-64 with SSE4.1."""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen.math.lanes import intrinsic


def floor(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The largest integer not above x."""
    return intrinsic(b, "floor", x.type, [x])


def ceil(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The smallest integer not below x."""
    return intrinsic(b, "ceil", x.type, [x])


def trunc(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """x without its fraction."""
    return intrinsic(b, "trunc", x.type, [x])


def round_even(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The nearest integer, the even one of two equally near (ONNX Round)."""
    return intrinsic(b, "roundeven", x.type, [x])


def sqrt(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The correctly rounded square root; NaN below zero, -0 at -0."""
    return intrinsic(b, "sqrt", x.type, [x])
