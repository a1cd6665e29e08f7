"""`make bench`: every model of bench_models against every peer, with one thread and two, and the page of it.

    PYTHONPATH=build/python:tests python tests/bench.py --models resnet50,gelu --rounds 30

Other work on the machine widens the intervals, of two threads more than of one; `chrt --fifo 5 make bench` keeps it
away. Inductor's first compilation of a network takes minutes, which later runs find under build/bench/inductor.

Models are compiled at -O2, which is what mlc does by itself, and at -O3 for the same rounds where a pass that changes
precision has something to do. Prints each table and keeps each result under build/bench. When all models have a
result of the present sources, docs/performance.md is written anew from them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

import bench_models
import performance_page

from mlc.cli.bench import print_result
from mlc.driver import Options, compile_file
from mlc.driver.version import code_version
from mlc.errors import CompileError
from mlc.passes.table import level_passes
from mlc.target import Target
from mlc.tools.bench import Request, compile_artifacts, measure
from mlc.tools.engines import Subject
from mlc.tools.peak import read_bandwidth
from mlc.tools.roofline import profile_points, roofline_svg

ROOT = Path(__file__).parents[1]
HOME = ROOT / "build" / "bench"
PEERS = "ort,openvino,inductor"


def main() -> int:
    """Measures what is asked for; 1 when outputs differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="all")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--vs", default=PEERS)
    arguments = parser.parse_args()
    # Inductor keeps what it compiled; the first run is slow, later ones are not.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(HOME / "inductor"))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    is_off = False
    names = bench_models.NAMES if arguments.models == "all" else arguments.models.split(",")
    for name in names:
        start = time.perf_counter()
        is_off |= not measure_one(name, arguments)
        print(f"{name} took {time.perf_counter() - start:.0f} s\n", flush=True)
    write_page()
    return int(is_off)


def changes_precision(path: Path) -> bool:
    """Whether -O3 makes other code of the model than -O2: some pass that changes precision has done something."""
    done = compile_file(path, Options(level=3, use_cache=False), stop_before_codegen=True).passes
    changing = {item.pass_name() for item in level_passes(3) if item.numerics == "precision-changing"}
    return any(result.rewrite_count for result in done if result.name in changing)


def measure_one(name: str, arguments: argparse.Namespace) -> bool:
    """Measures one model, prints and keeps the result; whether the outputs agree."""
    model = bench_models.fetch(name, HOME / "models")
    faster = [Options(level=3, use_cache=False)] if changes_precision(model.path) else []
    request = Request(
        Subject(model.path, model.factory),
        Options(level=2, use_cache=False),
        tuple(filter(None, arguments.vs.split(","))),
        tuple(map(int, arguments.threads.split(","))),
        arguments.rounds,
        name,
        faster,
    )
    request.check()
    folder = HOME / name
    folder.mkdir(parents=True, exist_ok=True)
    compiled = compile_artifacts(request, folder)
    result = measure(request, compiled, model.make_inputs, lambda text: None, lambda: None)
    print_result(result)
    threads = request.threads[0]
    titles = (performance_page.DEFAULT, performance_page.FASTEST)
    points = {
        title: profile_points(made.artifact, model.make_inputs(0), threads)
        for title, made in zip(titles, compiled, strict=False)  # the second where there is one
    }
    svg = roofline_svg(f"{name} with 1 thread", points["mlc"], result.peaks[threads], read_bandwidth(threads))
    (HOME / f"{name}.svg").write_text(svg)
    plain_points = {title: [asdict(point) for point in found] for title, found in points.items()}
    kept = {"code_version": code_version(), **result.to_json(), "points": plain_points}
    (HOME / f"{name}.json").write_text(json.dumps(kept, indent=1))
    for text in result.differing():
        print(f"{name}: outputs differ: {text}", file=sys.stderr)
    return not result.differing()


def write_page() -> None:
    """docs/performance.md and its pictures, when every model has a result of the present sources."""
    found = {path.stem: json.loads(path.read_text()) for path in HOME.glob("*.json")}
    results = {name: result for name, result in found.items() if result["code_version"] == code_version()}
    missing = [name for name in bench_models.NAMES if name not in results]
    if missing:
        print(f"docs/performance.md waits for {', '.join(missing)}")
        return
    networks, operators = ([results[n] for n in names] for names in (bench_models.NETWORKS, bench_models.OPERATORS))
    path = ROOT / "docs" / "performance.md"
    path.write_text(performance_page.replaced(path.read_text(), performance_page.page(networks, operators, machine())))
    pictures = ROOT / "docs" / "roofline"
    pictures.mkdir(exist_ok=True)
    for name in bench_models.NETWORKS:
        (pictures / f"{name}.svg").write_text((HOME / f"{name}.svg").read_text())
    print(f"wrote {path}")


def machine() -> str:
    """The CPU and the system, in a sentence."""
    text = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")), "")
    host = Target.parse("host")
    return (
        f"{model}, {host.cores} cores, vectors of {host.vector_bytes * 8} bits, caches of {host.l1_bytes >> 10} KiB, "
        f"{host.l2_bytes >> 10} KiB and {host.l3_bytes >> 20} MiB; {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}."
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CompileError as error:
        sys.exit(f"error: {error}")
