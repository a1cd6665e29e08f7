"""A compiled nn.Module behind the module's own call: nested arguments and results, state that is written back."""

from __future__ import annotations

import inspect
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.export._tree_utils import reorder_kwargs
from torch.export.graph_signature import ConstantArgument, InputKind, OutputKind, SymFloatArgument, SymIntArgument
from torch.utils import _pytree as pytree

from mlc.errors import CompileError
from mlc.frontend.torch_import.exporting import Exported, state_of
from mlc.frontend.torch_import.program import Input
from mlc.frontend.torch_import.tensors import ArrayCall, TensorCall, shares_memory
from mlc.runtime import Executable, InputError


class CompiledModule:
    """A compiled nn.Module: takes what the module takes, returns what it returns, both as torch tensors.

    Buffers and inputs that the module changes are changed here too. `executable` is the compiled model behind it, which
    takes and returns flat lists of arrays and can be saved.
    """

    def __init__(self, executable: Any, exported: Exported) -> None:
        self.executable = executable
        self._exported = exported
        self._call: Callable[[Sequence[torch.Tensor]], list[torch.Tensor]]
        self._call = TensorCall(executable) if isinstance(executable, Executable) else ArrayCall(executable)
        spec = exported.exported.call_spec
        self._in_spec, self._out_spec = spec.in_spec, spec.out_spec
        self._sources = _sources(exported)
        results = [s for s in exported.exported.graph_signature.output_specs if s.kind is OutputKind.USER_OUTPUT]
        self._numbers = {i for i, s in enumerate(results) if isinstance(s.arg, SymIntArgument | SymFloatArgument)}
        self._users = [s for s in exported.exported.graph_signature.input_specs if s.kind is InputKind.USER_INPUT]
        names = [user.arg.name for user in self._users]
        self._written = [(n, names.index(n) if tensor is None else tensor) for n, tensor, _ in exported.written]

    def __repr__(self) -> str:
        return f"<CompiledModule of {self.executable!r}>"

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """As the module's own call, without gradients. Raises InputError when the arguments are not as in the example
        that the module was traced with, and whatever a call of the executable raises."""
        given = self._flattened(arguments, keywords)
        for name, target in self._written:
            self._check_apart(name, target, given)
        inputs = [source if isinstance(source, torch.Tensor) else given[source] for source in self._sources]
        with torch.no_grad():
            results = self._call(inputs)
            self._write_back(results, given)
        written = {position for _, _, position in self._exported.written}
        outputs = [result for position, result in enumerate(results) if position not in written]
        return self._nested(outputs)

    def save(self, path: Any) -> None:
        """Writes the executable as an artifact file, which needs no torch to run."""
        self.executable.save(path)

    def __reduce__(self) -> str:
        """Refuses copies and pickles, by name: memory of native code cannot move."""
        raise TypeError("a compiled module can be neither copied nor pickled; save() it, or compile the module again")

    def _flattened(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> list[Any]:
        if self._exported.signature is not None and not self._in_spec.child(1).num_children:
            count = self._in_spec.child(0).num_children
            if keywords or len(arguments) < count:
                arguments, keywords = _positional(self._exported.signature, arguments, keywords, count)
        else:
            self._check_names(keywords)
            keywords = reorder_kwargs(keywords, self._in_spec)
        flat, spec = pytree.tree_flatten(_in_order((arguments, keywords), self._in_spec))
        if spec != self._in_spec:
            raise InputError(
                f"the arguments are nested as {_nest(spec)}, the example inputs were as {_nest(self._in_spec)}"
            )
        for value, user in zip(flat, self._users, strict=True):
            if isinstance(user.arg, ConstantArgument):
                traced = user.arg.value
                # By their text as well: 1 == 1.0 == True and 0.0 == -0.0, and nan is not itself.
                if type(value) is not type(traced) or repr(value) != repr(traced):
                    given = f"a {type(value).__name__}" if isinstance(value, torch.Tensor) else repr(value)
                    raise InputError(f"argument {user.arg.name!r} is {given}, the model was traced with {traced!r}")
            elif not isinstance(value, torch.Tensor):
                raise InputError(f"argument {user.arg.name!r} must be a tensor, got a {type(value).__name__}")
        return flat

    def _check_names(self, keywords: dict[str, Any]) -> None:
        """Raises InputError unless the keywords are those of the example: a program does not know their defaults."""
        known = list(self._in_spec.child(1).context)
        missing, strange = [k for k in known if k not in keywords], [k for k in keywords if k not in known]
        if strange:
            raise InputError(
                f"there is no keyword {strange[0]!r}, the model was exported with {', '.join(known) or 'none'}"
            )
        if missing:
            constants = {u.arg.name: repr(u.arg.value) for u in self._users if isinstance(u.arg, ConstantArgument)}
            what = f"{missing[0]}={constants[missing[0]]}" if missing[0] in constants else f"it, as {', '.join(known)}"
            raise InputError(f"keyword {missing[0]!r} is missing, the model was exported with {what}; give it too")

    def _check_apart(self, name: str, target: int | torch.Tensor, given: list[Any]) -> None:
        """Raises InputError when an argument shares memory with what the model writes: the graph knows no aliases."""
        kind, own, written = ("input", target, given[target]) if isinstance(target, int) else ("buffer", None, target)
        for number, (value, user) in enumerate(zip(given, self._users, strict=True)):
            if number != own and isinstance(value, torch.Tensor) and shares_memory(written, value):
                raise InputError(
                    f"input {user.arg.name!r} shares memory with {kind} {name!r}, which the model writes in place; "
                    "pass a clone() of one of them"
                )

    def _write_back(self, results: list[torch.Tensor], given: list[Any]) -> None:
        names = [user.arg.name for user in self._users]
        for name, tensor, position in self._exported.written:
            target = given[names.index(name)] if tensor is None else tensor
            target.copy_(results[position])

    def _nested(self, outputs: list[torch.Tensor]) -> Any:
        remaining = iter(outputs)
        count = self._out_spec.num_leaves
        constants, numbers = self._exported.constants, self._numbers
        leaves = [
            constants[i] if i in constants else next(remaining).item() if i in numbers else next(remaining)
            for i in range(count)
        ]
        return pytree.tree_unflatten(leaves, self._out_spec)


def _positional(
    signature: inspect.Signature, arguments: tuple[Any, ...], keywords: dict[str, Any], count: int
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments given by name at their places, as the example had them; what it had `count` of may be left out where
    the module's call has a default."""
    try:
        bound = signature.bind(*arguments, **keywords)
    except TypeError as error:
        raise InputError(str(error)) from None
    by_place = [
        name for name, p in signature.parameters.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    given = {name: place + 1 for place, name in enumerate(by_place) if name in bound.arguments}
    length = max(count, *given.values(), 0) if len(bound.args) <= len(by_place) else len(bound.args)
    apart = {name: value for name, value in bound.kwargs.items() if name not in by_place}
    bound.apply_defaults()
    return bound.args[:length], apart


# How the keys stand in the context of pytree's nodes.
_KEYS: dict[type, Callable[[Any], Sequence[Any]]] = {
    dict: lambda context: context,
    OrderedDict: lambda context: context,
    defaultdict: lambda context: context[1],
}


def _in_order(nest: Any, spec: Any) -> Any:
    """The nest with the items of each dict in the order that the example's had: they are the same by their keys."""
    if spec.type is not type(nest) or spec.type not in (list, tuple, *_KEYS) or len(nest) != spec.num_children:
        return nest
    if spec.type not in _KEYS:
        return spec.type(_in_order(item, spec.child(i)) for i, item in enumerate(nest))
    keys = _KEYS[spec.type](spec.context)
    if set(nest) != set(keys):
        return nest
    items = [(key, _in_order(nest[key], spec.child(i))) for i, key in enumerate(keys)]
    return defaultdict(nest.default_factory, items) if isinstance(nest, defaultdict) else spec.type(items)


def _nest(spec: Any) -> str:
    """Arguments and keywords with a * for each tensor: `((*, [*]), {'mask': *})`."""
    return str(pytree.tree_unflatten([_STAR] * spec.num_leaves, spec))


class _Star:
    def __repr__(self) -> str:
        return "*"


_STAR = _Star()


def _sources(exported: Exported) -> list[torch.Tensor | int]:
    """For each input of the executable the buffer that it is, or the number of the user's flat argument."""
    sources: list[torch.Tensor | int] = []
    number = 0
    specs = exported.exported.graph_signature.input_specs
    for spec, binding in zip(specs, exported.program.bindings, strict=True):
        if isinstance(binding, Input):
            is_user = spec.kind is InputKind.USER_INPUT
            if not is_user and spec.target is None:
                raise CompileError(f"input '{binding.name}' has no tensor behind it")
            sources.append(number if is_user else state_of(exported.exported, str(spec.target)))
        number += spec.kind is InputKind.USER_INPUT
    return sources
