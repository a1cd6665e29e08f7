"""How much memory compiling a model takes: its weights are shared, and packed once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mlc

pytest.importorskip("torch")
pytest.importorskip("transformers")

MIB = 2**20
SCRIPT = """
import sys
import torch
import mlc
import mlc.driver.generate, mlc.frontend.torch_import.calling, mlc.frontend.torch_import.importer
from mlc.torch_backend import compile_graph
from networks import network

def status(field):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024

model, arguments, _ = network("bert", "full")
with torch.no_grad():
    model(*arguments)
    before = status("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak counts from here on
    if sys.argv[1] == "whole":
        mlc.compile(model, arguments, cache=False)
    else:
        torch.compile(model, backend=compile_graph)(*arguments)
print(sum(p.nbytes for p in model.parameters()), status("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("door", ["whole", "torch.compile"])
def test_compiling_bert_base_takes_little_more_than_its_packed_weights(door: str, tmp_path: Path) -> None:
    tree = str(Path(next(iter(mlc.__path__))).parent)
    here = Path(__file__).parent
    path = os.pathsep.join([tree, str(here), str(here.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT, door]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert result.returncode == 0, result.stderr
    weights, rise = map(int, result.stdout.split()[-2:])
    assert rise <= 1.6 * weights + 300 * MIB, f"{rise / MIB:.0f} MiB for {weights / MIB:.0f} MiB of weights"
