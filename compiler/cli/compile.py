"""`mlc compile`: a model to an artifact, or to any stage before it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlc.cli.console import bytes_text, progress, seconds_text
from mlc.cli.options import dump_flags, json_flag, pass_flags, read_options, target_flags
from mlc.errors import CompileError

if TYPE_CHECKING:
    from mlc.driver import Options

EMITS = ("artifact", "ir", "onnx", "schedule", "llvm", "asm", "obj")


@click.command("compile")
@click.argument("model", type=click.Path())
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Output file; '-' is standard output, unless an artifact."
)
@click.option("--emit", type=click.Choice(EMITS), default="artifact", show_default=True, help="The stage to write.")
@pass_flags
@target_flags
@dump_flags
@json_flag
def command(model: str, output: str | None, emit: str, as_json: bool, **flags: Any) -> None:
    """Compile MODEL (.onnx, .pt2, .mlir or package.module:factory) to native code.

    Writes MODEL.mlc in the current folder unless -o or --emit says otherwise.
    """
    from mlc import driver
    from mlc.cli.observe import check_remark_kinds, dump_observers, report_passes

    options = read_options(flags)
    pipeline = options.pipeline()
    check_remark_kinds(flags)
    observers = dump_observers(flags, pipeline)
    _check(Path(model), output, emit, options, as_json)
    watched = any(flags[name] for name in _WATCHED)
    with progress(f"compiling {Path(model).name}"):
        compilation = driver.compile_file(
            Path(model),
            options,
            observers,
            stop_before_codegen=emit in ("ir", "onnx"),
            # Passes are to be seen, or a stage that an artifact does not hold: then nothing comes from the cache.
            reuse_model=not watched and emit == "artifact",
        )
    report_passes(flags, compilation.passes, compilation.ledger)
    for note in compilation.notes:
        click.echo(f"note: {note}", err=True)
    if emit == "artifact":
        _write_artifact(compilation, Path(output or _artifact_name(model)), as_json)
    else:
        _write(_stage(compilation, emit), output)


def _artifact_name(model: str) -> str:
    """`model.mlc` for a file, `factory.mlc` for `package.module:factory`."""
    return f"{Path(model.rpartition(':')[2]).stem}.mlc"


def _check(model: Path, output: str | None, emit: str, options: Options, as_json: bool) -> None:
    """Refuses what does not go together, before any work is done."""
    needs_code = emit not in ("ir", "onnx")
    if needs_code and options.backend == "interp":
        raise CompileError("the interp backend makes no code; use --emit=ir, or `mlc run --backend interp`")
    if not needs_code and not options.fallback:
        raise click.UsageError(f"--no-fallback judges the steps of code, and --emit={emit} stops before them")
    if emit != "artifact" and as_json:
        raise click.UsageError(f"--json describes an artifact; --emit={emit} prints another thing")
    if emit == "artifact" and output == "-":
        raise click.UsageError("an artifact is not for standard output; name a file after -o")
    if output not in (None, "-") and model.exists() and Path(output or "").exists() and model.samefile(output or ""):
        raise CompileError("the output would replace the model", where=str(output))


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
