"""All models by name: which there are, which are small, and how to get one."""

from __future__ import annotations

from pathlib import Path

from models import exported, light
from models.store import Model, stored

LIGHT_SMALL = tuple(f"light-{name}-{light.SMALL_SIDE}" for name in light.NAMES)
LIGHT_FULL = tuple(f"light-{name}-{light.FULL_SIDE}" for name in light.NAMES)
EXPORTED = {export.name: export for export in exported.EXPORTS}
EXPORTED_SMALL = tuple(name for name, export in EXPORTED.items() if export.size == "small" and not export.symbolic)
EXPORTED_FULL = tuple(name for name, export in EXPORTED.items() if export.size == "full")
SYMBOLIC = tuple(name for name, export in EXPORTED.items() if export.symbolic)

SMALL = EXPORTED_SMALL + LIGHT_SMALL
FULL = EXPORTED_FULL + LIGHT_FULL


def needs_torch(name: str) -> bool:
    """Whether fetching `name` imports torch, when it is not stored already."""
    return name in EXPORTED


def fetch(name: str, folder: Path) -> Model:
    """The model called `name`, built under folder when it is not there."""
    if name in EXPORTED:
        return stored(folder, name, lambda home: exported.build(EXPORTED[name], home))
    _, network, side = name.split("-")
    return stored(folder, name, lambda home: light.build(network, home, int(side)))
