"""Structured ops by their loops: bodies of every kind, reductions, positions, gathers."""

from __future__ import annotations

import numpy as np
from mlir_import.snippets.forms import B, F, N, Snippet, erf, function, generic, named, rounded

_SUM = "    %s = arith.addf %x, %out : f32\n    linalg.yield %s : f32"
_MINUS_INFINITY = "0xFF800000"


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
            ("erf", 1, erf),
            ("square", 1, np.square),
            ("round", 1, rounded),
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
