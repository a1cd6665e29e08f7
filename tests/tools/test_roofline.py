"""The roofline: points from a model's own profile, and a picture that says the same each time."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from mlc import driver
from mlc.ir import DType, Function, Module, symbol, tensor, unattached
from mlc.ops import Constant, Matmul
from mlc.target import Target
from mlc.tools.peak import peak_executable, read_bandwidth
from mlc.tools.roofline import Point, measure_points, profile_points, roofline_svg

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [
    Point("matmul", ("fc<1>",), 8e-3, 800_000_000, 8_000_000),  # 100 GFLOP/s at 100 FLOP a byte
    Point("add", ("sum",), 2e-3, 2_000_000, 20_000_000),  # 1 GFLOP/s at 0.1
]


def executable() -> driver.Executable:
    """x[N,64] @ w[64,32]."""
    function = Function("main", [("x", tensor(DType.F32, symbol("N"), 64))])
    y = Matmul(function.inputs[0], Constant(np.ones((64, 32), np.float32)).result).result
    for op in unattached([y]):
        function.append(op)
    function.set_outputs([("y", y)])
    module = Module("product")
    module.add(function)
    made = driver.executable_of(module, driver.Options(level=0, use_cache=False))
    assert isinstance(made, driver.Executable)
    return made


def test_points_have_the_flops_and_bytes_of_their_ops_at_the_size_of_the_call() -> None:
    (point,) = measure_points(executable(), [np.ones((6, 64), np.float32)])
    assert point.kernel == "matmul" and point.seconds > 0
    assert point.flops == 2 * 6 * 64 * 32
    assert point.byte_count == 4 * (6 * 64 + 64 * 32 + 6 * 32)
    assert point.flops_per_second == point.flops / point.seconds


def test_points_of_a_saved_artifact_are_the_same(tmp_path: Path) -> None:
    executable().save(tmp_path / "m.mlc")
    (point,) = profile_points(tmp_path / "m.mlc", [np.ones((6, 64), np.float32)], 1)
    assert (point.flops, point.byte_count) == (24576, 10496)


def test_the_picture_is_svg_and_the_same_for_the_same_figures() -> None:
    text = roofline_svg("m & n", POINTS, 120e9, 30e9)
    assert text == roofline_svg("m & n", POINTS, 120e9, 30e9)
    root = ElementTree.fromstring(text)
    circles = root.findall(f"{SVG}circle")
    assert len(circles) == 2
    slow, small = circles
    # More FLOPs a byte is to the right, more of them a second is higher (y grows downwards), more time is larger.
    assert float(slow.get("cx", "")) > float(small.get("cx", ""))
    assert float(slow.get("cy", "")) < float(small.get("cy", ""))
    assert float(slow.get("r", "")) > float(small.get("r", ""))
    assert "fc<1>: matmul, 80.0 % of the time, 100.0 GFLOP/s at 100.00 FLOP a byte" in (
        slow.findtext(f"{SVG}title") or ""
    )
    texts = [element.text for element in root.findall(f"{SVG}text")]
    assert "m & n" in texts and "120 GFLOP/s multiply-add, 30 GB/s from memory, measured" in texts


def test_the_roof_bends_where_memory_and_arithmetic_meet() -> None:
    root = ElementTree.fromstring(roofline_svg("m", POINTS, 120e9, 30e9))
    (line,) = root.findall(f"{SVG}polyline")
    start, ridge, end = (tuple(map(float, p.split(","))) for p in (line.get("points") or "").split())
    assert start[0] < ridge[0] < end[0] and start[1] > ridge[1] == end[1]
    width, height = map(float, re.findall(r"0 0 (\d+) (\d+)", root.get("viewBox", ""))[0])
    assert all(0 <= x <= width and 0 <= y <= height for x, y in (start, ridge, end))


def test_reading_sums_every_element_once() -> None:
    from mlc.codegen.peak import read_peak

    target = Target.parse("x86-64-v3")
    program = read_peak(target, 3, 1 << 16)
    source = np.arange(program.input_count, dtype=np.float32) % 7
    (sums,) = peak_executable(program, target).run(source)
    assert program.work == 4 * program.input_count
    assert float(sums.sum()) == float(source.sum())


def test_bandwidth_is_a_rate() -> None:
    assert 1e8 < read_bandwidth(1) < 1e13


def test_no_text_lies_on_another_or_on_a_dot_of_the_roof() -> None:
    crowd = [Point(f"k{i}", (f"n{i}",), 1e-3, 110_000_000 + 500_000 * i, 2_000_000) for i in range(6)]
    root = ElementTree.fromstring(roofline_svg("crowd", crowd, 120e9, 30e9))
    texts = root.findall(f"{SVG}text")
    numbers = [(float(t.get("x", "")), float(t.get("y", ""))) for t in texts if t.get("font-size") == "10"]
    assert len(numbers) == 6
    for i, (x, y) in enumerate(numbers):
        assert all(abs(x - other) >= 9 or abs(y - height) >= 10 for other, height in numbers[:i])
    (label,) = (t for t in texts if "multiply-add" in (t.text or ""))
    assert float(label.get("y", "")) < min(y for _, y in numbers)
    tags = [child.tag.removeprefix(SVG) for child in root]
    assert set(tags[tags.index("circle") : tags.index("circle") + 6]) == {"circle"}  # no circle lies on a number
