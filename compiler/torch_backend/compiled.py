"""One graph as native code that is kept in step with its parameters.

Parameters and buffers are constants of the code, known by the address of their data and their version counter. When
one changed since (an optimizer's step, load_state_dict), the graph is folded anew before it answers; its kernels come
from the cache. What changes again and again becomes an input instead.

Not seen are writes that torch itself does not count: through `.data`, or through numpy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import GraphModule

from mlc import driver
from mlc.driver import Executable
from mlc.errors import CompileError
from mlc.frontend.torch_import.importer import import_program
from mlc.frontend.torch_import.tensors import TensorCall
from mlc.ir.verifier import verify
from mlc.torch_backend.eager import boxed, warn_of_graph
from mlc.torch_backend.options import BackendOptions
from mlc.torch_backend.program import Result, placeholders, program_of, results_of

# A weight that changed this often is taken for one that will go on changing: folding costs more than it saves.
MAX_REFOLDS = 3


@dataclass(frozen=True)
class _Code:
    """Native code for given weights: their arguments' numbers, addresses, versions and (to hold them) tensors.

    `inputs` are the arguments that it takes, `numbers` the dtypes of those among them that are Python's numbers.
    """

    call: TensorCall
    inputs: tuple[int, ...]
    weights: tuple[tuple[int, int, int], ...]
    held: tuple[torch.Tensor, ...]
    numbers: Mapping[int, torch.dtype]

    def is_fresh(self, arguments: Sequence[Any]) -> bool:
        """Whether the weights among the arguments are what the code was made for."""
        for number, address, version in self.weights:
            tensor = arguments[number]
            if tensor._version != version or tensor.data_ptr() != address:
                return False
        return True


class CompiledGraph:
    """The graph as a function of a list of arguments, as AOTAutograd calls it.

    Code is made at the first call. Where it cannot be, the graph runs eagerly from there on, and a warning says so;
    with the option `fallback` False that is a CompileError.
    """

    def __init__(self, graph: GraphModule, static: frozenset[int], options: BackendOptions) -> None:
        self._boxed_call = True  # AOTAutograd's mark for functions that take their arguments as one list
        self.graph = graph
        self._static = set(static)
        self._options = options
        self._results = results_of(graph)
        self._is_plain = all(r.name is not None and not r.is_number and r.order is None for r in self._results)
        self._views = [(p, r.view) for p, r in enumerate(self._results) if r.view is not None]
        self._code: _Code | None = None
        self._eager: Callable[[list[Any]], Sequence[Any]] | None = None
        self._refolds: dict[int, int] = {}
        self._lock = threading.Lock()

    def __call__(self, arguments: list[Any]) -> Sequence[Any]:
        """The results. Raises what a call of a compiled model raises."""
        code = self._code
        if code is None or not code.is_fresh(arguments):
            code = self._folded(arguments) if self._eager is None else None
            if code is None:
                assert self._eager is not None
                return self._eager(arguments)
        given = [arguments[number] for number in code.inputs]
        for position, dtype in code.numbers.items():
            given[position] = torch.tensor(given[position], dtype=dtype)
        computed = code.call(given)
        return computed if self._is_plain else self._all_results(computed, arguments)

    def _all_results(self, computed: list[torch.Tensor], arguments: list[Any]) -> list[Any]:
        remaining = iter(computed)
        results = [
            _finished(next(remaining), result)
            if result.name is not None
            else result.value
            if result.given is None
            else arguments[result.given]
            for result in self._results
        ]
        for position, view in self._views:
            results[position] = view.of(arguments, results)
        return results

    def _folded(self, arguments: list[Any]) -> _Code | None:
        """Code for the weights as they are now; None where there is none and the graph runs eagerly."""
        with self._lock:
            if self._code is not None:
                if self._code.is_fresh(arguments):  # another thread was faster
                    return self._code
                self._note_changes(self._code, arguments)
            try:
                self._code = self._compiled(arguments)
            except CompileError as error:
                if not self._options.fallback:
                    raise
                warn_of_graph(self.graph, error)
                self._code, self._eager = None, boxed(self.graph)
            return self._code

    def _note_changes(self, code: _Code, arguments: list[Any]) -> None:
        for number, address, version in code.weights:
            tensor = arguments[number]
            if (tensor.data_ptr(), tensor._version) != (address, version):
                self._refolds[number] = self._refolds.get(number, 0) + 1
                if self._refolds[number] > MAX_REFOLDS:
                    self._static.discard(number)

    def _compiled(self, arguments: list[Any]) -> _Code:
        # An inference tensor has no version counter: nobody could tell when it changes.
        numbers = [n for n in sorted(self._static) if _is_tracked(arguments[n])]
        # Detached, each holds the memory even when the parameter is given another: the address stays taken.
        weights = {n: arguments[n].detach() for n in numbers}
        keys = tuple((n, arguments[n].data_ptr(), arguments[n]._version) for n in numbers)
        module = import_program(program_of(self.graph, weights, self._results))
        verify(module)
        nodes = placeholders(self.graph)
        place = {node.name: number for number, node in enumerate(nodes)}
        inputs = tuple(place[name] for name in module.main.input_names)
        artifact = driver.compile_module(module, self._options.driver()).artifact
        assert artifact is not None
        kinds = [_NUMBERS.get(type(nodes[number].meta["val"])) for number in inputs]
        dtypes = {position: kind for position, kind in enumerate(kinds) if kind is not None}
        return _Code(TensorCall(Executable.of(artifact)), inputs, keys, tuple(weights.values()), dtypes)


_NUMBERS = {torch.SymInt: torch.int64, torch.SymFloat: torch.float64, torch.SymBool: torch.bool}


def _is_tracked(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and not value.is_inference()


def _finished(computed: torch.Tensor, result: Result) -> Any:
    """A number as itself, a tensor in the order of memory that eager's has."""
    if result.is_number:
        return computed.item()
    if result.order is None:
        return computed
    back = [result.order.index(axis) for axis in range(len(result.order))]
    return computed.permute(result.order).contiguous().permute(back)
