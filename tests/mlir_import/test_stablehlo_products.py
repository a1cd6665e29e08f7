"""Products and convolutions of stablehlo against its reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor
from mlir_import.reference import check

pytest.importorskip("torch_mlir")

DOTS = [
    ((3, 4), (4, 5), (), (), (1,), (0,)),
    ((3, 4), (5, 4), (), (), (1,), (1,)),
    ((4, 3), (4, 5), (), (), (0,), (0,)),
    ((2, 3, 4), (4, 5), (), (), (2,), (0,)),
    ((2, 3, 4), (2, 5, 4), (0,), (0,), (2,), (2,)),
    ((2, 3, 4), (3, 2, 4, 5), (0, 1), (1, 0), (2,), (2,)),
    ((2, 5, 3, 4), (2, 6, 3, 4), (0, 2), (0, 2), (3,), (3,)),
    ((2, 3, 4), (3, 4, 5), (), (), (1, 2), (0, 1)),
    ((2, 3, 4), (5, 4, 6), (), (), (2,), (1,)),
    ((4,), (4,), (), (), (0,), (0,)),
    ((2, 4), (2, 4), (0,), (0,), (1,), (1,)),
    ((3,), (4,), (), (), (), ()),
    ((2, 3), (2, 3, 4, 5), (0,), (0,), (1,), (1,)),
]


@pytest.mark.parametrize("case", DOTS, ids=str)
def test_dot_general(case):
    xs, ys, xb, yb, xc, yc = case
    x, y = random(4, *xs), random(5, *ys)
    batch = [xs[i] for i in xb]
    left = [d for i, d in enumerate(xs) if i not in (*xb, *xc)]
    right = [d for i, d in enumerate(ys) if i not in (*yb, *yc)]
    result = f"tensor<{''.join(f'{d}x' for d in (*batch, *left, *right))}f32>"
    batching = f"batching_dims = {list(xb)} x {list(yb)}, " if xb else ""
    body = (
        f"%r = stablehlo.dot_general %a, %b, {batching}contracting_dims = {list(xc)} x {list(yc)} : "
        f"({tensor(x)}, {tensor(y)}) -> {result}"
    )
    check(body, x, y, result=result, rtol=1e-5, atol=1e-6)


def test_dot_general_of_bytes_sums_in_i32():
    x, y = integers(6, 3, 7), integers(7, 7, 2)
    check(
        "%r = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : (tensor<3x7xi8>, tensor<7x2xi8>) -> "
        "tensor<3x2xi32>",
        x,
        y,
        result="tensor<3x2xi32>",
    )


CONVS = {
    "nchw": ("[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]", (2, 4, 6, 5), (6, 4, 3, 2), "", 1, 1),
    "nhwc": (
        "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]",
        (2, 6, 5, 4),
        (3, 2, 4, 6),
        "stride = [2, 1], pad = [[1, 2], [0, 1]]",
        1,
        1,
    ),
    "holes": ("[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]", (1, 9, 9, 2), (3, 3, 2, 3), "rhs_dilate = [2, 3]", 1, 1),
    "adjoint": (
        "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]",
        (1, 4, 4, 2),
        (3, 3, 2, 3),
        "pad = [[1, 2], [2, 1]], lhs_dilate = [2, 2]",
        1,
        1,
    ),
    "spread and strided": (
        "[b, f, 0]x[o, i, 0]->[b, f, 0]",
        (1, 2, 7),
        (3, 2, 3),
        "stride = [2], lhs_dilate = [3], pad = [[1, 1]]",
        1,
        1,
    ),
    "negative pads": (
        "[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]",
        (1, 2, 7, 7),
        (3, 2, 3, 3),
        "pad = [[-1, 1], [0, -2]]",
        1,
        1,
    ),
    "feature groups": ("[b, f, 0]x[o, i, 0]->[b, f, 0]", (2, 6, 7), (9, 2, 3), "", 3, 1),
    "adjoint groups": (
        "[b, f, 0]x[o, i, 0]->[b, f, 0]",
        (2, 6, 7),
        (9, 2, 3),
        "lhs_dilate = [2], pad = [[2, 2]]",
        3,
        1,
    ),
    "batch groups": ("[b, f, 0]x[o, i, 0]->[b, f, 0]", (6, 2, 7), (9, 2, 3), "", 1, 3),
    "reversed": (
        "[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]",
        (1, 2, 6, 6),
        (3, 2, 3, 2),
        "reverse = [true, false]",
        1,
        1,
    ),
    "no places": ("[b, f]x[o, i]->[b, f]", (3, 4), (5, 4), "", 1, 1),
    "three": (
        "[b, f, 0, 1, 2]x[o, i, 0, 1, 2]->[b, f, 0, 1, 2]",
        (1, 2, 4, 5, 3),
        (3, 2, 2, 3, 1),
        "stride = [1, 2, 1]",
        1,
        1,
    ),
}


@pytest.mark.parametrize("name", CONVS)
def test_convolution(name):
    axes, xs, ws, window, features, batches = CONVS[name]
    x, w = random(8, *xs), random(9, *ws)
    head = (
        f"%r = stablehlo.convolution(%a, %b) dim_numbers = {axes}, window = {{{window}}} "
        f"{{feature_group_count = {features} : i64, batch_group_count = {batches} : i64}} : ({tensor(x)}, "
        f"{tensor(w)}) -> "
    )
    result = _result_of_convolution(axes, xs, ws, window, batches)
    check(head + result, x, w, result=result, rtol=1e-5, atol=1e-5)


def test_convolution_with_its_axes_anywhere():
    """As the same convolution in NCHW; the interpreter itself ends the process on this one."""
    x, w = random(8, 3, 6, 5, 4), random(9, 4, 6, 2, 3)

    def convolved(axes, image, filters, result):
        body = (
            f"%r = stablehlo.convolution(%a, %b) dim_numbers = {axes}, window = {{}} "
            f"{{feature_group_count = 1 : i64, batch_group_count = 1 : i64}} : "
            f"({tensor(image)}, {tensor(filters)}) -> {result}"
        )
        return run(body, image, filters, result=result)

    y = convolved("[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]", x, w, "tensor<3x4x4x2xf32>")
    odd = "[1, b, f, 0]x[i, 0, o, 1]->[f, 1, 0, b]"
    moved, filters = np.transpose(x, (3, 0, 1, 2)).copy(), np.transpose(w, (1, 2, 0, 3)).copy()
    z = convolved(odd, moved, filters, "tensor<4x2x4x3xf32>")
    np.testing.assert_allclose(z, np.transpose(y, (1, 3, 2, 0)), rtol=1e-5, atol=1e-5)


def _result_of_convolution(axes, xs, ws, window, batches):
    parts = [
        [a.strip() for a in p.strip("[]").split(",")] for p in axes.replace("->", "|").replace("]x[", "]|[").split("|")
    ]
    sizes, kernel = dict(zip(parts[0], xs, strict=True)), dict(zip(parts[1], ws, strict=True))

    def option(key, default):
        if f"{key} = " not in window:
            return default
        text = window.split(f"{key} = ")[1]
        depth = 0
        for end, c in enumerate(text):
            depth += {"[": 1, "]": -1}.get(c, 0)
            if depth == 0:
                return eval(text[: end + 1])  # a list of numbers
        raise AssertionError(text)

    rank = len(xs) - 2
    ones = [1] * rank
    stride, pad = option("stride", ones), option("pad", [[0, 0]] * rank)
    spread, holes = option("lhs_dilate", ones), option("rhs_dilate", ones)
    out = {"b": sizes["b"] // batches, "f": kernel["o"]}
    for i in range(rank):
        room = (sizes[str(i)] - 1) * spread[i] + 1 + sum(pad[i]) - ((kernel[str(i)] - 1) * holes[i] + 1)
        out[str(i)] = room // stride[i] + 1
    return f"tensor<{''.join(f'{out[a]}x' for a in parts[2])}f32>"
