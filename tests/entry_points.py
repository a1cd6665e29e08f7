"""The entry points of pyproject.toml for a subprocess, whether or not mlc was installed since they were written."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def site_with_entry_points(folder: Path) -> Path:
    """A folder for PYTHONPATH with the metadata of a distribution that has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    metadata = folder / "mlc_compiler-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mlc-compiler\nVersion: 0\n")
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n\n".join(sections) + "\n")
    return folder
