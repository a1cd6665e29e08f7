"""CONTRIBUTING tells the truth: its pass works as it stands, from a folder outside of the repository."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner
from onnx import TensorProto, helper, save

from mlc.cli import main

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()


def first_pass() -> str:
    blocks: list[str] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    return blocks[0]


def negations(path: Path) -> Path:
    """Two pairs of negations; the inner one of the second pair is also a graph output."""
    x, a, b, c = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in "xabc")
    nodes = [
        helper.make_node("Neg", ["x"], ["x1"], name="first"),
        helper.make_node("Neg", ["x1"], ["x2"], name="second"),
        helper.make_node("Relu", ["x2"], ["a"], name="relu"),
        helper.make_node("Neg", ["a"], ["b"], name="third"),
        helper.make_node("Neg", ["b"], ["c"], name="fourth"),
    ]
    graph = helper.make_graph(nodes, "negations", [x], [a, b, c])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


def test_the_pass_of_contributing_runs_from_any_folder_and_shows_its_near_miss(tmp_path: Path) -> None:
    (tmp_path / "my_pass.py").write_text(first_pass())
    model = negations(tmp_path / "model.onnx")
    pipeline = f"fold,{tmp_path / 'my_pass.py'}"
    arguments = ["opt", str(model), "--passes", pipeline, "--remarks=passed,missed", "--validate=sample"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "passed  cancel-negation/cancel_double_negation #1 at second" in result.stderr
    missed = next(line for line in result.stderr.splitlines() if line.startswith("missed"))
    assert "at fourth" in missed and "the inner negation has another use (blocked by graph output 'b')" in missed
    assert result.stdout.count('"mlc.neg"') == 2


def test_the_class_can_be_named_behind_the_path(tmp_path: Path) -> None:
    (tmp_path / "my_pass.py").write_text(first_pass())
    model = negations(tmp_path / "model.onnx")
    result = CliRunner().invoke(main, ["opt", str(model), "--passes", f"{tmp_path / 'my_pass.py'}:CancelNegation"])
    assert result.exit_code == 0, result.output


def test_the_paths_and_targets_it_names_exist() -> None:
    root = Path(__file__).parents[1]
    named = re.findall(r"`((?:compiler|passes|tests|docs|examples)/[\w/.]+\.\w+)`", TEXT)
    missing = [name for name in named if not (root / name).exists() and "cancel_negation" not in name]
    assert not missing
    targets = set(re.findall(r"^make ([\w-]+)", TEXT, re.MULTILINE))
    makefile = (root / "Makefile").read_text()
    assert all(re.search(rf"^{t}:", makefile, re.MULTILINE) for t in targets)
