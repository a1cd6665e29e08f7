"""Where a node of torch's graph comes from: the path of its module, and the line of the model's own code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import torch
from torch.fx import Node

from mlc.ir import UNKNOWN, Location

_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_TORCH = os.path.dirname(torch.__file__)


def module_path(node: Node) -> str:
    """The path of the innermost module that ran the node, such as `layer1.0.conv1`; "" for the model itself."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = [entry[0] for entry in stack.values()]
    return _cleaned(paths[-1]) if paths else ""


def location_of(node: Node) -> Location:
    """The module's path, or the node's name outside of every module, with file and line where torch kept them."""
    if node.op == "get_attr":
        return UNKNOWN
    file, line = _place(node.meta.get("stack_trace") or "")
    return Location.of(module_path(node) or node.name, file, line)


def title(node: Node) -> str:
    """The node for messages: `layer1.0.conv1 (resnet.py:88)`."""
    file, line = _place(node.meta.get("stack_trace") or "")
    place = f" ({file}:{line})" if file else ""
    return f"{module_path(node) or node.name}{place}"


def _place(trace: str) -> tuple[str, int]:
    """File name and line of the innermost frame outside of torch itself; the model's own code."""
    frames = [(file, int(line)) for file, line in _FRAME.findall(trace)]
    own = [frame for frame in frames if not frame[0].startswith((_TORCH, "<"))]  # "<": code that torch generates
    if not own:
        return "", 0
    file, line = own[-1]
    return Path(file).name, line


def _cleaned(path: str) -> str:
    """Dynamo spells a path as the expression that reaches it: `L['self'].layers[0]._modules['conv']`."""
    path = re.sub(r"L(?:__self__|\['self'\])", "", path)
    path = re.sub(r"\.?_modules\['([^']*)'\]|\['([^']*)'\]", lambda m: f".{m[1] or m[2]}", path)
    path = re.sub(r"\[(\d+)\]|getattr\((.*), '([^']*)'\)", lambda m: f".{m[1]}" if m[1] else f"{m[2]}.{m[3]}", path)
    return path.replace("slice(None, None, None)", "").strip("._")
