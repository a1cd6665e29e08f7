"""`mlc run`: a model on given or random inputs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from mlc.cli.console import bytes_text, progress, seconds_text, table
from mlc.cli.options import COMPILE_FLAGS, MAX_THREADS, given_flags, json_flag, pass_flags, read_options, target_flags


@click.command("run")
@click.argument("model", type=click.Path())
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="x=1x3x224x224xf32 (random), x=@x.npy (a file), or N=7 for a symbolic dim of random inputs; repeatable.",
)
@click.option("--seed", default=0, type=click.IntRange(min=0), show_default=True, help="Seed of random inputs.")
@click.option("--save-outputs", type=click.Path(file_okay=False), metavar="D", help="Write each output to D/NAME.npy.")
@click.option("--profile", is_flag=True, help="Print the time of each kernel with its source nodes.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(min=1), help="Runs; the median is printed.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), help="Threads to use (default: all cores).")
@pass_flags
@target_flags
@json_flag
def command(
    model: str,
    inputs: tuple[str, ...],
    seed: int,
    save_outputs: str | None,
    profile: bool,
    repeat: int,
    threads: int | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Run MODEL (.onnx, .pt2, .mlir, package.module:factory or a compiled .mlc) and print its outputs in short."""
    from mlc import driver
    from mlc.driver.inputs import make_inputs
    from mlc.runtime import set_threads
    from mlc.tools.process_memory import process_memory

    options = read_options(flags)
    if Path(model).suffix == ".mlc" and (given := given_flags(COMPILE_FLAGS)):
        raise click.UsageError(f"{', '.join(given)}: {model} is compiled already; give these to `mlc compile`")
    if threads is not None:
        set_threads(threads)
    with progress(f"preparing {Path(model).name}"):
        executable = driver.executable_for(Path(model), options)
        arrays = make_inputs(executable.inputs, inputs, seed)
    times: list[float] = []
    for _ in range(repeat):
        start = time.perf_counter()
        outputs = executable.run(*arrays)
        times.append(time.perf_counter() - start)
    named = dict(zip(executable.output_names, outputs, strict=True))
    if save_outputs is not None:
        _save(Path(save_outputs), named)
    rows = _profile(executable, arrays, repeat) if profile else []
    median = float(np.median(times))
    peak = process_memory().peak
    if as_json:
        summary = {
            "seconds": median,
            "peak_bytes": peak,
            "outputs": {n: _summary(v) for n, v in named.items()},
            "profile": rows,
        }
        click.echo(json.dumps(summary, indent=1))
        return
    table("", ["output", "type", "mean#", "min#", "max#"], [_row(n, v) for n, v in named.items()])
    note = f" (median of {repeat})" if repeat > 1 else ""
    click.echo(f"{seconds_text(median)}{note}, peak memory of the process {bytes_text(peak)}", err=True)
    if profile:
        _print_profile(rows)


def _save(folder: Path, outputs: dict[str, Any]) -> None:
    from mlc.driver.inputs import safe_file_name
    from mlc.driver.text import write_atomically
    from mlc.errors import CompileError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CompileError(f"cannot make the folder: {error.strerror}", where=str(folder)) from None
    paths = {name: folder / f"{safe_file_name(name)}.npy" for name in outputs}
    if len(set(paths.values())) != len(paths):  # two names that differ only in what files cannot be called
        paths = {name: folder / f"{number}_{path.name}" for number, (name, path) in enumerate(paths.items())}
    for name, value in outputs.items():
        array = np.asarray(value)
        write_atomically(paths[name], lambda file, a=array: np.save(file, a))  # type: ignore[misc]


def _profile(executable: Any, arrays: list[Any], repeat: int) -> list[dict[str, Any]]:
    runs = [executable.run_profiled(*arrays)[1] for _ in range(repeat)]
    medians = np.median(np.array(runs, np.float64), axis=0)
    rows = zip(executable.artifact.profile_rows, medians, strict=True)
    return [{"kernel": r.kernel, "sources": list(r.sources), "seconds": float(t) * 1e-9} for r, t in rows]


def _print_profile(rows: list[dict[str, Any]]) -> None:
    total = sum(row["seconds"] for row in rows) or 1.0
    ordered = sorted(rows, key=lambda row: -row["seconds"])
    cells = [
        [row["kernel"], seconds_text(row["seconds"]), f"{100 * row['seconds'] / total:.1f} %", "+".join(row["sources"])]
        for row in ordered
    ]
    table("", ["kernel", "time#", "share#", "source nodes"], cells)


def _row(name: str, value: Any) -> list[str]:
    if not isinstance(value, np.ndarray):
        return [name, type(value).__name__, "", "", repr(value)[:60]]
    kind = f"{'x'.join(str(d) for d in value.shape)}{'x' if value.ndim else ''}{value.dtype}"
    if value.size == 0 or value.dtype.kind not in "biufV":
        return [name, kind, "", "", ""]
    numbers = value.astype(np.float64)
    return [name, kind, *(f"{f(numbers):.6g}" for f in (np.mean, np.min, np.max))]


def _summary(value: Any) -> dict[str, Any]:
    if not isinstance(value, np.ndarray):
        return {"type": type(value).__name__}
    return {"dtype": str(value.dtype), "shape": list(value.shape)}
