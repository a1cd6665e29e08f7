"""`mlc doctor`: what a bug report needs."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform

import click

from mlc import __version__
from mlc.cli.options import json_flag

_PACKAGES = ("numpy", "onnx", "llvmlite", "networkx", "ml_dtypes", "torch", "torch-mlir", "onnxruntime", "openvino")


@click.command("doctor")
@json_flag
def command(as_json: bool) -> None:
    """Show versions, CPU features, threads and paths."""
    facts = _facts()
    if as_json:
        click.echo(json.dumps(facts, indent=1))
        return
    for name, value in facts.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, item in value.items():
                click.echo(f"  {key}: {item}")
        else:
            click.echo(f"{name}: {value}")


def _facts() -> dict[str, object]:
    from mlc.driver.cache import Cache
    from mlc.runtime import native
    from mlc.target import Target

    host = Target.parse("host")
    return {
        "mlc": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in _PACKAGES},
        "cpu": host.cpu,
        "features": " ".join(host.features),
        "vector": f"{host.vector_bytes * 8} bits, {host.register_count} registers",
        "caches": f"L1 {host.l1_bytes >> 10} KiB, L2 {host.l2_bytes >> 10} KiB, L3 {host.l3_bytes >> 20} MiB",
        "cores": f"{host.cores} ({len(os.sched_getaffinity(0))} allowed)",
        "runtime library": str(native.library_path()),
        "cache": str(Cache.default().root),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
