"""The floors of the house, read from the imports of every module: who may see whom, and which third parties where.

A module imports strictly lower floors or its own room, a room has no import cycle, and a third party stays where its
rule says. Imports inside functions and under TYPE_CHECKING count like any other.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import networkx as nx
import pytest

import mlc

# Room -> floor. Rooms on one floor never see each other; a new child of compiler/ gets its line here.
FLOORS = {
    "mlc.child_process": 0,
    "mlc.errors": 0,
    "mlc.files": 0,
    "mlc.remarks": 0,
    "mlc.target": 1,
    "mlc.ir": 1,
    "mlc.runtime": 1,
    "mlc.ops": 2,
    "mlc.interpreter": 2,
    "mlc.rewrite": 2,
    "mlc.frontend": 3,
    "mlc.passes": 3,
    "mlc.codegen": 3,
    "mlc.driver": 4,
    "mlc.tools": 5,
    "mlc.api": 5,
    "mlc.cli": 6,
    "mlc.mlir": 5,
    "mlc.torch_backend": 6,
    "mlc.onnx_backend": 6,
    "mlc": 6,
}

# Third party -> the beginnings of the module names that may import it; "mlc" means everywhere.
THIRD_PARTIES = {
    "numpy": ["mlc"],
    "ml_dtypes": ["mlc"],
    "networkx": ["mlc"],
    "rich": ["mlc.tools", "mlc.cli"],
    "click": ["mlc.cli"],
    "onnx": ["mlc.frontend.onnx", "mlc.onnx_backend"],
    "google": ["mlc.frontend.onnx"],  # protobuf, for the error of its parser
    "torch": ["mlc.frontend.torch", "mlc.torch_backend", "mlc.tools"],
    "torch_mlir": ["mlc.frontend.torch", "mlc.frontend.mlir", "mlc.torch_backend", "mlc.codegen.mlir"],
    "sympy": ["mlc.frontend.torch"],  # torch's own, for its symbolic sizes
    "llvmlite": ["mlc.codegen", "mlc.runtime.code"],
    "onnxruntime": ["mlc.tools"],
    "openvino": ["mlc.tools"],
}

Sources = Mapping[str, str]  # module name -> its text


@pytest.fixture(scope="module")
def sources() -> Sources:
    (root,) = map(Path, mlc.__path__)
    found = {}
    for folder, _, names in os.walk(root, followlinks=True):  # the package tree is made of links
        for path in (Path(folder, name) for name in names if name.endswith(".py")):
            parts = path.relative_to(root.parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return found


def test_every_import_goes_down_or_stays_in_its_room(sources: Sources) -> None:
    assert {"mlc", "mlc.ir.core", "mlc.ops.matmul", "mlc.runtime.native"} <= sources.keys()
    assert list(floor_violations(sources)) == []


def test_third_parties_stay_where_their_rule_says(sources: Sources) -> None:
    assert list(third_party_violations(sources)) == []


def test_no_room_has_an_import_cycle(sources: Sources) -> None:
    assert list(cycles(sources)) == []


@pytest.mark.parametrize(
    ("module", "text", "complaint"),
    [
        ("mlc.ir.core", "from mlc.ops.matmul import Matmul", "mlc.ir.core (floor 1) imports mlc.ops.matmul (floor 2)"),
        ("mlc.ir.core", "import mlc.runtime", "mlc.ir.core (floor 1) imports mlc.runtime (floor 1)"),
        ("mlc.ir.core", "from mlc import driver", "mlc.ir.core (floor 1) imports mlc.driver (floor 4)"),
        (
            "mlc.passes.fold",
            "def f():\n    import mlc.codegen",
            "mlc.passes.fold (floor 3) imports mlc.codegen (floor 3)",
        ),
        ("mlc.driver.compile", "import mlc", "mlc.driver.compile (floor 4) imports mlc (floor 6)"),
        ("mlc.helpers", "import mlc.errors", "mlc.helpers has no floor: give it a line in FLOORS"),
        ("mlc.ir.core", "from .types import Type", "mlc.ir.core:1: imports are absolute in mlc"),
    ],
)
def test_a_wrong_import_is_found(module: str, text: str, complaint: str) -> None:
    tree = {"mlc": "", "mlc.driver": "", "mlc.ops.matmul": "", "mlc.runtime": "", module: text}
    assert complaint in list(floor_violations(tree))


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("mlc.ops.matmul", "from mlc.ir import Op"),
        ("mlc.ir.printer", "from mlc.ir.module import Module"),
        ("mlc.driver.cache", "from mlc import __version__"),
    ],
)
def test_a_right_import_is_left_alone(module: str, text: str) -> None:
    assert list(floor_violations({"mlc": "", "mlc.ir": "", "mlc.ir.core": "", module: text})) == []


def test_a_third_party_out_of_place_is_found() -> None:
    tree = {"mlc.passes.fold": "import torch", "mlc.frontend.torch_export": "import torch", "mlc.ir": "import pandas"}
    assert list(third_party_violations(tree)) == [
        "mlc.passes.fold imports torch, which is for mlc.frontend.torch*, mlc.torch_backend*, mlc.tools*",
        "mlc.ir imports pandas, which is no dependency of mlc",
    ]


def test_a_cycle_is_found() -> None:
    tree = {"mlc.ir.a": "import mlc.ir.b", "mlc.ir.b": "def f():\n    from mlc.ir.a import x", "mlc.ir.c": ""}
    assert list(cycles(tree)) == ["mlc.ir.a -> mlc.ir.b -> mlc.ir.a"]


def floor_violations(sources: Sources) -> Iterator[str]:
    for module in sources:
        room = room_of(module)
        if room not in FLOORS:
            yield f"{module} has no floor: give it a line in FLOORS"
            continue
        for imported in imports_of(module, sources):
            if imported.startswith("."):
                yield f"{module}:{imported[1:]}: imports are absolute in mlc"
            elif is_mlc(imported) and room_of(imported) != room and FLOORS.get(room_of(imported), 0) >= FLOORS[room]:
                yield f"{module} (floor {FLOORS[room]}) imports {imported} (floor {FLOORS[room_of(imported)]})"


def third_party_violations(sources: Sources) -> Iterator[str]:
    for module in sources:
        for party in sorted({imported.split(".")[0] for imported in imports_of(module, sources)}):
            if party in ("", "mlc") or party in sys.stdlib_module_names:
                continue
            if party not in THIRD_PARTIES:
                yield f"{module} imports {party}, which is no dependency of mlc"
            elif not any(module.startswith(place) for place in THIRD_PARTIES[party]):
                yield f"{module} imports {party}, which is for {', '.join(f'{p}*' for p in THIRD_PARTIES[party])}"


def cycles(sources: Sources) -> Iterator[str]:
    edges = [
        (module, imported) for module in sources for imported in imports_of(module, sources) if imported in sources
    ]
    graph = nx.DiGraph(edges)
    for component in nx.strongly_connected_components(graph):
        if len(component) > 1:
            cycle = [edge[0] for edge in nx.find_cycle(graph.subgraph(component), min(component))]
            yield " -> ".join([*cycle, cycle[0]])


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def is_mlc(module: str) -> bool:
    return module.split(".")[0] == "mlc"


def imports_of(module: str, sources: Sources) -> Iterator[str]:
    """Full names of the modules that module imports; ".12" for a relative import in line 12."""
    for node in ast.walk(ast.parse(sources[module])):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(level=0, module=str(source), names=names):
                for name in (alias.name for alias in names):
                    if (source, name) != ("mlc", "__version__"):  # a constant of the root, no door to its upper floors
                        yield f"{source}.{name}" if f"{source}.{name}" in sources else source
            case ast.ImportFrom(lineno=line):
                yield f".{line}"
