"""Models in linalg on tensors are taken by an independent compiler, IREE, and give the same answers there.

Every golden model goes through, in plain layouts; some also as imported, and in the blocked layouts of -O2. So do the
ops whose form for other compilers is not that of the mlir backend, control flow, ops of scf loops, and those that
read images at computed places.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import Case, all_cases
from codegen.running import module_of
from models import catalog
from op_comparison import compare
from tolerance import assert_close

from mlc.codegen.mlir.registry import NAMED
from mlc.driver import Options
from mlc.driver.compile import load, optimize
from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import Module
from mlc.mlir import module_text
from mlc.ops import (
    Col2Im,
    CumProd,
    CumSum,
    DeformConv,
    Dft,
    GridSample,
    If,
    LabelEncoder,
    Loop,
    MaxRoiPool,
    MaxUnpool,
    Multinomial,
    RoiAlign,
    Scan,
    ScatterElements,
    ScatterNd,
    Stft,
    TfIdfVectorizer,
    TopK,
    TreeEnsemble,
)

compiler = pytest.importorskip("iree.compiler", reason="IREE is in the test extra")
runtime = pytest.importorskip("iree.runtime", reason="IREE is in the test extra")
pytestmark = pytest.mark.slow

PLAIN = Options(level=2, disabled=("layout",))
ROWS = (
    *((name, "plain") for name in (*catalog.SMALL, *catalog.SYMBOLIC)),
    *((name, "-O0") for name in ("resnet-small-dynamo", "vit-small-torchscript14", "bert-small-dynamo-batch")),
    *((name, "-O2") for name in ("resnet-small-torchscript14-batch", "mobilenet-small-dynamo", "light-squeezenet-64")),
)
OPTIONS = {"plain": PLAIN, "-O0": Options(level=0), "-O2": Options(level=2)}
# What is written with scf, inside of a linalg.generic or around it.
LOOPS = (
    CumProd,
    CumSum,
    Dft,
    If,
    LabelEncoder,
    Loop,
    Multinomial,
    Scan,
    ScatterElements,
    ScatterNd,
    Stft,
    TfIdfVectorizer,
    TopK,
    TreeEnsemble,
)
# What reads images at computed places.
PLACES = (Col2Im, DeformConv, GridSample, MaxRoiPool, MaxUnpool, RoiAlign)
# f64 stays what it is: by default IREE computes it in f32.
FLAGS = ["--iree-llvmcpu-target-cpu=host", "--iree-input-demote-f64-to-f32=false"]


@pytest.mark.parametrize(("name", "pipeline"), ROWS)
def test_iree_takes_the_linalg_form_of_a_model_and_agrees(
    name: str, pipeline: str, pytestconfig: pytest.Config
) -> None:
    assert pytestconfig.cache is not None
    if catalog.needs_torch(name):
        pytest.importorskip("torch", reason="exported models are written by torch")
    model = catalog.fetch(name, pytestconfig.cache.mkdir("models"))
    module = load(Path(model.path))
    optimize(module, OPTIONS[pipeline])
    main = compiled_by_iree(module_text(module))["main"]
    for case in model.cases:
        results = called(main, [case.inputs[n] for n in module.main.input_names])
        assert_close(dict(zip(case.outputs, results, strict=True)), case.outputs, model=name)


def test_iree_agrees_on_every_case_of_an_op_with_a_form_of_its_own_loops_or_places() -> None:
    """All in one module, so that IREE starts once."""
    texts: list[str] = []
    tested: list[tuple[Case, Module]] = []
    for case in all_cases():
        if type(case.op()) not in {*NAMED, *LOOPS, *PLACES}:
            continue
        module = module_of(*case.on(case.input_types()))
        try:
            text = module_text(module)
        except CompileError as error:
            assert "has no linalg form" in str(error) or "only running mlc." in str(error), case.name
            continue
        body = text.removeprefix("module {\n").removesuffix("}\n")
        texts.append(body.replace("@main(", f"@case{len(tested)}("))
        tested.append((case, module))
    assert len(tested) > 220
    functions = compiled_by_iree("\n".join(["module {", *texts, "}"]))
    for number, (case, module) in enumerate(tested):
        want = interpret(module, list(case.inputs))
        for ours, theirs in zip(called(functions[f"case{number}"], case.inputs), want, strict=True):
            compare(ours.view(theirs.dtype), theirs, case.op(), list(case.inputs), case.name)


def compiled_by_iree(text: str) -> Any:
    """The functions of a module by name, through IREE."""
    code = compiler.compile_str(text, target_backends=["llvm-cpu"], extra_args=FLAGS)
    context = runtime.SystemContext(config=runtime.Config("local-task"))
    context.add_vm_module(runtime.VmModule.copy_buffer(context.instance, code))
    return context.modules.module


def called(function: Any, arrays: Sequence[Any]) -> list[Any]:
    """The results of a call; integers and booleans cross over as the signless integers that they are there."""
    made = function(*[_signless(array) for array in arrays])
    return [np.asarray(x.to_host()) for x in (made if isinstance(made, tuple | list) else [made])]


def _signless(array: Any) -> Any:
    return array.view(f"i{array.dtype.itemsize}") if array.dtype.kind in "ub" else array
