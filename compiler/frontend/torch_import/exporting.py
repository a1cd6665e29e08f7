"""nn.Module to Program through torch.export: how a module and example inputs become one functional graph."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import (
    ConstantArgument,
    InputKind,
    OutputKind,
    TensorArgument,
)
from torch.fx import Node
from torch.utils import _pytree as pytree

from mlc.errors import CompileError
from mlc.frontend.torch_import.decompositions import table
from mlc.frontend.torch_import.program import Absent, Binding, Input, Program, Weight
from mlc.frontend.torch_import.quiet import first_line, quiet, without_partial_graph
from mlc.frontend.torch_import.symbols import is_symbolic


@dataclass(frozen=True)
class Exported:
    """A program and what a caller of the module must know: the nests of its arguments and results.

    `written` are the buffers and inputs that the model changes: name, the tensor itself (None for an input), and which
    result holds the new value. `constants` are those of the module's results that are no tensors, by their number.
    `signature` is that of the module's call, where the module is known.
    """

    program: Program
    exported: ExportedProgram
    written: Sequence[tuple[str, torch.Tensor | None, int]]
    constants: Mapping[int, Any]
    signature: inspect.Signature | None = None


def export(
    model: torch.nn.Module,
    example_inputs: Sequence[Any],
    example_keywords: Mapping[str, Any] | None = None,
    dynamic_shapes: Any = None,
) -> ExportedProgram:
    """The module traced with the example inputs. Raises CompileError with torch's reason and what to do about it."""
    if not isinstance(example_inputs, tuple | list):
        example_inputs = (example_inputs,)
    _check_mode(model)
    with quiet(), torch.no_grad():
        try:
            arguments, keywords = _separated(model, (tuple(example_inputs), dict(example_keywords or {})))
            with without_partial_graph():
                return torch.export.export(model, arguments, keywords, dynamic_shapes=dynamic_shapes)
        except CompileError:
            raise
        except Exception as error:
            raise _explained(type(model).__name__, error) from error


