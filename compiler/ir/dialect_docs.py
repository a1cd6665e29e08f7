"""The reference page of a dialect, written from its op classes: what each op means, takes and gives, and an example."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence

from mlc.ir.core import Op
from mlc.ir.irdl import LIMITS, inexpressible
from mlc.ir.signature import REQUIRED, AttributeSpec


def dialects() -> list[str]:
    """The dialects that have ops, `mlc` first; func belongs to MLIR."""
    found = {name.partition(".")[0] for name in Op.registry} - {"func"}
    return sorted(found, key=lambda name: (name != "mlc", name))


def reference(dialect: str, examples: Mapping[str, str]) -> str:
    """The page of one dialect as Markdown; `examples` are MLIR texts by op name."""
    classes = [cls for name, cls in sorted(Op.registry.items()) if name.startswith(f"{dialect}.")]
    lines = [
        f"# The {dialect} dialect",
        "",
        f"For those who read or write IR: the {len(classes)} ops, written from their classes by `mlc dialect --docs`.",
        "",
        "Types are MLIR's tensors, whose encoding holds the dims where some are symbolic; `!mlc.string`,",
        "`!mlc.sequence<T>` and `!mlc.optional<T>`. The text is generic assembly: every attribute is printed.",
        "An operand marked with `?` may be absent, one with `*` stands for any number; where these leave doubt,",
        "`operandSegmentSizes` counts them.",
    ]
    lines += ["", *_limits(classes)]
    for cls in classes:
        lines += ["", *_op(cls, examples.get(cls.name, ""))]
    return "\n".join(lines) + "\n"


def _limits(classes: Sequence[type[Op]]) -> Iterator[str]:
    yield "## What the IRDL leaves to mlc"
    yield ""
    yield "`mlc dialect --irdl > mlc.irdl.mlir` declares the ops to MLIR. Then `mlir-opt --irdl-file=mlc.irdl.mlir` or"
    yield "`torch-mlir-opt` refuses a dump with a missing or surplus operand, result or attribute, an attribute of"
    yield "another class, or a value that is no tensor, sequence or optional. What mlc takes it takes. IRDL cannot say"
    yield ""
    yield ";\n".join(f"- {limit}" for limit in LIMITS.values()) + "."
    if not any(map(inexpressible, classes)):
        return
    yield ""
    yield "These ops are not in it. MLIR reads them where unregistered ops are allowed and the IRDL is not loaded."
    yield ""
    yield "| op | why |"
    yield "|---|---|"
    yield from (f"| `{cls.name}` | {reason} |" for cls in classes if (reason := inexpressible(cls)))


def _op(cls: type[Op], example: str) -> Iterator[str]:
    summary, _, meaning = inspect.cleandoc(cls.__doc__ or "").partition("\n")
    yield f"## {cls.name}"
    yield ""
    yield summary
    if meaning.strip():
        yield ""
        yield meaning.strip()
    yield ""
    signature = cls.signature
    marks = {"one": "", "optional": "?", "variadic": "*"}
    operands = ", ".join(f"`{o.name}`{marks[o.kind]}" for o in signature.operands)
    results = ", ".join(f"`{r}`" for r in cls.result_names) if cls.result_names is not None else "as its attributes say"
    yield f"Operands: {operands or 'none'}. Results: {results or 'none'}. {_facts(cls)}"
    if signature.regions:
        yield ""
        yield f"Regions: {', '.join(f'`{r}`' for r in signature.regions)}."
    if signature.attributes:
        yield ""
        yield "| attribute | kind | default |"
        yield "|---|---|---|"
        yield from (f"| `{a.name}` | {a.expected} | {_default(a)} |" for a in signature.attributes)
    if reason := inexpressible(cls):
        yield ""
        yield f"Not in the IRDL: {reason}."
    if example:
        yield ""
        yield "```mlir"
        yield example
        yield "```"


def _facts(cls: type[Op]) -> str:
    words = [{"pure": "Pure", "random": "Random", "may-fail": "May fail when it runs"}[cls.purity.value]]
    if cls.is_elementwise:
        words.append("element by element")
    if cls.is_terminator:
        words.append("ends a region")
    if cls.defines_symbols:
        words.append("may define symbols")
    return f"{', '.join(words)}."


def _default(attribute: AttributeSpec) -> str:
    return "must be given" if attribute.default is REQUIRED else f"`{attribute.default}`"
