"""Modules written back as ONNX: the checker accepts them and other engines compute the numbers of `evaluate`."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from cases import Case, all_cases
from onnx.reference import ReferenceEvaluator
from onnx_builder import graph_of, initializer, model_of, node
from op_comparison import compare

from mlc.errors import CompileError
from mlc.frontend import load
from mlc.frontend.onnx_export import export_model, exporter, save_model
from mlc.frontend.onnx_export.registry import exporter_of
from mlc.interpreter import interpret
from mlc.ir import Array, Block, Function, Module, Op, Purity, Region, Type, Value, unattached
from mlc.ops import Constant, Fused, Yield
from mlc.ops.layout import Pack

# Rows whose ops say something that ONNX has no words for.
NO_FORM = {
    **dict.fromkeys(("assert", "assert_scalar", "assert_nothing"), "an assertion has no ONNX form"),
    **{f"resize_{m}_{d}_tf_half_pixel_for_nn": "dropped" for m in ("linear", "cubic") for d in ("up", "down")},
    "tree_ensemble_sum": "a leaf that speaks for several targets",
    "tree_ensemble_average": "a leaf that speaks for several targets",
    "tree_ensemble_min": "a leaf that speaks for several targets",
    "tree_ensemble_max": "a leaf that speaks for several targets",
    "tree_ensemble_missing": "a leaf that speaks for several targets",
    "tree_ensemble_members": "a leaf that speaks for several targets",
    "tree_ensemble_no_samples": "a leaf that speaks for several targets",
    "add_complex": "Add does not take",
    "mul_complex": "Mul does not take",
    "conv_i32": "Conv does not take",
    "neg_u64": "Neg does not take",
    "relu_u64": "Relu does not take",
    "pow_u64": "Pow does not take",
}
# The checker wants a rank for each output of a model.
UNRANKED = {"optional_get", "reshape_unranked"}
# Rows on which onnxruntime ends the process: a division trap, aborts.
ENDS_THE_PROCESS = {"div_of_the_least", "gru_no_turns", "lstm_no_turns", "rnn_no_turns"}
# Rows that neither engine computes as ONNX specifies, or at all.
UNCOMPARED = {
    "nothing to take the maximum of": ["attention_no_keys", "attention_no_key"],
    "computed in f32": [
        "attention_softmax_f16",
        "attention_softmax_f64",
        *(f"attention_scores_{s}_f16" for s in ("biased", "weights")),
    ],
    "each step rounded to the narrow type": [
        "attention_f16",
        *(f"{op}_bf16" for op in ("attention", "expm1", "gelu", "gelu_special", "layer_norm", "softmax")),
        *(f"reduce_{op}_bf16" for op in ("sum", "prod", "mean")),
    ],
    "casts between types of less than a byte": [
        f"cast_{x}_to_{y}" for x in ("i2", "u2", "i4", "u4") for y in ("i2", "u2", "i4", "u4")
    ],
    "NaN and infinities become finite": [
        f"cast_to_e8m0_{r}_{s}" for r in ("up", "down", "nearest") for s in (True, False)
    ],
    "loops without a turn": ["loop_no_turns", "scan_no_turns", "gru_no_turns", "lstm_no_turns", "rnn_no_turns"],
    "no kernel": [
        "max_roi_pool",
        "max_roi_pool_outside",
        "one_hot_by_operand",
        "lrn_even",
        "lrn_wider_than_x",
        "lrn_f16",
        "group_norm_empty",
    ],
    "powers taken in f64": ["pow_i32", "pow_i16"],
    "other weights at the border": ["grid_sample_cubic_border_False"],
    "windows of images alone": ["deform_conv_1d", "deform_conv_3d"],
    "what is no number, or far outside": [
        "deform_conv_far",
        "maxpool_indices_of_nan",
        "roi_align_avg_not_finite",
        "roi_align_max_not_finite",
        *(
            f"grid_sample_far_{m}_{p}"
            for m in ("linear", "nearest", "cubic")
            for p in ("zeros", "border", "reflection")
        ),
    ],
    "NaN in another order": ["nms_many", "nms_hundreds_kept"],
    "integers summed as floats": ["reduce_mean_large_i64", "reduce_mean_large_u64", "reduce_mean_large_by_operand"],
    "a threshold below 0": ["nms_below_any_overlap"],
    "a NaN key": ["label_encoder_nan"],
    "NaN among integers": ["quantize_special"],
    "another clip": ["lstm_clip"],
    "NaN in a window": ["maxpool_nan"],
    "pads of no axes": ["pad_scalar"],
    "a band's edge on a bin's": ["mel_weight_matrix"],
    "stop words in the wrong case": ["string_normalizer_nothing_left"],
}
_UNCOMPARED = {name for names in UNCOMPARED.values() for name in names}


def module_of(case: Case, types: Sequence[Type]) -> Module:
    function = Function("main", [(f"x{i}", t) for i, t in enumerate(types)])
    op = case.build(*function.inputs)
    for each in (*unattached(op.operands), op):
        function.append(each)
    function.set_outputs([(f"y{i}", v) for i, v in enumerate(op.results)])
    module = Module("case")
    module.add(function)
    return module


@pytest.mark.parametrize(
    "case",
    [c for c in all_cases() if c.name not in NO_FORM.keys() | UNRANKED],
    ids=lambda case: case.name,
)
def test_every_op_is_exported_to_what_other_engines_compute(case: Case) -> None:
    module = module_of(case, case.input_types())
    model = export_model(module)
    onnx.checker.check_model(model)
    if case.name in _UNCOMPARED or any(op.purity is Purity.RANDOM for op in module.walk()):
        return  # ONNX fixes no stream of random numbers
    expected = interpret(module, case.inputs)
    is_open = any(isinstance(op, Pack) and op.fill is None for op in module.walk())
    complaints = []
    for engine in (run_onnxruntime, run_reference):
        if engine is run_onnxruntime and case.name in ENDS_THE_PROCESS:
            continue
        try:
            got = engine(model, case.inputs)
            check([without_lanes(g, e) for g, e in zip(got, expected, strict=True)] if is_open else got, expected, case)
            return
        except Exception as error:  # whatever an engine cannot do; the other one is asked then
            complaints.append(f"{engine.__name__}: {type(error).__name__}: {error}"[:400])
    pytest.fail("\n".join(complaints))


def without_lanes(got: Any, expected: Any) -> Any:
    """`got` with what `evaluate` puts into lanes that may hold anything: NaN, or the least integer."""
    is_lane = np.isnan(expected) if expected.dtype.kind == "f" else expected == np.iinfo(expected.dtype).min
    return np.where(is_lane, expected, got)


def run_onnxruntime(model: onnx.ModelProto, inputs: Sequence[Any]) -> list[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, {f"x{i}": a for i, a in enumerate(inputs)}))


def run_reference(model: onnx.ModelProto, inputs: Sequence[Any]) -> list[Any]:
    with np.errstate(all="ignore"):
        return list(ReferenceEvaluator(model).run(None, {f"x{i}": a for i, a in enumerate(inputs)}))


def check(got: Sequence[Any], expected: Sequence[Any], case: Case) -> None:
    op, inputs = case.op(), list(case.inputs)
    assert len(got) == len(expected)
    for number, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
        compare(in_kind_of(ours, theirs), theirs, op, inputs, f"{case.name} result {number}")


def in_kind_of(got: Any, expected: Any) -> Any:
    """An engine's result as the array it stands for: lists, bytes of types that the engine has no name for."""
    if isinstance(expected, list):
        return [in_kind_of(one, other) for one, other in zip(got, expected, strict=True)]
    if not isinstance(expected, np.ndarray):
        return got
    array = np.asarray(got)
    if expected.dtype == object and got is not None:
        return np.array([str(s) for s in array.reshape(-1)], object).reshape(array.shape)
    return array.view(expected.dtype) if array.dtype == np.uint8 else array


