"""MLIR under the IRDL and mlc's own parser take the same texts: each op case, taken apart and damaged once.

What we take MLIR takes, without exception. What MLIR takes and we refuse is one of irdl.LIMITS, the things that IRDL
cannot say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from cases import Case, all_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from ir.op_texts import Damage, OpText, damages, op_text

from mlc.errors import CompileError
from mlc.ir.irdl import LIMITS, inexpressible, irdl_text
from mlc.ir.parser import parse_module

mlir = pytest.importorskip("torch_mlir.ir", reason="MLIR comes with torch-mlir")

CASES = [case for case in all_cases() if inexpressible(type(case.op())) is None]
# Attributes of one class to MLIR: by the declared kind, which kinds of tests/ir/op_texts.py pass for it.
SAME_CLASS = {
    ("int", "bool"),
    ("int", "narrow int"),
    ("float", "narrow float"),
    ("ints", "narrow ints"),
    ("ints", "floats"),
    ("floats", "ints"),
    ("floats", "narrow ints"),
    ("strings", "numbers"),
    ("dtype", "type"),
    ("dtype", "none"),
    ("type", "dtype"),
    ("type", "none"),
}


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    """MLIR with the dialect loaded from its IRDL."""
    from torch_mlir.dialects import irdl

    with mlir.Context() as made, mlir.Location.unknown():
        irdl.load_dialects(mlir.Module.parse(irdl_text()))
        yield made


def refused_by_mlir(text: str) -> str:
    """What MLIR says against a text; "" when it takes it."""
    try:
        mlir.Module.parse(text)
    except mlir.MLIRError as error:
        return str(error) or "refused"
    return ""


def refused_by_us(text: str) -> str:
    """What we say against it, in a CompileError: another exception is a fault of the parser."""
    try:
        parse_module(text)
    except CompileError as error:
        return error.message
    return ""


def limit(case: Case, damage: Damage, ours: str) -> str:
    """By which of LIMITS MLIR may take what we refuse; "" by none."""
    name = case.op().name
    if damage.kind == "other attribute":
        return "other attributes"
    if damage.kind == "value" and pair(case, damage) in SAME_CLASS:
        return "classes"
    is_structural = re.search(r"takes one value|does not take|is missing attribute|has no attribute", ours)
    is_by_infer = ours.startswith((f"{name}: ", f"{name} gives"))
    return "fit" if is_by_infer and not is_structural else ""


def pair(case: Case, damage: Damage) -> tuple[str, str]:
    """The declared kind of the attribute whose value was changed, and the kind it has now."""
    attribute, _, kind = damage.what.partition(" is a ")
    return next(s.kind for s in case.op().signature.attributes if s.name == attribute), kind


def check(case: Case, damage: Damage) -> str:
    """The limit that explains a difference; fails where none does."""
    text = str(damage.text)
    theirs, ours = refused_by_mlir(text), refused_by_us(text)
    where = f"{case.name}, {damage.kind} {damage.what}\n{text}"
    assert not (theirs and not ours), f"we take what MLIR refuses: {where}{theirs}"
    if ours and not theirs:
        assert (why := limit(case, damage, ours)), f"MLIR takes what we refuse: {where}{ours}"
        return why
    return ""


def one_of_each() -> list[Case]:
    """A case for each op and number of operands, so that optional ones are seen both ways."""
    found: dict[tuple[str, int], Case] = {}
    for case in CASES:
        found.setdefault((case.op().name, len(case.op().operands)), case)
    return list(found.values())


def is_whole(op: OpText) -> bool:
    return not refused_by_mlir(str(op)) and not refused_by_us(str(op))


@pytest.mark.slow
def test_mlir_and_we_refuse_the_same_of_each_op(context: Any) -> None:
    seen: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    count = 0
    with context:
        for case in one_of_each():
            op = op_text(case)
            assert is_whole(op), case.name
            for damage in damages(op):
                count += 1
                if (why := check(case, damage)) == "classes":
                    pairs.add(pair(case, damage))
                seen.add(why)
    assert count > 10_000
    assert seen == {"", *LIMITS} and pairs == SAME_CLASS  # none is a limit that IRDL has no more


@pytest.mark.slow
def test_both_refuse_each_op_without_an_operand_an_attribute_or_a_result_that_it_must_have(context: Any) -> None:
    with context:
        for case in one_of_each():
            op, signature = op_text(case), case.op().signature
            required = [o for o in signature.operands if o.kind == "one"]
            for damage in damages(op):
                is_without = damage.what.startswith("without") or damage.what == "one less"
                must_be_there = damage.kind in ("attribute", "result", "segments")
                is_first = damage.kind == "operand" and damage.what == "without 0" and len(required) == len(op.operands)
                if is_without and (must_be_there or is_first):
                    text = str(damage.text)
                    assert refused_by_mlir(text) and refused_by_us(text), f"{case.name}: {damage.kind} {damage.what}"


@pytest.mark.slow
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_mlir_and_we_refuse_the_same_of_any_case(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    damage = data.draw(st.sampled_from(list(damages(op_text(case)))))
    with loaded():
        check(case, damage)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_we_take_nothing_that_mlir_refuses_when_words_of_a_text_change_places(data: st.DataObject) -> None:
    """Words left out, doubled or exchanged; what we say against it is a CompileError."""
    text = str(op_text(data.draw(st.sampled_from(CASES))))
    words = re.findall(r'"[^"]*"|%?\w+|[^\w\s]|\s+', text)
    first, second = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
    match data.draw(st.sampled_from(["leave out", "double", "exchange"])):
        case "leave out":
            del words[first]
        case "double":
            words.insert(first, words[first])
        case _:
            words[first], words[second] = words[second], words[first]
    changed = "".join(words)
    with loaded():
        ours, theirs = refused_by_us(changed), refused_by_mlir(changed)
    assert ours or not theirs, f"{changed}\n{theirs}"


_LOADED: list[Any] = []


def loaded() -> Any:
    """One context for all examples; hypothesis has no fixtures of a module."""
    from torch_mlir.dialects import irdl

    if not _LOADED:
        context = mlir.Context()
        with context, mlir.Location.unknown():
            irdl.load_dialects(mlir.Module.parse(irdl_text()))
        _LOADED.append(context)
    return _LOADED[0]
