"""What snippets are made with: one small function each, with its meaning in numpy.

Inputs are drawn for the function's own types; where a type has `?`, `sizes` says which extents they take in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Snippet:
    """One function; `ops` are those of the IR that must be among what it becomes, `absent` those that must not be."""

    name: str
    text: str
    meaning: Callable[..., Any]
    ops: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    terms: int = 1  # how many numbers one element of the result adds up
    sizes: tuple[int, ...] = ()  # of the `?` of the arguments, in order


def function(arguments: str, body: str, results: str, maps: str = "") -> str:
    """One public function."""
    names = ", ".join(f"%{chr(ord('a') + i)}: {kind}" for i, kind in enumerate(arguments.split("; ")))
    head = "".join(f"#{line.strip()}\n" for line in maps.strip().splitlines())
    return f"{head}func.func @main({names}) -> {results} {{\n{body}\n}}\n"


def named(op: str, inputs: str, output: str, attributes: str = "", initial: str = "0.0", element: str = "f32") -> str:
    """A function that is one named op on an output filled with a number."""
    kinds = inputs.split("; ")
    operands = ", ".join(f"%{chr(ord('a') + i)}" for i in range(len(kinds)))
    body = f"""
  %zero = arith.constant {initial} : {element}
  %empty = tensor.empty() : {output}
  %init = linalg.fill ins(%zero : {element}) outs(%empty : {output}) -> {output}
  %r = linalg.{op} {attributes} ins({operands} : {", ".join(kinds)}) outs(%init : {output}) -> {output}
  return %r : {output}"""
    return function(inputs, body, output)


def generic(inputs: str, output: str, maps: str, iterators: str, body: str, initial: str = "0.0", **more: str) -> str:
    """A function that is one linalg.generic; its body's arguments are %x, %y, ... and %out."""
    kinds = inputs.split("; ")
    element = more.get("element", "f32")
    operands = ", ".join(f"%{chr(ord('a') + i)}" for i in range(len(kinds)))
    elements = [k.removesuffix(">").split("x")[-1].removeprefix("tensor<") for k in kinds]
    arguments = ", ".join(f"%{n}: {e}" for n, e in zip("xyzw", elements, strict=False))
    loops = ", ".join(f'"{ {"p": "parallel", "r": "reduction"}[i] }"' for i in iterators)
    listed = ", ".join(f"affine_map<{m.strip()}>" for m in maps.split(";"))
    text = f"""
  %zero = arith.constant {initial} : {element}
  %empty = tensor.empty() : {output}
  %init = linalg.fill ins(%zero : {element}) outs(%empty : {output}) -> {output}
  %r = linalg.generic {{indexing_maps = [{listed}], iterator_types = [{loops}]}}
      ins({operands} : {", ".join(kinds)}) outs(%init : {output}) {{
  ^bb0({arguments}, %out: {element}):
{body}
  }} -> {output}
  return %r : {output}"""
    return function(inputs, text, output)


def windows(
    x: Array, kernel: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...], axis: int
) -> Array:
    """x with axes of the windows' taps behind it, for the spatial axes from `axis` on."""
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    axes = tuple(range(axis, axis + len(kernel)))
    seen = sliding_window_view(x, spans, axis=axes)  # type: ignore[call-overload]
    places = [slice(None)] * seen.ndim
    for i, (s, d) in enumerate(zip(strides, dilations, strict=True)):
        places[axis + i] = slice(None, None, s)
        places[x.ndim + i] = slice(None, None, d)
    return np.asarray(seen[tuple(places)])


F, N, B = "tensor<3x4xf32>", "tensor<3x4xi32>", "tensor<3x4xi1>"

erf = np.vectorize(math.erf)


def rounded(x: Array) -> Array:
    return np.copysign(np.floor(np.abs(x)) + (np.abs(x) - np.floor(np.abs(x)) >= 0.5), x)