@pytest.mark.parametrize(
    "case",
    [
        c
        for c in all_cases()
        if c.name in ("reshape_usual", "softmax_usual", "conv_usual", "slice_usual", "matmul_usual")
    ]
    or list(all_cases()[:3]),
    ids=lambda case: case.name,
)
def test_symbolic_dims_stay_symbolic(case: Case) -> None:
    types, symbols = case.symbolic_types()
    model = export_model(module_of(case, types))
    onnx.checker.check_model(model)
    names = {d.dim_param for i in model.graph.input for d in i.type.tensor_type.shape.dim if d.dim_param}
    assert names == set(symbols)
    check(run_onnxruntime(model, case.inputs), interpret(module_of(case, case.input_types()), case.inputs), case)


def test_rows_without_a_form_say_why() -> None:
    rows = {case.name: case for case in all_cases()}
    for name, reason in NO_FORM.items():
        with pytest.raises(CompileError, match=reason):
            export_model(module_of(rows[name], rows[name].input_types()))


def test_every_op_has_an_export() -> None:
    without = {
        cls.name
        for cls in Op.registry.values()
        if cls.__module__.startswith("mlc.ops") and not cls.is_terminator and cls not in (Constant, Fused)
        if exporter_of(cls) is None
    }
    assert without == set()


