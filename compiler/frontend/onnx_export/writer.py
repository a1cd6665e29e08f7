"""The ONNX graph being written, as an export function sees it: adds nodes, names values, spells out shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper

from mlc.errors import CompileError
from mlc.frontend.onnx_export.names import Names
from mlc.frontend.onnx_import.dtypes import element_type
from mlc.frontend.onnx_import.node_types import newest_opset, outputs_like_input, takes_types, type_text
from mlc.ir import Array, Dim, DimExpr, DType, Op, Region, TensorType, Value, type_of
from mlc.ir.dims import Quotient, Symbol

# What onnxruntime and other engines of the day run; ops that came later raise the model's version.
BASE_OPSET = 23

# The next type that operators take where they leave one out.
_WIDER = {
    f"tensor({narrow})": f"tensor({wide})"
    for narrow, wide in {
        "int2": "int8",
        "uint2": "uint8",
        "int4": "int8",
        "uint4": "uint8",
        "int8": "int32",
        "uint8": "int32",
        "int16": "int32",
        "uint16": "int32",
        "uint32": "int64",
        "float4e2m1": "float",
        "float8e4m3fn": "float",
        "float8e4m3fnuz": "float",
        "float8e5m2": "float",
        "float8e5m2fnuz": "float",
    }.items()
}


@dataclass
class Body:
    """One graph: nodes and initializers in order, and what is known in it and in the graphs around it."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    names: dict[Value, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)  # what is known of a name's type, as schemas write it
    symbols: dict[str, str] = field(default_factory=dict)  # symbol -> name of an i64 vector of one element
    sources: dict[str, tuple[str, int, DimExpr]] = field(default_factory=dict)  # symbol -> tensor, axis, its dim there

    def inner(self) -> Body:
        """A graph that sees this one's names."""
        return Body([], {}, dict(self.names), dict(self.types), dict(self.symbols), dict(self.sources))


