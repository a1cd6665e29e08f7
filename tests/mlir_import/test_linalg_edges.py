"""Numbers at the ends of their range, and linalg ops whose loops, outputs or branches are not the usual ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch_mlir")

from mlir_import.calls import module_text, tensor
from mlir_import.snippets.forms import function, generic

import mlc

NAN = np.nan


def results(text: str, *inputs: Any) -> list[Any]:
    """The first output, interpreted and native."""
    return [np.asarray(mlc.compile(text, backend=b).run(*inputs)[0]) for b in ("interp", "llvm")]


def every_pair(dtype: Any) -> tuple[Any, Any]:
    """All numbers of an 8-bit dtype against divisors of every kind."""
    limits = np.iinfo(dtype)
    x = np.arange(limits.min, limits.max + 1).astype(dtype)
    y = np.array([d for d in (limits.min, -7, -3, -1, 1, 2, 3, 7, limits.max) if d >= limits.min and d], dtype)
    xs, ys = (a.reshape(-1) for a in np.meshgrid(x, y))
    is_defined = ~((xs == limits.min) & (ys.astype(np.int64) == -1))
    return xs[is_defined], ys[is_defined]


@pytest.mark.parametrize(
    ("op", "dtype"),
    [("floordivsi", np.int8), ("ceildivsi", np.int8), ("ceildivui", np.uint8)],
)
def test_rounded_quotients_are_right_over_the_whole_range(op: str, dtype: Any) -> None:
    x, y = (a.view(np.int8) for a in every_pair(dtype))
    kind = tensor(x)
    text = module_text(f"  %r = arith.{op} %a, %b : {kind}", [kind, kind], [kind])
    wide = x.view(dtype).astype(np.int64), y.view(dtype).astype(np.int64)
    wanted = wide[0] // wide[1] if op == "floordivsi" else -(-wide[0] // wide[1])
    for got in results(text, x, y):
        np.testing.assert_array_equal(got, wanted.astype(np.int8))


def test_the_smallest_of_a_window_may_be_the_least_integer() -> None:
    x = np.array([[[[-128], [5]], [[3], [4]]]], np.int8)
    body = """  %most = arith.constant 127 : i8
  %e = tensor.empty() : tensor<1x1x1x1xi8>
  %f = linalg.fill ins(%most : i8) outs(%e : tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi8>
  %w = tensor.empty() : tensor<2x2xi8>
  %r = linalg.pooling_nhwc_min ins(%a, %w : tensor<1x2x2x1xi8>, tensor<2x2xi8>)
    outs(%f : tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi8>"""
    for got in results(module_text(body, [tensor(x)], ["tensor<1x1x1x1xi8>"]), x):
        assert got.item() == -128


@pytest.mark.parametrize("op", ["maxsi", "minsi", "maxui", "minui"])
def test_booleans_are_ordered_by_the_sign_that_the_op_gives_them(op: str) -> None:
    x, initial = np.array([[0, 1], [1, 1], [0, 0]], bool), np.array([0, 1, 1], bool)
    body = (
        f"""  %r = linalg.reduce {{ arith.{op} }} ins(%a : tensor<3x2xi1>) outs(%b : tensor<3xi1>) dimensions = [1]"""
    )
    whole = np.concatenate([x, initial[:, None]], axis=1)
    wanted = whole.all(axis=1) if op in ("maxsi", "minui") else whole.any(axis=1)
    for got in results(module_text(body, ["tensor<3x2xi1>", "tensor<3xi1>"], ["tensor<3xi1>"]), x, initial):
        np.testing.assert_array_equal(got.astype(bool), wanted)


@pytest.mark.parametrize(("op", "wanted"), [("maxnumf", [2, -4, 7]), ("minnumf", [1, -6, 7])])
def test_a_maximum_of_numbers_may_begin_at_nan(op: str, wanted: list[float]) -> None:
    x, initial = np.array([[1, 2, NAN], [-4, -5, -6], [NAN, NAN, NAN]], np.float32), np.array([NAN, NAN, 7], np.float32)
    body = f"  %r = linalg.reduce {{ arith.{op} }} ins(%a : {tensor(x)}) outs(%b : tensor<3xf32>) dimensions = [1]"
    for got in results(module_text(body, [tensor(x), "tensor<3xf32>"], ["tensor<3xf32>"]), x, initial):
        np.testing.assert_array_equal(got, np.array(wanted, np.float32))


@pytest.mark.parametrize("op", ["maxnumf", "minnumf"])
@pytest.mark.parametrize("begins_neutral", [False, True])
def test_a_maximum_of_numbers_is_nan_where_there_is_none(op: str, begins_neutral: bool) -> None:
    infinity = -np.inf if op == "maxnumf" else np.inf  # the neutral number, among the elements too
    x = np.array([[NAN, NAN], [NAN, infinity], [infinity, infinity], [NAN, 3]], np.float32)
    begin = f"""  %e = tensor.empty() : tensor<4xf32>
  %n = arith.constant {"0xFF800000" if op == "maxnumf" else "0x7F800000"} : f32
  %f = linalg.fill ins(%n : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
"""
    output = "%f" if begins_neutral else "%b"
    body = f"""{begin if begins_neutral else ""}  %r = linalg.reduce {{ arith.{op} }}
    ins(%a : tensor<4x2xf32>) outs({output} : tensor<4xf32>) dimensions = [1]"""
    wanted = [infinity if begins_neutral else NAN, infinity, infinity, 3]
    text = module_text(body, ["tensor<4x2xf32>", "tensor<4xf32>"], ["tensor<4xf32>"])
    for got in results(text, x, np.full(4, NAN, np.float32)):
        np.testing.assert_array_equal(got, np.array(wanted, np.float32))


READ = """    %v = tensor.extract %a[%x] : tensor<4xf32>
    linalg.yield %v : f32"""


@pytest.mark.parametrize("index", [-1, -5, 4])
@pytest.mark.parametrize("backend", ["interp", "llvm", "mlir"])
def test_a_read_outside_of_its_tensor_is_an_error_of_the_run(index: int, backend: Any) -> None:
    one = module_text("  %r = tensor.extract %a[%b] : tensor<4xf32>", ["tensor<4xf32>", "index"], ["f32"])
    maps = """p = affine_map<(i) -> (i)>"""
    body = f"""  %e = tensor.empty() : tensor<2xf32>
  %r = linalg.generic {{indexing_maps = [#p, #p], iterator_types = ["parallel"]}}
    ins(%b : tensor<2xindex>) outs(%e : tensor<2xf32>) {{
  ^bb0(%x: index, %o: f32):
{READ}
  }} -> tensor<2xf32>
  return %r : tensor<2xf32>"""
    rows = function("tensor<4xf32>; tensor<2xindex>", body, "tensor<2xf32>", maps)
    x = np.arange(4, dtype=np.float32)
    for text, places in ((one, np.array(3)), (rows, np.array([3, 0]))):
        run: Any = mlc.compile(text, backend=backend)
        np.testing.assert_array_equal(run.run(x, places)[0], x[places])
        places = places.copy()
        places[...] = index
        with pytest.raises(
            mlc.CompileError, match=f"an index is less than 0|index {index} is out of bounds|{index} is outs"
        ):
            run.run(x, places)


def test_an_assertion_about_numbers_is_made_when_the_model_runs() -> None:
    text = module_text(
        """  %zero = arith.constant 0 : index
  %n = tensor.dim %a, %zero : tensor<?xf32>
  %c = arith.cmpi slt, %n, %b : index
  cf.assert %c, "too long"
  %r = arith.addf %a, %a : tensor<?xf32>""",
        ["tensor<?xf32>", "index"],
        ["tensor<?xf32>"],
    )
    x = np.arange(3, dtype=np.float32)
    for backend in ("interp", "llvm"):
        run: Any = mlc.compile(text, backend=backend)  # type: ignore[arg-type]
        np.testing.assert_array_equal(run.run(x, np.array(4))[0], 2 * x)
        with pytest.raises(mlc.CompileError, match="too long"):
            run.run(x, np.array(3))


@pytest.mark.parametrize("place", [-1, 2, 1 << 31])
def test_a_write_outside_of_its_tensor_is_refused(place: int) -> None:
    body = f"""  %i = arith.constant {place} : index
  %x = arith.constant 1.0 : f32
  %r = tensor.insert %x into %a[%i] : tensor<2xf32>"""
    with pytest.raises(mlc.CompileError, match=r"tensor.insert: places \[.*\) are outside of axis 0 of 2"):
        mlc.load(module_text(body, ["tensor<2xf32>"], ["tensor<2xf32>"]))


PRODUCT = "    %p = arith.mulf %x, %y : f32\n    %s = arith.addf %out, %p : f32\n    linalg.yield %s : f32"


def test_a_product_is_added_up_once_for_each_turn_of_a_loop_it_does_not_depend_on() -> None:
    maps = "(i, j, k, r) -> (i, k); (i, j, k, r) -> (k, j); (i, j, k, r) -> (r); (i, j, k, r) -> (i, j)"
    text = generic("tensor<2x3xf32>; tensor<3x4xf32>; tensor<5xf32>", "tensor<2x4xf32>", maps, "pprr", PRODUCT)
    x, y = (np.arange(n, dtype=np.float32).reshape(s) for n, s in ((6, (2, 3)), (12, (3, 4))))
    for got in results(text, x, y, np.zeros(5, np.float32)):
        np.testing.assert_array_equal(got, 5 * (x @ y))


def test_a_convolution_is_added_up_once_for_each_turn_of_a_loop_it_does_not_depend_on() -> None:
    maps = "(n, k, r) -> (n + k); (n, k, r) -> (k); (n, k, r) -> (r); (n, k, r) -> (n)"
    text = generic("tensor<6xf32>; tensor<3xf32>; tensor<5xf32>", "tensor<4xf32>", maps, "prr", PRODUCT)
    x, w = np.arange(6, dtype=np.float32), np.array([1, -2, 4], np.float32)
    for got in results(text, x, w, np.zeros(5, np.float32)):
        np.testing.assert_array_equal(got, 5 * np.correlate(x, w))


BRANCH = """    %no = arith.constant 0.0 : f32
    %half = arith.constant 2.0 : f32
    %c = arith.cmpf ogt, %x, %no : f32
    %d = arith.cmpf ogt, %x, %half : f32
    %r = scf.if %c -> f32 {
      %n = scf.if %d -> f32 {
        %y = arith.mulf %x, %x : f32
        scf.yield %y : f32
      } else {
        scf.yield %half : f32
      }
      scf.yield %n : f32
    } else {
      scf.yield %x : f32
    }
    linalg.yield %r : f32"""


def test_a_branch_in_a_body_is_taken_by_each_element() -> None:
    x = np.array([4, -1, 1, NAN], np.float32)
    text = generic("tensor<4xf32>", "tensor<4xf32>", "(i) -> (i); (i) -> (i)", "p", BRANCH)
    for got in results(text, x):
        np.testing.assert_array_equal(got, np.array([16, -1, 2, NAN], np.float32))


LOOP = """    %no = arith.constant 0 : index
    %one = arith.constant 1 : index
    %i = linalg.index 0 : index
    %r = scf.for %n = %no to %i step %one iter_args(%s = %x) -> f32 {
      %t = arith.addf %s, %s : f32
      scf.yield %t : f32
    }
    linalg.yield %r : f32"""


def test_what_bodies_cannot_hold_is_refused_at_its_place() -> None:
    maps = "(i) -> (i); (i) -> (i)"
    with pytest.raises(mlc.CompileError, match=r":\d+:\d+: scf.for: a loop in the body of a linalg op"):
        mlc.load(generic("tensor<4xf32>", "tensor<4xf32>", maps, "p", LOOP))
    reads = """    %no = arith.constant 0 : index
    %c = arith.constant 0.0 : f32
    %h = arith.cmpf ogt, %x, %c : f32
    %r = scf.if %h -> f32 {
      %v = tensor.extract %a[%no] : tensor<4xf32>
      scf.yield %v : f32
    } else {
      scf.yield %x : f32
    }
    linalg.yield %r : f32"""
    with pytest.raises(mlc.CompileError, match=r":\d+:\d+: scf.if: a branch that reads a tensor"):
        mlc.load(generic("tensor<4xf32>", "tensor<4xf32>", maps, "p", reads))


def test_outputs_over_different_loops_are_refused() -> None:
    body = """  %r:2 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["reduction", "reduction"]}
    ins(%a : tensor<2x3xf32>) outs(%b, %c : tensor<2xf32>, tensor<3xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.addf %x, %y : f32
    %s = arith.addf %x, %z : f32
    linalg.yield %m, %s : f32, f32
  } -> (tensor<2xf32>, tensor<3xf32>)
  return %r#0, %r#1 : tensor<2xf32>, tensor<3xf32>"""
    maps = """a = affine_map<(i, j) -> (i, j)>
    b = affine_map<(i, j) -> (i)>
    c = affine_map<(i, j) -> (j)>"""
    text = function("tensor<2x3xf32>; tensor<2xf32>; tensor<3xf32>", body, "(tensor<2xf32>, tensor<3xf32>)", maps)
    with pytest.raises(mlc.CompileError, match=r"linalg.generic: outputs 0 and 1 are over different loops"):
        mlc.load(text)


def test_a_map_may_round_up() -> None:
    maps = "(i) -> (i ceildiv 2); (i) -> ((i - 3) floordiv 2 + 2); (i) -> (i)"
    text = generic("tensor<4xf32>; tensor<4xf32>", "tensor<7xf32>", maps, "p", PRODUCT)
    x, y, i = np.array([1, 2, 3, 4], np.float32), np.array([5, 6, 7, 8], np.float32), np.arange(7)
    for got in results(text, x, y):
        np.testing.assert_array_equal(got, x[-(-i // 2)] * y[(i - 3) // 2 + 2])


@pytest.mark.parametrize(("predicate", "wanted"), [("slt", True), ("sge", False), ("ult", False), ("ugt", True)])
def test_known_booleans_are_ordered_by_the_sign_that_the_predicate_gives_them(predicate: str, wanted: bool) -> None:
    body = f"""  %yes = arith.constant true
  %no = arith.constant false
  %r = arith.cmpi {predicate}, %yes, %no : i1"""
    for got in results(module_text(body, ["i1"], ["i1"]), np.array(False)):
        assert bool(got) is wanted


def test_affine_maps_are_applied_to_numbers_of_loops() -> None:
    body = """    %i = linalg.index 0 : index
    %j = affine.apply affine_map<(d)[s] -> ((d - s) floordiv 2 + d mod 3)>(%i)[%i]
    %k = affine.min affine_map<(d, e) -> (d * 2 - 3, e ceildiv 2, 2)>(%i, %i)
    %n = arith.muli %j, %k : index
    %m = arith.index_cast %n : index to i64
    linalg.yield %m : i64"""
    text = generic("tensor<7xf32>", "tensor<7xi64>", "(i) -> (i); (i) -> (i)", "p", body, "0", element="i64")
    i = np.arange(7)
    wanted = (i % 3) * np.minimum(np.minimum(2 * i - 3, -(-i // 2)), 2)
    for got in results(text, np.zeros(7, np.float32)):
        np.testing.assert_array_equal(got, wanted)
