"""The dialect under MLIR itself: the IRDL is loaded through its bindings, takes every dump, and refuses damaged ones.

Both directions: our text is read by MLIR, MLIR's text by us, and what was parsed is equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cases import Case, all_cases
from click.testing import CliRunner
from codegen.running import module_of
from dialect_page import PAGE, examples_text, page

from mlc.cli.main import main
from mlc.ir import Op
from mlc.ir.irdl import inexpressible, irdl_text
from mlc.ir.parser import parse_module
from mlc.ir.printer import print_module
from mlc.ops.examples import FILE, examples

ir = pytest.importorskip("torch_mlir.ir", reason="MLIR comes with torch-mlir")

CASES = [case for case in all_cases() if inexpressible(type(case.op())) is None]
# MLIR's i64 is signed: it prints a seed of 2^63 as -2^63.
WRAPPED = {"random_normal_f64"}


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    """MLIR with the dialect loaded from its IRDL."""
    from torch_mlir.dialects import irdl

    with ir.Context() as made, ir.Location.unknown():
        irdl.load_dialects(ir.Module.parse(irdl_text()))
        yield made


def first_cases() -> list[Case]:
    """One case for each op that IRDL expresses."""
    found: dict[str, Case] = {}
    for case in CASES:
        found.setdefault(case.op().name, case)
    return list(found.values())


def parsed_op(case: Case) -> tuple[Any, Any]:
    """MLIR's module of a case, and the op in it."""
    module = ir.Module.parse(print_module(module_of(*case.on(case.input_types()))))
    function = module.body.operations[0]
    return module, function.regions[0].blocks[0].operations[0]


def test_every_case_goes_through_mlir_and_back_to_the_same_module(context: Any) -> None:
    with context:
        for case in CASES:
            text = print_module(module_of(*case.on(case.input_types())))
            back = parse_module(str(ir.Module.parse(text)))
            if case.name not in WRAPPED:
                assert print_module(back) == print_module(parse_module(text)), case.name


@pytest.mark.parametrize("case", first_cases(), ids=lambda case: case.op().name)
def test_mlir_refuses_each_op_without_one_of_its_attributes(case: Case, context: Any) -> None:
    with context:
        for attribute in case.op().signature.attributes:
            _module, op = parsed_op(case)
            assert op.operation.verify()
            del op.attributes[attribute.name]
            with pytest.raises(ir.MLIRError):
                op.operation.verify()


@pytest.mark.parametrize("case", first_cases(), ids=lambda case: case.op().name)
def test_mlir_refuses_each_op_without_an_operand_or_result_it_must_have(case: Case, context: Any) -> None:
    """Left out of an op whose operands are not segmented, so that the count alone is wrong."""
    with context, ir.Location.unknown():
        _module, op = parsed_op(case)
        operands, results = list(op.operands), [r.type for r in op.results]
        attributes = {name: op.attributes[name] for name in op.attributes}
        damaged = [(operands, results[:-1])] if results else []
        if all(o.kind == "one" for o in case.op().signature.operands) and operands:
            damaged.append((operands[:-1], results))
        for few_operands, few_results in damaged:
            with ir.InsertionPoint(op), pytest.raises(ir.MLIRError):
                ir.Operation.create(op.operation.name, few_results, few_operands, attributes).verify()


PLUGIN = """from mlc.ops.elementwise import Binary


class Spread(Binary{dialect}):
    \"\"\"x spread over y.\"\"\"

    factor: float = 1.0
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "plugin.py"
    for name in ("plugin.spread", "mlc.spread"):
        Op.registry.pop(name, None)


def test_ops_of_plugins_have_a_dialect_of_their_own(plugin: Path) -> None:
    plugin.write_text(PLUGIN.format(dialect=', dialect="plugin"'))
    result = CliRunner().invoke(main, ["dialect", "--irdl", str(plugin)])
    assert result.exit_code == 0, result.output
    assert "irdl.dialect @plugin {" in result.stdout and "irdl.operation @spread {" in result.stdout
    assert result.stdout.index("irdl.dialect @mlc {") < result.stdout.index("irdl.dialect @plugin {")
    text = """func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = "plugin.spread"(%x, %x) {factor = 1.0 : f64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %z = "mlc.relu"(%y) : (tensor<4xf32>) -> tensor<4xf32>
      return %z : tensor<4xf32>
    }"""
    with ir.Context(), ir.Location.unknown():
        from torch_mlir.dialects import irdl

        irdl.load_dialects(ir.Module.parse(result.stdout))
        assert ir.Module.parse(text).operation.verify()
        with pytest.raises(ir.MLIRError, match="factor"):
            ir.Module.parse(text.replace("{factor = 1.0 : f64}", ""))


@pytest.mark.parametrize("dialect", ["", ', dialect="mlc"', ', dialect="func"'])
def test_a_plugin_that_claims_a_dialect_of_ours_is_refused_at_its_line(plugin: Path, dialect: str) -> None:
    plugin.write_text(PLUGIN.format(dialect=dialect))
    result = CliRunner().invoke(main, ["dialect", "--irdl", str(plugin)])
    claimed = "func" if "func" in dialect else "mlc"
    assert result.exit_code == 2
    assert f"{plugin}:4: TypeError: Spread would be {claimed}.spread, but dialect {claimed} has" in result.output
    assert "give it a dialect of its own" in result.output
    assert f"{claimed}.spread" not in Op.registry


def test_a_plugin_that_fails_is_named_with_its_line(plugin: Path) -> None:
    plugin.write_text("import math\nimport no_such_module\n")
    result = CliRunner().invoke(main, ["dialect", str(plugin)])
    assert result.exit_code == 2
    assert f"{plugin}:2: ModuleNotFoundError: No module named 'no_such_module'" in result.output


def test_the_reference_page_and_its_examples_are_fresh() -> None:
    assert FILE.read_text() == examples_text(), "run python tests/dialect_page.py"
    assert PAGE.read_text() == page(), "run python tests/dialect_page.py"


def test_every_op_that_has_a_case_has_an_example_that_reads() -> None:
    named = {case.op().name for case in all_cases() if type(case.op()).__module__.startswith("mlc.")}
    assert set(examples()) == named


def test_the_command_prints_the_page() -> None:
    result = CliRunner().invoke(main, ["dialect", "--docs"])
    assert result.exit_code == 0 and result.stdout.startswith("# The mlc dialect\n")
    assert "## mlc.matmul" in result.stdout and "| `transpose_y` | bool | `False` |" in result.stdout


def test_irdl_and_the_page_are_not_written_at_once() -> None:
    result = CliRunner().invoke(main, ["dialect", "--irdl", "--docs"])
    assert result.exit_code == 2
    assert (
        result.output.strip()
        .splitlines()[-1]
        .endswith("give --irdl or --docs, not both: they are texts of two languages")
    )


def test_a_plugin_that_is_not_there_is_named() -> None:
    result = CliRunner().invoke(main, ["dialect", "no/such.py"])
    assert result.exit_code == 2 and "no/such.py: there is no such plugin" in result.output
