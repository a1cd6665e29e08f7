"""Validation by samples: after each pass the module must give the numbers it gave before.

Runs the interpreter on the module as loaded and after each pass, on seeded random inputs; symbolic dims take a few
small sizes. The tolerance is that of a whole model: max|a - b| <= 1e-4 of max|reference| for floats (1e-3 behind a pass
that says it changes precision), equality for everything else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import DType, Module, TensorType
from mlc.ir.dims import evaluate
from mlc.rewrite import NumericClass, Observer, Pass, PassResult

SAMPLE_SIZES = (2, 3)
_LARGEST_BYTES = 1 << 62  # numpy's own limit; below it the allocation says no
_TOLERANCE: dict[NumericClass, float] = {"exact": 1e-4, "reassociating": 1e-4, "precision-changing": 1e-3}


class SampleMismatch(CompileError):
    """A pass changed what the module computes."""


def tolerance_of(passes: Sequence[Pass]) -> float:
    """What outputs behind these passes may differ by, as a part of the largest value."""
    return max((_TOLERANCE[type(item).numerics] for item in passes), default=_TOLERANCE["exact"])


def sample_inputs(module: Module, *, size: int, seed: int = 0) -> list[Any]:
    """Random inputs for `main`: normal floats, small integers, each symbol taken as `size` plus its position."""
    names = list(dict.fromkeys(s for v in module.main.inputs for s in v.tensor.symbols()))
    symbols = {name: size + position for position, name in enumerate(names)}
    rng = np.random.default_rng(seed)
    return [random_array(value.tensor, rng, symbols) for value in module.main.inputs]


def random_array(kind: TensorType, rng: np.random.Generator, symbols: dict[str, int]) -> Any:
    """A random array of a ranked tensor type at these sizes of its symbols."""
    if kind.shape is None:
        raise CompileError(f"cannot make a random input of unknown rank ({kind}); give one as a file")
    shape = tuple(evaluate(d, symbols) for d in kind.shape)
    if math.prod(shape) * 16 > _LARGEST_BYTES:
        raise CompileError(f"a random input of {kind.dtype}{list(shape)} does not fit into memory")
    if kind.dtype is DType.STRING:
        return rng.integers(0, 26, shape).astype(str).astype(object)
    if kind.dtype is DType.BOOL:
        return rng.integers(0, 2, shape).astype(bool)
    if kind.dtype.is_integer:
        return rng.integers(0, 2, shape).astype(kind.dtype.numpy)
    if kind.dtype.is_complex:
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(kind.dtype.numpy)
    return rng.standard_normal(shape).astype(kind.dtype.numpy)


def sample_validator(module: Module) -> Observer:
    """An observer that raises SampleMismatch naming the first pass after which an output differs."""
    samples = [sample_inputs(module, size=size, seed=size) for size in SAMPLE_SIZES]
    expected = [interpret(module, inputs) for inputs in samples]
    loosest: list[NumericClass] = ["exact"]
    current: list[Pass] = []

    def before(number: int, item: Pass, _: Module) -> None:
        current[:] = [item]
        loosest.append(type(item).numerics)

    def after(result: PassResult, changed: Module) -> None:
        if not result.changed:
            return
        tolerance = max(_TOLERANCE[n] for n in loosest)
        for inputs, wanted in zip(samples, expected, strict=True):
            if difference := first_difference(changed, interpret(changed, inputs), wanted, tolerance):
                raise SampleMismatch(
                    f"the module computes something else: {difference}", where=f"after pass {result.name}"
                )

    return Observer(before, after)


def first_difference(module: Module, got: Sequence[Any], wanted: Sequence[Any], tolerance: float) -> str:
    """What differs in the first output that does, or ""."""
    for name, a, b in zip(module.main.output_names, got, wanted, strict=True):
        if not isinstance(b, np.ndarray):
            if repr(a) != repr(b):
                return f"output '{name}' is {a!r}, was {b!r}"
        elif a.shape != b.shape or a.dtype != b.dtype:
            return f"output '{name}' is {a.dtype}{list(a.shape)}, was {b.dtype}{list(b.shape)}"
        elif text := _array_difference(a, b, tolerance):
            return f"output '{name}' {text}"
    return ""


def _array_difference(a: Any, b: Any, tolerance: float) -> str:
    if a.dtype.kind in "biuSUO":
        return "" if bool((a == b).all()) else f"differs in {int((a != b).sum())} of {a.size} elements"
    x, y = (v.astype(np.complex128 if v.dtype.kind == "c" else np.float64) for v in (a, b))
    if not bool((np.isnan(x) == np.isnan(y)).all()):
        return "has NaN at other places"
    finite = np.isfinite(y)
    if not bool((x[~finite & ~np.isnan(y)] == y[~finite & ~np.isnan(y)]).all()):
        return "has infinities at other places"
    error = float(np.abs(x - y)[finite].max(initial=0.0))
    scale = float(np.abs(y)[finite].max(initial=0.0))
    return "" if error <= tolerance * scale else f"differs by {error:.3g} where the largest value is {scale:.3g}"
