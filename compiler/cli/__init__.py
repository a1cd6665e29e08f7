"""The `mlc` command. Each subcommand is a file of its own, imported when called, so that --help answers at once."""

from __future__ import annotations

from mlc.cli.main import main

__all__ = ["main"]
