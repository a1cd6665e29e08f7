"""Which constants are tables of which a call reads a few rows, such as the embeddings of a vocabulary.

The memory plan marks them, and the artifact's writer sees to it that a row read does not bring megabytes of its
neighbours into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from mlc.codegen.kernel import Storage
from mlc.codegen.schedule import Launch
from mlc.codegen.steps import Step, touched, walk
from mlc.ir import Op, Value
from mlc.ops import Gather

# A table has at least so many bytes for each that a call gathers; what is smaller is read in whole soon.
SELDOM = 8


def looked_up(
    steps: Sequence[Step], storage_of: Callable[[Storage], Storage], constants: Container[Value]
) -> set[Storage]:
    """The constants that nothing but gathers of a few of their rows reads; `storage_of` sees through views."""
    found: dict[Storage, bool] = {}
    for step in walk(steps):
        for storage in touched(step):
            root = storage_of(storage)
            if isinstance(root, Value) and root in constants:
                found[root] = found.get(root, True) and isinstance(storage, Value) and _is_lookup(step, storage)
    return {storage for storage, is_only_looked_up in found.items() if is_only_looked_up}


def _is_lookup(step: Step, table: Value) -> bool:
    """Whether all that the step does with the table is to gather a few rows."""
    if not isinstance(step, Launch):
        return False
    return all(_gathers_few(op, table) for op in _users(step.group.ops, table))


def _users(ops: Iterable[Op], value: Value) -> list[Op]:
    return [op for op in ops if value in op.operands]


def _gathers_few(op: Op, table: Value) -> bool:
    if not isinstance(op, Gather) or op.x is not table or op.indices is table:
        return False
    gathered, whole = op.result.tensor.byte_count, table.tensor.byte_count
    return not (isinstance(gathered, int) and isinstance(whole, int)) or gathered * SELDOM <= whole
