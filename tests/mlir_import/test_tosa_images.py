"""Convolutions, matmul, pools, resize and Fourier transforms of tosa against the sums that TOSA 1.0 writes down."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor
from mlir_import.test_tosa_elementwise import const
from mlir_import.test_tosa_structure import apply_scale, shape

pytest.importorskip("torch_mlir")


def convolved(x, w, pad, stride, dilation):
    """x[N, spatial..., C] with w[O, kernel..., C], window by window."""
    rank = x.ndim - 2
    x = np.pad(x, [(0, 0), *zip(pad[::2], pad[1::2], strict=True), (0, 0)])
    counts = [(x.shape[1 + i] - (w.shape[1 + i] - 1) * dilation[i] - 1) // stride[i] + 1 for i in range(rank)]
    y = np.zeros((x.shape[0], *counts, w.shape[0]), x.dtype)
    for at in itertools.product(*map(range, counts)):
        seen = x[
            (
                slice(None),
                *(
                    slice(o * s, o * s + (k - 1) * d + 1, d)
                    for o, s, k, d in zip(at, stride, w.shape[1:], dilation, strict=False)
                ),
            )
        ]
        y[(slice(None), *at)] = np.tensordot(seen, w, (list(range(1, rank + 2)), list(range(1, rank + 2))))
    return y


def zeros(x: int, w: int, kind: str) -> str:
    return const("xz", float(x) if "f" in kind else x, f"tensor<1x{kind}>") + const(
        "wz", float(w) if "f" in kind else w, f"tensor<1x{kind}>"
    )


def numbers(values) -> str:
    return f"array<i64: {', '.join(map(str, values))}>"


@pytest.mark.parametrize("kind", ["f32", "i8"])
@pytest.mark.parametrize(
    ("pad", "stride", "dilation"), [((0, 0, 0, 0), (1, 1), (1, 1)), ((1, 2, 0, 1), (2, 1), (1, 2))]
)
def test_conv2d(kind, pad, stride, dilation):
    if kind == "f32":
        x, w, b, points = random(1, 2, 6, 7, 3), random(2, 4, 3, 2, 3), random(3, 4), (0, 0)
    else:
        x, w, b, points = (
            integers(1, 2, 6, 7, 3),
            integers(2, 4, 3, 2, 3),
            integers(3, 4, dtype=np.int32) >> 12,
            (-5, 0),
        )
    wide = np.float64 if kind == "f32" else np.int64
    expected = convolved(x.astype(wide) - points[0], w.astype(wide), pad, stride, dilation) + b
    out = expected.astype(np.float32 if kind == "f32" else np.int32)
    acc = "f32" if kind == "f32" else "i32"
    text = zeros(*points, kind) + (
        f"%r = tosa.conv2d %a, %b, %c, %xz, %wz {{acc_type = {acc}, pad = {numbers(pad)}, stride = {numbers(stride)}, "
        f"dilation = {numbers(dilation)}}} : ({tensor(x)}, {tensor(w)}, {tensor(b)}, "
        f"tensor<1x{kind}>, tensor<1x{kind}>)"
        f" -> {tensor(out)}"
    )
    y = run(text, x, w, b, result=tensor(out))
    np.testing.assert_allclose(y, out, rtol=1e-5, atol=1e-5 if kind == "f32" else 0)


def test_conv_with_one_bias_for_all_filters():
    x, w, b = random(1, 1, 4, 4, 2), random(2, 3, 1, 1, 2), random(3, 1)
    out = (convolved(x, w, (0,) * 4, (1, 1), (1, 1)) + b).astype(np.float32)
    text = zeros(0, 0, "f32") + (
        "%r = tosa.conv2d %a, %b, %c, %xz, %wz "
        "{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, "
        f"dilation = array<i64: 1, 1>}} : ({tensor(x)}, {tensor(w)}, {tensor(b)}, tensor<1xf32>, "
        f"tensor<1xf32>) -> {tensor(out)}"
    )
    np.testing.assert_allclose(run(text, x, w, b, result=tensor(out)), out, rtol=1e-5, atol=1e-6)


def test_conv3d():
    x, w, b = random(1, 1, 4, 5, 3, 2), random(2, 3, 2, 2, 1, 2), random(3, 3)
    pad, stride, dilation = (1, 0, 0, 1, 0, 0), (1, 2, 1), (2, 1, 1)
    out = (convolved(x, w, pad, stride, dilation) + b).astype(np.float32)
    text = zeros(0, 0, "f32") + (
        f"%r = tosa.conv3d %a, %b, %c, %xz, %wz {{acc_type = f32, pad = {numbers(pad)}, stride = {numbers(stride)}, "
        f"dilation = {numbers(dilation)}}} : ({tensor(x)}, {tensor(w)}, {tensor(b)}, tensor<1xf32>, "
        f"tensor<1xf32>) -> {tensor(out)}"
    )
    np.testing.assert_allclose(run(text, x, w, b, result=tensor(out)), out, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["f32", "i8"])
def test_depthwise_conv2d_has_filters_for_each_channel(kind):
    if kind == "f32":
        x, w, b, point = random(1, 2, 5, 5, 3), random(2, 3, 2, 3, 2), random(3, 6), 0
    else:
        x, w, b, point = integers(1, 2, 5, 5, 3), integers(2, 3, 2, 3, 2), integers(3, 6, dtype=np.int32) >> 12, 7
    wide = np.float64 if kind == "f32" else np.int64
    pad, stride, dilation = (1, 1, 0, 1), (2, 1), (1, 1)
    channels = [
        convolved(x[..., c : c + 1].astype(wide) - point, w[:, :, c, m, None].astype(wide)[None], pad, stride, dilation)
        for c in range(3)
        for m in range(2)
    ]
    out = (np.concatenate(channels, -1) + b).astype(np.float32 if kind == "f32" else np.int32)
    acc = "f32" if kind == "f32" else "i32"
    text = zeros(point, 0, kind) + (
        f"%r = tosa.depthwise_conv2d %a, %b, %c, %xz, %wz {{acc_type = {acc}, pad = {numbers(pad)}, "
        f"stride = {numbers(stride)}, "
        f"dilation = {numbers(dilation)}}} : ({tensor(x)}, {tensor(w)}, {tensor(b)}, "
        f"tensor<1x{kind}>, tensor<1x{kind}>)"
        f" -> {tensor(out)}"
    )
    y = run(text, x, w, b, result=tensor(out))
    np.testing.assert_allclose(y, out, rtol=1e-5, atol=1e-5 if kind == "f32" else 0)


@pytest.mark.parametrize("out_pad", [(0, 0, 0, 0), (-1, 0, 0, -1), (1, 2, 0, 0)])
def test_transpose_conv2d(out_pad):
    x, w, b = random(1, 1, 3, 4, 2), random(2, 3, 3, 2, 2), random(3, 3)
    stride = (2, 1)
    size = [(n - 1) * s + k for n, s, k in zip((3, 4), stride, (3, 2), strict=True)]
    whole = np.zeros((1, size[0] + 6, size[1] + 6, 3))
    for iy, ix, ky, kx in itertools.product(range(3), range(4), range(3), range(2)):
        y, z = iy * stride[0] + out_pad[0] + ky + 3, ix * stride[1] + out_pad[2] + kx + 3
        whole[:, y, z] += x[:, iy, ix] @ w[:, ky, kx].T
    ends = [size[0] + out_pad[0] + out_pad[1] + 3, size[1] + out_pad[2] + out_pad[3] + 3]
    out = (whole[:, 3 : ends[0], 3 : ends[1]] + b).astype(np.float32)
    text = zeros(0, 0, "f32") + (
        f"%r = tosa.transpose_conv2d %a, %b, %c, %xz, %wz {{acc_type = f32, out_pad = "
        f"{numbers(out_pad)}, stride = {numbers(stride)}}} : "
        f"({tensor(x)}, {tensor(w)}, {tensor(b)}, tensor<1xf32>, tensor<1xf32>) -> {tensor(out)}"
    )
    np.testing.assert_allclose(run(text, x, w, b, result=tensor(out)), out, rtol=1e-5, atol=1e-5)


def test_matmul_of_quantized_numbers_sums_in_i32():
    x, y = integers(4, 2, 3, 5), integers(5, 2, 5, 4)
    out = (x.astype(np.int32) - 3) @ (y.astype(np.int32) + 2)
    text = zeros(3, -2, "i8") + (
        f"%r = tosa.matmul %a, %b, %xz, %wz : ({tensor(x)}, {tensor(y)}, tensor<1xi8>, tensor<1xi8>) -> {tensor(out)}"
    )
    np.testing.assert_array_equal(run(text, x, y, result=tensor(out)), out)


def test_matmul_of_f16_sums_in_f32():
    x, y = random(4, 2, 3, 5).astype(np.float16), random(5, 2, 5, 4).astype(np.float16)
    out = x.astype(np.float32) @ y.astype(np.float32)
    text = zeros(0, 0, "f16") + (
        f"%r = tosa.matmul %a, %b, %xz, %wz : ({tensor(x)}, {tensor(y)}, tensor<1xf16>, tensor<1xf16>) -> {tensor(out)}"
    )
    np.testing.assert_allclose(run(text, x, y, result=tensor(out)), out, rtol=1e-6, atol=1e-6)


POOLS = [((2, 2), (2, 2), (0, 0, 0, 0)), ((3, 2), (2, 1), (1, 0, 0, 1))]


def windows(x, kernel, stride, pad):
    """(place, what the window sees of x[N, H, W, C], without pads) for each window."""
    counts = [(x.shape[1 + i] + sum(pad[2 * i : 2 * i + 2]) - kernel[i]) // stride[i] + 1 for i in range(2)]
    for oy, ox in itertools.product(*map(range, counts)):
        y, z = oy * stride[0] - pad[0], ox * stride[1] - pad[2]
        yield (oy, ox), x[:, max(y, 0) : max(y + kernel[0], 0), max(z, 0) : max(z + kernel[1], 0)]


@pytest.mark.parametrize(("kernel", "stride", "pad"), POOLS)
def test_max_pool2d(kernel, stride, pad):
    x = random(6, 2, 6, 6, 3)
    x[0, 2, 2, 0] = np.nan
    seen = dict(windows(x, kernel, stride, pad))
    for mode, largest in (("PROPAGATE", np.max), ("IGNORE", np.nanmax)):
        out = np.stack([largest(v, axis=(1, 2)) for v in seen.values()], 1).reshape(
            2, *(1 + max(p[i] for p in seen) for i in range(2)), 3
        )
        text = (
            f"%r = tosa.max_pool2d %a {{kernel = {numbers(kernel)}, stride = {numbers(stride)}, pad = {numbers(pad)}, "
            f"nan_mode = {mode}}} : ({tensor(x)}) -> {tensor(out)}"
        )
        np.testing.assert_array_equal(run(text, x, result=tensor(out)), out)


@pytest.mark.parametrize(("kernel", "stride", "pad"), POOLS)
@pytest.mark.parametrize("kind", ["f32", "i8"])
def test_avg_pool2d_leaves_pads_out(kernel, stride, pad, kind):
    x = random(7, 2, 6, 6, 3) if kind == "f32" else integers(7, 2, 6, 6, 3)
    points = (0, 0) if kind == "f32" else (-4, 9)
    seen = dict(windows(x, kernel, stride, pad))
    means = []
    for part in seen.values():
        count = part.shape[1] * part.shape[2]
        if kind == "f32":
            means.append(part.mean((1, 2)))
            continue
        bits = (count - 1).bit_length()
        multiplier = (((1 << 30) + 1) << bits) // count
        total = (part.astype(np.int64) - points[0]).sum((1, 2))
        scaled = np.array([apply_scale(int(t), multiplier, 30 + bits, False) for t in total.reshape(-1)]).reshape(
            total.shape
        )
        means.append(np.clip(scaled + points[1], -128, 127))
    out = np.stack(means, 1).reshape(2, *(1 + max(p[i] for p in seen) for i in range(2)), 3).astype(x.dtype)
    acc = "f32" if kind == "f32" else "i32"
    text = zeros(*points, kind) + (
        f"%r = tosa.avg_pool2d %a, %xz, %wz {{acc_type = {acc}, kernel = {numbers(kernel)}, stride "
        f"= {numbers(stride)}, "
        f"pad = {numbers(pad)}}} : ({tensor(x)}, tensor<1x{kind}>, tensor<1x{kind}>) -> {tensor(out)}"
    )
    np.testing.assert_allclose(run(text, x, result=tensor(out)), out, rtol=1e-5, atol=1e-6 if kind == "f32" else 0)


def resized(x, scale, offset, border, mode):
    """TOSA 1.0, section 2.2.x RESIZE, element by element."""
    (ny, dy, nx, dx), sizes = scale, x.shape[1:3]
    counts = [
        ((s - 1) * n - o + b) // d + 1 for s, n, d, o, b in zip(sizes, (ny, nx), (dy, dx), offset, border, strict=True)
    ]
    whole = x.astype(np.float64 if x.dtype.kind == "f" else np.int64)
    y = np.zeros((x.shape[0], *counts, x.shape[3]), whole.dtype)
    for oy, ox in itertools.product(*map(range, counts)):
        py, px = oy * dy + offset[0], ox * dx + offset[1]
        iy, ix = py // ny, px // nx
        fy, fx = py - iy * ny, px - ix * nx
        y0, y1 = np.clip([iy, iy + 1], 0, sizes[0] - 1)
        x0, x1 = np.clip([ix, ix + 1], 0, sizes[1] - 1)
        if mode == "NEAREST_NEIGHBOR":
            y[:, oy, ox] = whole[:, y1 if 2 * fy >= ny else y0, x1 if 2 * fx >= nx else x0]
            continue
        wy, wx = ((ny - fy, fy), (nx - fx, fx))
        total = sum(
            whole[:, a, b] * s * t for a, s in zip((y0, y1), wy, strict=True) for b, t in zip((x0, x1), wx, strict=True)
        )
        y[:, oy, ox] = total / (ny * nx) if x.dtype.kind == "f" else total
    return y


@pytest.mark.parametrize("mode", ["NEAREST_NEIGHBOR", "BILINEAR"])
@pytest.mark.parametrize(
    ("scale", "offset", "border"),
    [
        ((2, 1, 2, 1), (0, 0), (1, 1)),  # asymmetric
        ((4, 2, 4, 2), (-1, -1), (1, 1)),  # half pixel
        ((2, 4, 2, 4), (1, 1), (-1, -1)),  # half pixel, shrinking
        ((3, 2, 7, 3), (0, 1), (2, -2)),
    ],
)
@pytest.mark.parametrize("kind", [np.float32, np.int8])
def test_resize(mode, scale, offset, border, kind):
    x = random(8, 1, 4, 5, 2) if kind is np.float32 else integers(8, 1, 4, 5, 2)
    # A size that the denominators divide, which TOSA demands.
    border = tuple(
        b + -((s - 1) * n - o + b) % d
        for b, s, n, o, d in zip(border, (4, 5), scale[::2], offset, scale[1::2], strict=True)
    )
    is_sum = mode == "BILINEAR" and kind is np.int8
    out = resized(x, scale, offset, border, mode).astype(np.int32 if is_sum else kind)
    text = (
        shape("s", *scale)
        + shape("o", *offset)
        + shape("e", *border)
        + (
            f"%r = tosa.resize %a, %s, %o, %e {{mode = {mode}}} : ({tensor(x)}, !tosa.shape<4>, "
            f"!tosa.shape<2>, !tosa.shape<2>) -> {tensor(out)}"
        )
    )
    np.testing.assert_allclose(run(text, x, result=tensor(out)), out, rtol=1e-5, atol=1e-6 if kind is np.float32 else 0)


@pytest.mark.parametrize("inverse", [False, True])
def test_fourier_transform_is_not_divided(inverse):
    x, y = random(9, 2, 4, 8), random(10, 2, 4, 8)
    kind = tensor(x)
    text = f"%r:2 = tosa.fft2d %a, %b {{inverse = {str(inverse).lower()}}} : ({kind}, {kind}) -> ({kind}, {kind})"
    real, imaginary = run(text, x, y, result=[kind, kind])
    expected = np.fft.ifft2(x + 1j * y) * 32 if inverse else np.fft.fft2(x + 1j * y)
    np.testing.assert_allclose(real + 1j * imaginary, expected, rtol=1e-4, atol=1e-4)


def test_fourier_transform_of_real_numbers_is_half():
    x = random(9, 2, 4, 8)
    half = "tensor<2x4x5xf32>"
    real, imaginary = run(f"%r:2 = tosa.rfft2d %a : ({tensor(x)}) -> ({half}, {half})", x, result=[half, half])
    np.testing.assert_allclose(real + 1j * imaginary, np.fft.rfft2(x), rtol=1e-4, atol=1e-4)
