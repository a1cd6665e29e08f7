"""Kernels on bands of an image: right for any number of cores and lines, and cut where that moves fewer bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases import normal
from codegen.running import artifact_of
from codegen.test_conv import conv_module
from tolerance import MODEL, PRECISION_CHANGING, assert_close

from mlc.codegen import emit
from mlc.codegen.kernels.bands import band_count
from mlc.interpreter import interpret
from mlc.ir import DType, Function, Module, TensorType
from mlc.ops import MaxPool
from mlc.runtime.executable import Executable
from mlc.target import Target


def pool_module(lines: int) -> Module:
    function = Function("main", [("x", TensorType(DType.F32, (2, 3, lines, 11, 16)))])
    attributes = {"kernel": (3, 3), "strides": (1, 1), "dilations": (1, 1), "pads": (1, 1, 1, 1)}
    op = MaxPool(function.inputs[0], layout="nchw16c", ceil_mode=False, with_indices=False, **attributes)
    function.append(op)
    function.set_outputs([("y", op.results[0])])
    module = Module("test")
    module.add(function)
    return module


def modules(lines: int) -> dict[str, Module]:
    pads = (1, 1, 1, 1)
    image = (2, 3, lines, 11, 16)
    depthwise, _ = conv_module(image, normal(3, 1, 3, 3, 1, 16), normal(3, 16), pads=pads, groups=48)
    windows, _ = conv_module(image, normal(4, 3, 3, 3, 16, 16), normal(4, 16), pads=pads, behind="relu")
    points, _ = conv_module(image, normal(4, 3, 1, 1, 16, 16), normal(4, 16), behind="residual")
    fewer_products, _ = conv_module(image, normal(4, 3, 3, 3, 16, 16), pads=pads, winograd=2)
    return {
        "depthwise": depthwise,
        "windows": windows,
        "points": points,
        "winograd": fewer_products,
        "pool": pool_module(lines),
    }


@pytest.mark.parametrize("name", list(modules(4)))
@pytest.mark.parametrize("lines", [3, 8, 13])
def test_any_number_of_cores_computes_the_same_bits(name: str, lines: int) -> None:
    module = modules(lines)[name]
    x = normal(2, 3, lines, 11, 16)
    (want,) = interpret(module, [x])
    results = []
    for cores in (1, 2, 3):
        program = emit(module, replace(Target.parse("host"), cores=cores))
        (got,) = Executable(artifact_of(program)).run(x)
        assert_close(got, want, model=name, share=PRECISION_CHANGING if name == "winograd" else MODEL)
        results.append(got.tobytes())
    assert results[0] == results[1] == results[2]


def test_bands_have_at_least_four_lines() -> None:
    target = replace(Target.parse("host"), cores=3)
    assert [band_count(target, lines) for lines in (0, 3, 7, 8, 11, 12, 100)] == [1, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("image", "weights", "shared"),
    [((1, 2, 28, 28, 16), (8, 2, 1, 1, 16, 16), "pixels"), ((1, 32, 7, 7, 16), (32, 32, 1, 1, 16, 16), "filters")],
)
def test_cores_share_what_is_larger(image: tuple[int, ...], weights: tuple[int, ...], shared: str) -> None:
    module, _ = conv_module(image, normal(*weights))
    program = emit(module, replace(Target.parse("host"), cores=2, l2_bytes=1 << 20))
    assert f"cores share {shared}" in program.schedule_text
