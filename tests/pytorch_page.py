"""docs/torch-operators.md from the registry: which torch operators mlc imports, takes apart, or refuses and why.

python tests/pytorch_page.py        # writes the page anew
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import torch

from mlc.frontend.torch_import import importer  # noqa: F401  registers the operators
from mlc.frontend.torch_import.decompositions import DECOMPOSED, table
from mlc.frontend.torch_import.reasons import REASONS
from mlc.frontend.torch_import.registry import registered
from mlc.frontend.torch_import.versions import TORCH

PAGE = Path(__file__).parent.parent / "docs" / "torch-operators.md"


def core() -> dict[str, list[str]]:
    """The operators that torch tags as core: name to the overloads that bear the tag."""
    found: dict[str, list[str]] = defaultdict(list)
    schemas = {schema.name for schema in torch._C._jit_get_all_schemas()}
    for name in sorted(n.removeprefix("aten::") for n in schemas if n.startswith("aten::")):
        packet = getattr(torch.ops.aten, name, None)
        for overload in packet.overloads() if packet is not None else ():
            operator = getattr(packet, overload)
            if torch.Tag.core in operator.tags and not overload.endswith("out"):
                found[name].append(str(operator).removesuffix(".default"))
    return dict(found)


def lowering(overload: str) -> str | None:
    """The family that imports the overload, or "taken apart"; None when it has no lowering."""
    if overload == "aten.as_strided":
        return "reads at places where sizes and strides are numbers"
    if overload in registered():
        return registered()[overload].module
    taken = {str(op).removesuffix(".default") for op in table()}
    return "taken apart" if overload in taken else None


def missing() -> dict[str, str]:
    """Core operators without a lowering for some overload, with the reason."""
    return {
        name: REASONS.get(overload, "no support yet")
        for name, overloads in core().items()
        for overload in overloads
        if lowering(overload) is None
    }


def page() -> str:
    """The text of docs/torch-operators.md."""
    operators, absent = core(), missing()
    lines = [
        "# PyTorch operators",
        "",
        "For those who have a PyTorch model: which operators mlc imports; [pytorch.md](pytorch.md) shows the use.",
        "Written by `python tests/pytorch_page.py` from the registry; a test keeps it fresh.",
        "",
        f"Of the {len(operators)} operators that torch {TORCH} tags as core, {len(operators) - len(absent)} have",
        "a lowering.",
        "In-place and out variants arrive functional.",
        "",
        "## Core operators",
        "",
        "| operator | overloads | imported by |",
        "|---|---|---|",
    ]
    for name, overloads in operators.items():
        shown = ", ".join(o.partition(".")[2].partition(".")[2] or "default" for o in overloads)
        lines.append(f"| {name} | {shown} | {lowering(overloads[0]) or f'not supported: {absent[name]}'} |")
    lines += ["", "## Others that are imported whole", ""]
    families: dict[str, list[str]] = defaultdict(list)
    for name, operator in sorted(registered().items()):
        if name.split(".")[1] not in operators and name not in REASONS:
            families[operator.module].append(name.removeprefix("aten."))
    lines += [f"- {family}: {', '.join(names)}" for family, names in sorted(families.items())]
    lines += ["", "## Taken apart", "", "By torch's own definitions, since mlc has nothing better for them:", ""]
    lines.append(", ".join(sorted(DECOMPOSED)) + ".")
    lines += ["", "## Refused", ""]
    lines += [f"- {name}: {reason}" for name, reason in sorted(REASONS.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
