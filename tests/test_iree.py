"""The linalg form of models is taken by an independent compiler, IREE, and gives the same answers there.

IREE 3.13 does not compile the convolutions of `mlc.codegen.mlir` (its workgroup distribution refuses them), so the
models here are those without.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import catalog
from tolerance import assert_close

from mlc.driver import Options
from mlc.driver.compile import load, optimize
from mlc.target import Target

pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")
compiler = pytest.importorskip("iree.compiler", reason="IREE is in the test extra")
runtime = pytest.importorskip("iree.runtime", reason="IREE is in the test extra")

MODELS = ("mlp-small-torchscript14", "bert-small-torchscript14", "gpt-small-torchscript14")


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("name", MODELS)
def test_iree_takes_the_linalg_form_and_agrees(name: str, level: int, pytestconfig: pytest.Config) -> None:
    from mlc.mlir import module_text

    assert pytestconfig.cache is not None
    pytest.importorskip("torch", reason="exported models are written by torch")
    model = catalog.fetch(name, pytestconfig.cache.mkdir("models"))
    module = load(Path(model.path))
    optimize(module, Options(level=level))
    call = compiled_by_iree(module_text(module, Target.parse("host"), with_weights=True))
    for case in model.cases:
        results = call(*[case.inputs[name] for name in module.main.input_names])
        assert_close(dict(zip(case.outputs, results, strict=True)), case.outputs, model=name)


def compiled_by_iree(text: str) -> Any:
    """A function of arrays that runs `main` of the module through IREE."""
    code = compiler.compile_str(text, target_backends=["llvm-cpu"], extra_args=["--iree-llvmcpu-target-cpu=host"])
    context = runtime.SystemContext(config=runtime.Config("local-task"))
    context.add_vm_module(runtime.VmModule.copy_buffer(context.instance, code))
    main = context.modules.module["main"]

    def call(*arrays: Any) -> list[Any]:
        made = main(*arrays)
        return [np.asarray(x.to_host()) for x in (made if isinstance(made, tuple | list) else [made])]

    return call