# --- names, structure, files ---

X = np.array([[-1.0, 2.0], [3.0, -4.0]], np.float32)


def round_trip(model: onnx.ModelProto) -> onnx.ModelProto:
    exported = export_model(load(model))
    onnx.checker.check_model(exported)
    return exported


def test_names_of_inputs_outputs_and_nodes_are_kept() -> None:
    nodes = [node("Relu", ["x"], ["a"], name="act"), node("Add", ["a", "w"], ["y"], name="sum")]
    stored = [initializer("w", [1.0, 2.0])]
    exported = round_trip(model_of(nodes, {"x": ["N", 2]}, {"y": None}, initializer=stored)).graph
    assert [v.name for v in exported.input] == ["x"] and [v.name for v in exported.output] == ["y"]
    assert [n.name for n in exported.node] == ["act", "sum"]
    assert [t.name for t in exported.initializer] == ["w"]
    assert exported.input[0].type.tensor_type.shape.dim[0].dim_param == "N"


def test_one_node_that_became_several_ops_becomes_nodes_of_different_names() -> None:
    exported = round_trip(model_of([node("HardSwish", ["x"], ["y"], name="act")], {"x": [2, 2]}, {"y": [2, 2]}))
    names = [n.name for n in exported.graph.node]
    assert len(names) > 1 and len(set(names)) == len(names) and all(n.startswith("act") for n in names)


def test_an_output_that_is_an_input_a_constant_or_another_output_has_its_own_name() -> None:
    nodes = [node("Identity", ["x"], ["same"]), node("Relu", ["x"], ["r"]), node("Identity", ["r"], ["again"])]
    nodes += [node("Constant", [], ["c"], value_floats=[1.0])]
    outputs = {"same": [2, 2], "r": [2, 2], "again": [2, 2], "c": [1]}
    exported = round_trip(model_of(nodes, {"x": [2, 2]}, outputs))
    same, r, again, c = run_onnxruntime_named(exported, x=X)
    assert same.tolist() == X.tolist() and r.tolist() == again.tolist() and c.tolist() == [1.0]


def run_onnxruntime_named(model: onnx.ModelProto | str, **feeds: Array) -> Any:
    source = model if isinstance(model, str) else model.SerializeToString()
    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def test_a_fused_group_is_written_as_its_ops() -> None:
    module = load(model_of([node("Relu", ["x"], ["a"]), node("Exp", ["a"], ["y"])], {"x": [2, 2]}, {"y": [2, 2]}))
    relu, exp, _ = module.main.block
    block = Block([relu.operands[0].type])
    mapping = {relu.operands[0]: block.arguments[0]}
    for op in (relu, exp):
        block.append(op.clone(mapping))
    block.append(Yield([mapping[exp.results[0]]]))
    fused = Fused([relu.operands[0]], Region(block), kind="elementwise")
    module.replace(exp, fused.result)
    module.erase(relu)
    exported = export_model(module)
    assert [n.op_type for n in exported.graph.node] == ["Relu", "Exp"]
    np.testing.assert_allclose(run_onnxruntime_named(exported, x=X)[0], np.exp(np.maximum(X, 0)), rtol=1e-6)


