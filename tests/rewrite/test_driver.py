"""The rule driver, the ledger and the pass runner, on small rules of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mlc.errors import CompileError
from mlc.ir import DType, Function, Location, Module, Value, tensor
from mlc.ir.ledger import Ledger
from mlc.ir.printer import print_module
from mlc.ir.verifier import verify
from mlc.ops import Add, Constant, Relu
from mlc.rewrite import Miss, Pass, RunOptions, apply_rules, parse_pipeline_text, run_passes


def drop_double_relu(op: Relu) -> Value | Miss | None:
    """relu(relu(x)) -> relu(x)."""
    inner = op.x.op
    if not isinstance(inner, Relu):
        return None
    if inner.result.use_count > 1:
        return Miss("the inner relu has another use", blocker=next(u for u in inner.result.uses if u.op is not op))
    return Relu(inner.x).result


def flip_add(op: Add) -> Value:
    """x + y -> y + x, for ever."""
    return Add(op.y, op.x).result


@dataclass(frozen=True)
class DropDoubleRelu(Pass):
    """relu(relu(x)) -> relu(x)."""

    max_rounds: int = 10
    eager: bool = False
    rules = (drop_double_relu,)


@dataclass(frozen=True)
class ReplaceAll(Pass):
    """A pass with a run of its own: every relu is replaced by a fresh one."""

    def run(self, module: Module) -> None:
        for op in list(module.walk()):
            if isinstance(op, Relu):
                module.replace(op, Relu(op.x).result, reason="because")


def relus(count: int, extra_output: bool = False) -> Module:
    module = Module()
    main = module.add(Function("main", [("x", tensor(DType.F32, 4))]))
    value = main.inputs[0]
    values = []
    for number in range(count):
        value = main.append(Relu(value, loc=Location.of(f"relu{number}"))).result
        values.append(value)
    outputs = [("y", value), ("first", values[0])] if extra_output else [("y", value)]
    main.set_outputs(outputs)
    return module


def test_rules_run_until_none_fires_and_dead_ops_go_with_them() -> None:
    module = relus(5)
    apply_rules(module, (drop_double_relu,), pass_name="test")
    verify(module)
    assert [op.name for op in module.walk()] == ["mlc.relu", "func.return"]
    assert next(module.walk()).loc.names == ("relu0", "relu1", "relu2", "relu3", "relu4")


def test_a_miss_names_the_graph_output_that_blocks() -> None:
    module = relus(2, extra_output=True)
    _, ledger = run_passes(module, [DropDoubleRelu()])
    remark = ledger.remarks()[0]
    assert (remark.kind, remark.rule, remark.sources) == ("missed", "drop_double_relu", ("relu1",))
    assert remark.blocker == "graph output 'first'"


def test_a_miss_leaves_no_trace() -> None:
    module = relus(2, extra_output=True)
    before = print_module(module)
    run_passes(module, [DropDoubleRelu()])
    assert print_module(module) == before


def test_rules_without_an_end_are_an_error_that_names_the_rule() -> None:
    module = Module()
    main = module.add(Function("main", [("x", tensor(DType.F32, 4))]))
    one = main.append(Constant(np.ones(4, np.float32))).result
    main.set_outputs([("y", main.append(Add(main.inputs[0], one, loc=Location.of("sum"))).result)])
    with pytest.raises(CompileError, match="node 'sum': pass test, rule flip_add .* do not come to an end"):
        apply_rules(module, (flip_add,), pass_name="test")


def test_a_rule_that_raises_is_an_error_with_rule_and_node() -> None:
    def broken(op: Relu) -> Value | None:
        return op.nothing  # type: ignore[attr-defined,no-any-return]

    with pytest.raises(CompileError, match="node 'relu0': pass test, rule broken on mlc.relu: AttributeError"):
        apply_rules(relus(1), (broken,), pass_name="test")


def test_a_rule_that_changes_the_type_is_an_error() -> None:
    def narrow(op: Relu) -> Value | None:
        return Constant(np.ones(3, np.float32)).result

    with pytest.raises(CompileError, match=r"returned \(tensor<3xf32>\) for results of \(tensor<4xf32>\)"):
        apply_rules(relus(1), (narrow,), pass_name="test")


@pytest.mark.parametrize("limit", range(5))
def test_a_rewrite_limit_keeps_exactly_the_first_rewrites(limit: int) -> None:
    module = relus(5)
    _, ledger = run_passes(module, [DropDoubleRelu()], RunOptions(rewrite_limits={"drop-double-relu": limit}))
    verify(module)
    assert sum(isinstance(op, Relu) for op in module.walk()) == 5 - limit
    assert len(ledger.rewrites) == limit


def test_the_ledger_reaches_every_earlier_state_and_comes_back() -> None:
    module = relus(6)
    states = [print_module(module)]
    ledger = Ledger()
    module.listener = ledger
    for limit in range(1, 6):
        other = relus(6)
        run_passes(other, [DropDoubleRelu()], RunOptions(rewrite_limits={"drop-double-relu": limit}))
        states.append(print_module(other))
    ledger.enter_pass("drop-double-relu")
    DropDoubleRelu().run(module)
    for state in (0, 3, 1, 5, 2, -1, 4):
        ledger.seek(module, state)
        assert print_module(module) == states[state]
        verify(module)


def test_a_pass_with_its_own_run_is_recorded_too() -> None:
    _, ledger = run_passes(relus(3), [ReplaceAll()])
    assert [str(r) for r in ledger.remarks()] == [
        f"passed  replace-all #{k + 1} at relu{k}: mlc.relu -> mlc.relu: because" for k in range(3)
    ]


def test_options_come_from_text_and_print_back() -> None:
    item = parse_pipeline_text("drop-double-relu{max-rounds=3 eager=true}")[0]
    assert str(DropDoubleRelu.from_options(item.options)) == "drop-double-relu{max-rounds=3 eager=true}"
    assert str(DropDoubleRelu()) == "drop-double-relu"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a{b", "this '{' is never closed"),
        ("a}", "this '}' closes nothing"),
        ("a,,b", "expected a pass name"),
        ("a,", "nothing follows the ','"),
        ("a{b}", "option 'b' is not of the form name=value"),
        ("a{b=1 b=2}", "option 'b' is given twice"),
        ("a{b=1}c", "expected ',' after '}'"),
    ],
)
def test_a_malformed_pipeline_is_an_error_with_a_caret(text: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        parse_pipeline_text(text)
    assert message in str(caught.value) and str(caught.value).endswith("^")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max-round": "3"}, "no option 'max-round'; did you mean 'max-rounds'?"),
        ({"max-rounds": "many"}, "option max-rounds takes an integer, got 'many'"),
        ({"eager": "yes"}, "option eager takes true or false, got 'yes'"),
    ],
)
def test_an_unknown_option_or_value_is_an_error(options: dict[str, str], message: str) -> None:
    with pytest.raises(CompileError, match=message.replace("?", r"\?")):
        DropDoubleRelu.from_options(options)
