"""Names that are unique in a whole model: ONNX subgraphs must not reuse those of the graphs around them."""

from __future__ import annotations


class Names:
    """Hands out names of values and of nodes, each once."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}
        self._nodes: dict[str, int] = {}

    def reserve(self, value: str) -> None:
        """Keeps a value's name from being handed out."""
        self._values[value] = 1

    def value(self, hint: str) -> str:
        """A name for a value: the hint, with a number when it is taken."""
        return _free(hint, self._values)

    def node(self, hint: str) -> str:
        """A name for a node."""
        return _free(hint, self._nodes)


def _free(hint: str, taken: dict[str, int]) -> str:
    if hint not in taken:
        taken[hint] = 1
        return hint
    while (name := f"{hint}_{taken[hint]}") in taken:
        taken[hint] += 1
    taken[name] = 1
    return name
