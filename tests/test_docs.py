"""What README, CONTRIBUTING and docs/ say of mlc is so: commands, links, figures, outputs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from mlc.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text()


def commands_of(text: str) -> list[str]:
    """The lines of code blocks that call mlc, whole."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [
        line for language, block in blocks if not language for line in block.splitlines() if line.startswith("mlc ")
    ]


COMMANDS = sorted({(page.name, command) for page in PAGES for command in commands_of(page.read_text())})


def resolved(words: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """The command of `mlc words...`, the context to call it in, and its own words."""
    context = click.Context(main)
    _, command, rest = main.resolve_command(context, words)
    assert command is not None
    return command, context, rest


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line}" for page, line in COMMANDS])
def test_mlc_takes_a_command_of_the_docs(page: str, line: str) -> None:
    command, context, words = resolved(shlex.split(line, comments=True)[1:])
    command.make_context(page, words, parent=context)


def test_mlc_has_the_options_that_the_text_names_with_a_command() -> None:
    seen = 0
    for page in PAGES:
        for span in re.findall(
            r"`mlc ([a-z]+ [^`]*--[^`]+)`", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        ):
            command, _, words = resolved(span.split())
            options = {option for parameter in command.params for option in parameter.opts}
            named = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert named <= options, f"{page.name}: mlc {span}"
            seen += len(named)
    assert seen > 10


def test_links_between_pages_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())]
    assert len(links) > 30
    assert not [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()]


def test_the_contents_name_every_page() -> None:
    contents = (ROOT / "docs" / "README.md").read_text()
    assert not [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in contents + "(README.md)"]


def test_the_files_that_pages_name_exist() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    files = set(re.findall(r"(?<![\w/])((?:compiler|passes|runtime|tests|docs|examples)/[\w/]+\.\w+)\b", text))
    assert len(files) > 20
    assert not [name for name in files if not (ROOT / name).exists() and "cancel_negation" not in name]


def test_the_figures_of_the_readme_stand_in_the_performance_page() -> None:
    with_two_threads = (ROOT / "docs" / "performance.md").read_text().partition("### With 2 threads")[2]
    measured = {cells[0]: cells for cells in map(_cells, with_two_threads.partition("###")[0].splitlines()) if cells}
    shown = [cells for cells in map(_cells, README.splitlines()) if len(cells) == 6 and cells[1].endswith("s")]
    assert len(shown) >= 4
    for cells in shown:
        name, ours, _, *others = measured[cells[0]]
        assert cells == [name, ours, *others], f"{name}: copy its row from docs/performance.md to README.md"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []


def test_the_remark_of_the_readme_is_one_of_the_tour() -> None:
    """The tests run the tour and compare its outputs."""
    tour = (ROOT / "examples" / "tour.md").read_text().splitlines()
    remarks = [line for line in README.splitlines() if line.startswith(("missed ", "passed "))]
    assert remarks and all(line in tour for line in remarks)
