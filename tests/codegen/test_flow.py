"""Control flow in the modules of whole models: scf on tensors that MLIR verifies, for reading and for other compilers.

That IREE computes the same numbers from it is tested in tests/test_iree.py.
"""

from __future__ import annotations

import pytest
from cases import all_cases
from codegen.running import module_of

from mlc.codegen.mlir.whole import lowered_stages, whole_text
from mlc.errors import CompileError
from mlc.ir import Block, DType, Region, symbol, tensor
from mlc.mlir import module_text
from mlc.ops import If, Loop, Scan, Yield
from mlc.target import Target

ir = pytest.importorskip("torch_mlir.ir", reason="MLIR comes with torch-mlir")

FORMS = {
    "if_true": "scf.if",
    "if_false": "scf.if",
    "if_of_one_element": "scf.if",
    "if_branches_differ": "scf.if",
    "loop": "scf.while",
    "loop_no_turns": "scf.while",
    "loop_condition_is_false": "scf.while",
    "loop_ends_itself": "scf.while",
    "loop_of_ifs": "scf.for",
    "scan": "scf.for",
    "scan_backwards": "scf.for",
    "scan_other_axes": "scf.for",
    "scan_no_turns": "scf.for",
}
CASES = {case.name: case for case in all_cases() if isinstance(case.op(), If | Loop | Scan)}


@pytest.mark.parametrize("name", CASES)
def test_control_flow_is_scf_on_tensors_in_both_modules(name: str) -> None:
    case = CASES[name]
    module = module_of(*case.on(case.input_types()))
    if name == "loop_sequence":
        reason = "mlc.loop has no linalg form, .*: a value around its regions is no tensor of numbers of known rank"
        with pytest.raises(CompileError, match=reason):
            module_text(module)
        return
    texts = whole_text(module, *lowered_stages(module, Target.parse("x86-64-v4"))), module_text(module)
    with ir.Context():
        for text in texts:
            assert ir.Module.parse(text).operation.verify()
            assert f" {FORMS[name]} " in text[text.index("@main(") :]
    assert name == "if_branches_differ" or "func.call @" in texts[0]  # that one only cuts
    assert "func.call @" not in texts[1]


def test_a_branch_inside_of_a_loop_is_inside_of_it() -> None:
    case = CASES["loop_of_ifs"]
    lines = module_text(module_of(*case.on(case.input_types()))).splitlines()
    [loop], [branch] = ([n for n, line in enumerate(lines) if op in line] for op in ("scf.for", "scf.if"))
    assert loop < branch and lines[branch].startswith("    %")


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (5, "mlc.loop collects values over turns that nothing bounds"),
        (symbol("T"), "only running mlc.loop tells T, a dim of its result"),
    ],
    ids=str,
)
def test_a_loop_without_a_limit_cannot_collect_values(length: object, message: str) -> None:
    go, x = Block([tensor(DType.BOOL), tensor(DType.F32, 2)]).arguments
    block = Block([tensor(DType.I64), tensor(DType.BOOL), x.type])
    block.append(Yield([block.arguments[1], block.arguments[2], block.arguments[2]]))
    op = Loop(None, go, [x], Region(block), (x.type, x.tensor.with_shape((length, 2))))  # type: ignore[arg-type]
    with pytest.raises(CompileError, match=message):
        module_text(module_of(op, [go, x]))
