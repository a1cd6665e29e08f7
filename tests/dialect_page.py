"""The examples of the ops, and docs/dialect.md, from the registry and the tests' op cases.

python tests/dialect_page.py        # writes both anew
"""

from __future__ import annotations

from pathlib import Path

from cases import all_cases
from codegen.running import module_of

from mlc.ir import Op
from mlc.ir.dialect_docs import reference
from mlc.ir.printer import print_module
from mlc.ops.examples import FILE, MARK, examples

PAGE = Path(__file__).parent.parent / "docs" / "dialect.md"


def examples_text() -> str:
    """The first case of each op that ships; its line, or all of its function where it has regions."""
    found: dict[str, str] = {}
    for case in all_cases():
        op, arguments = case.on(case.input_types())
        if op.name not in found and type(op).__module__.startswith("mlc."):
            found[op.name] = _example(op, print_module(module_of(op, arguments)))
    return "".join(f"{MARK}{name}\n{text}\n" for name, text in sorted(found.items()))


def _example(op: Op, text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if f'"{op.name}"(' in line]
    return lines[0] if len(lines) == 1 and not op.regions else text.strip()


def page() -> str:
    """The text of docs/dialect.md: the ops that ship, whatever else is registered."""
    return reference("mlc", examples())


if __name__ == "__main__":
    FILE.write_text(examples_text())
    PAGE.write_text(page())
