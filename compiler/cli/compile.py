"""`mlc compile`: a model to an artifact, or to any stage before it."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from mlc.cli.console import bytes_text, progress, seconds_text, table
from mlc.cli.options import check_outputs, dump_flags, json_flag, pass_flags, read_options, target_flags
from mlc.errors import CompileError

if TYPE_CHECKING:
    from mlc.driver import Options

EMITS = ("artifact", "ir", "onnx", "linalg-on-tensors", "schedule", "llvm", "asm", "obj")
# Other forms of the graph; no code is made for them.
GRAPHS = ("ir", "onnx", "linalg-on-tensors")
# Of the mlir backend, in the order in which one is made of the other; llvm is the last of both backends.
MLIR_STAGES = ("linalg", "vector", "bufferized", "llvm-dialect", "llvm")


@click.command("compile")
@click.argument("model", type=click.Path())
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Output file; '-' is standard output, unless an artifact."
)
@click.option(
    "--emit",
    type=click.Choice((*EMITS, *MLIR_STAGES[:-1])),
    default="artifact",
    show_default=True,
    help="What to write. linalg-on-tensors is the model for other compilers; linalg, vector, bufferized and "
    "llvm-dialect are stages of --backend mlir.",
)
@click.option(
    "--stop-after", type=click.Choice(MLIR_STAGES), help="Leave the mlir backend's pipeline behind this stage."
)
@click.option("--mlir-timing", is_flag=True, help="Print the time of each MLIR pass.")
@pass_flags
@target_flags
@dump_flags
@json_flag
def command(
    model: str,
    output: str | None,
    emit: str,
    stop_after: str | None,
    mlir_timing: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Compile MODEL (.onnx, .pt2, .mlir or package.module:factory) to native code.

    Writes MODEL.mlc in the current folder unless -o or --emit says otherwise.
    """
    from mlc import driver
    from mlc.cli.observe import check_remark_kinds, dump_observers, report_passes

    options = read_options(flags)
    pipeline = options.pipeline()
    check_remark_kinds(flags)
    observers = dump_observers(flags, pipeline)
    _check(output, stop_after or emit, options, as_json)
    check_outputs(model, output, flags["remarks_output"])
    last = _last_mlir_stage(emit, stop_after, mlir_timing, options)
    watched = any(flags[name] for name in _WATCHED)
    with progress(f"compiling {Path(model).name}"):
        compilation = driver.compile_file(
            Path(model),
            options,
            observers,
            stop_before_codegen=emit in GRAPHS or last is not None,
            # Passes are to be seen, or a stage that an artifact does not hold: then nothing comes from the cache.
            reuse_model=not watched and not mlir_timing and emit == "artifact",
        )
    report_passes(flags, compilation.passes, compilation.ledger)
    for note in compilation.notes:
        click.echo(f"note: {note}", err=True)
    if last is not None or (options.backend == "mlir" and (mlir_timing or flags["dump_dir"])):
        stages = _mlir_stages(compilation, options, last or MLIR_STAGES[-1], flags["dump_dir"], mlir_timing)
    if last is not None:
        _write(stages.texts[last].encode(), output)
    elif emit == "artifact":
        _write_artifact(compilation, Path(output or _artifact_name(model)), as_json)
    else:
        _write(_stage(compilation, emit), output)


def _last_mlir_stage(emit: str, stop_after: str | None, timing: bool, options: Options) -> str | None:
    """The stage of the mlir backend that is written instead of an artifact; None to go on to the end."""
    is_stage = emit in MLIR_STAGES[:-1] or (emit == "llvm" and options.backend == "mlir")
    if options.backend != "mlir":
        if is_stage or stop_after is not None or timing:
            what = f"--emit={emit}" if is_stage else "--stop-after" if stop_after is not None else "--mlir-timing"
            raise click.UsageError(f"{what} is for --backend mlir, not {options.backend}")
        return None
    if stop_after is None:
        return emit if is_stage else None
    if emit != "artifact" and emit != stop_after:
        raise click.UsageError(f"--stop-after={stop_after} leaves nothing of --emit={emit}; give one of them")
    return stop_after


