"""More of `snippets`: bodies of every kind, reductions, positions, gathers, tensor ops, arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mlir_import.snippets import Array, Snippet, function, generic, named

_SUM = "    %s = arith.addf %x, %out : f32\n    linalg.yield %s : f32"
_MINUS_INFINITY = "0xFF800000"


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


def _nonzero(y: Array) -> Array:
    return np.where(y == 0, np.asarray(1, y.dtype), y)


F, N, B = "tensor<3x4xf32>", "tensor<3x4xi32>", "tensor<3x4xi1>"
_erf = np.vectorize(math.erf)


def _round(x: Array) -> Array:
    return np.copysign(np.floor(np.abs(x)) + (np.abs(x) - np.floor(np.abs(x)) >= 0.5), x)


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
            ("erf", _erf),
            ("erfc", lambda a: 1 - _erf(a)),
            ("exp", np.exp),
            ("exp2", np.exp2),
            ("expm1", np.expm1),
            ("floor", np.floor),
            ("round", _round),
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

BODIES = [
    *(
        Snippet(f"linalg_{op}", named(op, f"{F}; {F}" if count == 2 else F, F), meaning)
        for op, count, meaning in (
            ("add", 2, np.add),
            ("sub", 2, np.subtract),
            ("mul", 2, np.multiply),
            ("div", 2, np.divide),
            ("max", 2, np.maximum),
            ("min", 2, np.minimum),
            ("exp", 1, np.exp),
            ("abs", 1, np.abs),
            ("ceil", 1, np.ceil),
            ("floor", 1, np.floor),
            ("negf", 1, np.negative),
            ("tanh", 1, np.tanh),
            ("erf", 1, _erf),
            ("square", 1, np.square),
            ("round", 1, _round),
            ("reciprocal", 1, np.reciprocal),
            ("copy", 1, np.array),
        )
    ),
    Snippet(
        "linalg_elementwise", named("elementwise", f"{F}; {F}", F, "kind=#linalg.elementwise_kind<sub>"), np.subtract
    ),
    Snippet(
        "linalg_map_reduce_broadcast_and_transpose",
        function(
            F,
            f"""  %e = tensor.empty() : {F}
  %m = linalg.map {{ arith.mulf }} ins(%a, %a : {F}, {F}) outs(%e : {F})
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %s = linalg.reduce {{ arith.addf }} ins(%m : {F}) outs(%zero : tensor<4xf32>) dimensions = [0]
  %b = linalg.broadcast ins(%s : tensor<4xf32>) outs(%e : {F}) dimensions = [0]
  %et = tensor.empty() : tensor<4x3xf32>
  %t = linalg.transpose ins(%b : {F}) outs(%et : tensor<4x3xf32>) permutation = [1, 0]
  return %t : tensor<4x3xf32>""",
            "tensor<4x3xf32>",
        ),
        lambda a: np.broadcast_to((a * a).sum(0), (3, 4)).T,
        ("mlc.reduce_sum", "mlc.transpose"),
        terms=3,
    ),
    Snippet(
        "linalg_softmax",
        function(
            F,
            (
                f"  %e = tensor.empty() : {F}\n"
                f"  %r = linalg.softmax dimension(0) ins(%a : {F}) outs(%e : {F}) -> {F}\n"
                f"  return %r : {F}"
            ),
            F,
        ),
        lambda a: np.exp(a) / np.exp(a).sum(0),
        ("mlc.softmax",),
    ),
    Snippet(
        "operands_are_transposed_and_broadcast_over_the_loops",
        generic(
            "tensor<4x2x3xf32>; tensor<4xf32>; tensor<2x1xf32>",
            "tensor<2x3x4xf32>",
            "(i, j, k) -> (k, i, j); (i, j, k) -> (k); (i, j, k) -> (i, 0); (i, j, k) -> (i, j, k)",
            "ppp",
            "    %p = arith.mulf %x, %y : f32\n    %s = arith.addf %p, %z : f32\n    linalg.yield %s : f32",
        ),
        lambda a, b, c: a.transpose(1, 2, 0) * b + c[:, :, None],
    ),
    Snippet(
        "an_output_is_written_transposed",
        generic(
            F,
            "tensor<4x3xf32>",
            "(i, j) -> (i, j); (i, j) -> (j, i)",
            "pp",
            "    %s = math.exp %x : f32\n    linalg.yield %s : f32",
        ),
        lambda a: np.exp(a).T,
    ),
    Snippet(
        "an_operand_is_read_backwards_by_twos_and_at_a_constant",
        generic(
            "tensor<8xf32>; tensor<5x4xf32>",
            "tensor<4xf32>",
            "(i) -> (-i * 2 + 7); (i) -> (2, i); (i) -> (i)",
            "p",
            "    %s = arith.addf %x, %y : f32\n    linalg.yield %s : f32",
        ),
        lambda a, b: a[::-2] + b[2],
        ("mlc.slice",),
        ("mlc.gather_nd",),
    ),
    Snippet(
        "a_diagonal_is_read",
        generic(
            "tensor<4x4xf32>; tensor<4xf32>",
            "tensor<4xf32>",
            "(i) -> (i, i); (i) -> (i); (i) -> (i)",
            "p",
            "    %s = arith.addf %x, %y : f32\n    linalg.yield %s : f32",
        ),
        lambda a, b: np.diagonal(a) + b,
        ("mlc.gather_nd",),
    ),
    Snippet(
        "any_affine_place_is_read",
        generic(
            "tensor<6xf32>; tensor<6xf32>",
            "tensor<6xf32>",
            "(i) -> ((i + 1) mod 6); (i) -> (i floordiv 2); (i) -> (i)",
            "p",
            "    %s = arith.subf %x, %y : f32\n    linalg.yield %s : f32",
        ),
        lambda a, b: np.roll(a, -1) - b[np.arange(6) // 2],
        ("mlc.gather_nd",),
    ),
    Snippet(
        "the_numbers_of_loops_are_ranges",
        generic(
            F,
            F,
            "(i, j) -> (i, j); (i, j) -> (i, j)",
            "pp",
            (
                "    %i = linalg.index 0 : index\n"
                "    %j = linalg.index 1 : index\n"
                "    %c = arith.cmpi sle, %i, %j : index\n"
                "    %zero2 = arith.constant 0.0 : f32\n"
                "    %s = arith.select %c, %x, %zero2 : f32\n"
                "    linalg.yield %s : f32"
            ),
        ),
        np.triu,
        ("mlc.range",),
    ),
    Snippet(
        "rows_that_an_index_names_are_a_gather",
        function(
            "tensor<7x4xf32>; tensor<2x3xi64>",
            """  %e = tensor.empty() : tensor<2x3x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%b : tensor<2x3xi64>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%x: i64, %out: f32):
    %seven = arith.constant 7 : i64
    %n = arith.remui %x, %seven : i64
    %row = arith.index_cast %n : i64 to index
    %column = linalg.index 2 : index
    %v = tensor.extract %a[%row, %column] : tensor<7x4xf32>
    linalg.yield %v : f32
  } -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>""",
            "tensor<2x3x4xf32>",
        ),
        lambda a, b: a[(b.view(np.uint64) % np.uint64(7)).astype(np.int64)],
        ("mlc.gather",),
        ("mlc.gather_nd",),
    ),
    Snippet(
        "elements_that_two_indices_name_are_gathered",
        function(
            "tensor<4x4xf32>",
            """  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      outs(%e : tensor<4xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %three = arith.constant 3 : index
    %j = arith.subi %three, %i : index
    %v = tensor.extract %a[%i, %j] : tensor<4x4xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>""",
            "tensor<4xf32>",
        ),
        lambda a: np.diagonal(a[:, ::-1]),
        ("mlc.gather_nd",),
    ),
]

REDUCTIONS = [
    Snippet(
        "sum_over_the_middle_axis",
        generic("tensor<2x3x4xf32>", "tensor<4x2xf32>", "(i, j, k) -> (i, j, k); (i, j, k) -> (k, i)", "prp", _SUM),
        lambda a: a.sum(1).T,
        ("mlc.reduce_sum",),
        terms=3,
    ),
    Snippet(
        "sum_that_keeps_an_axis_of_1",
        generic(F, "tensor<3x1xf32>", "(i, j) -> (i, j); (i, j) -> (i, 0)", "pr", _SUM),
        lambda a: a.sum(1, keepdims=True),
        ("mlc.reduce_sum",),
        ("mlc.reshape",),
        terms=4,
    ),
    Snippet(
        "sum_to_a_scalar",
        generic(F, "tensor<f32>", "(i, j) -> (i, j); (i, j) -> ()", "rr", _SUM),
        np.sum,
        ("mlc.reduce_sum",),
        terms=12,
    ),
    Snippet(
        "sum_that_begins_at_a_number",
        generic(F, "tensor<3xf32>", "(i, j) -> (i, j); (i, j) -> (i)", "pr", _SUM, "2.5"),
        lambda a: a.sum(1) + 2.5,
        terms=5,
    ),
    Snippet(
        "sum_of_a_term_that_lacks_the_loop",
        generic(
            "tensor<3xf32>; tensor<4xf32>", "tensor<3xf32>", "(i, j) -> (i); (i, j) -> (j); (i, j) -> (i)", "pr", _SUM
        ),
        lambda a, b: a * 4,
        terms=4,
    ),
    Snippet(
        "sum_of_squares",
        generic(
            F,
            "tensor<3xf32>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            "    %q = arith.mulf %x, %x : f32\n    %s = arith.addf %q, %out : f32\n    linalg.yield %s : f32",
        ),
        lambda a: (a * a).sum(1),
        ("mlc.reduce_sum",),
        ("mlc.matmul",),
        terms=4,
    ),
    Snippet(
        "product",
        generic(
            F,
            "tensor<3xf32>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            "    %s = arith.mulf %out, %x : f32\n    linalg.yield %s : f32",
            "1.0",
        ),
        lambda a: a.prod(1),
        ("mlc.reduce_prod",),
    ),
    Snippet(
        "maximum",
        generic(
            F,
            "tensor<3xf32>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            "    %s = arith.maximumf %out, %x : f32\n    linalg.yield %s : f32",
            _MINUS_INFINITY,
        ),
        lambda a: a.max(1),
        ("mlc.reduce_max",),
        ("mlc.maximum",),
    ),
    Snippet(
        "maximum_by_comparison",
        generic(
            F,
            "tensor<3xf32>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            (
                "    %c = arith.cmpf ogt, %x, %out : f32\n"
                "    %s = arith.select %c, %x, %out : f32\n"
                "    linalg.yield %s : f32"
            ),
            _MINUS_INFINITY,
        ),
        lambda a: a.max(1),
        ("mlc.reduce_max",),
    ),
    Snippet(
        "minimum_by_comparison",
        generic(
            F,
            "tensor<3xf32>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            (
                "    %c = arith.cmpf ogt, %x, %out : f32\n"
                "    %s = arith.select %c, %out, %x : f32\n"
                "    linalg.yield %s : f32"
            ),
            "0x7F800000",
        ),
        lambda a: a.min(1),
        ("mlc.reduce_min",),
    ),
    Snippet(
        "minimum_of_integers",
        generic(
            N,
            "tensor<3xi32>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            "    %s = arith.minsi %out, %x : i32\n    linalg.yield %s : i32",
            "4",
            element="i32",
        ),
        lambda a: np.minimum(a.min(1), 4),
        ("mlc.reduce_min", "mlc.minimum"),
    ),
    Snippet(
        "whether_any_holds",
        generic(
            B,
            "tensor<3xi1>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            "    %s = arith.ori %out, %x : i1\n    linalg.yield %s : i1",
            "0",
            element="i1",
        ),
        lambda a: a.any(1),
        ("mlc.reduce_max",),
    ),
    Snippet(
        "whether_all_hold",
        generic(
            B,
            "tensor<3xi1>",
            "(i, j) -> (i, j); (i, j) -> (i)",
            "pr",
            "    %s = arith.andi %out, %x : i1\n    linalg.yield %s : i1",
            "1",
            element="i1",
        ),
        lambda a: a.all(1),
        ("mlc.reduce_min",),
    ),
    *(
        Snippet(
            f"maximum_and_the_{which}_place_of_it",
            function(
                "tensor<3x6xi32>",
                f"""  %low = arith.constant -2147483648 : i32
  %zero = arith.constant 0 : i64
  %e = tensor.empty() : tensor<3xi32>
  %best = linalg.fill ins(%low : i32) outs(%e : tensor<3xi32>) -> tensor<3xi32>
  %f = tensor.empty() : tensor<3xi64>
  %at = linalg.fill ins(%zero : i64) outs(%f : tensor<3xi64>) -> tensor<3xi64>
  %r:2 = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
      affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}} ins(%a : tensor<3x6xi32>)
      outs(%best, %at : tensor<3xi32>, tensor<3xi64>) {{
  ^bb0(%x: i32, %most: i32, %place: i64):
    %j = linalg.index 1 : index
    %n = arith.index_cast %j : index to i64
    %m = arith.maxsi %x, %most : i32
    %c = arith.cmpi {predicate}, %x, %most : i32
    %p = arith.select %c, %n, %place : i64
    linalg.yield %m, %p : i32, i64
  }} -> (tensor<3xi32>, tensor<3xi64>)
  return %r#0, %r#1 : tensor<3xi32>, tensor<3xi64>""",
                "(tensor<3xi32>, tensor<3xi64>)",
            ),
            lambda a, last=which == "last": (a.max(1), 5 - a[:, ::-1].argmax(1) if last else a.argmax(1)),
            ("mlc.reduce_max", "mlc.arg_max"),
        )
        for which, predicate in (("first", "sgt"), ("last", "sge"))
    ),
]


