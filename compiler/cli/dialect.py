"""`mlc dialect`: the ops as MLIR's IRDL, or as a reference page."""

from __future__ import annotations

from pathlib import Path

import click

from mlc.errors import CompileError


@click.command("dialect")
@click.argument("plugins", nargs=-1, type=click.Path())
@click.option(
    "--irdl", is_flag=True, help="IRDL of the ops, for MLIR to check dumps by; written without an option too."
)
@click.option("--docs", is_flag=True, help="A reference page: meaning, operands, attributes, an example.")
def command(plugins: tuple[str, ...], irdl: bool, docs: bool) -> None:
    """Write the IRDL or the reference page of the mlc dialect, and of the dialects that PLUGINS (.py) define."""
    import mlc.ops  # noqa: F401 - registers the ops
    from mlc.ir.dialect_docs import dialects, reference
    from mlc.ir.irdl import irdl_text
    from mlc.ops.examples import examples
    from mlc.passes.table import import_file

    if irdl and docs:
        raise click.UsageError("give --irdl or --docs, not both: they are texts of two languages")
    for plugin in plugins:
        if not Path(plugin).is_file():
            raise CompileError("there is no such plugin", where=plugin)
        import_file(Path(plugin))
    texts = [reference(d, examples()) if docs else irdl_text(d) for d in dialects()]
    click.echo("\n".join(texts), nl=False)
