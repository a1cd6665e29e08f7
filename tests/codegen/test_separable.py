"""A depthwise convolution and the 1x1 convolution on it as one kernel: right for all shapes and targets, the image
between them never stored, and two kernels where one loop nest cannot or should not compute both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from cases import normal
from codegen.running import artifact_of
from tolerance import assert_close

from mlc.codegen import Options, Program, emit
from mlc.codegen.families import Kernels
from mlc.interpreter import interpret
from mlc.ir import Array, Dim, DType, Function, Module, TensorType, Value, symbol, unattached
from mlc.ops import Add, Clip, Constant, Conv, Fused, Mul, Sigmoid, scalar
from mlc.ops.separable import Separable, separable
from mlc.passes.table import parse_pipeline
from mlc.rewrite import run_passes
from mlc.runtime import set_threads, threads
from mlc.runtime.executable import Executable
from mlc.target import Target

TARGETS = ("host", "x86-64-v3", "x86-64-v2")


@dataclass(frozen=True)
class Shape:
    """A depthwise conv of 3 taps a side on x[batch, channels, *sides], an activation, and a 1x1 conv to `filters`."""

    channels: int
    filters: int
    sides: tuple[int, ...]
    batch: int = 1
    stride: int = 1
    dilation: int = 1
    pad: int = 1
    is_long: bool = False  # whether the activation is not one of an instruction or two
    behind: str = ""  # what is behind the 1x1 conv: "residual" or "columns"

    @property
    def x(self) -> Array:
        """An input."""
        return normal(self.batch, self.channels, *self.sides)


LARGE = Shape(64, 16, (56, 56))
SHAPES = {
    "whole vectors": Shape(32, 48, (14, 14)),
    "other channels than vectors": Shape(20, 17, (9, 11), behind="residual"),
    "stride": Shape(24, 16, (15, 13), stride=2, pad=0),
    "dilation": Shape(16, 16, (12, 9), dilation=2, pad=2),
    "batch": Shape(16, 24, (7, 5), batch=3, behind="residual"),
    "one line": Shape(16, 16, (1, 9)),
    "one pixel": Shape(16, 16, (1, 1)),
    "long activation": Shape(16, 40, (8, 8), is_long=True),
    "columns apart": Shape(16, 16, (6, 10), behind="columns"),
    "three spatial dims": Shape(16, 16, (5, 4, 6)),
}


def pair_module(shape: Shape, dims: Sequence[Dim] | None = None, *, is_read_twice: bool = False) -> Module:
    """The pair on plain layouts; `dims` are those of x where some are symbols."""
    rank = len(shape.sides)
    given = tuple(dims) if dims is not None else (shape.batch, shape.channels, *shape.sides)
    function = Function("main", [("x", TensorType(DType.F32, given))])

    def conv(x: Value, filters: int, depth: int, side: int, groups: int, **attributes: object) -> Value:
        w, b = normal(filters, depth, *(side,) * rank) / side**rank, normal(filters)
        ones, zeros = (1,) * rank, (0,) * 2 * rank
        windows = {"strides": ones, "dilations": ones, "pads": zeros, **attributes}
        return Conv(x, Constant(w).result, Constant(b).result, groups=groups, **windows).result  # type: ignore[arg-type]

    moves = {"strides": shape.stride, "dilations": shape.dilation}
    windows: dict[str, object] = {name: (value,) * rank for name, value in moves.items()}
    windows["pads"] = (shape.pad,) * 2 * rank
    between = conv(function.inputs[0], shape.channels, 1, 3, shape.channels, **windows)
    if shape.is_long:
        between = Mul(between, Sigmoid(between).result).result
    else:
        between = Clip(between, scalar(0, DType.F32), scalar(6, DType.F32)).result
    y = conv(between, shape.filters, shape.channels, 1, 1)
    if shape.behind == "residual":
        y = Add(y, Constant(normal(1, shape.filters, *y.tensor.static_shape[2:])).result).result
    elif shape.behind == "columns":
        y = Mul(y, Constant(normal(shape.sides[-1])).result).result
    outputs = [y, between] if is_read_twice else [y]
    for op in unattached(outputs):
        function.append(op)
    function.set_outputs([(f"y{i}", v) for i, v in enumerate(outputs)])
    module = Module("test")
    module.add(function)
    return module


def remarks_of(
    module: Module,
    target: str = "host",
    pipeline: str = "fold,layout{everywhere=true},fuse",
    backend: str = "llvm",
) -> list[str]:
    """Runs the pipeline, and gives the remarks on pairs."""
    passes = [item.for_target(target, backend) for item in parse_pipeline(pipeline)]
    _, ledger = run_passes(module, passes)
    return [str(r) for r in ledger.remarks() if r.rule == "fuse_separable_conv"]


def program_of(module: Module, target: str = "host", cores: int = 2, kernels: Kernels | None = None) -> Program:
    machine = replace(Target.parse(target), cores=cores)
    return emit(module, machine, Options(no_fallback=True), kernels=kernels)


def run(program: Program, x: Array) -> list[Array]:
    return list(Executable(artifact_of(program)).run(x))


def families(program: Program) -> list[str]:
    return [row.family for row in program.schedule if "conv" in row.title]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small shapes are fused, whatever they gain."""
    monkeypatch.setattr(Separable, "loss", lambda self, target: "")


