"""Ops of arith and math on tensors, and spellings that are read as one op."""

from __future__ import annotations

from typing import Any

import numpy as np
from mlir_import.snippets.forms import Array, B, F, N, Snippet, erf, function, generic, rounded


def unary(op: str, kind: str, meaning: Any, result: str = "", ops: tuple[str, ...] = ()) -> Snippet:
    """One op on a tensor."""
    to = result or kind
    text = f"  %r = {op} %a : {kind}{f' to {to}' if result else ''}\n  return %r : {to}"
    return Snippet(op.replace(".", "_").replace(" ", "_") + f"_{_short(kind)}", function(kind, text, to), meaning, ops)


def binary(op: str, kind: str, meaning: Any, ops: tuple[str, ...] = (), result: str = "") -> Snippet:
    """One op on two tensors of a type."""
    text = f"  %r = {op} %a, %b : {kind}\n  return %r : {result or kind}"
    name = op.replace(".", "_").replace(" ", "_").replace(",", "")
    return Snippet(f"{name}_{_short(kind)}", function(f"{kind}; {kind}", text, result or kind), meaning, ops)


def _short(kind: str) -> str:
    return kind.removesuffix(">").split("x")[-1].lower()


def _u(x: Array) -> Array:
    return x.view(x.dtype.str.replace("i", "u"))


