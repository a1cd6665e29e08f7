"""Observers behind --print-ir-*, --dump-dir, --time-passes, --stats and --remarks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mlc.cli.console import seconds_text, table
from mlc.driver.text import write_atomically, write_module
from mlc.errors import CompileError, nearest
from mlc.ir import Module
from mlc.ir.ledger import Ledger
from mlc.ir.printer import print_module
from mlc.rewrite import Observer, Pass, PassResult


def dump_observers(flags: dict[str, Any], pipeline: Sequence[Pass]) -> list[Observer]:
    """One observer for all dumps the flags ask for. Raises CompileError for a pass that is not in the pipeline."""
    present = [type(item).pass_name() for item in pipeline]
    for name in (*flags["print_before"], *flags["print_after"]):
        if name not in present:
            hint = nearest(name, present) or f"; it has {', '.join(present) or 'no passes'}"
            raise CompileError(f"pass {name!r} is not in the pipeline{hint}")
    if flags["dump_weights"] and not flags["dump_dir"]:
        raise CompileError("--dump-weights writes beside the dumps: give --dump-dir too")
    folder = Path(flags["dump_dir"]) if flags["dump_dir"] else None
    if folder is not None:
        _make_folder(folder)

    def before(number: int, item: Pass, module: Module) -> None:
        name = type(item).pass_name()
        if folder is not None and number == 1:
            write_module(folder / "000_loaded.mlir", module, weights=flags["dump_weights"])
        if name in flags["print_before"]:
            _print(f"before {name}", module)

    def after(result: PassResult, module: Module) -> None:
        wanted = flags["print_ir_after_all"] or result.name in flags["print_after"]
        if wanted or (flags["print_ir_after_change"] and result.changed):
            _print(f"after {result.name}", module)
        if folder is not None:
            path = folder / f"{result.number:03d}_{result.name}.mlir"
            write_module(path, module, weights=flags["dump_weights"])

    return [Observer(before, after)]


def report_passes(flags: dict[str, Any], results: Sequence[PassResult], ledger: Ledger | None) -> None:
    """Prints on standard error what --time-passes, --stats and --remarks ask for, and writes --remarks-output."""
    if flags["stats"] or flags["time_passes"]:
        table("", *pass_table(results), to_stderr=True)
    if ledger is None:
        return
    kinds = _remark_kinds(flags["remarks"])
    remarks = ledger.remarks()
    for remark in remarks:
        if remark.kind in kinds:
            click.echo(str(remark), err=True)
    if flags["remarks_output"]:
        text = json.dumps([r.to_json() for r in remarks], indent=1) + "\n"
        write_atomically(Path(flags["remarks_output"]), lambda file: file.write(text.encode()))


def check_remark_kinds(flags: dict[str, Any]) -> None:
    """Refuses an unknown kind before any work is done."""
    _remark_kinds(flags["remarks"])


def pass_table(results: Sequence[PassResult]) -> tuple[list[str], list[list[object]]]:
    """Columns and rows of the table of passes."""
    rows: list[list[object]] = [
        [r.text, f"{r.op_count_before} -> {r.op_count_after}", r.rewrite_count, r.miss_count, seconds_text(r.seconds)]
        for r in results
    ]
    total = sum(r.seconds for r in results)
    if results:
        first, last = results[0], results[-1]
        counts = f"{first.op_count_before} -> {last.op_count_after}"
        rows.append(["total", counts, sum(r.rewrite_count for r in results), "", seconds_text(total)])
    return ["pass", "ops", "rewrites#", "missed#", "time#"], rows


def _remark_kinds(text: str | None) -> set[str]:
    kinds = set() if text is None else set(text.split(","))
    for kind in sorted(kinds - {"passed", "missed"}):
        raise CompileError(f"unknown remark kind {kind!r}; there are passed and missed")
    return kinds


def _print(title: str, module: Module) -> None:
    click.echo(f"// ----- IR {title} -----\n{print_module(module)}", err=True, nl=False)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CompileError(f"cannot make the folder: {error.strerror}", where=str(folder)) from None
