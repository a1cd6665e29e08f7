"""`mlc bench`: a model on our engine and on others, measured round by round."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlc.cli.console import bytes_text, count_text, progress, progress_bar, seconds_text, table
from mlc.cli.main import Finding
from mlc.cli.options import check_outputs, json_flag, other_pipeline, pass_flags, read_options, thread_counts

if TYPE_CHECKING:
    from mlc.tools.bench_result import Result, Row
    from mlc.tools.roofline import Point


@click.command("bench")
@click.argument("model", type=click.Path())
@click.option(
    "--vs",
    default="ort",
    show_default=True,
    metavar="ENGINES",
    help="Of mlir, ort, openvino, torch, inductor; '' for none.",
)
@click.option(
    "--also",
    multiple=True,
    metavar="PIPELINE",
    help="Also measure mlc with these passes, or at this level (-O3), in the same rounds (repeatable).",
)
@click.option("--threads", default="1", show_default=True, metavar="COUNTS", help="Thread counts, e.g. 1,2.")
@click.option("--rounds", default=30, show_default=True, type=click.IntRange(min=2), help="Rounds to measure.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="As for `mlc run`.")
@click.option(
    "--torch-model",
    metavar="FACTORY",
    default="",
    help="package.module:factory of the same model, for torch, inductor.",
)
@click.option("--target", default="host", show_default=True, metavar="CPU", help="host, x86-64-v3, x86-64-v4, ...")
@click.option(
    "--roofline", type=click.Path(dir_okay=False), metavar="F", help="Draw mlc's kernels into the SVG file F."
)
@click.option("--no-cache", is_flag=True, help="Compile without the cache, so that the printed time is a whole one.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes that compile kernels (default: one a core).")
@pass_flags
@json_flag
def command(
    model: str,
    vs: str,
    also: tuple[str, ...],
    threads: str,
    rounds: int,
    inputs: tuple[str, ...],
    torch_model: str,
    roofline: str | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Measure MODEL (.onnx, .mlir or package.module:factory) against other engines, and against other passes.

    Rounds are interleaved, each on fresh random inputs. Each engine runs in a process of its own, held to as many cores
    as it has threads. A ratio above 1 means that mlc is faster; its 95 % interval comes from the rounds. Exit code 1
    when outputs differ by more than the tolerance.
    """
    from mlc.driver.inputs import make_inputs
    from mlc.tools.bench import Request, compile_artifacts, measure
    from mlc.tools.engines import Subject
    from mlc.tools.roofline import profile_points

    options = read_options(flags)
    request = Request(
        Subject(Path(model), torch_model),
        options,
        tuple(filter(None, vs.split(","))),
        thread_counts(threads),
        rounds,
        also=[other_pipeline(options, text) for text in also],
    )
    request.check()
    check_outputs(model, roofline)
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        with progress(f"compiling {Path(model).name}"):
            compiled = compile_artifacts(request, Path(folder))
        ours = compiled[0]
        with progress_bar(request.turn_count) as (report, advance):
            result = measure(
                request, compiled, lambda number: make_inputs(ours.inputs, inputs, number), report, advance
            )
        if roofline is not None:
            points = profile_points(ours.artifact, make_inputs(ours.inputs, inputs, 0), request.threads[0])
            _draw(Path(roofline), result, points, request.threads[0])
            click.echo(f"drawn: {roofline}", err=True)
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=1))
    else:
        print_result(result)
    if off := result.differing():
        raise Finding(f"outputs differ by too large a part of the largest value: {', '.join(off)}")


def _draw(path: Path, result: Result, points: list[Point], threads: int) -> None:
    from mlc.driver.text import write_atomically
    from mlc.tools.peak import read_bandwidth
    from mlc.tools.roofline import roofline_svg

    title = f"{result.name} with {threads_text(threads)}"
    text = roofline_svg(title, points, result.peaks[threads], read_bandwidth(threads))
    write_atomically(path, lambda file: file.write(text.encode()))


def print_result(result: Result) -> None:
    """The table of all rows, and under it the peaks, scaling, versions and options."""
    title = f"{result.name}: {result.rounds} rounds"
    if result.flops:
        title += f", {count_text(result.flops)}FLOP a run"
    columns = ["engine", "threads#", "median#", "minimum#", "ratio [95 % interval]#", "of peak#", "load#"]
    columns += ["private memory#", "peak memory#", "largest difference#"]
    table(title, columns, [_cells(result, row) for row in result.rows])
    for threads, peak in result.peaks.items():
        click.echo(f"peak with {threads_text(threads)}: {count_text(peak)}FLOP/s, measured in the same rounds")
    for row in (row for row in result.rows if row.compile_s is not None and row.threads > 1 and 1 in result.peaks):
        same = "the same bits" if row.is_bit_equal else "OTHER BITS"
        click.echo(f"{row.title} with {row.threads} threads: {result.scaling(row)} times as fast as with 1, {same}")
    for row in {row.title: row for row in result.rows}.values():
        if row.compile_s is not None:
            click.echo(f"{row.title} compiled in {seconds_text(row.compile_s)}{' from the cache' * row.is_from_cache}")
    for line in result.engine_lines():
        click.echo(line)


def _cells(result: Result, row: Row) -> list[str]:
    worst = row.worst
    return [
        row.title,
        str(row.threads),
        seconds_text(row.median_s),
        seconds_text(row.minimum_s),
        "" if row.is_ours else str(result.ratio(row)),
        f"{100 * result.share_of_peak(row):.1f} %" if result.flops else "",
        seconds_text(row.started.load_s),
        bytes_text(row.memory.private),
        bytes_text(row.memory.peak),
        "" if row.is_ours or worst is None else worst.problem or f"{worst.relative:.2g}",
    ]


def threads_text(count: int) -> str:
    """ "1 thread" or "2 threads"."""
    return f"{count} thread{'s' * (count > 1)}"
