"""Which ops go through linalg: one function per op, in scalars/ (one element) and lowerings/ (whole tensors).

What is in neither table has no form here yet: mlc.codegen.mlir.unsupported says why, and it becomes a host step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlc.ir import Op

Scalar = Callable[..., Any]
SCALARS: dict[type[Op], Scalar] = {}  # f(body, op, *operand elements) -> element
LINALG: dict[type[Op], Scalar] = {}  # f(lowering, op): adds stages that compute the op's results
NAMED: dict[type[Op], Scalar] = {}  # the same, for a module that goes to other compilers
_Table = dict[type[Op], Scalar]
_KNOWN: dict[tuple[int, type[Op]], frozenset[str]] = {}  # the attributes that a table's function of an op says it reads


def scalar(*classes: type[Op], attributes: str = "") -> Callable[[Scalar], Scalar]:
    """Registers `f(body, op, *operands)`: the result element, as ops of arith and math in a linalg.generic's region.

    Operands come in registers (see Scalar of mlc.codegen.mlir.text); absent ones as None. `attributes` names those of
    the ops that the function heeds: an op with any other is refused, see `unheeded`.
    """
    return _into(SCALARS, classes, attributes)


def linalg(*classes: type[Op], attributes: str = "") -> Callable[[Scalar], Scalar]:
    """Registers `f(lowering, op)`, which adds the stages of one op; see mlc.codegen.mlir.lowering, and `scalar`."""
    return _into(LINALG, classes, attributes)


def named(*classes: type[Op], attributes: str = "") -> Callable[[Scalar], Scalar]:
    """Registers `f(lowering, op)` for modules that go to other compilers, where it differs from what `linalg` names.

    What the target has no part in: named ops and whole tensors instead of what our schedules tile.
    """
    return _into(NAMED, classes, attributes)


def unheeded(table: _Table, cls: type[Op]) -> tuple[str, ...]:
    """The attributes of an op that its function in the table does not heed: none, or it must not be used."""
    known = _KNOWN[id(table), cls]
    return tuple(a.name for a in cls.signature.attributes if a.name not in known)


def _into(table: _Table, classes: tuple[type[Op], ...], attributes: str) -> Callable[[Scalar], Scalar]:
    names = frozenset(attributes.split())
    declared = {a.name for cls in classes for a in cls.signature.attributes}
    if strange := sorted(names - declared):
        raise TypeError(f"{', '.join(c.__name__ for c in classes)} have no attribute {strange[0]}")

    def register(function: Scalar) -> Scalar:
        for cls in classes:
            table[cls] = function
            _KNOWN[id(table), cls] = names
        return function

    return register
