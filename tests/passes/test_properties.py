"""Any pipeline keeps the meaning of any module, in any order, and gives the same text each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filetests import compare, run_function
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlc.errors import CompileError
from mlc.ir.printer import print_module
from mlc.ir.verifier import verify
from mlc.passes import BUILTIN, builtin_pass, parse_pipeline
from mlc.rewrite import run_passes

sys.path.insert(0, str(Path(__file__).parent))
import random_graphs

EXACT = [name for name in BUILTIN if builtin_pass(name).numerics == "exact"]

steps = st.lists(
    st.tuples(st.integers(0, 10**6), st.lists(st.integers(0, 60), min_size=1, max_size=4).map(tuple)),
    min_size=1,
    max_size=8,
)
pipelines = st.lists(st.sampled_from(EXACT), min_size=1, max_size=5).map(",".join)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=steps, outputs=st.integers(1, 2**24 - 1), pipeline=pipelines)
def test_exact_passes_keep_every_bit_of_random_modules(
    steps: list[random_graphs.Step], outputs: int, pipeline: str
) -> None:
    module, arrays = random_graphs.build(steps, outputs)
    verify(module)
    before, again = module.clone(), module.clone()
    run_passes(module, parse_pipeline(pipeline))
    run_passes(again, parse_pipeline(pipeline))
    assert print_module(module) == print_module(again)
    want = run_function(before, "main", arrays)
    if not isinstance(want, CompileError):
        compare(run_function(module, "main", arrays), want, pipeline, is_exact=True)


spelled = [*BUILTIN, "layout{block=8 everywhere=true}", "layout{block=16 everywhere=true}", "fuse{max-ops=3}"]


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    layers=st.lists(
        st.tuples(st.sampled_from(range(len(random_graphs.LAYERS))), st.sampled_from([0, 0, 0, 1, 2])),
        min_size=4,
        max_size=12,
    ),
    outputs=st.sampled_from([0, 0, 0b1, 0b10, 0b100, 0b1010, 2**12 - 1]),
    pipeline=st.lists(st.sampled_from(spelled), min_size=1, max_size=5).map(",".join),
)
def test_all_passes_in_any_order_keep_the_meaning_of_nets(
    layers: list[tuple[int, int]], outputs: int, pipeline: str
) -> None:
    module, arrays = random_graphs.net(layers, outputs)
    verify(module)
    before = module.clone()
    run_passes(module, parse_pipeline(pipeline))
    want = run_function(before, "main", arrays)
    compare(run_function(module, "main", arrays), want, pipeline, is_exact=False)


SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:3]
import random_graphs
from mlc.ir.printer import print_module
from mlc.passes import LEVELS, parse_pipeline
from mlc.rewrite import run_passes
steps = [(i * 37 + 5, (i, i + 1, i + 2)) for i in range(60)]
module, _ = random_graphs.build(steps, 0x5BB5BB)
_, ledger = run_passes(module, parse_pipeline(",".join(LEVELS[3])))
print(print_module(module))
print(*ledger.remarks(), sep="\\n")
"""


def test_two_processes_with_unlike_hash_seeds_print_the_same() -> None:
    here = Path(__file__).parent
    texts = []
    for seed in ("1", "2"):
        command = [sys.executable, "-c", SCRIPT, str(here), str(here.parent)]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        texts.append(done.stdout)
    assert texts[0] == texts[1] and "mlc.fused" in texts[0]


def test_specials_reach_the_comparison() -> None:
    with pytest.raises(AssertionError):
        compare([np.array([0.0])], [np.array([-0.0])], "the sign of a zero", is_exact=True)
