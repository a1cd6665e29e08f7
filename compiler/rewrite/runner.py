"""Runs a list of passes over a module, with the ledger attached and the checks between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mlc.errors import CompileError
from mlc.ir import Block, Module
from mlc.ir.ledger import Ledger
from mlc.ir.verifier import verify
from mlc.rewrite.passes import Pass


@dataclass(frozen=True)
class PassResult:
    """What one run of one pass did: ops before and after (see count_ops), rewrites, misses, and its time."""

    number: int
    name: str
    text: str
    seconds: float
    op_count_before: int
    op_count_after: int
    rewrite_count: int
    miss_count: int

    @property
    def changed(self) -> bool:
        """Whether the module is not what it was."""
        return self.rewrite_count > 0


@dataclass(frozen=True)
class Observer:
    """Called around each pass; either may be None. `before(number, pass, module)`, `after(result, module)`."""

    before: Callable[[int, Pass, Module], None] | None = None
    after: Callable[[PassResult, Module], None] | None = None


@dataclass(frozen=True)
class RunOptions:
    """`verify_each` checks the invariants after each pass; `rewrite_limits` maps a pass to the rewrites it may keep."""

    verify_each: bool = True
    rewrite_limits: Mapping[str, int] = field(default_factory=dict)


def run_passes(
    module: Module,
    passes: Sequence[Pass],
    options: RunOptions = RunOptions(),
    observers: Sequence[Observer] = (),
) -> tuple[list[PassResult], Ledger]:
    """Runs the passes in order on `module` in place; returns what each did and the ledger of all changes.

    A limit N on a pass undoes all of its rewrites behind the N-th, over all its runs in the pipeline, so that a fault
    is found by halving N. Raises VerifyError naming the pass that left an invalid module.
    """
    ledger = Ledger()
    module.listener = ledger
    results: list[PassResult] = []
    used: dict[str, int] = {}
    try:
        for number, item in enumerate(passes, start=1):
            for observer in observers:
                if observer.before is not None:
                    observer.before(number, item, module)
            result = _run_one(module, item, number, ledger, options, used)
            results.append(result)
            for observer in observers:
                if observer.after is not None:
                    observer.after(result, module)
    finally:
        module.listener = None
    return results, ledger


def _run_one(
    module: Module, item: Pass, number: int, ledger: Ledger, options: RunOptions, used: dict[str, int]
) -> PassResult:
    name = type(item).pass_name()
    ledger.enter_pass(name)
    op_count, rewrites, misses = count_ops(module), len(ledger.rewrites), len(ledger.misses)
    start = time.perf_counter()
    try:
        item.run(module)
    except CompileError as error:
        raise error.at(f"pass {name}") from error
    except Exception as error:
        raise CompileError(f"pass {name} failed: {type(error).__name__}: {error}") from error
    seconds = time.perf_counter() - start
    if name in options.rewrite_limits:
        left = max(0, options.rewrite_limits[name] - used.get(name, 0))
        if len(ledger.rewrites) - rewrites > left:
            ledger.truncate(module, rewrites + left)
        used[name] = used.get(name, 0) + len(ledger.rewrites) - rewrites
    if options.verify_each:
        try:
            verify(module)
        except CompileError as error:
            raise error.at(f"after pass {name}") from error
    return PassResult(
        number,
        name,
        str(item),
        seconds,
        op_count,
        count_ops(module),
        len(ledger.rewrites) - rewrites,
        len(ledger.misses) - misses,
    )


def count_ops(module: Module) -> int:
    """Ops of all functions, those of branches and loops included; constants and terminators are not, and a fused group
    is one."""
    return sum(_count(function.block) for function in module.functions.values())


def _count(block: Block) -> int:
    total = 0
    for op in block:
        total += not op.is_terminator and op.name != "mlc.constant"
        total += 0 if op.is_isolated else sum(_count(region.block) for region in op.regions)
    return total