def test_regions_become_subgraphs_that_capture() -> None:
    then = graph_of([node("Add", ["a", "a"], ["t"])], {}, {"t": [2, 2]})
    other = graph_of([node("Relu", ["a"], ["e"])], {}, {"e": [2, 2]})
    nodes = [
        node("Neg", ["x"], ["a"]),
        node("If", ["c"], ["y"], then_branch=then, else_branch=other),
    ]
    model = model_of(nodes, {"x": [2, 2], "c": (onnx.TensorProto.BOOL, [])}, {"y": [2, 2]})
    exported = round_trip(model)
    for flag in (True, False):
        got, want = (run_onnxruntime_named(m, x=X, c=np.array(flag))[0] for m in (exported, model))
        assert got.tolist() == want.tolist()


def test_computed_shapes_are_spelled_out_over_symbolic_dims() -> None:
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Constant", [], ["two"], value_ints=[1, 2]),
        node("Mul", ["s", "two"], ["m"]),
        node("Expand", ["row", "m"], ["y"]),
        node("Flatten", ["x"], ["z"], axis=2),
    ]
    model = model_of(nodes, {"x": ["N", "M"], "row": [1, 1]}, {"y": None, "z": None}, opset=21)
    exported = round_trip(model)
    feeds = {"x": np.ones((3, 5), np.float32), "row": np.ones((1, 1), np.float32)}
    y, z = run_onnxruntime_named(exported, **feeds)
    assert y.shape == (3, 10) and z.shape == (15, 1)


def test_a_newer_type_raises_the_opset() -> None:
    plain = round_trip(model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]}))
    kind = onnx.TensorProto.BFLOAT16
    outputs = {"v": (kind, [1]), "i": (onnx.TensorProto.INT64, [1])}
    top = model_of(
        [node("TopK", ["x", "k"], ["v", "i"])],
        {"x": (kind, [3])},
        outputs,
        opset=24,
        initializer=[initializer("k", np.array([1]))],
    )
    newer = round_trip(top)
    assert plain.opset_import[0].version < newer.opset_import[0].version == 24


def test_large_weights_go_beside_the_model_when_asked(tmp_path: Path) -> None:
    stored = [initializer("w", np.arange(4096, dtype=np.float32).reshape(64, 64)), initializer("b", np.ones(64))]
    nodes = [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["y"])]
    module = load(model_of(nodes, {"x": [1, 64]}, {"y": [1, 64]}, initializer=stored))
    path = tmp_path / "model.onnx"
    save_model(module, path, external_data=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]
    onnx.checker.check_model(str(path))
    assert path.stat().st_size < 2000
    x = np.ones((1, 64), np.float32)
    (want,) = interpret(module, [x])
    np.testing.assert_allclose(run_onnxruntime_named(str(path), x=x)[0], want, rtol=1e-6)
    np.testing.assert_array_equal(interpret(load(path), [x])[0], want)


def test_weights_beyond_two_gigabytes_go_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "_INLINE_LIMIT", 1 << 12)
    stored = [initializer("w", np.arange(4096, dtype=np.float32))]
    module = load(model_of([node("Add", ["x", "w"], ["y"])], {"x": [1]}, {"y": [4096]}, initializer=stored))
    with pytest.raises(CompileError, match="the weights exceed 2 GiB; save_model writes them beside the model"):
        export_model(module)
    save_model(module, tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx.data").stat().st_size == 4 * 4096


@pytest.mark.parametrize("external_data", [False, True])
def test_a_failed_write_leaves_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, external_data: bool
) -> None:
    path = tmp_path / "model.onnx"
    old = {"model.onnx": b"old", "model.onnx.data": b"old weights"}
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)
    module = load(model_of([node("Relu", ["x"], ["y"])], {"x": [2]}, {"y": [2]}))

    def full(self: onnx.ModelProto, **options: bool) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(onnx.ModelProto, "SerializeToString", full)
    with pytest.raises(CompileError, match="model.onnx: cannot write: No space left on device"):
        save_model(module, path, external_data=external_data)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == old


class Unwritable(Op, dialect="test"):
    """An op of a plugin."""

    x: Value

    def infer(self) -> Type:
        return self.x.type


def test_an_op_without_an_export_is_named() -> None:
    module = load(model_of([node("Relu", ["x"], ["y"], name="act")], {"x": [2]}, {"y": [2]}))
    relu = next(iter(module.main.block))
    module.replace(relu, Unwritable(relu.operands[0]).result)
    with pytest.raises(CompileError, match="node 'act': test.unwritable has no ONNX form"):
        export_model(module)
