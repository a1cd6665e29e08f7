"""The dialects as IRDL, MLIR's own language for declaring ops, generated from the registry.

Loaded by `mlir-opt --irdl-file`, it makes MLIR check names, operand counts, attributes and results of a dump. What IRDL
cannot say is left out, with the reason in `inexpressible`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.core import Op
from mlc.ir.signature import AttributeKind, AttributeSpec

# What each attribute kind prints as (mlc.ir.printer), by MLIR's names of its attribute classes.
_BASES: dict[AttributeKind, tuple[str, ...]] = {
    "int": ("#builtin.integer",),
    "float": ("#builtin.float",),
    "string": ("#builtin.string",),
    "ints": ("#builtin.dense_array",),
    "floats": ("#builtin.dense_array",),
    "strings": ("#builtin.array",),
    "dtype": ("#builtin.type",),
    "type": ("#builtin.type",),
    "types": ("#builtin.array",),
    "dim": ("#builtin.string",),
    "dims": ("#builtin.string",),
    "array": ("#builtin.dense_typed_elements", "#builtin.dense_resource_elements", "#builtin.dense_string_elements"),
}


# What IRDL cannot say of the ops it does express; mlc's own parser and verifier hold these. A test gives both the same
# damaged texts, and lets MLIR take one that mlc refuses for one of these reasons alone.
LIMITS = {
    "other attributes": "that an op has no attributes but those it declares: MLIR keeps any other",
    "classes": "more of an attribute than its class: how wide a number is, what an array holds, which type a type is",
    "fit": "what must fit together: types of operands, attributes and results (`infer` of the op)",
}


def irdl_text(dialect: str = "mlc") -> str:
    """The IRDL of a dialect's types and of all its ops that IRDL can express; `mlc`'s own types go with `mlc`."""
    lines = [f"irdl.dialect @{dialect} {{"]
    if dialect == "mlc":
        lines += ["  irdl.type @string"]
        for name in ("sequence", "optional"):
            lines += [f"  irdl.type @{name} {{", "    %0 = irdl.any", "    irdl.parameters(element: %0)", "  }"]
    for name, cls in sorted(Op.registry.items()):
        if name.startswith(f"{dialect}.") and inexpressible(cls) is None:
            lines += [f"  {line}" for line in _operation(cls)]
    return "\n".join([*lines, "}", ""])


def inexpressible(cls: type[Op]) -> str | None:
    """Why IRDL cannot express the op, or None when it can."""
    if cls.is_terminator:
        return "IRDL cannot mark an op as a terminator"
    if cls.signature.regions:
        return "its regions end in an op of the dialect, and IRDL cannot mark that as a terminator"
    if cls.result_names is None:
        return "an attribute says how many results it has"
    if variadic := [o.name for o in cls.signature.operands if o.kind == "variadic"]:
        return f"the values of {variadic[0]} may differ in type, which IRDL demands to be equal"
    return None


def _operation(cls: type[Op]) -> Iterator[str]:
    names = _Names()
    yield f"irdl.operation @{cls.name.partition('.')[2]} {{"
    operands: list[str] = []
    for operand in cls.signature.operands:
        yield from _value(names)
        operands.append(f"{operand.name}: {'optional ' if operand.kind == 'optional' else ''}{names.last}")
    results: list[str] = []
    for result in cls.result_names or ():
        yield from _value(names)
        results.append(f"{result}: {names.last}")
    attributes: list[str] = []
    for attribute in cls.signature.attributes:
        for constraint in _constraint(attribute, names):
            yield f"  {constraint}"
        attributes.append(f'"{attribute.name}" = {names.last}')
    for keyword, entries in (("operands", operands), ("results", results)):
        if entries:
            yield f"  irdl.{keyword}({', '.join(entries)})"
    if attributes:
        yield f"  irdl.attributes {{ {', '.join(attributes)} }}"
    yield "}"


# What a value may be. Each operand and result has constraints of its own: IRDL wants equal types where it shares one.
_VALUES = ('"!builtin.tensor"', '"!builtin.unranked_tensor"', "@mlc::@sequence", "@mlc::@optional")


def _value(names: _Names) -> Iterator[str]:
    """The lines that define the constraint of a value's type, whose name is then `names.last`."""
    choices: list[str] = []
    for base in _VALUES:
        yield f"  {names.define(f'irdl.base {base}')}"
        choices.append(names.last)
    one_of = ", ".join(choices)
    yield f"  {names.define(f'irdl.any_of({one_of})')}"


def _constraint(attribute: AttributeSpec, names: _Names) -> Iterator[str]:
    """The lines that define the attribute's constraint, whose name is then `names.last`."""
    choices: list[str] = []
    definitions = [f'irdl.is "{choice}"' for choice in attribute.choices]
    if attribute.kind == "bool":
        definitions = ["irdl.is true", "irdl.is false"]
    definitions = definitions or [f'irdl.base "{base}"' for base in _BASES[attribute.kind]]
    for definition in [*definitions, *(["irdl.is none"] if attribute.is_optional else [])]:
        yield names.define(definition)
        choices.append(names.last)
    if len(choices) > 1:
        yield names.define(f"irdl.any_of({', '.join(choices)})")


class _Names:
    """Numbers the constraints of one op."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def last(self) -> str:
        """The name defined last."""
        return f"%{self.count - 1}"

    def define(self, text: str) -> str:
        """A line that gives `text` the next name."""
        self.count += 1
        return f"{self.last} = {text}"