def _separated(model: torch.nn.Module, examples: Any) -> Any:
    """The examples with a copy of each tensor that shares memory with one before it or with the model.

    torch.export takes tensors that are one in the example for one in every call.
    """
    seen = {_memory(tensor) for tensor in (*model.parameters(), *model.buffers())}

    def separate(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or leaf.layout is not torch.strided:
            return leaf
        if _memory(leaf) in seen:
            return leaf.clone()
        seen.add(_memory(leaf))
        return leaf

    return pytree.tree_map(separate, examples)


def _memory(tensor: torch.Tensor) -> int:
    """What tells storages apart; their addresses do not, which are null without data."""
    return tensor.untyped_storage()._cdata if tensor.layout is torch.strided else id(tensor)


def program_of(exported: ExportedProgram, name: str, dynamic_shapes: Any = None) -> Exported:
    """The functional graph of an exported program, its weights bound to the model's own tensors."""
    with quiet(), torch.no_grad():
        try:
            exported = exported.run_decompositions(table())
        except Exception as error:
            raise _explained(name, error) from error
    graph = exported.graph_module.graph
    nodes = {node.name: node for node in graph.nodes}
    signature = exported.graph_signature
    changed = set(signature.buffers_to_mutate.values())
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    bindings = [
        _binding(exported, spec, node, changed) for spec, node in zip(signature.input_specs, placeholders, strict=True)
    ]
    outputs, written, constants = _outputs(exported, bindings)
    names = _symbol_names(dynamic_shapes, exported, nodes)
    return Exported(Program(name, graph, bindings, outputs, names), exported, written, constants)


def _binding(exported: ExportedProgram, spec: Any, node: Node, changed: set[str]) -> Binding:
    if isinstance(spec.arg, ConstantArgument):
        return Absent()
    match spec.kind:
        case InputKind.USER_INPUT:
            return Input(node.name)
        case InputKind.PARAMETER | InputKind.BUFFER | InputKind.CONSTANT_TENSOR:
            tensor = state_of(exported, spec.target)
            return Input(spec.target) if spec.target in changed else Weight(spec.target, tensor)
    raise CompileError(f"argument '{node.name}' is {spec.kind.name.lower()}, which is not supported")


def state_of(exported: ExportedProgram, target: str) -> torch.Tensor:
    """The parameter, buffer or constant called `target`."""
    found = exported.state_dict.get(target)
    tensor = exported.constants[target] if found is None else found
    assert isinstance(tensor, torch.Tensor), target
    return tensor


def _outputs(
    exported: ExportedProgram, bindings: Sequence[Binding]
) -> tuple[list[str | None], list[tuple[str, torch.Tensor | None, int]], dict[int, Any]]:
    """Names of the results (None to leave out), what they are written back to, and results that are constants."""
    names: list[str | None] = []
    written: list[tuple[str, torch.Tensor | None, int]] = []
    constants: dict[int, Any] = {}
    used: set[str] = set()
    position = user = 0
    for spec in exported.graph_signature.output_specs:
        name = None
        if spec.kind is OutputKind.USER_OUTPUT:
            if isinstance(spec.arg, ConstantArgument):
                constants[user] = spec.arg.value
            else:
                name = _unused(spec.arg.name or f"output{user}", used)
            user += 1
        elif spec.kind in (OutputKind.BUFFER_MUTATION, OutputKind.USER_INPUT_MUTATION):
            assert isinstance(spec.arg, TensorArgument) and spec.target is not None
            name = _unused(f"{spec.target}.new", used)
            is_buffer = spec.kind is OutputKind.BUFFER_MUTATION
            written.append((spec.target, state_of(exported, spec.target) if is_buffer else None, position))
        else:
            raise CompileError(f"a result of kind {spec.kind.name.lower()} is not supported")
        names.append(name)
        position += name is not None
    assert len(bindings) == len(exported.graph_signature.input_specs)
    return names, written, constants


def _unused(name: str, used: set[str]) -> str:
    unique, number = name, 0
    while unique in used:
        number += 1
        unique = f"{name}_{number}"
    used.add(unique)
    return unique


def _symbol_names(dynamic_shapes: Any, exported: ExportedProgram, nodes: Mapping[str, Node]) -> dict[str, str]:
    """torch's symbols by the names that the caller gave the dims, else by the input and dim that have them."""
    named: dict[str, str] = {}
    for spec in exported.graph_signature.input_specs:
        node = nodes[spec.arg.name]
        value = node.meta.get("val")
        if spec.kind is not InputKind.USER_INPUT or not isinstance(value, torch.Tensor):
            continue
        sizes: list[Any] = list(value.shape)
        for axis, size in enumerate(sizes):
            if is_symbolic(size) and size.node.expr.is_Symbol:
                named.setdefault(str(size.node.expr), f"{node.name}_{axis}")
    return named | _given_names(dynamic_shapes, exported, nodes)


def _given_names(dynamic_shapes: Any, exported: ExportedProgram, nodes: Mapping[str, Node]) -> dict[str, str]:
    if dynamic_shapes is None:
        return {}
    users = [s for s in exported.graph_signature.input_specs if s.kind is InputKind.USER_INPUT]
    values = list(dynamic_shapes.values()) if isinstance(dynamic_shapes, dict) else list(dynamic_shapes)
    flat = pytree.tree_leaves(values, is_leaf=_is_shape)
    named: dict[str, str] = {}
    if len(flat) != len(users):
        return {}  # nested in another way than the inputs: torch's own names stay
    for spec, shape in zip(users, flat, strict=True):
        value = nodes[spec.arg.name].meta.get("val")
        pairs = shape.items() if isinstance(shape, dict) else enumerate(shape or ())
        for axis, dim in pairs:
            size: Any = value.shape[axis] if isinstance(value, torch.Tensor) else None
            name = getattr(dim, "__name__", None)
            if name and is_symbolic(size) and size.node.expr.is_Symbol:
                named[str(size.node.expr)] = name
    return named


def _is_shape(item: Any) -> bool:
    """Whether this is the entry of one tensor: None, or what its axes are."""
    if item is None or not item and isinstance(item, dict | list | tuple):
        return True
    if isinstance(item, dict):
        return all(isinstance(key, int) for key in item)
    plain = (int, str, type(None), torch.export.Dim)
    return isinstance(item, list | tuple) and all(
        isinstance(d, plain) or hasattr(d, "__name__") or _is_hint(d) for d in item
    )


def _is_hint(dim: Any) -> bool:
    return type(dim).__module__.startswith("torch.export")


_ADVICE = {
    "data-dependent": (
        "the model decides on the values of tensors, which a graph cannot; write the decision with torch.where or "
        "torch.cond, or compile the parts around it with torch.compile(backend='mlc')"
    ),
    "constraints": "the example inputs and dynamic_shapes disagree; follow what torch suggests, or drop the dim",
}


# What torch says of its own logs and tools, as lines of a message.
_ABOUT_TORCH = ("For ", "If you suspect the guard was triggered from C++", "The error above occurred when calling")


def _explained(where: str, error: Exception) -> CompileError:
    """torch's own message, and what to do about it."""
    text = str(error)
    name = type(error).__name__
    advice = ""
    data_dependent = ("GuardOnDataDependentSymNode", "DataDependent", "Dynamic control flow", "data-dependent")
    if any(word in name or word in text for word in data_dependent) or "bool(" in text or "aten._local_scalar" in text:
        advice = f"\n  {_ADVICE['data-dependent']}"
    elif "onstraint" in name + text[:400]:
        advice = f"\n  {_ADVICE['constraints']}"
    lines = [line for line in text.strip().splitlines() if line.strip() and not line.startswith(_ABOUT_TORCH)]
    return CompileError(
        f"torch.export failed: {first_line(error)}", where=where, detail="\n  ".join(lines[1:12]) + advice
    )


def _check_mode(model: torch.nn.Module) -> None:
    """Raises CompileError for modules that mean something else in training mode than what is compiled."""
    random = [
        path or type(model).__name__
        for path, module in model.named_modules()
        if module.training and _differs_in_training(module)
    ]
    if random:
        names = ", ".join(random[:8]) + (f" and {len(random) - 8} more" if len(random) > 8 else "")
        raise CompileError(
            f"is in training mode, in which {names} would draw random numbers or change running statistics; "
            "call eval() on it first",
            where=type(model).__name__,
        )


def _differs_in_training(module: torch.nn.Module) -> bool:
    match module:
        case torch.nn.modules.dropout._DropoutNd():
            return bool(module.p > 0)
        case torch.nn.modules.batchnorm._BatchNorm():
            return True
        case torch.nn.RNNBase():
            return bool(module.dropout > 0)
        case torch.nn.MultiheadAttention():
            return bool(module.dropout > 0)
        case torch.nn.RReLU():
            return True
    return False
