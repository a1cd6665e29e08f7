"""What the model cache knows of a user's pass: every module of the user's that it is made of, as it was loaded."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlc.driver.plugins import source_digests
from mlc.passes.table import builtin_pass


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two modules and one beside it that the first imports from."""
    folder = tmp_path / "digested"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "first.py").write_text(
        "import json\nimport numpy\nimport pytest\nfrom digested import second\nfrom beside import number\n\n"
        "class Pass:\n    value = number + second.number\n"
    )
    (folder / "second.py").write_text("number = 1\n\ndef unused(): pass\n")
    (tmp_path / "beside.py").write_text("class Number(int): pass\n\nnumber = Number(1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [n for n in sys.modules if n.partition(".")[0] in ("digested", "beside")]:
        del sys.modules[name]


def digests() -> list[str]:
    return source_digests(importlib.import_module("digested.first").Pass)


def test_modules_of_the_user_are_followed_and_installed_packages_are_not(package: Path) -> None:
    assert len(digests()) == 3 and len(set(digests())) == 3


def test_a_file_that_changes_behind_a_loaded_module_counts_when_it_is_loaded_again(package: Path) -> None:
    before = digests()
    (package / "digested" / "second.py").write_text("number = 2\n")
    assert digests() == before
    importlib.reload(sys.modules["digested.second"])
    assert digests() != before


def test_built_in_passes_have_none() -> None:
    assert source_digests(builtin_pass("fuse")) == []
