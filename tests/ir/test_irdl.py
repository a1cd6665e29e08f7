"""The generated IRDL: MLIR loads it, takes the dump of every op case under it, and refuses damaged ones."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import Case, all_cases

import mlc.ops  # noqa: F401 - fills the registry
from mlc.ir import Function, Module, Op
from mlc.ir.irdl import inexpressible, irdl_text
from mlc.ir.printer import print_module

PROGRAM = shutil.which("torch-mlir-opt", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="torch-mlir is not installed")

# The ops that IRDL cannot express. The list may only shrink.
INEXPRESSIBLE = {
    "func.return",
    "mlc.attention",
    "mlc.concat",
    "mlc.einsum",
    "mlc.fused",
    "mlc.if",
    "mlc.loop",
    "mlc.max_pool",
    "mlc.scan",
    "mlc.sequence_construct",
    "mlc.yield",
}


@pytest.fixture(scope="module")
def irdl_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("irdl") / "mlc.irdl.mlir"
    path.write_text(irdl_text())
    return path


def mlir(text: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert PROGRAM is not None
    (folder / "dump.mlir").write_text(text)
    command = [PROGRAM, *options, str(folder / "dump.mlir")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def module_of(case: Case) -> Module:
    op, arguments = case.on(case.input_types())
    module = Module("case")
    main = module.add(Function("main", [(f"x{i}", a.type) for i, a in enumerate(arguments)]))
    copy = main.append(op.clone(dict(zip(arguments, main.inputs, strict=True))))
    main.set_outputs([(f"y{i}", v) for i, v in enumerate(copy.results)])
    return module


def body_of(case: Case, name: str) -> str:
    """The case's function under a name of its own, so that one run of MLIR takes many."""
    text = print_module(module_of(case)).replace("func.func @main", f"func.func @{name}")
    return "\n".join(text.splitlines()[1:-1])


def test_what_irdl_cannot_express_is_known() -> None:
    assert {name for name, cls in Op.registry.items() if inexpressible(cls)} & shipped() == INEXPRESSIBLE & shipped()


def shipped() -> set[str]:
    return {name for name, cls in Op.registry.items() if cls.__module__.startswith("mlc.")}


def test_mlir_takes_every_op_case_under_the_irdl(irdl_file: Path, tmp_path: Path) -> None:
    bodies = [body_of(c, f"case{i}") for i, c in enumerate(all_cases()) if inexpressible(type(c.op())) is None]
    assert len(bodies) > 300
    result = mlir("module {\n" + "\n".join(bodies) + "\n}\n", tmp_path, f"--irdl-file={irdl_file}")
    assert result.returncode == 0, result.stderr[:3000]


def test_mlir_takes_the_dump_of_every_case_without_the_irdl(tmp_path: Path) -> None:
    bodies = [body_of(c, f"case{i}") for i, c in enumerate(all_cases())]
    result = mlir("module {\n" + "\n".join(bodies) + "\n}\n", tmp_path, "--allow-unregistered-dialect")
    assert result.returncode == 0, result.stderr[:3000]


def test_mlir_refuses_a_dump_without_an_attribute_and_one_without_an_operand(irdl_file: Path, tmp_path: Path) -> None:
    case = next(c for c in all_cases() if c.op().name == "mlc.matmul")
    text = print_module(module_of(case))
    without_attribute = re.sub(r"transpose_y = \w+, ", "", text)
    without_operand = re.sub(
        r'"mlc.matmul"\(%arg0, %arg1\)(.*) : \((.*?>), .*?\) ->', r'"mlc.matmul"(%arg0)\1 : (\2) ->', text
    )
    for damaged, message in ((without_attribute, "transpose_y"), (without_operand, "operand")):
        assert damaged != text
        result = mlir(damaged, tmp_path, f"--irdl-file={irdl_file}")
        assert result.returncode != 0 and message in result.stderr, result.stderr
