"""`mlc dialect`: the ops as MLIR's IRDL, or as a reference page."""

from __future__ import annotations

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
    from mlc.passes.table import import_file

    for plugin in plugins:
        if not Path(plugin).is_file():
            raise CompileError("there is no such plugin", where=plugin)
        import_file(Path(plugin))
    texts = [irdl_text(d) if form == "irdl" else reference(d, examples()) for d in dialects()]
    click.echo("\n".join(texts), nl=False)