ARITHMETIC = [
    binary("arith.addf", F, np.add, ("mlc.add",)),
    binary("arith.subf", F, np.subtract),
    binary("arith.mulf", F, np.multiply),
    binary("arith.divf", F, np.divide),
    binary("arith.remf", F, np.fmod),
    binary("arith.maximumf", F, np.maximum),
    binary("arith.minimumf", F, np.minimum),
    binary("arith.maxnumf", F, np.fmax),
    binary("arith.minnumf", F, np.fmin),
    unary("arith.negf", F, np.negative),
    binary("arith.addi", N, np.add),
    binary("arith.subi", N, np.subtract),
    binary("arith.muli", N, np.multiply),
    binary("arith.addi", B, np.logical_xor),
    binary("arith.muli", B, np.logical_and),
    binary("arith.andi", N, np.bitwise_and),
    binary("arith.ori", N, np.bitwise_or),
    binary("arith.xori", N, np.bitwise_xor),
    binary("arith.andi", B, np.logical_and),
    binary("arith.ori", B, np.logical_or),
    binary("arith.xori", B, np.logical_xor),
    binary("arith.maxsi", N, np.maximum),
    binary("arith.minsi", N, np.minimum),
    binary("arith.maxui", N, lambda a, b: np.maximum(_u(a), _u(b)).view(a.dtype)),
    binary("arith.minui", N, lambda a, b: np.minimum(_u(a), _u(b)).view(a.dtype)),
    *(
        binary(f"arith.cmpf {name},", F, meaning, result=B)
        for name, meaning in (
            ("oeq", np.equal),
            ("ogt", np.greater),
            ("oge", np.greater_equal),
            ("olt", np.less),
            ("ole", np.less_equal),
            ("one", np.not_equal),
            ("ugt", np.greater),
            ("une", np.not_equal),
            ("uno", lambda a, b: np.isnan(a) | np.isnan(b)),
            ("ord", lambda a, b: ~(np.isnan(a) | np.isnan(b))),
        )
    ),
    *(
        binary(f"arith.cmpi {name},", N, meaning, result=B)
        for name, meaning in (
            ("eq", np.equal),
            ("ne", np.not_equal),
            ("slt", np.less),
            ("sle", np.less_equal),
            ("sgt", np.greater),
            ("sge", np.greater_equal),
            ("ult", lambda a, b: _u(a) < _u(b)),
            ("uge", lambda a, b: _u(a) >= _u(b)),
        )
    ),
    unary("arith.sitofp", N, lambda a: a.astype(np.float32), F),
    unary("arith.uitofp", N, lambda a: _u(a).astype(np.float32), F),
    unary("arith.uitofp", B, lambda a: a.astype(np.float32), F),
    unary("arith.fptosi", F, lambda a: np.trunc(a).astype(np.int32), N),
    unary("arith.extsi", "tensor<3x4xi8>", lambda a: a.astype(np.int32), N),
    unary("arith.extui", "tensor<3x4xi8>", lambda a: _u(a).astype(np.int32), N),
    unary("arith.extsi", B, lambda a: -a.astype(np.int32), N),
    unary("arith.extui", B, lambda a: a.astype(np.int32), N),
    unary("arith.trunci", N, lambda a: a.astype(np.int8), "tensor<3x4xi8>"),
    unary("arith.extf", F, lambda a: a.astype(np.float64), "tensor<3x4xf64>"),
    unary("arith.truncf", F, lambda a: a.astype(np.float16), "tensor<3x4xf16>"),
    unary("arith.bitcast", F, lambda a: a.view(np.int32), N),
    Snippet(
        "arith_select",
        function(f"{B}; {F}; {F}", f"  %r = arith.select %a, %b, %c : {B}, {F}\n  return %r : {F}", F),
        np.where,
        ("mlc.where",),
    ),
    Snippet(
        "shifts",
        function(
            "tensor<4xi32>",
            """  %p = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi32>
  %l = arith.shli %a, %p : tensor<4xi32>
  %s = arith.shrsi %a, %p : tensor<4xi32>
  %u = arith.shrui %a, %p : tensor<4xi32>
  return %l, %s, %u : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>""",
            "(tensor<4xi32>, tensor<4xi32>, tensor<4xi32>)",
        ),
        lambda a: (
            a << np.arange(1, 5),
            a >> np.arange(1, 5),
            (_u(a) >> np.arange(1, 5).astype(np.uint32)).view(np.int32),
        ),
    ),
    Snippet(
        "quotients_and_remainders",
        function(
            "tensor<9xi32>",
            """  %three = arith.constant dense<-3> : tensor<9xi32>
  %d = arith.divsi %a, %three : tensor<9xi32>
  %f = arith.floordivsi %a, %three : tensor<9xi32>
  %c = arith.ceildivsi %a, %three : tensor<9xi32>
  %m = arith.remsi %a, %three : tensor<9xi32>
  %u = arith.divui %a, %three : tensor<9xi32>
  return %d, %f, %c, %m, %u : tensor<9xi32>, tensor<9xi32>, tensor<9xi32>, tensor<9xi32>, tensor<9xi32>""",
            "(tensor<9xi32>, tensor<9xi32>, tensor<9xi32>, tensor<9xi32>, tensor<9xi32>)",
        ),
        lambda a: (
            np.trunc(a / -3),
            np.floor(a / -3),
            np.ceil(a / -3),
            np.fmod(a, -3),
            (_u(a) // np.uint32(2**32 - 3)).view(np.int32),
        ),
    ),
    *(
        unary(f"math.{name}", F, meaning)
        for name, meaning in (
            ("absf", np.abs),
            ("atan", np.arctan),
            ("cbrt", np.cbrt),
            ("ceil", np.ceil),
            ("cos", np.cos),
            ("cosh", np.cosh),
            ("erf", erf),
            ("erfc", lambda a: 1 - erf(a)),
            ("exp", np.exp),
            ("exp2", np.exp2),
            ("expm1", np.expm1),
            ("floor", np.floor),
            ("round", rounded),
            ("roundeven", np.rint),
            ("sin", np.sin),
            ("sinh", np.sinh),
            ("tan", np.tan),
            ("tanh", np.tanh),
            ("trunc", np.trunc),
        )
    ),
    *(
        Snippet(
            f"math_{name}_of_a_square",
            function(F, f"  %s = arith.mulf %a, %a : {F}\n  %r = math.{name} %s : {F}\n  return %r : {F}", F),
            lambda a, f=meaning: f(a * a),
        )
        for name, meaning in (
            ("sqrt", np.sqrt),
            ("rsqrt", lambda x: 1 / np.sqrt(x)),
            ("log", np.log),
            ("log2", np.log2),
            ("log10", np.log10),
            ("log1p", np.log1p),
        )
    ),
    binary("math.atan2", F, np.arctan2),
    binary("math.copysign", F, np.copysign),
    Snippet(
        "math_powf_fma_and_clampf",
        function(
            F,
            f"""  %two = arith.constant dense<2.0> : {F}
  %p = math.powf %a, %two : {F}
  %q = math.fma %a, %two, %p : {F}
  %one = arith.constant dense<-1.0> : {F}
  %c = math.clampf %a to [%one, %two] : {F}
  return %q, %c : {F}, {F}""",
            f"({F}, {F})",
        ),
        lambda a: (a * 2 + a**2, np.clip(a, -1, 2)),
    ),
    Snippet(
        "relu_as_exporters_spell_it",
        generic(
            F,
            F,
            "(i, j) -> (i, j); (i, j) -> (i, j)",
            "pp",
            (
                "    %c = arith.constant 0.0 : f32\n"
                "    %t = arith.cmpf ugt, %x, %c : f32\n"
                "    %s = arith.select %t, %x, %c : f32\n"
                "    linalg.yield %s : f32"
            ),
        ),
        lambda a: np.maximum(a, 0),
        ("mlc.relu",),
        ("mlc.where",),
    ),
    Snippet(
        "a_choice_that_is_no_maximum_stays_one",
        generic(
            F,
            F,
            "(i, j) -> (i, j); (i, j) -> (i, j)",
            "pp",
            (
                "    %c = arith.constant 0.0 : f32\n"
                "    %t = arith.cmpf ogt, %x, %c : f32\n"
                "    %s = arith.select %t, %x, %c : f32\n"
                "    linalg.yield %s : f32"
            ),
        ),
        lambda a: np.where(a > 0, a, 0),
        ("mlc.where",),
        ("mlc.relu",),
    ),
]

CANONICAL = [
    Snippet(
        "a_choice_between_x_and_a_bound_is_a_clamp",
        generic(
            F,
            F,
            "(i, j) -> (i, j); (i, j) -> (i, j)",
            "pp",
            "    %l = arith.constant -0.5 : f32\n    %h = arith.constant 0.75 : f32\n"
            "    %c = arith.cmpf olt, %x, %l : f32\n    %s = arith.select %c, %l, %x : f32\n"
            "    %d = arith.cmpf ogt, %s, %h : f32\n    %t = arith.select %d, %h, %s : f32\n    linalg.yield %t : f32",
        ),
        lambda a: np.clip(a, -0.5, 0.75),
        ("mlc.maximum", "mlc.minimum"),
        ("mlc.where",),
    ),
    Snippet(
        "a_sum_divided_by_its_count_keeps_its_axis",
        function(
            F,
            f"""  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %s = linalg.reduce {{ arith.addf }} ins(%a : {F}) outs(%zero : tensor<3xf32>) dimensions = [1]
  %k = tensor.expand_shape %s [[0, 1]] output_shape [3, 1] : tensor<3xf32> into tensor<3x1xf32>
  %four = arith.constant dense<4.0> : tensor<3x1xf32>
  %r = arith.divf %k, %four : tensor<3x1xf32>
  return %r : tensor<3x1xf32>""",
            "tensor<3x1xf32>",
        ),
        lambda a: a.mean(1, keepdims=True),
        ("mlc.reduce_sum", "mlc.div"),
        ("mlc.reduce_mean", "mlc.reshape"),
        terms=4,
    ),
    Snippet(
        "a_sum_divided_by_another_number_is_no_mean",
        function(
            F,
            f"""  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %s = linalg.reduce {{ arith.addf }} ins(%a : {F}) outs(%zero : tensor<3xf32>) dimensions = [1]
  %three = arith.constant dense<3.0> : tensor<3xf32>
  %r = arith.divf %s, %three : tensor<3xf32>
  return %r : tensor<3xf32>""",
            "tensor<3xf32>",
        ),
        lambda a: a.sum(1) / 3,
        ("mlc.div",),
        ("mlc.reduce_mean",),
        terms=4,
    ),
    Snippet(
        "batch_axes_made_one_for_a_product_stay_apart",
        function(
            "tensor<2x3x4x5xf32>; tensor<2x3x5x6xf32>",
            """  %x = tensor.collapse_shape %a [[0, 1], [2], [3]] : tensor<2x3x4x5xf32> into tensor<6x4x5xf32>
  %y = tensor.collapse_shape %b [[0, 1], [2], [3]] : tensor<2x3x5x6xf32> into tensor<6x5x6xf32>
  %zero = arith.constant dense<0.0> : tensor<6x4x6xf32>
  %p = linalg.batch_matmul ins(%x, %y : tensor<6x4x5xf32>, tensor<6x5x6xf32>) outs(%zero : tensor<6x4x6xf32>)
      -> tensor<6x4x6xf32>
  %r = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [2, 3, 4, 6]
      : tensor<6x4x6xf32> into tensor<2x3x4x6xf32>
  return %r : tensor<2x3x4x6xf32>""",
            "tensor<2x3x4x6xf32>",
        ),
        np.matmul,
        ("mlc.matmul",),
        ("mlc.reshape",),
        terms=5,
    ),
]
