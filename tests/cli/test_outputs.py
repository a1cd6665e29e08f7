"""Files that a command writes, and standard output that its caller closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli.test_cli import Mlc, mlc, mlp, own_cache, write_mlp  # noqa: F401 - fixtures

MLC = [sys.executable, "-c", "from mlc.cli import main; main()"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["compile", "MODEL", "-o", "MODEL"],
        ["compile", "MODEL", "--remarks-output", "MODEL"],
        ["opt", "MODEL", "-o", "out.mlir", "--remarks-output", "MODEL"],
        ["bench", "MODEL", "--vs", "", "--roofline", "MODEL"],
    ],
)
def test_no_output_replaces_the_model(mlc: Mlc, mlp: Path, arguments: list[str]) -> None:  # noqa: F811
    before = mlp.read_bytes()
    (mlp.parent / "link.onnx").symlink_to(mlp)
    for spelling in (mlp, mlp.parent / "link.onnx"):
        result = mlc(*[spelling if a == "MODEL" else a for a in arguments])
        assert result.exit_code == 2 and f"{spelling}: the output would replace the model" in result.stderr
        assert mlp.read_bytes() == before


def test_two_outputs_of_one_name_are_refused(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "out.mlir"
    result = mlc("opt", mlp, "-o", out, "--remarks-output", tmp_path / "." / "out.mlir")
    assert result.exit_code == 2 and "two outputs would be written to this file" in result.stderr
    assert not out.exists()


def test_a_device_takes_several_outputs(mlc: Mlc, mlp: Path) -> None:  # noqa: F811
    assert mlc("compile", mlp, "--emit", "ir", "-o", "/dev/null", "--remarks-output", "/dev/null").exit_code == 0


def test_a_graph_may_replace_its_model(mlc: Mlc, mlp: Path) -> None:  # noqa: F811
    before = mlp.read_bytes()
    assert mlc("opt", mlp, "-o", mlp).exit_code == 0 and mlp.read_bytes() != before
    assert mlc("compare", mlp, "--engines", "llvm,onnxref").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [["passes"], ["dialect"], ["compile", "MODEL", "--emit", "asm"], ["opt", "MODEL"]]
)
def test_a_closed_standard_output_is_one_message(tmp_path: Path, arguments: list[str]) -> None:
    model = str(write_mlp(tmp_path / "m.onnx"))
    command = [model if a == "MODEL" else a for a in arguments]
    result = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *MLC, *command], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert result.stderr == "error: cannot write: standard output is closed\n" and result.returncode == 2


def test_a_command_that_prints_nothing_needs_no_streams(tmp_path: Path) -> None:
    command = ["compile", str(write_mlp(tmp_path / "m.onnx")), "-o", str(tmp_path / "m.mlc")]
    assert subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh", *MLC, *command], cwd=tmp_path).returncode == 0
    assert (tmp_path / "m.mlc").read_bytes()[:2] == b"PK"
