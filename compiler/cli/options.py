"""Flags that several commands share, and how they become the driver's Options."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from mlc.errors import CompileError

if TYPE_CHECKING:
    from mlc.driver import Options
    from mlc.driver.options import Validation

MAX_THREADS = 1024  # of the runtime's pool

Function = TypeVar("Function", bound=Callable[..., Any])

entry_flag = click.option(
    "--entry", metavar="F", help="The function that is the model, where MLIR text has several public ones."
)
_PASS_FLAGS = (
    entry_flag,
    click.option(
        "--passes", metavar="PIPELINE", help="Passes to run, e.g. fold,fuse or 'fold{max-bytes=65536},./my.py'."
    ),
    click.option("-O", "level", type=click.IntRange(0, 3), help="Optimization level 0 to 3 (default 2)."),
    click.option("--disable-pass", "disabled", multiple=True, metavar="P", help="Leave pass P out (repeatable)."),
    click.option(
        "--rewrite-limit", "limits", multiple=True, metavar="P=N", help="Keep only the first N rewrites of pass P."
    ),
    click.option(
        "--validate",
        type=click.Choice(["off", "verify", "sample"]),
        default="verify",
        show_default=True,
        help="After each pass: nothing, the IR's invariants, or also the numbers on samples.",
    ),
    click.option("--verify-each/--no-verify-each", default=None, help="Same as --validate=verify / --validate=off."),
)
_TARGET_FLAGS = (
    click.option("--target", default="host", show_default=True, metavar="CPU", help="host, x86-64-v3, x86-64-v4, ..."),
    click.option("--backend", type=click.Choice(["llvm", "mlir", "interp"]), default="llvm", show_default=True),
    click.option(
        "--schedule",
        type=click.Path(dir_okay=False),
        metavar="F",
        help="Transform-dialect text whose named sequences replace those of the mlir backend.",
    ),
    click.option("--no-fallback", is_flag=True, help="A step that would run in Python is an error."),
    click.option("--no-cache", is_flag=True, help="Neither read nor write the compile cache."),
    click.option("--jobs", type=click.IntRange(min=1), help="Processes that compile kernels (default: one a core)."),
)
_DUMP_FLAGS = (
    click.option("--print-ir-before", "print_before", multiple=True, metavar="P", help="Print the IR before pass P."),
    click.option("--print-ir-after", "print_after", multiple=True, metavar="P", help="Print the IR after pass P."),
    click.option("--print-ir-after-all", is_flag=True, help="Print the IR after every pass."),
    click.option("--print-ir-after-change", is_flag=True, help="Print the IR after every pass that changed it."),
    click.option(
        "--dump-dir", type=click.Path(file_okay=False), metavar="D", help="Write the IR after each pass to D."
    ),
    click.option("--dump-weights", is_flag=True, help="Write constants that the text elides beside each dump."),
    click.option("--time-passes", is_flag=True, help="Print the time of each pass."),
    click.option("--stats", is_flag=True, help="Print ops, rewrites and misses of each pass."),
    click.option("--remarks", metavar="KINDS", help="Print remarks: passed, missed, or passed,missed."),
    click.option(
        "--remarks-output", type=click.Path(dir_okay=False), metavar="F", help="Write all remarks to F as JSON."
    ),
)


def _apply(flags: tuple[Callable[[Any], Any], ...]) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        for flag in reversed(flags):
            function = flag(function)
        return function

    return decorate


pass_flags = _apply(_PASS_FLAGS)
target_flags = _apply(_TARGET_FLAGS)
dump_flags = _apply(_DUMP_FLAGS)
COMPILE_FLAGS = frozenset(
    (
        "passes",
        "level",
        "disabled",
        "limits",
        "validate",
        "verify_each",
        "target",
        "backend",
        "no_fallback",
        "no_cache",
        "jobs",
        "entry",
    )
)  # parameter names of pass_flags and target_flags: what an artifact has behind it
json_flag = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")


def read_options(flags: dict[str, Any]) -> Options:
    """The driver's Options for the flags above; flags that the command does not have keep their defaults."""
    from mlc.driver import Options

    verify_each = flags.get("verify_each")
    validate: Validation = flags["validate"]
    if verify_each is not None:
        if given_flags({"validate"}):
            raise click.UsageError("give --validate or --verify-each, not both: they set the same")
        validate = "verify" if verify_each else "off"
    if flags.get("no_fallback") and flags.get("backend") == "interp":
        raise click.UsageError("--no-fallback refuses steps in Python, and --backend interp is nothing else")
    limits = [_limit(text) for text in flags["limits"]]
    if len(dict(limits)) != len(limits):
        raise click.BadParameter("a pass is given twice", param_hint="--rewrite-limit")
    return Options(
        passes=flags["passes"],
        level=flags["level"],
        target=flags.get("target", "host"),
        backend=flags.get("backend", "llvm"),
        disabled=tuple(flags["disabled"]),
        rewrite_limits=dict(limits),
        validate=validate,
        fallback=not flags.get("no_fallback", False),
        schedule=Path(flags["schedule"]) if flags.get("schedule") else None,
        use_cache=not flags.get("no_cache", False),
        jobs=flags.get("jobs"),
        entry=flags.get("entry"),
    )


def other_pipeline(options: Options, text: str) -> Options:
    """The options with another level ("-O3") or with other passes ("fold,fuse"). Raises BadParameter for no text."""
    if not text:
        raise click.BadParameter("name passes, or a level such as -O3", param_hint="--also")
    if re.fullmatch(r"-O\d+", text):
        return replace(options, passes=None, level=int(text[2:]))
    return replace(options, passes=text, level=None)


def check_outputs(model: str | None, *outputs: str | None) -> None:
    """Refuses files to write that are the model's own (None: that may be replaced), or the same file twice."""
    paths = [Path(output) for output in outputs if output not in (None, "-")]
    for number, path in enumerate(paths):
        if model is not None and _is_same_file(path, Path(model)):
            raise CompileError("the output would replace the model", where=str(path))
        if any(_is_same_file(path, other) for other in paths[:number]):
            raise CompileError("two outputs would be written to this file", where=str(path))


def _is_same_file(one: Path, other: Path) -> bool:
    """Of files that may not exist yet; a device takes what it is given, from anybody."""
    one, other = Path(os.path.realpath(one)), Path(os.path.realpath(other))
    if one.exists() and other.exists():
        return one.is_file() and one.samefile(other)
    return one == other


def given_flags(names: Collection[str] | None = None) -> list[str]:
    """The options, of these parameters or of all, that the user wrote, as on the command line."""
    context = click.get_current_context()
    return [
        max(parameter.opts, key=len)
        for parameter in context.command.params
        if isinstance(parameter, click.Option) and (names is None or parameter.name in names)
        if context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]


def _limit(text: str) -> tuple[str, int]:
    name, equals, count = text.partition("=")
    if not equals or not count.isdecimal():
        raise click.BadParameter(f"{text!r} is not of the form PASS=N", param_hint="--rewrite-limit")
    return name, int(count)


def thread_counts(text: str) -> tuple[int, ...]:
    """The counts in "1,2", ascending: outputs are compared with those of the first. Raises BadParameter for what is no
    count, or given twice."""
    counts = []
    for part in text.split(","):
        if not part.isdecimal() or not 1 <= int(part) <= MAX_THREADS:
            raise click.BadParameter(f"{part!r} is no thread count: 1 to {MAX_THREADS}", param_hint="--threads")
        counts.append(int(part))
    if len(set(counts)) != len(counts):
        raise click.BadParameter(f"{text!r} names a count twice", param_hint="--threads")
    return tuple(sorted(counts))
