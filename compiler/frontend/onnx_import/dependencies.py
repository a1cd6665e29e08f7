"""The files an ONNX model consists of, and its opsets, without loading its weights. The compile cache asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx

from mlc.frontend.onnx_import.model_file import read_model


def model_files(path: Path) -> list[Path]:
    """The model file and the files of external data that it names, each once, in order of first mention.

    A name is not checked here: importing the model refuses what lies outside of its folder.
    """
    if b"location" not in path.read_bytes():  # every external tensor has an entry of that key
        return [path]
    model = read_model(path)
    graphs = [model.graph, *model.functions]
    locations = {entry.value: None for graph in graphs for tensor in _tensors(graph) for entry in _locations(tensor)}
    files = (path.parent / location for location in locations if location)
    return [path, *(file for file in files if file.is_file())]


def opset_versions(path: Path) -> dict[str, int]:
    """The opset of each operator domain the model imports; the default domain is `ai.onnx`."""
    return {entry.domain or "ai.onnx": entry.version for entry in read_model(path).opset_import}


def _locations(tensor: onnx.TensorProto) -> Iterator[onnx.StringStringEntryProto]:
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        yield from (entry for entry in tensor.external_data if entry.key == "location")


def _tensors(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.TensorProto]:
    if isinstance(graph, onnx.GraphProto):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _tensors(inner)