@pytest.fixture
def one_and_two_threads() -> Iterator[Sequence[int]]:
    before = threads()
    yield 1, 2
    set_threads(before)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.usefixtures("always")
def test_a_pair_is_one_kernel_that_computes_what_two_do(name: str, target: str) -> None:
    module, x = pair_module(SHAPES[name]), SHAPES[name].x
    want = interpret(module, [x])
    assert [r.split()[0] for r in remarks_of(module, target)] == ["passed"]
    program = program_of(module, target)
    assert families(program) == ["separable_conv"]
    assert_close(run(program, x), want, model=name)


@pytest.mark.usefixtures("always")
def test_all_bands_compute_the_same_bits(one_and_two_threads: Sequence[int]) -> None:
    shape = Shape(20, 40, (13, 10), batch=2, behind="residual")
    module, x = pair_module(shape), shape.x
    remarks_of(module)
    results = set()
    for cores in (1, 2, 5):
        program = program_of(module, cores=cores)
        for count in one_and_two_threads:
            set_threads(count)
            results.add(run(program, x)[0].tobytes())
    assert len(results) == 1


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("height", [1, 3, 4, 13])
@pytest.mark.parametrize("behind", ["residual", "columns"])
def test_any_height_of_bands_is_right(height: int, behind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Separable, "heights", lambda self, target: [height])
    shape = Shape(16, 32, (13, 7), behind=behind)
    module, x = pair_module(shape), shape.x
    want = interpret(module, [x])
    remarks_of(module)
    program = program_of(module)
    assert f"band {height} lines" in program.schedule_text
    assert_close(run(program, x), want, model=f"bands of {height}")


@pytest.mark.usefixtures("always")
def test_samples_and_lines_may_be_symbols() -> None:
    module = pair_module(Shape(20, 24, (9, 9)), (symbol("N"), 20, symbol("H"), 9))
    reference = module.clone()
    remarks_of(module)
    program = program_of(module)
    assert families(program) == ["separable_conv"]
    executable = Executable(artifact_of(program))
    for samples, lines in ((0, 13), (1, 1), (3, 2), (1, 13), (2, 40)):
        x = normal(samples, 20, lines, 9)
        assert_close(list(executable.run(x)), interpret(reference, [x]), model=f"{samples} of {lines} lines")


def test_the_image_between_takes_no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    fused, apart = pair_module(LARGE), pair_module(LARGE)
    assert remarks_of(fused)[0].startswith("passed")
    monkeypatch.setattr(Separable, "loss", lambda self, target: "not wanted here")
    assert remarks_of(apart)[0].startswith("missed")
    x, y = 4 * 64 * 56 * 56, 4 * 16 * 56 * 56  # copies in blocks; the image between has as many bytes as x
    assert program_of(fused).workspace_bytes == x + y
    assert program_of(apart).workspace_bytes == x + x


