"""Every operator of ONNX's default domain is imported, but for a list that may only shrink; its page is fresh."""

from __future__ import annotations

from operators_page import PAGE, missing, page

# May only shrink: an operator that has support by now fails the test until it is taken off.
KNOWN_MISSING = {
    "ImageDecoder": "decodes JPEG, PNG and other files, for which mlc has no library",
}


def test_the_operators_that_are_missing_are_known() -> None:
    assert sorted(missing("")) == sorted(KNOWN_MISSING)


def test_the_page_of_operators_is_fresh() -> None:
    assert PAGE.read_text() == page(), "run python tests/operators_page.py"
