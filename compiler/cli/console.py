"""What commands print: tables, and progress on standard error when it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, to_stderr: bool = False) -> None:
    """Prints a table; columns whose name ends in `#` are numbers and stand at the right (the mark is not printed)."""
    from rich.console import Console
    from rich.table import Table

    grid = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        is_number = name.endswith("#")
        grid.add_column(name.removesuffix("#"), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        grid.add_row(*[str(cell) for cell in row])
    stream = sys.stderr if to_stderr else sys.stdout
    width = None if stream.isatty() else _UNBOUNDED  # who reads a pipe wants one line per row
    console = Console(file=stream, highlight=False, markup=False, width=width)
    with console.capture() as captured:
        console.print(grid)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), file=stream)


_UNBOUNDED = 1 << 20


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Shows `text` with a spinner while the block runs; nothing when standard error is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


@contextmanager
def progress_bar(total: int) -> Iterator[tuple[Callable[[str], object], Callable[[], object]]]:
    """A bar over `total` steps, as two functions: one sets its text, one counts a step. Nothing when standard error is
    no terminal."""
    if not sys.stderr.isatty():
        yield (lambda text: None), (lambda: None)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield (lambda text: bar.update(task, description=text)), (lambda: bar.advance(task))


def seconds_text(seconds: float) -> str:
    """A duration with a unit that suits it."""
    if seconds < 1e-6:
        return f"{seconds * 1e9:.0f} ns"
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def bytes_text(count: float) -> str:
    """A size with a binary unit."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"


def count_text(count: float) -> str:
    """A large count with a decimal unit: 8.18 G."""
    for unit in ("", " k", " M", " G"):
        if count < 1000:
            return f"{count:.0f}" if not unit else f"{count:.2f}{unit}"
        count /= 1000
    return f"{count:.2f} T"
