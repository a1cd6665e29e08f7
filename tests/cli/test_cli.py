"""The command line as a user meets it: what it prints, its exit codes, what it leaves on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from mlc.cli import main
from mlc.driver import Options, compile_file

Mlc = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mlc"


@pytest.fixture
def mlc() -> Mlc:
    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def mlp(tmp_path: Path) -> Path:
    """relu(x @ w + b), x[N,64], seeded weights."""
    return write_mlp(tmp_path / "mlp.onnx")


def write_mlp(path: Path, *, scale: float = 1.0) -> Path:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((64, 32)).astype(np.float32) * np.float32(scale)
    bias = rng.standard_normal(32).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"], name="fc"),
        helper.make_node("Add", ["product", "b"], ["sum"], name="bias"),
        helper.make_node("Relu", ["sum"], ["y"], name="act"),
    ]
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 32])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def expected(x: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    weight, bias = rng.standard_normal((64, 32)).astype(np.float32), rng.standard_normal(32).astype(np.float32)
    result: np.ndarray = np.maximum(x @ weight + bias, 0)
    return result


# --- compile and run ---


def test_compile_writes_an_artifact_that_run_takes(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    x = np.random.default_rng(1).standard_normal((5, 64)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    assert mlc("compile", mlp, "-o", tmp_path / "m.mlc").exit_code == 0
    result = mlc("run", tmp_path / "m.mlc", "--input", f"x=@{tmp_path / 'x.npy'}", "--save-outputs", tmp_path / "out")
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(np.load(tmp_path / "out" / "y.npy"), expected(x), rtol=1e-4, atol=1e-4)


def test_a_second_compile_comes_from_the_cache_and_one_changed_weight_does_not(
    mlc: Mlc, mlp: Path, tmp_path: Path
) -> None:
    def from_cache() -> bool:
        return bool(json.loads(mlc("compile", mlp, "-o", tmp_path / "m.mlc", "--json").stdout)["from_cache"])

    assert [from_cache(), from_cache()] == [False, True]
    content = bytearray(mlp.read_bytes())
    at = content.find(numpy_helper.to_array(onnx.load(mlp).graph.initializer[0]).tobytes())
    content[at] ^= 1
    mlp.write_bytes(content)
    assert [from_cache(), from_cache()] == [False, True]


def test_a_changed_plugin_is_no_stale_hit(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "my_pass.py"
    text = (
        "from dataclasses import dataclass\nfrom mlc.ir import Module\nfrom mlc.rewrite import Pass\n\n"
        "@dataclass(frozen=True)\nclass MyPass(Pass):\n    '''Does nothing.'''\n\n"
        "    def run(self, module: Module) -> None:\n        return\n"
    )

    def from_cache() -> bool:
        result = mlc("compile", mlp, "-o", tmp_path / "m.mlc", "--json", "--passes", plugin)
        assert result.exit_code == 0, result.output
        return bool(json.loads(result.stdout)["from_cache"])

    plugin.write_text(text)
    assert [from_cache(), from_cache()] == [False, True]
    plugin.write_text(text + "# one more line\n")
    assert from_cache() is False


def test_a_changed_module_behind_a_plugin_is_no_stale_hit(mlp: Path, tmp_path: Path, own_cache: Path) -> None:
    (tmp_path / "my_rules.py").write_text("def rewrite(module):\n    return\n")
    (tmp_path / "my_pass.py").write_text(
        "from dataclasses import dataclass\nfrom mlc.ir import Module\nfrom mlc.rewrite import Pass\n"
        "from my_rules import rewrite\n\n"
        "@dataclass(frozen=True)\nclass MyPass(Pass):\n    '''Does nothing.'''\n\n"
        "    def run(self, module: Module) -> None:\n        rewrite(module)\n"
    )
    arguments = ["compile", str(mlp), "-o", "m.mlc", "--json", "--passes", "my_pass.py"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *(p for p in sys.path if p)])}

    def from_cache() -> bool:
        command = [sys.executable, "-c", "from mlc.cli import main; main()", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
        return bool(json.loads(done.stdout)["from_cache"])

    assert [from_cache(), from_cache()] == [False, True]
    (tmp_path / "my_rules.py").write_text("def rewrite(module):\n    return  # another text\n")
    assert from_cache() is False


def test_the_cache_is_private_and_can_be_emptied(mlc: Mlc, mlp: Path, tmp_path: Path, own_cache: Path) -> None:
    mlc("compile", mlp, "-o", tmp_path / "m.mlc")
    assert own_cache.stat().st_mode & 0o777 == 0o700
    before = json.loads(mlc("cache", "--json").stdout)
    assert before["models"]["entries"] == 1 and before["objects"]["entries"] >= 2
    assert mlc("cache", "clear").exit_code == 0
    assert json.loads(mlc("cache", "--json").stdout)["objects"] == {"entries": 0, "bytes": 0}


@pytest.mark.parametrize(
    ("emit", "part"),
    [("ir", b"mlc.matmul"), ("llvm", b"define"), ("asm", b"ret"), ("obj", b"\x7fELF"), ("schedule", b"matmul")],
)
def test_emit_prints_each_stage(mlc: Mlc, mlp: Path, emit: str, part: bytes) -> None:
    result = mlc("compile", mlp, "--emit", emit, "-O", 0)
    assert result.exit_code == 0, result.output
    assert part in result.stdout_bytes


def test_emit_onnx_is_valid(mlc: Mlc, mlp: Path) -> None:
    result = mlc("compile", mlp, "--emit", "onnx")
    assert result.exit_code == 0, result.output
    onnx.checker.check_model(onnx.load_from_string(result.stdout_bytes), full_check=True)


def test_opt_writes_onnx_and_text_that_compute_the_same(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    for name in ("out.onnx", "out.mlir"):
        assert mlc("opt", mlp, "-o", tmp_path / name).exit_code == 0
        result = mlc("compare", tmp_path / name, "--engines", "llvm,interp", "--input", "N=3")
        assert result.exit_code == 0, result.output


def test_profile_names_the_source_nodes(mlc: Mlc, mlp: Path) -> None:
    result = mlc("run", mlp, "--profile", "--json", "-O", 0)
    assert result.exit_code == 0, result.output
    sources = {name for row in json.loads(result.stdout)["profile"] for name in row["sources"]}
    assert {"fc", "bias", "act"} <= sources


# --- looking at passes ---


def test_print_ir_and_dump_dir_show_each_pass(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    result = mlc("opt", mlp, "--passes", "canonicalize,cse", "--print-ir-after-all", "--dump-dir", tmp_path / "dump")
    assert result.exit_code == 0, result.output
    assert [line for line in result.stderr.splitlines() if line.startswith("//")] == [
        "// ----- IR after canonicalize -----",
        "// ----- IR after cse -----",
    ]
    names = sorted(p.name for p in (tmp_path / "dump").iterdir())
    assert names == ["000_loaded.mlir", "001_canonicalize.mlir", "002_cse.mlir"]


def test_print_ir_after_change_is_silent_where_nothing_changed(mlc: Mlc, mlp: Path) -> None:
    assert "IR after cse" not in mlc("opt", mlp, "--passes", "cse", "--print-ir-after-change").stderr


def test_dumps_with_weights_can_be_read_back(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    mlc("opt", mlp, "--passes", "cse", "--dump-dir", tmp_path, "--dump-weights")
    result = mlc("compare", tmp_path / "001_cse.mlir", "--engines", "llvm,interp", "--input", "N=2")
    assert result.exit_code == 0, result.output


def test_remarks_are_printed_and_written(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    result = mlc("opt", mlp, "--passes", "fuse", "--remarks", "passed,missed", "--remarks-output", tmp_path / "r.json")
    assert result.exit_code == 0, result.output
    assert "passed  fuse" in result.stderr
    remarks = json.loads((tmp_path / "r.json").read_text())
    assert remarks[0]["kind"] == "passed" and "fc" in remarks[0]["sources"]


def test_validate_sample_runs_the_numbers_after_each_pass(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from dataclasses import dataclass\nfrom mlc.ir import Value\nfrom mlc.ops import Add, Relu, Sub\n"
        "from mlc.rewrite import Pass\n\n\n"
        "def negate(op: Add) -> Value:\n    return Sub(op.x, op.y).result\n\n\n"
        "@dataclass(frozen=True)\nclass Wrong(Pass):\n    '''x + y -> x - y.'''\n\n    rules = (negate,)\n"
    )
    assert mlc("opt", mlp, "--passes", wrong).exit_code == 0
    result = mlc("opt", mlp, "--passes", wrong, "--validate", "sample")
    assert result.exit_code != 0
    assert "after pass wrong: the module computes something else: output 'y'" in result.stderr


def test_passes_lists_and_shows(mlc: Mlc) -> None:
    names = [row["name"] for row in json.loads(mlc("passes", "--json").stdout)]
    assert {"fold", "fuse"} <= set(names)
    for name in names:
        shown = mlc("passes", "show", name)
        assert shown.exit_code == 0 and "->" in shown.stdout, name


def test_inspect_counts(mlc: Mlc, mlp: Path) -> None:
    facts = json.loads(mlc("inspect", mlp, "--json").stdout)
    assert facts["parameters"] == 64 * 32 + 32
    assert facts["flops"] == "4160 * N" and facts["opset"] == {"ai.onnx": 17} and facts["symbols"] == ["N"]


def test_doctor_names_the_versions(mlc: Mlc) -> None:
    facts = json.loads(mlc("doctor", "--json").stdout)
    assert facts["packages"]["llvmlite"][0].isdigit() and facts["features"]


# --- memory ---


def test_compile_says_what_memory_a_call_needs(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    result = mlc("compile", write_chain(tmp_path / "chain.onnx"), "-o", tmp_path / "m.mlc")
    # 3 x 4000 f32 between the two products; N stands for itself.
    assert "of weights, mapped and shared by all calls, and 46.9 KiB of workspace" in result.stderr
    facts = json.loads(mlc("compile", mlp, "-o", tmp_path / "m.mlc", "--json").stdout)
    assert facts["weight_bytes"] >= 4 * (64 * 32 + 32) and facts["workspace_bytes"] == 0


def test_run_says_the_peak_memory_of_the_process(mlc: Mlc, mlp: Path) -> None:
    assert "peak memory of the process" in mlc("run", mlp).stderr
    assert json.loads(mlc("run", mlp, "--json").stdout)["peak_bytes"] > 10 << 20


def test_a_fresh_compilation_holds_the_weights_that_the_cache_has_mapped(mlp: Path) -> None:
    compilation = compile_file(mlp, Options())
    assert compilation.artifact is not None and not compilation.from_cache
    assert not compilation.artifact.weights.flags.writeable


def write_chain(path: Path) -> Path:
    """(x[3,8] @ a[8,4000]) @ b[4000,8]: one tensor between two kernels."""
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.standard_normal(shape, np.float32), name)
        for name, shape in (("a", (8, 4000)), ("b", (4000, 8)))
    ]
    nodes = [helper.make_node("MatMul", ["x", "a"], ["p"]), helper.make_node("MatMul", ["p", "b"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3, 8]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return path


# --- compare ---


def test_compare_shows_the_worst_element(mlc: Mlc, mlp: Path) -> None:
    result = mlc("compare", mlp, "--engines", "llvm,interp,ort,onnxref", "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["outputs"]
    assert [row["engine"] for row in rows] == ["llvm", "interp", "ort"]
    assert all(row["within"] and row["relative"] < 1e-5 for row in rows)


def test_compare_is_a_finding_when_numbers_differ(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from dataclasses import dataclass\nfrom mlc.ops import Relu\nfrom mlc.rewrite import Pass\n\n"
        "def drop_relu(op: Relu):\n    return op.x\n\n"
        "@dataclass(frozen=True)\nclass Wrong(Pass):\n    'relu(x) -> x, which is wrong.'\n\n    rules = (drop_relu,)\n"
    )
    result = mlc("compare", mlp, "--engines", "llvm,onnxref", "--passes", wrong, "--input", "N=50")
    assert result.exit_code == 1 and "DIFFERS" in result.stdout
    assert mlc("compare", mlp, "--engines", "llvm,onnxref", "--input", "N=50").exit_code == 0


# --- mistakes ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["opt", "MODEL", "--passes", "fuze"], "unknown pass 'fuze'; did you mean 'fuse'"),
        (["opt", "MODEL", "--passes", "fold{max=1}"], "no option 'max'"),
        (["opt", "MODEL", "--passes", "fold", "-O", "2"], "not both"),
        (["opt", "MODEL", "--disable-pass", "fuze"], "unknown pass 'fuze'"),
        (["opt", "MODEL", "--rewrite-limit", "fold"], "not of the form PASS=N"),
        (["opt", "MODEL", "--rewrite-limit", "fuze=1"], "unknown pass 'fuze'"),
        (["opt", "MODEL", "--passes", "cse", "--print-ir-after", "fold"], "pass 'fold' is not in the pipeline"),
        (["opt", "MODEL", "--remarks", "all"], "unknown remark kind 'all'"),
        (["opt", "MODEL", "-o", "out.txt"], "must end in .onnx or .mlir"),
        (["opt", "MODEL", "--passes", "./none.py"], "there is no pass file none.py"),
        (["compile", "MODEL", "--target", "x86-64-v9"], "unknown target 'x86-64-v9'; did you mean"),
        (["compile", "MODEL", "-o", "/nonexistent/m.mlc"], "cannot write"),
        (["run", "MODEL", "--input", "z=1x64xf32"], "the model has no input 'z'"),
        (["run", "MODEL", "--input", "x=1x63xf32"], "input 'x'"),
        (["run", "MODEL", "--input", "x=1x64xf64"], "input 'x'"),
        (["run", "MODEL", "--input", "x=1x64xf33"], "unknown element type 'f33'"),
        (["run", "MODEL", "--input", "x"], "not of the form NAME=VALUE"),
        (["run", "MODEL", "--input", "x=@none.npy"], "No such file"),
        (["compare", "MODEL", "--engines", "llvm,orrt"], "unknown engine 'orrt'; did you mean 'ort'"),
        (["compare", "MODEL", "--engines", "llvm"], "needs two or more"),
        (["compile", "none.onnx"], "none.onnx"),
        (["passes", "show", "fuze"], "unknown pass 'fuze'"),
        (["compile", "MODEL", "--emit", "asm", "--backend", "interp"], "the interp backend makes no code"),
        (["compile", "MODEL", "--emit", "ir", "--json"], "--json describes an artifact"),
        (["compile", "MODEL", "--emit", "ir", "--no-fallback"], "--no-fallback judges"),
        (["compile", "MODEL", "-o", "-"], "not for standard output"),
        (["compile", "MODEL", "-o", "MODEL"], "would replace the model"),
        (["compile", "MODEL", "--verify-each", "--validate", "off"], "not both"),
        (["compile", "MODEL", "--dump-weights"], "give --dump-dir too"),
        (["opt", "MODEL", "--rewrite-limit", "fold=1", "--rewrite-limit", "fold=2"], "given twice"),
        (["opt", "MODEL", "--rewrite-limit", "fold=\N{SUPERSCRIPT TWO}"], "not of the form PASS=N"),
        (["opt", "MODEL", "--external-data"], "for an .onnx output"),
        (["opt", "MODEL", "-o", "/nonexistent/m.onnx"], "cannot write"),
        (["run", "MODEL", "--backend", "interp", "--no-fallback"], "nothing else"),
        (["run", "MODEL", "--seed", "-1"], "--seed"),
        (["run", "MODEL", "--input", "N=1", "--input", "N=2"], "twice"),
        (["run", "MODEL", "--input", "N=2", "--input", "x=3x64xf32"], "the shape given to an input has N = 3"),
        (["run", "MODEL", "--input", "N=999999999999"], "memory"),
        (["run", "MODEL", "--input", f"N={2**62}"], "memory"),
        (["compare", "MODEL", "--rtol", "nan"], "no tolerance"),
        (["compare", "MODEL", "--rtol", "-1"], "no tolerance"),
        (["compare", "m.mlir", "--engines", "llvm,ort"], "m.mlir"),
        (["inspect", "none.mlc"], "none.mlc: No such file"),
        (["bench", "none.mlc"], "none.mlc: No such file"),
        (["opt", "MODEL", "--disable-pass", "folb"], "unknown pass 'folb'; did you mean 'fold'?"),
        (["opt", "MODEL", "--remarks", ""], "unknown remark kind ''"),
        (["compile", "MODEL", "--target", "q"], "unknown target 'q'; there are host, x86-64-v2,"),
        (["run", "MODEL", "--input", "x=@"], "not of the form NAME=VALUE"),
        (["dialect", "MODEL"], "mlp.onnx: is no Python file"),
        (["compare", "MODEL", "--engines", "llvm,torch"], "give package.module:factory as the model"),
        (["compil"], "no such command 'compil'; did you mean 'compile'"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(mlc: Mlc, mlp: Path, arguments: list[str], message: str) -> None:
    result = mlc(*[mlp if a == "MODEL" else a for a in arguments])
    assert result.exit_code == 2, result.output
    assert message in result.stderr and "Traceback" not in result.stderr


def test_a_compiled_model_is_not_compiled_again(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    assert mlc("compile", mlp, "-o", tmp_path / "m.mlc").exit_code == 0
    for command in ("compile", "opt", "inspect", "compare", "tune"):
        result = mlc(command, tmp_path / "m.mlc")
        assert result.exit_code == 2 and "m.mlc: is compiled already" in result.stderr


def test_a_model_is_told_from_text_by_its_content_on_every_engine(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    mlp.rename(tmp_path / "mlp")
    assert mlc("compare", tmp_path / "mlp", "--engines", "llvm,onnxref").exit_code == 0


def test_flags_of_compiling_are_refused_for_a_compiled_model(mlc: Mlc, mlp: Path, tmp_path: Path) -> None:
    assert mlc("compile", mlp, "-o", tmp_path / "m.mlc").exit_code == 0
    for flags in (["-O", 3], ["--passes", "fold"], ["--backend", "interp"], ["--no-fallback"]):
        result = mlc("run", tmp_path / "m.mlc", *flags)
        assert result.exit_code == 2 and f"{flags[0]}: " in result.stderr and "compiled already" in result.stderr
    assert mlc("run", tmp_path / "m.mlc", "--seed", 1).exit_code == 0


def test_a_written_shape_sizes_the_symbols_of_the_other_inputs(mlc: Mlc, tmp_path: Path) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 4]) for name in "xzy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "z"], ["y"])], "g", values[:2], values[2:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    result = mlc("run", tmp_path / "m.onnx", "--input", "z=7x4xf32", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["outputs"]["y"]["shape"] == [7, 4]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 an .npz archive", np.lib.format.magic(1, 0)])
def test_an_input_that_is_no_array_file_is_an_error(mlc: Mlc, mlp: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    result = mlc("run", mlp, "--backend", "interp", "--input", f"x=@{tmp_path / 'x.npy'}")
    assert result.exit_code == 2 and "x.npy: input 'x': not an .npy file" in result.stderr


def test_text_nested_beyond_reading_is_an_error(mlc: Mlc, tmp_path: Path) -> None:
    head = "module {\n func.func @main(%c: tensor<i1>) -> (tensor<4xf32>) {\n"
    (tmp_path / "m.mlir").write_text(head + '%r = "mlc.if"(%c) ({\n' * 2000)
    result = mlc("inspect", tmp_path / "m.mlir")
    assert result.exit_code == 2 and "m.mlir: regions or dims are nested too deep" in result.stderr


def test_tables_do_not_wrap_in_a_pipe(mlc: Mlc) -> None:
    lines = mlc("passes", "list").stdout.splitlines()
    assert len(lines) == 1 + len(json.loads(mlc("passes", "list", "--json").stdout))
    assert max(map(len, lines)) > 80 and all(line == line.rstrip() for line in lines)


def test_every_action_of_cache_answers_in_json(mlc: Mlc, own_cache: Path) -> None:
    assert json.loads(mlc("cache", "path", "--json").stdout) == {"path": str(own_cache)}
    assert json.loads(mlc("cache", "clear", "--json").stdout) == {"freed_bytes": 0}


def test_outputs_whose_file_names_collide_are_all_saved(mlc: Mlc, tmp_path: Path) -> None:
    names = ["a/y", "a_y"]
    nodes = [helper.make_node(op, ["x"], [name]) for op, name in zip(("Relu", "Neg"), names, strict=True)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", *names)]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    assert mlc("run", tmp_path / "m.onnx", "--save-outputs", tmp_path / "out").exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0_a_y.npy", "1_a_y.npy"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive at all"])
def test_a_damaged_weights_file_is_named(mlc: Mlc, mlp: Path, tmp_path: Path, content: bytes) -> None:
    assert mlc("opt", mlp, "-O", 0, "-o", tmp_path / "m.mlir").exit_code == 0
    (tmp_path / "m.weights.npz").write_bytes(content)
    result = mlc("run", tmp_path / "m.mlir")
    assert result.exit_code == 2
    assert "m.weights.npz: not a weights file" in result.stderr and "internal" not in result.stderr


def test_a_full_disk_under_standard_output_is_an_error(mlc: Mlc) -> None:
    code = "from mlc.cli import main; main(['passes', '--json'])"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, env=environment()
        )
    assert done.returncode == 2 and done.stderr == "error: cannot write: No space left on device\n"


def test_a_cache_that_cannot_be_written_says_how_to_do_without(
    mlc: Mlc, mlp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    result = mlc("compile", mlp, "-o", tmp_path / "m.mlc")
    assert result.exit_code == 2 and "use --no-cache" in result.stderr
    assert mlc("compile", mlp, "-o", tmp_path / "m.mlc", "--no-cache").exit_code == 0


def test_help_answers_without_importing_what_is_heavy() -> None:
    code = "import sys; from mlc.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in ('numpy', 'onnx', 'llvmlite', 'torch', 'rich') if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert output.stdout.splitlines()[-1] == "[]"


def environment() -> dict[str, str]:
    import os

    import mlc

    return {**os.environ, "PYTHONPATH": str(Path(next(iter(mlc.__path__))).parent)}


@pytest.mark.slow
def test_ctrl_c_while_compiling_leaves_no_process_behind(tmp_path: Path) -> None:
    path = write_towers(tmp_path / "towers.onnx", 60)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}  # also what finds our processes again
    mlc = [sys.executable, "-c", "from mlc.cli import main; main()"]
    command = [*mlc, "compile", str(path), "-o", str(tmp_path / "m.mlc"), "--jobs", "2"]
    process = subprocess.Popen(
        command,
        env=environment,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    while len(processes_with(str(tmp_path / "cache"))) < 2:  # ours and a worker
        assert process.poll() is None, "it was done before a worker was seen"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, printed = process.communicate(timeout=30)
    assert (process.returncode, printed.strip()) == (130, "interrupted")
    assert processes_with(str(tmp_path / "cache")) == []
    assert not (tmp_path / "m.mlc").exists()


def write_towers(path: Path, count: int) -> Path:
    """Convolutions of `count` different shapes, each a kernel of its own."""
    rng = np.random.default_rng(0)
    nodes, weights = [], []
    for number in range(count):
        weights.append(numpy_helper.from_array(rng.standard_normal((8 + number, 16, 3, 3), np.float32), f"w{number}"))
        nodes.append(helper.make_node("Conv", ["x", f"w{number}"], [f"y{number}"], name=f"conv{number}"))
    outputs = [helper.make_tensor_value_info(f"y{number}", TensorProto.FLOAT, None) for number in range(count)]
    graph = helper.make_graph(
        nodes, "towers", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16, 20, 20])], outputs, weights
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return path


def processes_with(text: str) -> list[int]:
    """Running processes whose environment holds the text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = text.encode() in (folder / "environ").read_bytes()
        except OSError:  # it has just ended
            continue
        if is_ours:
            found.append(int(folder.name))
    return found
