"""The command group and what every command shares: exit codes and how errors are shown.

Exit codes: 0 done, 1 a finding (numbers differ), 2 a mistake in the call or the model, or a fault of mlc.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
from typing import Any

import click

from mlc import __version__
from mlc.errors import CompileError, nearest

# Command name -> one line for --help; the file is cli/<name>.py with `command`.
COMMANDS = {
    "compile": "Compile a model to native code, or to any stage before it.",
    "opt": "Run passes over a model and write the graph back.",
    "run": "Run a model on given or random inputs.",
    "bench": "Measure a model against other engines.",
    "tune": "Find faster schedules for a model's kernels by measuring.",
    "compare": "Compare the numbers of several engines on one model.",
    "inspect": "Show what a model consists of.",
    "dialect": "Write the ops as IRDL, or as a reference page.",
    "passes": "List the passes, or show one.",
    "cache": "Show or empty the compile cache.",
    "doctor": "Show versions, CPU features and paths.",
}


class Finding(Exception):
    """What the user asked to check does not hold: exit code 1. The text was printed already, or is the message."""


class Commands(click.Group):
    """The group whose commands are imported when they are called, and which turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of --help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command, imported now, or None."""
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f"mlc.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like the base's, with the nearest names for one that there is not."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no such command {args[0]!r}{nearest(args[0], list(COMMANDS))}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their lines from the table, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Like the base's, also where the caller closed standard output or standard error."""
        # In this order: each takes the lowest free descriptor, so that no file of ours becomes standard output.
        if sys.stdout is None:
            sys.stdout = open(os.devnull)  # for reading: what is written fails, as it does for any program
        if sys.stderr is None:
            sys.stderr = open(os.devnull, "w")
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; errors become one message and an exit code."""
        try:
            return super().invoke(ctx)
        except CompileError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)
        except Finding as finding:
            if str(finding):
                click.echo(str(finding), err=True)
            ctx.exit(1)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            sys.stderr.close()  # the reader of our output left; Python would complain at exit
            ctx.exit(0)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(128 + signal.SIGINT)
        except MemoryError as error:
            click.echo(f"error: out of memory: {error}", err=True)
            ctx.exit(2)
        except Exception as error:
            if problem := _output_problem(error):
                click.echo(f"error: cannot write: {problem}", err=True)
                ctx.exit(2)
            if ctx.params.get("traceback"):
                raise
            click.echo(
                f"internal error: {type(error).__name__}: {error}\n"
                "  this is a fault of mlc, not of your model; run `mlc --traceback ...` and report what it prints",
                err=True,
            )
            ctx.exit(2)


def _output_problem(error: Exception) -> str:
    """Why standard output takes nothing: its disk is full, or the caller closed it. "" for any other error."""
    if isinstance(error, io.UnsupportedOperation) and not sys.stdout.writable():
        return "standard output is closed"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return str(error.strerror)
    return ""


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mlc")
@click.option("--traceback", is_flag=True, help="Show the Python traceback of an internal error.")
def main(traceback: bool) -> None:
    """Compile ONNX, PyTorch and MLIR models to native code, and see what the optimizer does."""
