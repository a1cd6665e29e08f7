"""`mlc cache`: what the compile cache holds."""

from __future__ import annotations

import json

import click

from mlc.cli.console import bytes_text
from mlc.cli.options import json_flag


@click.command("cache")
@click.argument("action", required=False, type=click.Choice(["show", "clear", "path"]), default="show")
@json_flag
def command(action: str, as_json: bool) -> None:
    """Show the cache's size, `clear` it, or print its `path`."""
    from mlc.driver.cache import KINDS, Cache

    cache = Cache.default()
    if action == "path":
        click.echo(json.dumps({"path": str(cache.root)}, indent=1) if as_json else str(cache.root))
        return
    if action == "clear":
        freed = cache.clear()
        if as_json:
            click.echo(json.dumps({"freed_bytes": freed}, indent=1))
        else:
            click.echo(f"freed {bytes_text(freed)}", err=True)
        return
    entries = cache.entries()
    kinds = {kind: [e.byte_count for e in entries if e.kind == kind] for kind in KINDS}
    if as_json:
        counts = {kind: {"entries": len(sizes), "bytes": sum(sizes)} for kind, sizes in kinds.items()}
        click.echo(json.dumps({"path": str(cache.root), "max_bytes": cache.max_bytes, **counts}, indent=1))
        return
    for kind, sizes in kinds.items():
        click.echo(f"{kind}: {len(sizes)} entries, {bytes_text(sum(sizes))}")
    click.echo(f"cap: {bytes_text(cache.max_bytes)}\npath: {cache.root}")