def _mlir_stages(compilation: Any, options: Options, stop: str, folder: str | None, timing: bool) -> Any:
    """The stages up to `stop`: into the folder, and their times, where these are asked for."""
    from mlc.driver.generate import mlir_stages
    from mlc.driver.text import write_atomically

    stages = mlir_stages(compilation.module, compilation.target, options.schedule, stop)
    for number, (stage, text) in enumerate(stages.texts.items()):
        if folder is not None:
            path = Path(folder) / f"mlir-{number}-{stage}.{'ll' if stage == 'llvm' else 'mlir'}"
            write_atomically(path, partial(_write_all, text.encode()))
    if timing:
        total = sum(stages.seconds.values())
        rows = [
            [name, f"{spent:.4f}", f"{100 * spent / total:.1f} %"]
            for name, spent in sorted(stages.seconds.items(), key=lambda item: -item[1])
        ]
        table("MLIR", ["pass", "seconds#", "share#"], [*rows, ["total", f"{total:.4f}", "100.0 %"]], to_stderr=True)
    return stages


def _write_all(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


def _artifact_name(model: str) -> str:
    """`model.mlc` for a file, `factory.mlc` for `package.module:factory`."""
    return f"{Path(model.rpartition(':')[2]).stem}.mlc"


def _check(output: str | None, emit: str, options: Options, as_json: bool) -> None:
    """Refuses what does not go together, before any work is done."""
    needs_code = emit not in GRAPHS
    if needs_code and options.backend == "interp":
        raise CompileError("the interp backend makes no code; use --emit=ir, or `mlc run --backend interp`")
    if not needs_code and not options.fallback:
        raise click.UsageError(f"--no-fallback judges the steps of code, and --emit={emit} stops before them")
    if emit != "artifact" and as_json:
        raise click.UsageError(f"--json describes an artifact; --emit={emit} prints another thing")
    if emit == "artifact" and output == "-":
        raise click.UsageError("an artifact is not for standard output; name a file after -o")


_WATCHED = (
    *("print_before", "print_after", "print_ir_after_all", "print_ir_after_change", "dump_dir"),
    *("time_passes", "stats", "remarks", "remarks_output"),
)


def _write_artifact(compilation: Any, path: Path, as_json: bool) -> None:
    artifact = compilation.artifact
    try:
        artifact.save(path)
    except OSError as error:
        raise CompileError(f"cannot write: {error.strerror}", where=str(path)) from None
    summary = {
        "output": str(path),
        "from_cache": compilation.from_cache,
        "seconds": round(compilation.seconds, 4),
        "bytes": path.stat().st_size,
        "target": artifact.target,
        "kernels": compilation.kernel_count,
        "weight_bytes": int(artifact.weights.nbytes),
        "workspace_bytes": _number_or_text(artifact.workspace_bytes),
        "host_steps": [step.name for step in artifact.steps],
        "passes": [{"pass": p.text, "seconds": p.seconds, "rewrites": p.rewrite_count} for p in compilation.passes],
    }
    if as_json:
        click.echo(json.dumps(summary, indent=1))
        return
    origin = "from the cache" if compilation.from_cache else f"{compilation.kernel_count} kernels"
    size = bytes_text(summary["bytes"])
    click.echo(f"{path}: {size}, {origin}, for {artifact.target}, in {seconds_text(compilation.seconds)}", err=True)
    workspace = artifact.workspace_bytes
    room = bytes_text(int(workspace)) if workspace.isdecimal() else f"{workspace} bytes"
    weights = bytes_text(summary["weight_bytes"])
    click.echo(
        f"memory of a call: {weights} of weights, mapped and shared by all calls, and {room} of workspace", err=True
    )
    if artifact.steps:
        names = ", ".join(dict.fromkeys(summary["host_steps"]))
        click.echo(f"note: {len(artifact.steps)} steps run in Python: {names} (--no-fallback refuses them)", err=True)


def _number_or_text(dim: str) -> int | str:
    return int(dim) if dim.isdecimal() else dim


def _stage(compilation: Any, emit: str) -> bytes:
    match emit:
        case "ir":
            from mlc.ir.printer import print_module

            return print_module(compilation.module).encode()
        case "onnx":
            from mlc.frontend.onnx_export import export_model

            data = export_model(compilation.module).SerializeToString()
            assert isinstance(data, bytes)
            return data
        case "linalg-on-tensors":
            from mlc.mlir import module_text

            return module_text(compilation.module).encode()
        case _:
            content = compilation.stage(emit)
            assert isinstance(content, bytes)
            return content


def _write(content: bytes, output: str | None) -> None:
    from mlc.driver.text import write_atomically

    if output is None or output == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_atomically(Path(output), lambda file: file.write(content))
