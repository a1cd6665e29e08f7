"""The lesson on the mlir backend shows what its stages are today."""

from __future__ import annotations

import pytest

pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")


def test_the_lowering_page_is_fresh() -> None:
    from lowering_page import PAGE, page

    assert PAGE.read_text() == page(), "run python tests/lowering_page.py and read the difference"
