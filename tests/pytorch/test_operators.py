"""The table of torch operators: how many of the core ones there are, and what its page says of them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import pytorch_page

from mlc.frontend.torch_import.registry import registered, torch_op


def test_the_page_of_operators_is_fresh() -> None:
    text = pytorch_page.PAGE.read_text()
    assert text == pytorch_page.page(), "run python tests/pytorch_page.py"


def test_of_164_core_operators_at_least_150_have_a_lowering_and_the_others_a_reason() -> None:
    core, missing = pytorch_page.core(), pytorch_page.missing()
    assert len(core) == 164
    assert len(core) - len(missing) >= 150
    assert [name for name, reason in missing.items() if reason == "no support yet"] == []


def another_relu(g: object) -> None:
    """Not the function that serves aten.relu."""


def test_an_operator_registered_twice_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="aten.relu is registered twice"):
        torch_op("aten.relu")(another_relu)
    assert "aten.relu" in registered()
