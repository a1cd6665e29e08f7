"""`mlc compare`: the same inputs through several engines."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlc.cli.console import progress, table
from mlc.cli.main import Finding
from mlc.cli.options import json_flag, pass_flags, read_options

if TYPE_CHECKING:
    from mlc.tools.compare import Difference


@click.command("compare")
@click.argument("model", type=click.Path())
@click.option(
    "--engines",
    default="llvm,interp",
    show_default=True,
    help="Of llvm, mlir, interp, ort (its optimizations off), openvino, onnxref, and of a factory torch, inductor; "
    "last is right.",
)
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="As for `mlc run`.")
@click.option("--seed", default=0, type=click.IntRange(min=0), show_default=True, help="Seed of random inputs.")
@click.option("--rtol", type=float, help="Largest |a-b| allowed, as a part of max|reference| (default 1e-4).")
@click.option("--target", default="host", show_default=True, metavar="CPU", help="Target of the llvm engine.")
@pass_flags
@json_flag
def command(
    model: str, engines: str, inputs: tuple[str, ...], seed: int, rtol: float | None, as_json: bool, **flags: Any
) -> None:
    """Run MODEL on several engines and print the worst element of each output; exit code 1 when one is off.

    The last engine named is the reference that the others are compared with.
    """
    from mlc import driver
    from mlc.driver.inputs import make_inputs
    from mlc.errors import CompileError
    from mlc.tools.compare import DEFAULT_TOLERANCE, difference
    from mlc.tools.engines import Setup, Subject, prepare

    names = engines.split(",")
    if len(names) < 2 or len(set(names)) != len(names):
        raise CompileError(f"--engines needs two or more different engines, got {engines!r}")
    if rtol is not None and not rtol >= 0:
        raise click.BadParameter(f"{rtol} is no tolerance", param_hint="--rtol")
    options = read_options(flags)
    module = driver.load(Path(model), options.entry)
    arrays = make_inputs(driver.module_inputs(module), inputs, seed)
    outputs: dict[str, list[Any]] = {}
    for name in names:
        with progress(f"running {Path(model).name} on {name}"):
            outputs[name] = prepare(name, Subject(Path(model)), Setup(options, is_plain=True)).run(arrays)
    reference = outputs[names[-1]]
    found = [
        difference(name, output, got, wanted)
        for name in names[:-1]
        for output, got, wanted in zip(module.main.output_names, outputs[name], reference, strict=True)
    ]
    tolerance = DEFAULT_TOLERANCE if rtol is None else rtol
    if as_json:
        rows = [dataclasses.asdict(d) | {"within": d.is_within(tolerance)} for d in found]
        click.echo(json.dumps({"reference": names[-1], "tolerance": tolerance, "outputs": rows}, indent=1))
    else:
        columns = ["engine", "output", "max|a-b|#", "relative#", "ULP#", "worst element", "verdict"]
        table(f"against {names[-1]}, tolerance {tolerance:g}", columns, [_row(d, tolerance) for d in found])
    if not all(d.is_within(tolerance) for d in found):
        raise Finding


def _row(found: Difference, tolerance: float) -> list[str]:
    verdict = "ok" if found.is_within(tolerance) else "DIFFERS"
    if found.problem:
        return [found.engine, found.output, "", "", "", found.problem, verdict]
    at = f"[{','.join(str(i) for i in found.index)}] {found.got:.7g} for {found.wanted:.7g}"
    ulp = "" if found.ulp is None else str(found.ulp)
    return [found.engine, found.output, f"{found.absolute:.3g}", f"{found.relative:.3g}", ulp, at, verdict]