def _tensor(name: str, arguments: str, body: str, result: str, meaning: Any, **more: Any) -> Snippet:
    return Snippet(name, function(arguments, f"{body}\n  return %r : {result}", result), meaning, **more)


TENSORS = [
    _tensor(
        "expand_and_collapse_shape",
        "tensor<6x4xf32>",
        (
            "  %e = tensor.expand_shape %a [[0, 1], [2]] output_shape [2, 3, 4]"
            " : tensor<6x4xf32> into tensor<2x3x4xf32>\n"
            "  %r = tensor.collapse_shape %e [[0], [1, 2]] : tensor<2x3x4xf32> into tensor<2x12xf32>"
        ),
        "tensor<2x12xf32>",
        lambda a: a.reshape(2, 12),
    ),
    _tensor(
        "reshape_by_a_tensor_of_sizes",
        "tensor<6x4xf32>",
        (
            "  %s = arith.constant dense<[3, 8]> : tensor<2xi32>\n"
            "  %r = tensor.reshape %a(%s) : (tensor<6x4xf32>, tensor<2xi32>) -> tensor<3x8xf32>"
        ),
        "tensor<3x8xf32>",
        lambda a: a.reshape(3, 8),
    ),
    _tensor(
        "extract_slice_by_steps",
        "tensor<6x8xf32>",
        "  %r = tensor.extract_slice %a[1, 0] [2, 3] [2, 3] : tensor<6x8xf32> to tensor<2x3xf32>",
        "tensor<2x3xf32>",
        lambda a: a[1:5:2, 0:9:3],
        ops=("mlc.slice",),
    ),
    _tensor(
        "extract_slice_that_drops_axes",
        "tensor<6x8xf32>",
        "  %r = tensor.extract_slice %a[4, 2] [1, 3] [1, 1] : tensor<6x8xf32> to tensor<3xf32>",
        "tensor<3xf32>",
        lambda a: a[4, 2:5],
    ),
    _tensor(
        "extract_slice_at_a_place_of_the_run",
        "tensor<6x8xf32>; tensor<i64>",
        (
            "  %i = tensor.extract %b[] : tensor<i64>\n"
            "  %j = arith.index_cast %i : i64 to index\n"
            "  %zero = arith.constant 0 : index\n"
            "  %two = arith.constant 2 : index\n"
            "  %k = arith.maxsi %j, %zero : index\n"
            "  %l = arith.minsi %k, %two : index\n"
            "  %r = tensor.extract_slice %a[%l, 1] [4, 3] [1, 1] : tensor<6x8xf32> to tensor<4x3xf32>"
        ),
        "tensor<4x3xf32>",
        lambda a, b: a[np.clip(b, 0, 2) : np.clip(b, 0, 2) + 4, 1:4],
        ops=("mlc.dynamic_slice",),
    ),
    _tensor(
        "insert_slice_along_one_axis",
        "tensor<2x4xf32>; tensor<6x4xf32>",
        "  %r = tensor.insert_slice %a into %b[3, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<6x4xf32>",
        "tensor<6x4xf32>",
        lambda a, b: np.concatenate([b[:3], a, b[5:]]),
        ops=("mlc.concat",),
        absent=("mlc.where",),
    ),
    _tensor(
        "insert_slice_into_a_corner",
        "tensor<2x2xf32>; tensor<5x4xf32>",
        "  %r = tensor.insert_slice %a into %b[2, 1] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<5x4xf32>",
        "tensor<5x4xf32>",
        lambda a, b: np.block([[b[:2]], [b[2:4, :1], a, b[2:4, 3:]], [b[4:]]]),
    ),
    _tensor(
        "insert_slice_by_steps_into_zeros",
        "tensor<2x3xf32>",
        (
            "  %z = arith.constant dense<0.0> : tensor<5x9xf32>\n"
            "  %r = tensor.insert_slice %a into %z[1, 2] [2, 3] [2, 3] : tensor<2x3xf32> into tensor<5x9xf32>"
        ),
        "tensor<5x9xf32>",
        lambda a: _inserted(a, (5, 9), (1, 2), (2, 3)),
    ),
    _tensor(
        "insert_slice_twice_is_a_concat",
        "tensor<2x4xf32>; tensor<3x4xf32>",
        (
            "  %e = tensor.empty() : tensor<5x4xf32>\n"
            "  %f = tensor.insert_slice %a into %e[0, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<5x4xf32>\n"
            "  %r = tensor.insert_slice %b into %f[2, 0] [3, 4] [1, 1] : tensor<3x4xf32> into tensor<5x4xf32>"
        ),
        "tensor<5x4xf32>",
        lambda a, b: np.concatenate([a, b]),
        ops=("mlc.concat",),
        absent=("mlc.slice", "mlc.where", "mlc.expand"),
    ),
    _tensor(
        "insert_an_element",
        "tensor<f32>; tensor<2x2xf32>",
        (
            "  %x = tensor.extract %a[] : tensor<f32>\n"
            "  %i = arith.constant 1 : index\n"
            "  %j = arith.constant 0 : index\n"
            "  %r = tensor.insert %x into %b[%i, %j] : tensor<2x2xf32>"
        ),
        "tensor<2x2xf32>",
        lambda a, b: np.array([[b[0, 0], b[0, 1]], [a, b[1, 1]]]),
    ),
    _tensor(
        "pad_with_a_number",
        "tensor<2x3xf32>",
        (
            "  %c = arith.constant 1.5 : f32\n"
            "  %r = tensor.pad %a low[1, 0] high[0, 2] {\n"
            "  ^bb0(%i: index, %j: index):\n"
            "    tensor.yield %c : f32\n"
            "  } : tensor<2x3xf32> to tensor<3x5xf32>"
        ),
        "tensor<3x5xf32>",
        lambda a: np.pad(a, ((1, 0), (0, 2)), constant_values=1.5),
        ops=("mlc.pad",),
    ),
    _tensor(
        "concat",
        "tensor<2x3xf32>; tensor<2x1xf32>",
        "  %r = tensor.concat dim(1) %a, %b : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>",
        "tensor<2x4xf32>",
        lambda a, b: np.concatenate([a, b], 1),
    ),
    _tensor(
        "splat_and_from_elements",
        "tensor<f32>",
        (
            "  %x = tensor.extract %a[] : tensor<f32>\n"
            "  %s = tensor.splat %x : tensor<2x2xf32>\n"
            "  %f = tensor.from_elements %x, %x, %x, %x : tensor<2x2xf32>\n"
            "  %r = arith.addf %s, %f : tensor<2x2xf32>"
        ),
        "tensor<2x2xf32>",
        lambda a: np.full((2, 2), 2 * a),
    ),
    _tensor(
        "extract_at_known_and_unknown_places",
        "tensor<4x4xf32>; tensor<i64>",
        (
            "  %one = arith.constant 1 : index\n"
            "  %x = tensor.extract %a[%one, %one] : tensor<4x4xf32>\n"
            "  %n = tensor.extract %b[] : tensor<i64>\n"
            "  %four = arith.constant 4 : i64\n"
            "  %m = arith.remui %n, %four : i64\n"
            "  %k = arith.index_cast %m : i64 to index\n"
            "  %y = tensor.extract %a[%one, %k] : tensor<4x4xf32>\n"
            "  %r = tensor.from_elements %x, %y : tensor<2xf32>"
        ),
        "tensor<2xf32>",
        lambda a, b: np.array([a[1, 1], a[1, b % 4]]),
    ),
    _tensor(
        "generate_from_places",
        "tensor<3xf32>",
        (
            "  %r = tensor.generate {\n"
            "  ^bb0(%i: index, %j: index):\n"
            "    %x = tensor.extract %a[%j] : tensor<3xf32>\n"
            "    %n = arith.index_cast %i : index to i32\n"
            "    %f = arith.sitofp %n : i32 to f32\n"
            "    %s = arith.mulf %x, %f : f32\n"
            "    tensor.yield %s : f32\n"
            "  } : tensor<2x3xf32>"
        ),
        "tensor<2x3xf32>",
        lambda a: np.arange(2, dtype=np.float32)[:, None] * a,
    ),
    Snippet(
        "sizes_are_computed_from_dims",
        function(
            "tensor<?x4xf32>",
            """  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %n = tensor.dim %a, %zero : tensor<?x4xf32>
  %m = affine.apply affine_map<(d0)[s0] -> (d0 * 2 + s0)>(%n)[%one]
  %x = arith.constant 3.0 : f32
  %r = tensor.splat %x[%m] : tensor<?xf32>
  return %r : tensor<?xf32>""",
            "tensor<?xf32>",
        ),
        lambda a: np.full(2 * len(a) + 1, 3, np.float32),
        sizes=(5,),
    ),
]


def _inserted(a: Array, shape: tuple[int, ...], starts: tuple[int, int], steps: tuple[int, int]) -> Array:
    full = np.zeros(shape, a.dtype)
    full[starts[0] :: steps[0], starts[1] :: steps[1]][: a.shape[0], : a.shape[1]] = a
    return full


MORE = [*ARITHMETIC, *CANONICAL, *BODIES, *REDUCTIONS, *TENSORS]
