"""`mlc tune`: finds faster schedules for a model's kernels by measuring, and keeps them for later compilations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlc.cli.console import progress, progress_bar, table
from mlc.cli.options import MAX_THREADS, json_flag, pass_flags, read_options

if TYPE_CHECKING:
    from mlc.tools.tune import Tuner


@click.command("tune")
@click.argument("model", type=click.Path())
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="As for `mlc run`.")
@click.option("--trials", default=8, show_default=True, type=click.IntRange(min=1), help="Candidates of each choice.")
@click.option("--kernels", default="", metavar="TEXT", help="Only kernels whose ops or source nodes hold TEXT.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), help="Threads to measure with (default: all cores).")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes that compile kernels (default: one a core).")
@pass_flags
@json_flag
def command(
    model: str,
    inputs: tuple[str, ...],
    trials: int,
    kernels: str,
    threads: int | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Measure other schedules for the kernels of MODEL than the cost model chose, and keep the faster ones.

    Winners are kept in the compile cache by what a kernel computes, for this machine and this version of mlc; later
    compilations of any model use them, and --emit=schedule shows them. What was measured before is not measured again:
    after Ctrl-C the same command goes on.
    """
    from mlc.driver.tuning import stale_note
    from mlc.runtime import set_threads
    from mlc.tools.tune import tuner_for

    options = read_options(flags)
    if threads is not None:
        set_threads(threads)
    with progress(f"compiling {Path(model).name}"):
        tuner = tuner_for(Path(model), options, inputs, trials, kernels)
    if tuner.was_stale:
        click.echo(f"note: {stale_note(tuner.target)}: this does", err=True)
    with progress_bar(tuner.trial_count) as (report, advance):
        report(f"tuning {len(tuner.kernels)} kernels")
        tuner.run(advance)
    _print(tuner, as_json)


def _print(tuner: Tuner, as_json: bool) -> None:
    records = [(kernel, tuner.tuning.kernels[kernel.key]) for kernel in tuner.kernels]
    whole = tuner.whole_ratio()
    if as_json:
        rows = [
            {
                "kernel": kernel.title,
                "groups": kernel.group_count,
                "default": {a.name: a.candidates[0] for a in kernel.alternatives},
                "tuned": record.choices,
                "ratio": record.ratio,
                "trials": len(record.trials),
            }
            for kernel, record in records
        ]
        click.echo(json.dumps({"kernels": rows, "speedup": [whole.value, whole.low, whole.high]}, indent=1))
        return
    cells = [
        [
            kernel.title,
            kernel.group_count,
            ", ".join(f"{a.name} {a.candidates[0]}" for a in kernel.alternatives),
            ", ".join(f"{name} {label}" for name, label in record.choices.items()) or "the same",
            f"{100 * (1 - record.ratio):.1f} %" if record.choices else "",
            len(record.trials),
        ]
        for kernel, record in records
    ]
    table("", ["kernel", "groups#", "by the model", "fastest", "less time#", "measured#"], cells)
    click.echo(f"all kernels together: {whole} times as fast as without tuning")
