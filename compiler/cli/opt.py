"""`mlc opt`: graph to graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlc.cli.console import progress
from mlc.cli.options import check_outputs, dump_flags, pass_flags, read_options
from mlc.errors import CompileError


@click.command("opt")
@click.argument("model", type=click.Path())
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="An .onnx or .mlir file (default: text on stdout)."
)
@click.option("--external-data", is_flag=True, help="Write the weights of an .onnx output to a file beside it.")
@click.option("--dump-pipeline", is_flag=True, help="Print the pipeline as text and stop.")
@pass_flags
@dump_flags
def command(model: str, output: str | None, external_data: bool, dump_pipeline: bool, **flags: Any) -> None:
    """Run passes over MODEL (.onnx, .pt2, .mlir or package.module:factory); write the graph as .mlir or valid ONNX."""
    from mlc import driver
    from mlc.cli.observe import check_remark_kinds, dump_observers, report_passes

    options = read_options(flags)
    pipeline = options.pipeline()
    if dump_pipeline:
        click.echo(",".join(str(item) for item in pipeline))
        return
    path = Path(output) if output not in (None, "-") else None
    if path is not None and path.suffix not in (".onnx", ".mlir"):
        raise CompileError("the output of `mlc opt` must end in .onnx or .mlir", where=str(path))
    if external_data and (path is None or path.suffix != ".onnx"):
        raise CompileError("--external-data is for an .onnx output: give -o FILE.onnx")
    check_remark_kinds(flags)
    check_outputs(model, flags["remarks_output"])
    check_outputs(None, output, flags["remarks_output"])
    observers = dump_observers(flags, pipeline)
    with progress(f"optimizing {Path(model).name}"):
        module = driver.load(Path(model), options.entry)
        results, ledger = driver.optimize(module, options, observers)
    report_passes(flags, results, ledger)
    if path is None:
        from mlc.ir.printer import print_module

        click.echo(print_module(module), nl=False)
    elif path.suffix == ".mlir":
        from mlc.driver.text import write_module

        write_module(path, module, weights=True)
    else:
        from mlc.frontend.onnx_export import save_model

        save_model(module, path, external_data=external_data)