class Writer:
    """Writes ops into the current body."""

    def __init__(self, subgraph: Callable[[Writer, Region, str], onnx.GraphProto]) -> None:
        self.names = Names()
        self.body = Body()
        self.opsets: dict[str, int] = {"": BASE_OPSET}
        self.title = ""
        self._subgraph = subgraph

    def __call__(
        self,
        operator: str,
        *inputs: str,
        count: int = 1,
        domain: str = "",
        unused: Sequence[int] = (),
        **attributes: Any,
    ) -> Any:
        """Adds a node and returns the name of its output, or the names of `count` outputs, "" for the `unused`.

        Attributes that are None are left out; so are inputs "" at the end.
        """
        self.require(1, domain)
        if not self._fits(operator, domain, inputs):
            return self._widened(operator, inputs, count, domain, attributes)
        name = self.names.node(self.title or operator)
        hints = [name if i == 0 else f"{name}:{i}" for i in range(count)]
        outputs = ["" if i in unused else self.names.value(hint) for i, hint in enumerate(hints)]
        given = list(inputs)
        while given and not given[-1]:
            given.pop()
        node = helper.make_node(operator, given, outputs, name=name, domain=domain)
        for key, attribute in attributes.items():
            if attribute == ():  # an empty list of ints says something, an absent one does not
                node.attribute.add(name=key, type=onnx.AttributeProto.INTS)
            elif attribute is not None and attribute != []:
                plain = int(attribute) if isinstance(attribute, bool) else attribute
                node.attribute.append(helper.make_attribute(key, plain))
        self.body.nodes.append(node)
        return outputs[0] if count == 1 else outputs

    def _fits(self, operator: str, domain: str, inputs: Sequence[str]) -> bool:
        """Whether some version of the operator takes inputs of these types; the model's is raised to the first."""
        types = [self.body.types.get(name) for name in inputs]
        for opset in range(self.opsets[domain], newest_opset(domain) + 1):
            if takes_types(domain, operator, opset, types):
                self.opsets[domain] = opset
                return True
        return False

    def _widened(
        self, operator: str, inputs: Sequence[str], count: int, domain: str, attributes: dict[str, Any]
    ) -> Any:
        """The operator on a wider type where ONNX leaves ours out, and its outputs of that type narrowed again.

        Exact: what integers lose is what wraps, and a wider float holds each narrow one.
        """
        types = [self.body.types.get(name, "") for name in inputs]
        narrow = next((t for t in types if t in _WIDER), None)
        if narrow is None:
            raise self.error(f"ONNX's {operator} does not take ({', '.join(t or '?' for t in types)})")
        wide = [self._converted(n, _WIDER[narrow]) if t == narrow else n for n, t in zip(inputs, types, strict=True)]
        names = self(operator, *wide, count=count, domain=domain, **attributes)
        outputs = [names] if isinstance(names, str) else list(names)
        follows = outputs_like_input(domain, operator, self.opsets[domain], types.index(narrow))
        outputs = [self._converted(name, narrow) if follows(index) else name for index, name in enumerate(outputs)]
        return outputs[0] if isinstance(names, str) else outputs

    def _converted(self, name: str, type: str) -> str:
        number = onnx.TensorProto.DataType.Value(type.removeprefix("tensor(").removesuffix(")").upper())
        converted = str(self("Cast", name, to=number))
        self.body.types[converted] = type
        return converted

    def require(self, opset: int, domain: str = "") -> None:
        """The model's version of the domain is at least `opset`."""
        self.opsets[domain] = max(self.opsets.get(domain, 1), opset)

    def name(self, value: Value | None) -> str:
        """The ONNX name of a value; "" for none."""
        return "" if value is None else self.body.names[value]

    def operands(self, op: Op) -> list[str]:
        """The names of all operands in order, "" for absent ones."""
        found: list[str] = []
        for operand in op.operand_fields():
            found.extend(map(self.name, operand) if isinstance(operand, list) else [self.name(operand)])
        return found

    def bind(self, value: Value, name: str) -> None:
        """From here on `value` is called `name`; its dims give their symbols values."""
        self.body.names[value] = name
        self.body.types[name] = type_text(value.type)
        if not isinstance(value.type, TensorType):
            return
        for axis, dim in enumerate(value.type.shape or ()):
            if isinstance(dim, DimExpr) and (only := _only_symbol(dim)) is not None:
                self.body.sources.setdefault(only, (name, axis, dim))

    def subgraph(self, region: Region, name: str) -> onnx.GraphProto:
        """The region as a graph attribute."""
        return self._subgraph(self, region, name)

    def error(self, message: str) -> CompileError:
        """A CompileError at the op in hand."""
        return CompileError(message, where=f"node '{self.title}'")

    # --- constants and shapes ---

    def constant(self, array: Array, hint: str = "") -> str:
        """The name of a stored tensor."""
        name = self.names.value(hint or f"{self.title or 'value'}/constant")
        self.body.weights[name] = array
        self.body.types[name] = type_text(type_of(array))
        return name

    def ints(self, values: Sequence[int]) -> str:
        """A stored i64 vector."""
        return self.constant(np.array(list(values), np.int64))

    def scalar(self, value: float, dtype: DType) -> str:
        """A stored scalar."""
        return self.constant(np.array(value).astype(dtype.numpy))

    def shape(self, dims: Sequence[Dim]) -> str:
        """An i64 vector of these dims: stored, or computed from the shapes of tensors where they are symbolic."""
        parts: list[str] = []
        numbers: list[int] = []
        for dim in dims:
            if isinstance(dim, int):
                numbers.append(dim)
                continue
            parts += [self.ints(numbers)] if numbers else []
            numbers = []
            parts.append(self.dim(dim))
        parts += [self.ints(numbers)] if numbers or not parts else []
        return parts[0] if len(parts) == 1 else str(self("Concat", *parts, axis=0))

    def dim(self, dim: Dim) -> str:
        """One dim as an i64 vector of one element."""
        if isinstance(dim, int):
            return self.ints([dim])
        terms = [self._term(monomial, coefficient) for monomial, coefficient in dim.terms]
        total = terms[0]
        for term in terms[1:]:
            total = self("Add", total, term)
        return total

    def _term(self, monomial: Sequence[Symbol | Quotient], coefficient: int) -> str:
        factors = [self._atom(atom) for atom in monomial]
        factors += [self.ints([coefficient])] if coefficient != 1 or not factors else []
        total = factors[0]
        for factor in factors[1:]:
            total = self("Mul", total, factor)
        return total

    def _atom(self, atom: Symbol | Quotient) -> str:
        if isinstance(atom, Symbol):
            return self._symbol(atom.name)
        x, y = self.dim(atom.x), self.dim(atom.y)
        match atom.kind:
            case "min" | "max":
                return str(self(atom.kind.capitalize(), x, y))
            case "mod":
                return str(self("Mod", x, y))
            case _:  # Div rounds towards zero: the remainder, which is never negative, is taken off first
                return str(self("Div", self("Sub", x, self("Mod", x, y)), y))

    def _symbol(self, name: str) -> str:
        if name not in self.body.symbols:
            if name not in self.body.sources:
                raise self.error(f"no tensor's shape says what {name} is")
            tensor, axis, dim = self.body.sources[name]
            extent = self("Shape", tensor, start=axis, end=axis + 1)
            constant, coefficient = _linear(dim)
            if constant:
                extent = self("Sub", extent, self.ints([constant]))
            if coefficient != 1:
                extent = self("Div", extent, self.ints([coefficient]))
            self.body.symbols[name] = extent
        return self.body.symbols[name]

    def element_type(self, dtype: DType) -> int:
        """The TensorProto.DataType number of a dtype."""
        return element_type(dtype)


def _only_symbol(dim: DimExpr) -> str | None:
    """The symbol of a dim `a * N + b`."""
    monomials = [m for m, _ in dim.terms if m]
    if len(monomials) != 1 or len(monomials[0]) != 1:
        return None
    (atom,) = monomials[0]
    return atom.name if isinstance(atom, Symbol) else None


def _linear(dim: DimExpr) -> tuple[int, int]:
    """b and a of `a * N + b`."""
    terms = {bool(monomial): coefficient for monomial, coefficient in dim.terms}
    return terms.get(False, 0), terms[True]
