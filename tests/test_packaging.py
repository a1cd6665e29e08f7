"""The package as a user imports it: one name, light to import, no folder name of the checkout leaking out."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import mlc
import mlc.passes
import mlc.runtime


def modules_after(statement: str) -> set[str]:
    """Names in sys.modules after running statement in a fresh interpreter with this one's sys.path."""
    script = f"import sys; sys.path[:] = {sys.path!r}\n{statement}\nimport json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_package_is_imported_under_one_name() -> None:
    loaded = modules_after("import mlc, mlc.passes, mlc.runtime")
    assert {"mlc", "mlc.passes", "mlc.runtime"} <= loaded
    assert loaded.isdisjoint({"compiler", "passes", "runtime"})


@pytest.mark.parametrize("heavy", ["torch", "llvmlite", "onnx", "torch_mlir"])
def test_importing_mlc_does_not_import(heavy: str) -> None:
    assert heavy not in modules_after("import mlc")


def test_every_room_belongs_to_the_same_tree() -> None:
    (root,) = mlc.__path__
    assert mlc.passes.__path__[0] == f"{root}/passes"
    assert mlc.runtime.__path__[0] == f"{root}/runtime"
