"""docs/operators.md from the registry: which ONNX operators mlc imports, from which opset, and how.

python tests/operators_page.py        # writes the page anew
"""

from __future__ import annotations

from pathlib import Path

import onnx

from mlc.frontend.onnx_import.importer import import_model  # noqa: F401  registers the operators
from mlc.frontend.onnx_import.registry import registered

PAGE = Path(__file__).parent.parent / "docs" / "operators.md"
DOMAINS = ("", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training")


def operators(domain: str) -> dict[str, list[onnx.defs.OpSchema]]:
    """The domain's operators that are not deprecated, with the schemas of all their versions, oldest first."""
    found: dict[str, list[onnx.defs.OpSchema]] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == domain:
            found.setdefault(schema.name, []).append(schema)
    ordered = {name: sorted(found[name], key=lambda s: int(s.since_version)) for name in sorted(found)}
    return {name: schemas for name, schemas in ordered.items() if not schemas[-1].deprecated}


def missing(domain: str) -> list[str]:
    """Operators of the domain with neither a function of ours nor a body in onnx.defs."""
    return [n for n, s in operators(domain).items() if (domain, n) not in registered() and not _has_body(s[-1])]


def page() -> str:
    """The text of docs/operators.md."""
    lines = [
        "# ONNX operators",
        "",
        "For those who have an ONNX model: which operators mlc imports. Written by `python tests/operators_page.py`",
        "from the registry; a test keeps it fresh.",
        "",
        f"Opsets up to {onnx.defs.onnx_opset_version()} of the default domain. An operator with a *function body* only",
        "is inlined as the ONNX standard spells it out. Which of a model's steps have native code is what",
        "`mlc compile --no-fallback` checks.",
    ]
    for domain in DOMAINS:
        lines += [
            "",
            f"## {domain or 'ai.onnx (default)'}",
            "",
            "| operator | from opset | imported by |",
            "|---|---|---|",
        ]
        lines += [_row(domain, name, schemas) for name, schemas in operators(domain).items()]
        absent = missing(domain)
        count = len(operators(domain)) - len(absent)
        lines += ["", f"{count} of {len(operators(domain))}; missing: {', '.join(absent) or 'none'}."]
    return "\n".join(lines) + "\n"


def _row(domain: str, name: str, schemas: list[onnx.defs.OpSchema]) -> str:
    versions = registered().get((domain, name))
    if versions:
        first = next(v for v in sorted(versions))
        oldest = max(first, int(schemas[0].since_version))
        return f"| {name} | {oldest} | {versions[first].module} |"
    body = next((s for s in schemas if _has_body(s)), None)
    return f"| {name} | {body.since_version} | function body |" if body else f"| {name} | - | not supported |"


def _has_body(schema: onnx.defs.OpSchema) -> bool:
    return bool(schema.has_function or schema.has_context_dependent_function)


if __name__ == "__main__":
    PAGE.write_text(page())
