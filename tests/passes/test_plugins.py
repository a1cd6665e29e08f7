"""Passes from outside of mlc: a file by its path, a package by its entry point; and how names are found at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlc.driver.options import Options
from mlc.errors import CompileError
from mlc.ir import DType, Function, Location, Module, tensor
from mlc.ops import Relu
from mlc.passes import BUILTIN, LEVELS, parse_pipeline, pass_classes
from mlc.passes.fuse import Fuse
from mlc.passes.layout import Layout
from mlc.rewrite import run_passes

PASS = '''
"""A user's pass."""
from __future__ import annotations

from dataclasses import dataclass

from mlc.ir import Value
from mlc.ops import Relu
from mlc.rewrite import Miss, Pass


def drop_double_relu(op: Relu) -> Value | Miss | None:
    """relu(relu(x)) -> relu(x)."""
    inner = op.x.op
    if not isinstance(inner, Relu):
        return None
    others = [use for use in inner.result.uses if use.op is not op]
    return Miss("the inner relu has another use", blocker=others[0]) if others else Relu(inner.x).result


@dataclass(frozen=True)
class DropRelu(Pass):
    """relu(relu(x)) -> relu(x)."""

    times: int = 1
    rules = (drop_double_relu,)
'''


def two_relus(inner_is_output: bool = False) -> Module:
    module = Module()
    main = module.add(Function("main", [("x", tensor(DType.F32, 4))]))
    inner = main.append(Relu(main.inputs[0], loc=Location.of("inner"))).result
    outer = main.append(Relu(inner, loc=Location.of("outer"))).result
    main.set_outputs([("y", outer), ("z", inner)] if inner_is_output else [("y", outer)])
    return module


def remarks(module: Module, pipeline: str) -> list[str]:
    return [str(r) for r in run_passes(module, parse_pipeline(pipeline))[1].remarks()]


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "my_pass.py"
    path.write_text(PASS)
    return path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An installed distribution with the entry point drop-relu; its name."""
    (tmp_path / "relu_plugin.py").write_text(PASS)
    metadata = tmp_path / "relu_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: relu-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mlc.passes]\ndrop-relu = relu_plugin:DropRelu\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "drop-relu"
    sys.modules.pop("relu_plugin", None)


def test_a_file_runs_between_built_in_passes_and_its_rewrites_are_recorded(plugin: Path) -> None:
    assert remarks(two_relus(), f"fold,{plugin},dce") == [
        "passed  drop-relu/drop_double_relu #1 at outer+inner: mlc.relu, mlc.relu -> mlc.relu"
    ]


def test_a_near_miss_of_a_file_names_what_stands_in_the_way(plugin: Path) -> None:
    assert remarks(two_relus(inner_is_output=True), str(plugin)) == [
        "missed  drop-relu/drop_double_relu at outer (mlc.relu): the inner relu has another use "
        "(blocked by graph output 'z')"
    ]


def test_options_reach_the_pass_of_a_file(plugin: Path) -> None:
    (item,) = parse_pipeline(f"{plugin}:DropRelu{{times=3}}")
    assert str(item) == "drop-relu{times=3}"


def test_a_changed_file_is_read_again(plugin: Path) -> None:
    parse_pipeline(str(plugin))
    plugin.write_text(PASS.replace("times: int = 1", "times: int = 7"))
    assert parse_pipeline(str(plugin))[0].times == 7  # type: ignore[attr-defined]


def test_an_entry_point_is_found_by_its_name(package: str) -> None:
    assert package in pass_classes()
    assert remarks(two_relus(), package) == [
        "passed  drop-relu/drop_double_relu #1 at outer+inner: mlc.relu, mlc.relu -> mlc.relu"
    ]


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        ("{path}:NoSuchPass", "", "", "defines no pass 'NoSuchPass'"),
        ("{path}", "class DropRelu(Pass)", "class DropRelu", "must define one pass, or say which"),
        ("{path}", "from mlc.ops import Relu", "from mlc.ops import Rely", "ImportError"),
        ("{path}", "rules = (drop_double_relu,)", "rules = (drop_double_relu", "SyntaxError"),
        ("{path}", "from mlc.ops import Relu", "raise SystemExit(3)", "my_pass.py:8: SystemExit: 3"),
        ("{folder}/other.py", "", "", "there is no pass file"),
        ("fuze", "", "", "unknown pass 'fuze'; did you mean 'fuse'?"),
        ("layout{blocks=8}", "", "", "pass layout has no option 'blocks'; did you mean 'block'?"),
    ],
)
def test_what_is_wrong_with_a_pass_is_said_at_its_place(
    plugin: Path, text: str, old: str, new: str, message: str
) -> None:
    plugin.write_text(PASS.replace(old, new) if old else PASS)
    pipeline = text.replace("{path}", str(plugin)).replace("{folder}", str(plugin.parent))
    with pytest.raises(CompileError) as caught:
        parse_pipeline(pipeline)
    assert message in str(caught.value)


def test_a_rule_that_raises_names_the_pass_the_rule_and_the_node(plugin: Path) -> None:
    plugin.write_text(PASS.replace("    inner = op.x.op\n", "    inner = op.y.op\n"))
    with pytest.raises(CompileError) as caught:
        remarks(two_relus(), str(plugin))
    assert "drop-relu" in str(caught.value) and "drop_double_relu" in str(caught.value)
    assert "node 'inner'" in str(caught.value)


def test_every_level_is_made_of_built_in_passes() -> None:
    assert LEVELS[0] == ()
    assert {name for level in LEVELS.values() for name in level} <= set(BUILTIN)


@pytest.mark.parametrize("name", BUILTIN)
def test_the_help_of_a_pass_shows_before_and_after_and_what_stays(name: str) -> None:
    text = pass_classes()[name].help()
    assert "->" in text and "Unchanged:" in text


def test_the_target_reaches_passes_that_ask_for_it() -> None:
    assert Layout().for_target("x86-64-v4") == Layout(target="x86-64-v4")
    assert Layout(target="x86-64-v3").for_target("x86-64-v4") == Layout(target="x86-64-v3")
    (dce,) = parse_pipeline("dce")
    assert dce.for_target("x86-64-v4") is dce


def test_the_backend_reaches_passes_that_ask_for_it() -> None:
    names = [str(item) for item in Options(backend="mlir", target="x86-64-v3").pipeline()]
    assert names[-1] == "fuse{target=x86-64-v3 backend=mlir}"
    assert Fuse(backend="interp").for_target("host", "mlir") == Fuse(backend="interp")
    assert Fuse().for_target("host", "llvm") == Fuse()


@pytest.mark.parametrize(
    ("pipeline", "takes"),
    [
        ("layout{block=12}", "layout: option block takes one of 0, 8, 16, got 12"),
        ("winograd{tile=3}", "winograd: option tile takes one of 0, 2, 4, got 3"),
        ("fuse{max-ops=0}", "fuse: option max-ops takes 1 or more, got 0"),
        ("fold{max-bytes=-1}", "fold: option max-bytes takes 0 or more, got -1"),
    ],
)
def test_a_value_that_an_option_does_not_take_is_refused(pipeline: str, takes: str) -> None:
    with pytest.raises(CompileError, match=takes):
        parse_pipeline(pipeline)
