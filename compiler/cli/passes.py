"""`mlc passes`: the catalogue of passes."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from mlc.cli.console import table
from mlc.cli.options import json_flag


@click.command("passes")
@click.argument("action", required=False, type=click.Choice(["list", "show"]), default="list")
@click.argument("name", required=False)
@json_flag
def command(action: str, name: str | None, as_json: bool) -> None:
    """List the passes, or `show` one with its options and its before and after."""
    if action == "show":
        if name is None:
            raise click.UsageError("say which pass: mlc passes show NAME")
        _show(name, as_json)
    elif name is not None:
        raise click.UsageError(f"unexpected {name!r}; to see one pass: mlc passes show {name}")
    else:
        _list(as_json)


def _list(as_json: bool) -> None:
    from mlc.passes import pass_classes

    rows = [_description(cls) for cls in pass_classes().values()]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    cells = [[r["name"], "".join(str(n) for n in r["levels"]) or "-", r["numerics"], r["summary"]] for r in rows]
    table("", ["pass", "-O", "numbers", "what it does"], cells)
    click.echo("\n-O: the levels that run it. `mlc passes show NAME` shows options and an example.", err=True)


def _show(name: str, as_json: bool) -> None:
    from mlc.passes.table import pass_class
    from mlc.rewrite import PipelineItem

    cls = pass_class(PipelineItem(name, {}))
    description = _description(cls)
    if as_json:
        click.echo(json.dumps(description | {"help": cls.help()}, indent=1))
        return
    click.echo(f"{cls.pass_name()}\n")
    click.echo(cls.help())
    if description["options"]:
        click.echo("\noptions")
        for option in description["options"]:
            click.echo(f"  {option['name']}={option['default']}")
    if description["rules"]:
        click.echo("\nrules")
        for rule in description["rules"]:
            click.echo(f"  {rule['name']}: {rule['summary']}")


def _description(cls: Any) -> dict[str, Any]:
    from mlc.passes import LEVELS

    name = cls.pass_name()
    return {
        "name": name,
        "summary": cls.help().partition("\n")[0],
        "numerics": cls.numerics,
        "levels": [n for n, names in LEVELS.items() if any(item.partition("{")[0] == name for item in names)],
        "options": [
            {"name": option, "default": None if field.default is dataclasses.MISSING else field.default}
            for option, field in cls.options().items()
        ],
        "rules": [{"name": r.__name__, "summary": (r.__doc__ or "").strip().partition("\n")[0]} for r in cls.rules],
    }
