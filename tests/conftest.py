"""Collects the `.mlir` files of the tests; see filetests.py for what each of them is put through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from filetests import MlirFile


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write the CHECK lines of .mlir tests anew from the output")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return MlirFile.from_parent(parent, path=file_path) if file_path.suffix == ".mlir" else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints the `figures` that tests recorded, such as how many cases of the ONNX suite pass, and sums up OpInfo's."""
    samples = [0, 0, 0]
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in report.user_properties:
                if name == "figures":
                    terminalreporter.write_line(str(value))
                if name == "opinfo":
                    samples = [total + count for total, count in zip(samples, value, strict=True)]
    if any(samples):
        passed, refused, wrong = samples
        lowered = passed + wrong
        terminalreporter.write_line(
            f"torch OpInfo samples: {lowered} lowered, {passed} passed, {wrong} wrong; {refused} refused by name"
        )