@pytest.mark.usefixtures("always")
def test_the_mlir_backend_makes_two_kernels_of_a_pair() -> None:
    pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")
    from mlc.codegen.mlir.backend import MlirKernels

    shape = SHAPES["other channels than vectors"]
    module, x = pair_module(shape), shape.x
    want = interpret(module, [x])
    remarks_of(module)
    program = program_of(module, kernels=MlirKernels())
    assert families(program) == ["linalg", "linalg"]
    assert_close(run(program, x), want, model="mlir")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (pair_module(LARGE, is_read_twice=True), "what the depthwise convolution leaves is needed elsewhere"),
        (pair_module(replace(LARGE, sides=(56,))), "an image of one spatial dim has no lines"),
        (pair_module(LARGE, (1, 64, 56, symbol("W"))), "the length of its lines is not known when compiling"),
        (
            pair_module(Shape(512, 512, (4, 7))),
            "bytes of weights would be read again, for 57344 bytes that are not stored",
        ),
        (pair_module(Shape(128, 16, (2, 4096))), "a line of all channels has 2097152 bytes, more than a fourth of L2"),
        (
            pair_module(Shape(16, 512, (1, 64))),
            "2 cores would be idle for 50% of their time: there is work for 1 at once",
        ),
    ],
)
def test_a_pair_stays_apart_with_a_reason(module: Module, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = replace(Target.parse("x86-64-v4"), cores=2)
    monkeypatch.setattr(Target, "parse", staticmethod(lambda text: machine))
    (remark,) = remarks_of(module, "x86-64-v4")
    assert remark.startswith("missed") and reason in remark
    kinds = [op.kind for op in module.walk() if isinstance(op, Fused)]
    assert "separable_conv" not in kinds


def test_channels_that_are_not_in_blocks_stay_apart() -> None:
    module = pair_module(LARGE)
    (remark,) = remarks_of(module, pipeline="fold,fuse")
    assert "its channels are not in blocks, which the layout pass makes" in remark


@pytest.mark.parametrize("backend", ["mlir", "interp"])
@pytest.mark.parametrize("pipeline", ["layout{everywhere=true},fuse", "fuse,layout{everywhere=true}"])
def test_a_backend_whose_kernels_have_one_root_gets_no_pair(pipeline: str, backend: str) -> None:
    module = pair_module(LARGE)
    remarks = remarks_of(module, pipeline=f"fold,{pipeline}", backend=backend)
    assert "only kernels of the llvm backend compute two convolutions" in remarks[-1]
    assert not [remark for remark in remarks if remark.startswith("passed")]
    assert "separable_conv" not in [op.kind for op in module.walk() if isinstance(op, Fused)]


def test_the_refusal_of_a_1x1_conv_in_a_group_is_said_of_the_group() -> None:
    module = pair_module(replace(LARGE, behind="residual"), is_read_twice=True)
    (remark,) = remarks_of(module)
    assert "(mlc.fused): what the depthwise convolution leaves is needed elsewhere" in remark


def test_the_remark_of_a_pair_says_what_is_saved() -> None:
    (remark,) = remarks_of(pair_module(replace(LARGE, behind="residual")))
    assert remark.startswith("passed") and f"{4 * 64 * 56 * 56} bytes between two convolutions are not stored" in remark


def test_weights_that_each_core_would_read_keep_a_pair_apart_on_many_cores_only() -> None:
    module = pair_module(Shape(512, 512, (4, 7)))
    remarks_of(module, "x86-64-v4", "fold,layout{everywhere=true}")
    pointwise = next(op for op in module.walk() if isinstance(op, Conv) and op.groups == 1)
    depthwise = next(op for op in module.walk() if isinstance(op, Conv) and op.groups > 1)
    pair, target = Separable(depthwise, pointwise), Target.parse("x86-64-v4")
    assert pair.loss(replace(target, cores=1)) == ""
    assert "bytes of weights would be read again" in pair.loss(replace(target, cores=2))


def test_bands_are_shared_out_evenly() -> None:
    module = pair_module(LARGE)
    remarks_of(module)
    text = program_of(module, cores=4).schedule_text
    height = int(text.split("band ")[1].split()[0])
    assert 56 % (4 * height) == 0, text


def test_a_depthwise_conv_of_several_filters_a_channel_is_refused() -> None:
    windows = {"dilations": (1, 1), "layout": "nchw16c"}
    x, w = Constant(normal(1, 1, 5, 5, 16)).result, Constant(normal(2, 1, 3, 3, 1, 16)).result
    depthwise = Conv(x, w, strides=(1, 1), pads=(0,) * 4, groups=16, **windows)  # type: ignore[arg-type]
    v = Constant(normal(1, 2, 1, 1, 16, 16)).result
    pointwise = Conv(depthwise.result, v, strides=(1, 1), pads=(0,) * 4, **windows)  # type: ignore[arg-type]
    assert separable(depthwise, pointwise) == "the depthwise convolution has several filters for a channel"
    strided = Conv(depthwise.result, v, strides=(2, 2), pads=(0,) * 4, **windows)  # type: ignore[arg-type]
    assert separable(depthwise, strided) == "the 1x1 convolution has strides or pads"
    assert separable(pointwise, depthwise) is None
