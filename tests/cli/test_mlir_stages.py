"""`mlc compile --backend mlir`: the stages it writes, where it stops, its schedule and its table of times."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlc.cli.main import main
from mlc.codegen.mlir.run import SCHEDULES

pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")

MODEL = """module {
  func.func @main(%x: tensor<4x16xf32>, %w: tensor<16x32xf32>, %b: tensor<32xf32>) -> tensor<4x32xf32> {
    %0 = "mlc.matmul"(%x, %w) {transpose_y = false, strassen = false}
       : (tensor<4x16xf32>, tensor<16x32xf32>) -> tensor<4x32xf32>
    %1 = "mlc.add"(%0, %b) : (tensor<4x32xf32>, tensor<32xf32>) -> tensor<4x32xf32>
    func.return %1 : tensor<4x32xf32>
  }
}
"""
MARKS = {
    "linalg": "linalg.matmul",
    "vector": "vector.contract",
    "bufferized": "memref<",
    "llvm-dialect": "llvm.func",
    "llvm": "define void @",
}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "model.mlir"
    path.write_text(MODEL)
    return path


def compile_model(model: Path, *flags: str) -> Result:
    return CliRunner().invoke(main, ["compile", str(model), "--backend", "mlir", *flags])


@pytest.mark.parametrize("stage", ["linalg", "vector", "bufferized", "llvm-dialect", "llvm"])
def test_each_stage_is_written_by_emit_and_by_stop_after(model: Path, stage: str) -> None:
    emitted, stopped = (compile_model(model, flag, stage) for flag in ("--emit", "--stop-after"))
    assert emitted.exit_code == stopped.exit_code == 0, emitted.output
    assert emitted.stdout == stopped.stdout
    assert MARKS[stage] in emitted.stdout


def test_the_dump_folder_gets_the_stages_up_to_the_last(model: Path, tmp_path: Path) -> None:
    result = compile_model(model, "--stop-after", "bufferized", "--dump-dir", str(tmp_path / "dumps"))
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "dumps").glob("mlir-*"))
    assert names == ["mlir-0-linalg.mlir", "mlir-1-vector.mlir", "mlir-2-bufferized.mlir"]


def test_the_table_of_times_names_the_passes(model: Path) -> None:
    result = compile_model(model, "--stop-after", "llvm", "--mlir-timing", "-o", "-")
    assert result.exit_code == 0, result.output
    assert "schedule @matmul" in result.stderr and "one-shot-bufferize" in result.stderr


def test_a_schedule_file_is_used(model: Path, tmp_path: Path) -> None:
    schedule = tmp_path / "my.mlir"
    schedule.write_text(
        "module attributes {transform.with_named_sequence} {\n"
        "  transform.named_sequence @matmul(%f: !transform.any_op {transform.readonly},"
        + ",".join(f" %p{i}: !transform.param<i64> {{transform.readonly}}" for i in range(4))
        + ") {\n    transform.yield\n  }\n}\n"
    )
    result = compile_model(model, "--emit", "vector", "--schedule", str(schedule))
    assert result.exit_code == 0, result.output
    assert "linalg.matmul" in result.stdout and "vector.contract" not in result.stdout


PACKAGED = (SCHEDULES / "matmul.mlir").read_text()


def packaged_line(part: str) -> int:
    """The number of the line that holds this part of the packaged text."""
    [line] = (number for number, line in enumerate(PACKAGED.splitlines(), 1) if part in line)
    return line


EMPTY = "module attributes {transform.with_named_sequence} {}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            PACKAGED.replace("transform.structured.vectorize %step", "transform.structured.vectorise %step"),
            f":{packaged_line('vectorize %step')}:5: MLIR refuses the schedule: "
            "custom op 'transform.structured.vectorise' is unknown",
        ),
        (
            PACKAGED.replace("@matmul", "@matmull"),
            ":6:3: no family of stages is called @matmull; did you mean 'matmul' or 'batch_matmul'?",
        ),
        (
            PACKAGED.replace("%depth: !transform.param<i64> {transform.readonly}", "%depth: !transform.any_op"),
            f":{packaged_line('0, %depth]')}:84: MLIR refuses the schedule: "
            "use of value '%depth' expects different type than prior uses",
        ),
        (
            PACKAGED.replace(", %block: !transform.param<i64> {transform.readonly}", "").replace("%block", "%rows"),
            ":6:3: @matmul is given (any_op, param<i64>, param<i64>, param<i64>, param<i64>), but takes "
            "(any_op, param<i64>, param<i64>, param<i64>)",
        ),
        (EMPTY, ": the schedule has no transform.named_sequence; it replaces those of the families @batch_matmul, "),
        ("no schedule\n", ":1:1: MLIR refuses the schedule: custom op 'no' is unknown"),
    ],
    ids=["an op misspelled", "no family", "another type", "an operand less", "no sequence", "no schedule"],
)
@pytest.mark.parametrize("stop", ["linalg", "llvm"])
def test_a_schedule_that_is_none_is_refused_at_its_line(
    model: Path, tmp_path: Path, text: str, message: str, stop: str
) -> None:
    schedule = tmp_path / "my.mlir"
    schedule.write_text(text)
    result = compile_model(model, "--stop-after", stop, "--schedule", str(schedule))
    assert result.exit_code == 2
    assert result.output.startswith(f"error: {schedule}{message}") and result.output.count("\n") == 1, result.output


def test_a_transform_that_does_not_match_is_named_with_stage_and_line(model: Path, tmp_path: Path) -> None:
    schedule = tmp_path / "my.mlir"
    schedule.write_text(PACKAGED.replace("{mlc.last}", "{mlc.nosuch}"))
    result = compile_model(model, "--schedule", str(schedule))
    assert result.exit_code == 2
    line = 1 + PACKAGED[: PACKAGED.index("transform.structured.fuse_into_containing_op")].count("\n")
    assert result.output.startswith(f"error: {schedule}:{line}:23: MLIR refuses stage @matmul_")
    assert "schedule @matmul: requires exactly one containing_op handle (got 0)" in result.output
    assert result.output.count("\n") == 1


def test_a_schedule_may_include_sequences_of_its_own(model: Path, tmp_path: Path) -> None:
    begin, end = PACKAGED.index("    // What is before and behind"), PACKAGED.index("    transform.yield")
    helper = (
        "  transform.named_sequence @rest(%func: !transform.any_op {transform.readonly}, "
        "%columns: !transform.param<i64> {transform.readonly}) {\n"
        f"{PACKAGED[begin:end]}    transform.yield\n  }}\n"
    )
    types = "(!transform.any_op, !transform.param<i64>) -> ()"
    include = f"    transform.include @rest failures(propagate) (%func, %columns) : {types}\n"
    text = PACKAGED[:begin] + include + PACKAGED[end:]
    schedule = tmp_path / "my.mlir"
    schedule.write_text(
        text.replace("  transform.named_sequence @matmul", f"{helper}  transform.named_sequence @matmul")
    )
    plain, own = (compile_model(model, "--emit=vector", *flags) for flags in ([], ["--schedule", str(schedule)]))
    assert own.exit_code == 0, own.output
    assert own.stdout == plain.stdout


def test_a_schedule_that_is_no_text_is_named(model: Path, tmp_path: Path) -> None:
    (tmp_path / "my.mlir").write_bytes(b"\xff\xfe")
    result = compile_model(model, "--schedule", str(tmp_path / "my.mlir"))
    assert result.exit_code == 2 and "my.mlir: not the text of a schedule: " in result.output


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--emit=linalg", "--backend=llvm"], "--emit=linalg is for --backend mlir, not llvm"),
        (["--mlir-timing", "--backend=llvm"], "--mlir-timing is for --backend mlir, not llvm"),
        (["--emit=linalg", "--stop-after=vector"], "--stop-after=vector leaves nothing of --emit=linalg"),
        (["--schedule=s.mlir", "--backend=llvm"], "a schedule is for the mlir backend, not llvm"),
        (["--schedule=no/such.mlir"], "no/such.mlir: "),
    ],
)
def test_what_does_not_go_together_is_refused(model: Path, flags: list[str], message: str) -> None:
    result = compile_model(model, *flags)
    assert result.exit_code == 2
    assert message in result.output


def test_mlir_is_an_engine_to_compare_with(model: Path) -> None:
    result = CliRunner().invoke(main, ["compare", str(model), "--engines", "mlir,llvm,interp"])
    assert result.exit_code == 0, result.output
