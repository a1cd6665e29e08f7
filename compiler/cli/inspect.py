"""`mlc inspect`: what a model consists of."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mlc.cli.console import bytes_text, count_text, progress, table
from mlc.cli.options import entry_flag, json_flag
from mlc.ir.dims import Dim


@click.command("inspect")
@click.argument("model", type=click.Path())
@entry_flag
@json_flag
def command(model: str, entry: str | None, as_json: bool) -> None:
    """Show the inputs, outputs, ops, parameters, FLOPs, bytes and opset of MODEL."""
    from mlc import driver
    from mlc.tools.summary import summarize

    path = Path(model)
    with progress(f"reading {path.name}"):
        summary = summarize(driver.load(path, entry))
        opsets = _opsets(path)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "inputs": {name: str(kind) for name, kind in summary.inputs},
                    "outputs": {name: str(kind) for name, kind in summary.outputs},
                    "symbols": list(summary.symbols),
                    "opset": opsets,
                    "parameters": summary.parameters,
                    "weight_bytes": summary.weight_bytes,
                    "flops": _json_dim(summary.flops),
                    "ops": [
                        {"op": r.name, "count": r.count, "flops": _json_dim(r.flops), "bytes": _json_dim(r.byte_count)}
                        for r in summary.ops
                    ],
                },
                indent=1,
            )
        )
        return
    for title, values in (("input", summary.inputs), ("output", summary.outputs)):
        for name, kind in values:
            click.echo(f"{title:8}{name}: {kind}")
    if opsets:
        click.echo(f"opset   {', '.join(f'{domain} {version}' for domain, version in opsets.items())}")
    click.echo(f"weights {count_text(summary.parameters)} parameters, {bytes_text(summary.weight_bytes)}")
    click.echo(f"FLOPs   {_flops_text(summary.flops)}\n")
    rows = [[r.name, r.count, _flops_text(r.flops), _bytes_text(r.byte_count)] for r in summary.ops]
    table("", ["op", "count#", "FLOPs#", "bytes moved#"], rows)


def _opsets(path: Path) -> dict[str, int]:
    if path.suffix != ".onnx":
        return {}
    from mlc.frontend.onnx_import.dependencies import opset_versions

    return opset_versions(path)


def _json_dim(dim: Dim) -> int | str:
    return dim if isinstance(dim, int) else str(dim)


def _flops_text(dim: Dim) -> str:
    return count_text(dim) if isinstance(dim, int) else str(dim)


def _bytes_text(dim: Dim) -> str:
    return bytes_text(dim) if isinstance(dim, int) else str(dim)
