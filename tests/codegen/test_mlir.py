"""The mlir backend: every op case through linalg and MLIR's passes against `evaluate`; what MLIR refuses is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import Case, all_cases
from codegen.running import artifact_of, host_function, module_of
from codegen.test_fused import fused_module
from op_comparison import compare
from tolerance import assert_close

from mlc.codegen import CodeUnit, Options, Program, emit
from mlc.codegen.lower import Lowering
from mlc.codegen.mlir import lowerings, scalars  # noqa: F401 - fill the registry
from mlc.codegen.mlir.backend import MlirKernels
from mlc.codegen.mlir.registry import LINALG, SCALARS
from mlc.codegen.mlir.run import SCHEDULES, Schedule, lower
from mlc.codegen.mlir.unsupported import REASONS
from mlc.codegen.registry import ELEMENTS, INDEXED, KERNELS, NoKernel
from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import Op, symbol, type_of
from mlc.ir.types import DType
from mlc.ops import (
    Add,
    Constant,
    CumSum,
    Matmul,
    MaxUnpool,
    Minimum,
    ReduceSum,
    Relu,
    Reshape,
    ReverseSequence,
    ScatterElements,
    ScatterNd,
    Softplus,
)
from mlc.runtime.executable import Executable, RunError
from mlc.target import Target

pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")

CASES = {case.name: case for case in all_cases()}
# Cases of ops that go through linalg, but not in this form; each reason is one of a NoKernel in lowerings/ or text.
FORMS = (
    "MLIR lowers no arithmetic on",
    "is known only when the model runs",
    "blocked convolutions of",
    "is not known when compiling",
)


def compiled(case: Case, op: Op, arguments: list[Any]) -> tuple[Executable, Program]:
    program = emit(module_of(op, arguments), Target.parse("host"), Options(), kernels=MlirKernels())
    return Executable(artifact_of(program), [host_function(s) for s in program.host_steps]), program


class _NoCompiler:
    """Leaves units uncompiled."""

    def submit(self, unit: CodeUnit) -> None:
        pass

    def code(self, unit: CodeUnit) -> bytes:
        return b""


def check(case: Case, op: Op, arguments: list[Any]) -> None:
    """The numbers of the mlir backend, and that a step in Python that the llvm backend has not is a listed one."""
    want = interpret(module_of(op, arguments), list(case.inputs))
    executable, program = compiled(case, op, arguments)
    for number, (ours, theirs) in enumerate(zip(executable.run(*case.inputs), want, strict=True)):
        compare(ours, theirs, op, list(case.inputs), f"{case.name} result {number}")
    if program.host_steps:
        native = emit(module_of(op, arguments), Target.parse("host"), Options(), _NoCompiler())
        for step in program.host_steps if not native.host_steps else ():
            is_listed = REASONS.get(type(step.op)) == step.reason or any(form in step.reason for form in FORMS)
            assert is_listed, step.summary


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if i % 12 == 0 else [pytest.mark.slow]) for i, n in enumerate(CASES)]
)
def test_mlir_equals_evaluate(name: str) -> None:
    case = CASES[name]
    check(case, *case.on(case.input_types()))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_mlir_with_symbolic_dims_equals_evaluate(name: str) -> None:
    case = CASES[name]
    types, values = case.symbolic_types()
    if not values:
        pytest.skip("no dim to make symbolic")
    try:
        op, arguments = case.on(types)
    except (CompileError, AssertionError, TypeError, ValueError):
        pytest.skip("the op needs static dims here")
    check(case, op, arguments)


def test_every_op_with_a_kernel_goes_through_linalg_or_is_listed_with_a_reason() -> None:
    native = {cls for table in (KERNELS, ELEMENTS, INDEXED) for cls in table if cls.__module__.startswith("mlc.")}
    assert native - set(SCALARS) - set(LINALG) == set(REASONS)


def test_an_op_that_gains_an_attribute_is_refused_until_its_linalg_form_heeds_it() -> None:
    from mlc.codegen.mlir import registry

    op, form = next(iter(matmul_module(2, 2, 2).main.block)), LINALG[Matmul]
    names = " ".join(a.name for a in Matmul.signature.attributes)
    assert MlirKernels().missing(op) == ""
    registry.linalg(Matmul, attributes=names.replace("transpose_y", ""))(form)  # as if transpose_y were new
    try:
        assert MlirKernels().missing(op) == "its linalg form does not heed transpose_y"
    finally:
        registry.linalg(Matmul, attributes=names)(form)
    with pytest.raises(TypeError, match="Matmul have no attribute transpose_z"):
        registry.linalg(Matmul, attributes="transpose_z")


def test_every_form_heeds_all_attributes_of_its_ops() -> None:
    from mlc.codegen.mlir.registry import NAMED, unheeded

    for table in (SCALARS, LINALG, NAMED):
        for cls in table:
            if cls.__module__.startswith("mlc."):
                assert unheeded(table, cls) == (), cls


@pytest.mark.parametrize(
    ("build", "others", "message"),
    [
        (
            lambda x, i, u: ScatterElements(x, i, u),
            (np.array([9]), np.ones(1, np.float32)),
            r"index 9 is outside of \[-4, 4\)",
        ),
        (
            lambda x, i, u: ScatterNd(x, i, u),
            (np.array([[-5]]), np.ones(1, np.float32)),
            r"index -5 is outside of \[-4, 4\)",
        ),
        (
            lambda x, n: ReverseSequence(x, n, time_axis=1, batch_axis=0),
            (np.array([5, 1]),),
            r"index 5 is outside of \[0, 5\)",
        ),
        (
            lambda x, i: MaxUnpool(x, i, source=(2, 4), dims=(2, 4)),
            (np.arange(1, 9).reshape(2, 4),),
            r"1 indices lie outside of \[0, 8\)",
        ),
        (
            lambda x, i: MaxUnpool(x, i, source=(2, 5), dims=(2, 4)),
            (np.zeros((2, 4), np.int64),),
            r"5 must be 4 at most",
        ),
        (
            lambda x, a: ReduceSum(x, a, keep_dims=False, dims=(symbol("r"),)),
            (np.array([-3]),),
            r"axis -3 is not one of tensor<2x4xf32>",
        ),
        (lambda x, a: CumSum(x, a), (np.array(2),), r"axis 2 is not one of tensor<2x4xf32>"),
    ],
)
def test_an_index_outside_of_its_axis_is_an_error_of_the_run(build: Any, others: tuple[Any, ...], message: str) -> None:
    x = np.zeros((2, 4) if len(others) == 1 else (4,), np.float32)
    arrays = [x, *others]
    from mlc.ir import Block, tensor

    arguments = Block([tensor(DType.of(a.dtype), *a.shape) for a in arrays]).arguments
    module = module_of(build(*arguments), list(arguments))
    program = emit(module, Target.parse("host"), Options(no_fallback=True), kernels=MlirKernels())
    with pytest.raises(RunError, match=message):
        Executable(artifact_of(program), []).run(*arrays)


def matmul_module(m: int, k: int, n: int) -> Any:
    from mlc.ir import Block, tensor

    arguments = Block([tensor(DType.F32, m, k), tensor(DType.F32, k, n)]).arguments
    return module_of(Matmul(arguments[0], arguments[1]), list(arguments))


def lowering(target: Target, symbols: list[str], kernels: MlirKernels) -> Lowering:
    return Lowering(target, symbols, no_fallback=True, submit=lambda unit: None, tuned={}, kernels=kernels)


def kernels_of(module: Any) -> MlirKernels:
    """The stages of a module, not yet lowered."""
    kernels = MlirKernels()
    lowering(Target.parse("x86-64-v4"), [], kernels).block(module.main.block)
    return kernels


def stage_of(module: Any, stage: str) -> str:
    [function] = kernels_of(module).functions.by_name.values()
    return lower([function], stages=(stage,), stop=stage).stages[stage][function.name]


def test_accumulators_of_a_product_stay_in_registers_over_k() -> None:
    text = stage_of(matmul_module(24, 64, 64), "vector")
    loop = text[text.index("vector.contract") - 1500 : text.index("vector.contract")]
    assert "iter_args(" in loop and "-> (vector<" in loop.splitlines()[-4] + loop
    inner = text[text.rindex("scf.for", 0, text.index("vector.contract")) : text.index("vector.contract")]
    assert "vector.transfer_write" not in inner


def test_bufferization_makes_no_buffer_of_a_product() -> None:
    text = stage_of(matmul_module(24, 64, 64), "bufferized")
    assert "memref.alloc" not in text and "memref.copy" not in text


def test_what_is_fused_behind_a_reshape_does_not_overwrite_what_is_reshaped() -> None:
    x = np.random.default_rng(0).standard_normal((16, 2, 2)).astype(np.float32)
    six = Constant(np.array(1.5, np.float32)).result
    module = fused_module(
        lambda x: Minimum(Reshape(Softplus(x).result, dims=(1, 16, 2, 2)).result, six).result, [type_of(x)]
    )
    program = emit(module, Target.parse("host"), Options(no_fallback=True), kernels=MlirKernels())
    (got,) = Executable(artifact_of(program), []).run(x)
    assert_close([got], interpret(module, [x]), model="a reshape between elementwise ops")


def test_symbolic_dims_stay_question_marks() -> None:
    from mlc.ir import Block, symbol, tensor

    [x] = Block([tensor(DType.F32, symbol("N"), 8)]).arguments
    module = module_of(Relu(x), [x])
    kernels = MlirKernels()
    lowering(Target.parse("host"), ["N"], kernels).block(module.main.block)
    [function] = kernels.functions.by_name.values()
    assert "tensor<?xf32>" in function.text


def test_a_schedule_of_the_user_replaces_the_packaged_one() -> None:
    packaged = (SCHEDULES / "matmul.mlir").read_text()
    [function] = kernels_of(matmul_module(24, 64, 64)).functions.by_name.values()
    plain = packaged[: packaged.index("    %product =")] + "    transform.yield\n  }\n}\n"
    text = lower([function], Schedule("my.mlir", plain), ("vector",), "vector").stages["vector"][function.name]
    assert "linalg.matmul" in text and "vector.contract" not in text


def test_what_mlir_refuses_is_an_error_that_names_stage_and_pass() -> None:
    [function] = kernels_of(matmul_module(24, 64, 64)).functions.by_name.values()
    from dataclasses import replace

    broken = replace(function, text=function.text.replace("linalg.matmul", "linalg.no_such_op"))
    with pytest.raises(CompileError, match=rf"MLIR refuses stage @{function.name}: parse: "):
        lower([broken])


def test_a_pass_that_this_torch_mlir_has_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlc.codegen.mlir import child, pipeline

    monkeypatch.setattr(pipeline, "VECTOR", ("canonicalize", "no-such-pass"))
    [function] = kernels_of(matmul_module(24, 64, 64)).functions.by_name.values()
    from mlc.codegen.mlir.run import request_of

    answer = child.answer(request_of([function], None, ("vector",), "vector"))
    assert "does not know the pass no-such-pass" in answer["failure"]["message"]


def test_a_crash_of_mlir_is_an_error_and_the_next_request_is_answered() -> None:
    from mlc.codegen.mlir import run

    [function] = kernels_of(matmul_module(24, 64, 64)).functions.by_name.values()
    lower([function], stages=("vector",), stop="vector")
    run._worker().kill()
    with pytest.raises(CompileError, match="the process that runs MLIR was killed by SIGKILL"):
        run._workers[0].ask(run.request_of([function], None, ("vector",), "vector"))
    assert lower([function], stages=("vector",), stop="vector").stages["vector"]


def test_a_missing_torch_mlir_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CompileError) as error:
        MlirKernels()
    assert str(error.value) == "the mlir backend needs torch-mlir: install the extra, mlc-compiler[mlir]"


def test_a_result_does_not_depend_on_how_the_parallel_loop_is_cut() -> None:
    """The parts of a stage cover its loop once: any cut of [0, parts) writes every element, none twice."""
    from mlc.ir import Block, tensor

    x, y = Block([tensor(DType.F32, 97, 33), tensor(DType.F32, 97, 33)]).arguments
    module = module_of(Add(x, y), [x, y])
    program = emit(module, Target.parse("host"), Options(), kernels=MlirKernels())
    executable = Executable(artifact_of(program), [])
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((97, 33)).astype(np.float32) for _ in range(2))
    assert np.array_equal(executable.run(a, b)[0], a + b)


def test_schedules_are_texts_of_their_family() -> None:
    for path in sorted(Path(SCHEDULES).glob("*.mlir")):
        assert f"transform.named_sequence @{path.stem}(" in path.read_text()


def test_no_kernel_is_the_reason_for_what_mlir_cannot_lower() -> None:
    from mlc.codegen.mlir.elements import memory_type

    with pytest.raises(NoKernel, match="MLIR lowers no arithmetic on complex<f32> to LLVM"):
        memory_type(DType.C64)
