"""One example of each op as MLIR text, for the reference page.

The texts lie in examples.mlir beside this file, which `python tests/dialect_page.py` writes from the tests' op cases.
"""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).with_suffix(".mlir")
MARK = "// --- "


def examples() -> dict[str, str]:
    """The example of each op by its name."""
    found: dict[str, str] = {}
    for part in FILE.read_text().split(MARK)[1:]:
        name, _, text = part.partition("\n")
        found[name.strip()] = text.strip()
    return found
