"""torch's own samples of its operators (OpInfo) through the frontend: traced, imported, interpreted, compared.

`python tests/pytorch/opinfo.py [NAME...]` prints what every sample came to. Called by test_opinfo.py.
"""

from __future__ import annotations

import collections
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from pytorch_page import core
from tolerance import assert_close
from torch.fx.experimental.proxy_tensor import make_fx
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils import _pytree as pytree

from mlc.errors import CompileError
from mlc.frontend.torch_import import decompositions
from mlc.frontend.torch_import.importer import import_program
from mlc.frontend.torch_import.program import Input, Program
from mlc.frontend.torch_import.types import shared_array
from mlc.frontend.torch_import.unsupported import operator_name
from mlc.interpreter import interpret
from mlc.ir import Module

Runner = Callable[[Module, list[np.ndarray]], list[np.ndarray]]


def core_operators() -> list[str]:
    """Names, without overloads, of the operators that torch tags as core."""
    return list(core())


# OpInfos whose name is not that of the core operator which they are samples of.
NOT_COMPARED = ("empty", "empty_strided", "empty_permuted", "empty_like", "new_empty")  # hold what was there before
SAMPLES_OF = {
    "nn.functional.adaptive_avg_pool2d": "_adaptive_avg_pool2d",
    "nn.functional.adaptive_avg_pool3d": "_adaptive_avg_pool3d",
    "__getitem__": "index",
    "nn.functional.fold": "col2im",
    "cdist": "_cdist_forward",
    "nn.functional.embedding_bag": "_embedding_bag",
    "fft.rfft": "_fft_r2c",
    "fft.irfft": "_fft_c2r",
    "log_softmax": "_log_softmax",
    "softmax": "_softmax",
    "nn.functional.batch_norm": "_native_batch_norm_legit",
    "nn.functional.pdist": "_pdist_forward",
    "nn.functional.conv1d": "convolution",
    "nn.functional.conv2d": "convolution",
    "nn.functional.conv3d": "convolution",
    "nn.functional.conv_transpose1d": "convolution",
    "nn.functional.conv_transpose2d": "convolution",
    "nn.functional.conv_transpose3d": "convolution",
    "nn.functional.group_norm": "native_group_norm",
    "nn.functional.grid_sample": "grid_sampler_2d",
    "nn.functional.max_pool2d": "max_pool2d_with_indices",
    "nn.functional.max_pool3d": "max_pool3d_with_indices",
    "nn.functional.pad": "constant_pad_nd",
    "nn.functional.interpolate": "upsample_nearest2d",
    "nn.functional.upsample_nearest": "upsample_nearest2d",
    "nn.functional.upsample_bilinear": "upsample_bilinear2d",
    "to": "_to_copy",
    "max": "max",
    "min": "min",
    "permute": "permute",
    "reshape": "view",
    "empty": "empty",
    "fill": "fill",
    "matmul": "mm",
    "nn.functional.linear": "addmm",
    "nn.functional.dropout": "native_dropout",
    "clone": "clone",
    "full": "full",
    "sum": "sum",
    "index_put": "index_put",
    "squeeze": "squeeze",
    "transpose": "permute",
    "expand": "expand",
    "broadcast_to": "expand",
    "split": "split_with_sizes",
}


def opinfos(names: set[str] | None = None) -> list[Any]:
    """The OpInfos of float32 samples for core operators, or those called so."""
    core = set(core_operators())
    return [
        info
        for info in op_db
        if dtype_for(info) is not None
        and info.name not in NOT_COMPARED
        and (core_name(info) in core if names is None else info.name in names)
    ]


def dtype_for(info: Any) -> torch.dtype | None:
    """float32, or where an operator is not for floats what it is for."""
    supported = info.supported_dtypes("cpu")
    return next((d for d in (torch.float32, torch.int64, torch.bool) if d in supported), None)


def core_name(info: Any) -> str:
    """The core operator whose samples these are."""
    return SAMPLES_OF.get(info.name, (info.aten_name or info.name).removeprefix("nn.functional."))


@dataclass
class Tally:
    """What the samples of some OpInfos came to."""

    passed: int = 0
    refused: dict[str, int] = field(default_factory=lambda: collections.Counter())
    wrong: list[str] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)


