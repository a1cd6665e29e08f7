"""The examples run, do what they print, and stay short enough to read in one go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from entry_points import site_with_entry_points
from onnx import TensorProto, helper, numpy_helper, save

import mlc
from mlc.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_is_under_sixty_lines(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 60


def run_example(name: str, cache: Path) -> str:
    tree = str(Path(next(iter(mlc.__path__))).parent)
    path = os.pathsep.join([str(site_with_entry_points(cache / "site")), tree])
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, str(EXAMPLES / name)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_quickstart_agrees_with_the_interpreter_and_loads_what_it_saved(tmp_path: Path) -> None:
    lines = run_example("quickstart.py", tmp_path).splitlines()
    differences = [float(line.split()[-1]) for line in lines if "largest difference" in line]
    assert len(differences) == 2 and max(differences) < 1e-5
    assert lines[-1] == "loaded again: True"


def test_custom_op_runs_natively_and_agrees_with_numpy(tmp_path: Path) -> None:
    line = run_example("custom_op.py", tmp_path).splitlines()[-1]
    assert float(line.split()[-1]) < 1e-6


@pytest.mark.slow
def test_torch_model_agrees_with_eager_through_both_doors(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    lines = run_example("torch_model.py", tmp_path).splitlines()
    differences = [float(line.split()[-1]) for line in lines if "largest difference" in line]
    assert len(differences) == 4 and max(differences) < 1e-5
    assert lines[-1] == "gradients: True"


def division(path: Path, divisor: np.ndarray) -> Path:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2, 3]) for n in "xy")
    node = helper.make_node("Div", ["x", "c"], ["y"], name="halve")
    graph = helper.make_graph([node], "division", [x], [y], [numpy_helper.from_array(divisor, "c")])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


@pytest.mark.parametrize(
    ("divisor", "remark"),
    [
        (8.0, "passed  div-to-mul/multiply_by_reciprocal #1 at halve: mlc.div"),
        (3.0, "missed  div-to-mul/multiply_by_reciprocal at halve (mlc.div): the divisor is not a power of two"),
    ],
)
def test_custom_pass_fires_where_it_is_exact_and_says_why_it_does_not(
    tmp_path: Path, divisor: float, remark: str
) -> None:
    model = division(tmp_path / "m.onnx", np.full((1,), divisor, np.float32))
    pipeline = f"fold,{EXAMPLES / 'custom_pass.py'}"
    result = CliRunner().invoke(main, ["opt", str(model), "--passes", pipeline, "--remarks=passed,missed"])
    assert result.exit_code == 0, result.output
    assert remark in result.stderr
    assert ("mlc.mul" in result.stdout) == (divisor == 8.0)
