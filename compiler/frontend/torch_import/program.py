"""What the importer takes: a functional torch.fx graph, and what each of its placeholders and results stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch.fx import Graph


@dataclass(frozen=True)
class Input:
    """A placeholder that the caller gives: a tensor, or a number that stands for a size."""

    name: str


@dataclass(frozen=True)
class Weight:
    """A placeholder that is a tensor of the model: a constant that shares the tensor's memory."""

    name: str
    tensor: torch.Tensor


@dataclass(frozen=True)
class Absent:
    """A placeholder whose value the graph has taken in already: None, a number, a string."""


Binding = Input | Weight | Absent


@dataclass(frozen=True)
class Program:
    """A graph with a binding for each placeholder and a name for each result; None for a result to leave out."""

    name: str
    graph: Graph
    bindings: Sequence[Binding]
    outputs: Sequence[str | None]
    symbol_names: Mapping[str, str] = field(default_factory=dict)