def traced(info: Any, sample: Any) -> tuple[Program, list[torch.Tensor], list[torch.Tensor]]:
    """The sample as a program of its tensors, these, and what eager answers and leaves in those it changes."""
    leaves, spec = pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
    tensors = [leaves[i].detach() for i in places]

    def function(*given: torch.Tensor) -> Any:
        filled = list(leaves)
        for place, tensor in zip(places, given, strict=True):
            filled[place] = tensor
        first, rest, keywords = pytree.tree_unflatten(filled, spec)
        return info.op(first, *rest, **keywords)

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = [t.clone() for t in tensors]
        want = function(*given)
        graph = make_fx(function, decompositions.table(), tracing_mode="fake")(*tensors)
        if any(_writes(node) for node in graph.graph.nodes):
            graph = make_fx(torch.func.functionalize(graph, remove="mutations"), tracing_mode="fake")(*tensors)
    (output,) = (n for n in graph.graph.nodes if n.op == "output")
    results = [r for r in pytree.tree_leaves(output.args[0]) if isinstance(r, torch.fx.Node)]
    wanted = [t for t in pytree.tree_leaves(want) if isinstance(t, torch.Tensor)]
    changed = _written_back(graph.graph)
    output.args = ((*results, *changed.values()),)
    graph.graph.eliminate_dead_code()
    bindings = [Input(f"x{i}") for i in range(len(tensors))]
    program = Program(info.name, graph.graph, bindings, [f"y{i}" for i in range(len(output.args[0]))])
    return program, tensors, [*wanted, *(given[i] for i in changed)]


def _writes(node: torch.fx.Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _written_back(graph: torch.fx.Graph) -> dict[int, torch.fx.Node]:
    """What the end of the graph writes into its inputs, by their numbers; the writes are taken out."""
    arguments = {node: i for i, node in enumerate(n for n in graph.nodes if n.op == "placeholder")}
    changed = {}
    for node in list(graph.nodes):
        if node.target is torch.ops.aten.copy_.default and node.args[0] in arguments:
            changed[arguments[node.args[0]]] = node.args[1]
            node.replace_all_uses_with(node.args[1])
            graph.erase_node(node)
    return changed


def interpreted(module: Module, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The module by the ops' own `evaluate`."""
    with np.errstate(all="ignore"):
        return list(interpret(module, arrays))


def run(info: Any, runner: Runner = interpreted, limit: int | None = None) -> Tally:
    """All samples of one OpInfo."""
    tally = Tally()
    for number, sample in enumerate(samples(info)):
        if limit is not None and number >= limit:
            break
        try:
            program, tensors, want = traced(info, sample)
        except Exception as error:  # torch itself cannot trace it: there is no graph to import
            tally.refused[f"torch cannot trace it: {type(error).__name__}"] += 1
            continue
        tally.operators |= {operator_name(n) for n in program.graph.nodes if n.op == "call_function"}
        try:
            module = import_program(program)
        except CompileError as error:
            tally.refused[str(error).partition(": ")[2]] += 1
            continue
        wanted = [shared_array(t) for t in want]
        try:
            got = runner(module, [shared_array(t) for t in tensors])
            assert_close(got, wanted, model=info.name)
            tally.passed += 1
        except AssertionError as error:
            tally.wrong.append(f"{info.name} sample {number}: {error}")
    return tally


def samples(info: Any) -> Iterator[Any]:
    """The samples in float32 that are not error cases."""
    torch.manual_seed(0)
    yield from info.sample_inputs("cpu", dtype_for(info), requires_grad=False)


def main(names: list[str]) -> None:
    import time
    import traceback

    total = Tally()
    for info in opinfos(set(names) or None):
        start = time.perf_counter()
        try:
            tally = run(info)
        except Exception:
            print(f"!! {info.name}.{info.variant_test_name}")
            traceback.print_exc(limit=-4, file=sys.stdout)
            continue
        total.passed += tally.passed
        total.wrong += tally.wrong
        total.operators |= tally.operators
        seconds = time.perf_counter() - start
        refused = sum(tally.refused.values())
        if refused or tally.wrong or seconds > 5 or names:
            print(
                f"{info.name}.{info.variant_test_name}: {tally.passed} passed, {refused} refused, {seconds:.1f} s",
                flush=True,
            )
        for reason, count in tally.refused.items():
            print(f"    {count} x {reason[:200]}")
        for wrong in tally.wrong[:3]:
            print("    WRONG", wrong[:300])
    print(f"{total.passed} passed, {len(total.wrong)} wrong")
    print(
        "core never seen:",
        [n for n in core_operators() if not any(o.split(".")[1] == n for o in total.operators if "." in o)],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
