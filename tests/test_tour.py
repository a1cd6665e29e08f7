"""The tour shows what its commands print today: each is run, and its output compared or, with --bless, written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mlc

TOUR = Path(__file__).parents[1] / "examples" / "tour.md"
BLOCK = re.compile(r"```(python|console)\n(.*?)```", re.DOTALL)


def environment(folder: Path) -> dict[str, str]:
    """A PATH with `mlc` and `python` of this interpreter first, and a cache of the test's own."""
    programs = folder / "bin"
    programs.mkdir()
    for name, text in (
        ("mlc", "-c 'import sys; from mlc.cli import main; sys.argv[0] = \"mlc\"; main()' "),
        ("python", ""),
    ):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {text}"$@"\n')
        (programs / name).chmod(0o755)
    tree = str(Path(next(iter(mlc.__path__))).parent)
    path = f"{programs}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": tree, "XDG_CACHE_HOME": str(folder / "cache"), "COLUMNS": "120"}


def run(command: str, folder: Path, variables: dict[str, str]) -> str:
    result = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert "Traceback" not in result.stdout, result.stdout
    assert "error:" not in result.stdout, f"{command}\n{result.stdout}"
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


@pytest.mark.slow
def test_the_tour_shows_what_its_commands_print(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    text = TOUR.read_text()
    variables = environment(tmp_path)

    def fresh(match: re.Match[str]) -> str:
        kind, body = match.groups()
        if kind == "python":
            (tmp_path / "model.py").write_text(body)
            run(f"{sys.executable} model.py", tmp_path, variables)
            return match.group(0)
        commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
        shown = [f"$ {command}\n{run(command, tmp_path, variables)}".rstrip() for command in commands]
        return "```console\n" + "\n".join(shown) + "\n```"

    today = BLOCK.sub(fresh, text)
    if request.config.getoption("--bless"):
        TOUR.write_text(today)
        return
    assert text == today, "the tour is stale: run `pytest tests/test_tour.py --bless` and read the difference"
