"""What the ops say about operands and attributes that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import (
    Block,
    DType,
    Function,
    Module,
    Op,
    OptionalType,
    Region,
    SequenceType,
    TensorType,
    Type,
    Value,
    tensor,
)
from mlc.ops import (
    Attention,
    BatchNorm,
    Col2Im,
    ConcatFromSequence,
    Conv,
    ConvTranspose,
    Det,
    Dft,
    GridSample,
    GroupNorm,
    If,
    LabelEncoder,
    LayerNorm,
    Lrn,
    Lstm,
    Matmul,
    MaxPool,
    MaxUnpool,
    OptionalGet,
    QuantizeLinear,
    RandomUniform,
    RegexFullMatch,
    Resize,
    Rnn,
    RoiAlign,
    RotaryEmbedding,
    Scan,
    SequenceAt,
    SequenceConstruct,
    SequenceInsert,
    SequenceLength,
    SplitToSequence,
    StringConcat,
    Yield,
)

F32 = DType.F32
IMAGE = tensor(F32, 1, 4, 8, 8)
ONE = {"strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1)}
RNN = {"activations": ("Tanh",), "alphas": (0.0,), "betas": (0.0,)}
X3, W3, R3 = tensor(F32, 5, 2, 3), tensor(F32, 1, 4, 3), tensor(F32, 1, 4, 4)


def no_yield() -> Region:
    return Region(Block())


def yielding(value: Value) -> Region:
    block = Block()
    block.append(Yield([value]))
    return Region(block)


CASES: list[tuple[str, Callable[..., Op], tuple[Type, ...]]] = [
    (
        "x has 4 channels but w is for 3",
        lambda x, w: ConvTranspose(x, w, output_padding=(0, 0), **ONE),
        (IMAGE, tensor(F32, 3, 2, 3, 3)),
    ),
    (
        r"differ in spatial dims",
        lambda x, w: ConvTranspose(x, w, output_padding=(0,), **ONE),
        (IMAGE, tensor(F32, 4, 2, 3, 3)),
    ),
    (
        "winograd = 3: tiles of 2 or 4 are for 3 x 3 windows",
        lambda x, w: Conv(x, w, layout="nchw8c", winograd=3, **ONE),
        (tensor(F32, 1, 1, 4, 4, 8), tensor(F32, 1, 1, 3, 3, 8, 8)),
    ),
    (
        "winograd = 2: tiles of 2 or 4 are for 3 x 3 windows of stride 1 in one group of blocks",
        lambda x, w: Conv(x, w, winograd=2, **ONE),
        (IMAGE, tensor(F32, 4, 4, 3, 3)),
    ),
    (
        "without blocks takes w .* of one group, with single input channels",
        lambda x, w: Conv(x, w, layout="nchw8c", **ONE),
        (IMAGE, tensor(F32, 1, 1, 3, 3, 8, 8)),
    ),
    ("has not 3 spatial dims in layout nchw", lambda x: MaxPool(x, kernel=(1, 1, 1), **ONE), (IMAGE,)),
    (
        "indices need the plain layout, not nchw8c",
        lambda x: MaxPool(x, kernel=(1, 1), layout="nchw8c", with_indices=True, **ONE),
        (tensor(F32, 1, 1, 4, 4, 8),),
    ),
    ("differ in rank", lambda x, i: MaxUnpool(x, i, source=(1,), dims=(1,)), (IMAGE, IMAGE.with_dtype(DType.I64))),
    ("scale tensor<3xf32> must be a vector of 4", BatchNorm, (IMAGE, *(tensor(F32, 3),) * 4)),
    ("bias .* does not broadcast to x", LayerNorm, (IMAGE, tensor(F32, 8), tensor(F32, 3))),
    ("axis 4 is outside", lambda x: LayerNorm(x, axis=4), (IMAGE,)),
    (
        "strassen is for matrices of f32 times one matrix, got .*2x4x8xf32.* @ .*2x8x4xf32",
        lambda x, y: Matmul(x, y, strassen=True),
        (tensor(F32, 2, 4, 8), tensor(F32, 2, 8, 4)),
    ),
    (
        "strassen is for matrices of f32 times one matrix, got .*4x8xf64",
        lambda x, y: Matmul(x, y, strassen=True),
        (tensor(DType.F64, 4, 8), tensor(DType.F64, 8, 4)),
    ),
    ("4 channels do not split into 3 groups", lambda *v: GroupNorm(*v, groups=3), (IMAGE, *(tensor(F32, 4),) * 2)),
    ("size must be positive, got 0", lambda x: Lrn(x, 0), (IMAGE,)),
    ("D differs, 8 and 7", Attention, (IMAGE, tensor(F32, 1, 4, 8, 7), IMAGE)),
    ("4 query heads are no multiple of 3", Attention, (IMAGE, *(tensor(F32, 1, 3, 8, 8),) * 2)),
    ("turns 10 elements of the 8", RotaryEmbedding, (IMAGE, *(tensor(F32, 1, 8, 5),) * 2)),
    ("dims must say the shape when factors are not known", Resize, (IMAGE,)),
    ("must have one entry for each dim", lambda x: Resize(x, factors=(2.0,)), (IMAGE,)),
    (
        "tf_crop_and_resize needs roi",
        lambda x: Resize(x, factors=(1.0,) * 4, coordinates="tf_crop_and_resize"),
        (IMAGE,),
    ),
    ("does not index the spatial dims", GridSample, (IMAGE, tensor(F32, 1, 2, 2, 3))),
    ("must have rank 4", RoiAlign, (X3, tensor(F32, 2, 4), tensor(DType.I64, 2))),
    ("must have 2 numbers", lambda x: Col2Im(x, dims=(1, 1, 4, 4), **ONE), (X3,)),
    ("holds no square matrices", Det, (X3,)),
    ("must have 4 times 4 rows", lambda *v: Lstm(*v, **{k: t * 3 for k, t in RNN.items()}), (X3, W3, R3)),
    ("must have 2 entries", lambda *v: Rnn(*v, direction="bidirectional", **RNN), (X3, W3, R3)),
    ("activation Sine is not one of", lambda *v: Rnn(*v, **{**RNN, "activations": ("Sine",)}), (X3, W3, R3)),
    (
        "must have one number for each of 4 along axis 1",
        lambda *v: QuantizeLinear(*v, dtype=DType.I8),
        (IMAGE, tensor(F32, 3)),
    ),
    (
        "must have the rank of x",
        lambda *v: QuantizeLinear(*v, dtype=DType.I8, block=2),
        (IMAGE, tensor(F32, 3)),
    ),
    ("must end in a dim of 1 or 2", lambda x: Dft(x, axis=0), (X3,)),
    ("holds real and imaginary parts", lambda x: Dft(x, axis=-1), (tensor(F32, 4, 2),)),
    ("operand must hold strings", StringConcat, (X3, X3)),
    ("pattern '\\[': ", lambda x: RegexFullMatch(x, "["), (tensor(DType.STRING, 2),)),
    ("dtype must be a float, got i32", lambda: RandomUniform((2,), 0, dtype=DType.I32), ()),
    (
        "keys .* are not of the type of x",
        lambda x: LabelEncoder(x, np.array([1]), np.array([2]), np.array([3])),
        (X3,),
    ),
    ("operand must be a sequence", SequenceLength, (X3,)),
    ("operand must be an optional", OptionalGet, (X3,)),
    ("tensor<i64> is no tensor<f32>", lambda x: SequenceConstruct([x], tensor(F32)), (tensor(DType.I64),)),
    ("is no tensor<f32>", SequenceInsert, (SequenceType(tensor(F32)), tensor(DType.I64))),
    (
        "is no tensor<i64>",
        lambda s, i: SequenceAt(s, i, tensor(DType.I64)),
        (SequenceType(tensor(F32)), tensor(DType.I64)),
    ),
    ("elements must be tensors", lambda s: ConcatFromSequence(s, 0), (SequenceType(SequenceType(X3)),)),
    ("axis 3 is outside", lambda x: SplitToSequence(x, axis=3), (X3,)),
    ("must end in mlc.yield", lambda c: If(c, no_yield(), no_yield(), ()), (tensor(DType.BOOL),)),
    (
        r"then_branch yields \(tensor<i1>\), declared \(tensor<f32>\)",
        lambda c: If(c, yielding(c), yielding(c), (tensor(F32),)),
        (tensor(DType.BOOL),),
    ),
    (
        "0 inputs need as many axes",
        lambda x: Scan([], [], yielding(x), (), (), (), (), ()),
        (X3,),
    ),
]


@pytest.mark.parametrize(("message", "build", "types"), CASES, ids=[c[0] for c in CASES])
def test_an_op_names_what_does_not_fit(message: str, build: Callable[..., Op], types: tuple[Type, ...]) -> None:
    with pytest.raises(CompileError, match=message):
        build(*Block(types).arguments)


def run(build: Callable[..., Op], *inputs: tuple[Type, Any]) -> list[Any]:
    """The results of one op as a model."""
    module = Module()
    main = module.add(Function("main", [(f"x{i}", t) for i, (t, _) in enumerate(inputs)]))
    op = main.append(build(*main.inputs))
    main.set_outputs([(f"y{i}", v) for i, v in enumerate(op.results)])
    return interpret(module, [a for _, a in inputs])


LIST = SequenceType(TensorType(F32, None))
INDEX = tensor(DType.I64)


@pytest.mark.parametrize(
    ("message", "build", "inputs"),
    [
        (
            "position 2 is outside of a sequence of 1",
            lambda s, i: SequenceAt(s, i, TensorType(F32, None)),
            ((LIST, [np.zeros(2, np.float32)]), (INDEX, np.array(2))),
        ),
        ("the optional holds nothing", OptionalGet, ((OptionalType(LIST), None),)),
        (
            "do not sum up to 5",
            SplitToSequence,
            ((tensor(F32, 5), np.zeros(5, np.float32)), (tensor(DType.I64, 1), np.array([4]))),
        ),
        (
            r"indices must lie in \[0, 4\)",
            lambda x, i: MaxUnpool(x, i, source=(2, 2), dims=(2, 2)),
            ((tensor(F32, 1, 1), np.zeros((1, 1), np.float32)), (tensor(DType.I64, 1, 1), np.array([[4]]))),
        ),
    ],
)
def test_an_op_names_values_it_cannot_take(message: str, build: Any, inputs: Any) -> None:
    with pytest.raises(CompileError, match=message):
        run(build, *inputs)
