"""`mlc dialect`: the ops as MLIR's IRDL, or as a reference page."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from mlc.errors import CompileError


@click.command("dialect")
@click.argument("plugins", nargs=-1, type=click.Path())
@click.option("--irdl", "form", flag_value="irdl", default="irdl", help="IRDL of the ops, for MLIR to check dumps by.")
@click.option("--docs", "form", flag_value="docs", help="A reference page: meaning, operands, attributes, an example.")
def command(plugins: tuple[str, ...], form: str) -> None:
    """Write the IRDL or the reference page of the mlc dialect, and of the dialects that PLUGINS (.py) define."""
    import mlc.ops  # noqa: F401 - registers the ops
    from mlc.ir.dialect_docs import dialects, reference
    from mlc.ir.irdl import irdl_text
    from mlc.ops.examples import examples

    for plugin in plugins:
        _load(Path(plugin))
    texts = [irdl_text(d) if form == "irdl" else reference(d, examples()) for d in dialects()]
    click.echo("\n".join(texts), nl=False)


def _load(path: Path) -> None:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise CompileError("there is no such plugin", where=str(path))
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
