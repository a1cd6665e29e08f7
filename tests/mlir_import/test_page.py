"""docs/mlir-operators.md is what the registry says."""

from __future__ import annotations

import pytest

pytest.importorskip("torch_mlir")

from mlir_page import PAGE, page


def test_the_page_of_mlir_operators_is_fresh() -> None:
    assert PAGE.read_text() == page(), "run python tests/mlir_page.py"
