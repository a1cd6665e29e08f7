"""Damaged MLIR texts: each is refused in one located sentence, or is a model that verifies and means what it says."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch_mlir")

from mlir_import import jax_functions
from mlir_import.judge import Judge
from mlir_import.mutations import mutated
from mlir_import.snippets import SNIPPETS
from mlir_import.snippets.stablehlo import STABLEHLO
from mlir_import.test_snippets import drawn

from mlc.cli.main import main
from mlc.errors import CompileError
from mlc.frontend.mlir_models import import_text
from mlc.interpreter import interpret
from mlc.ir import Module, TensorType
from mlc.ir.verifier import verify

pytestmark = pytest.mark.usefixtures("short_limit")


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience with a parser that does not end: texts here are short."""
    monkeypatch.setattr("mlc.frontend.mlir_import.trial.LIMIT_S", 15.0)


TEXTS = {
    **{snippet.name: snippet.text for snippet in SNIPPETS},
    **{name: jax_functions.text(name) for name in jax_functions.ARGUMENTS},
    **STABLEHLO,
}
# The functions of jax that the interpreter runs: the others have ops of CHLO, sizes that vary, loops.
JUDGED = (*STABLEHLO, "cnn", "gradient")
LARGEST = 1 << 20  # elements of a tensor that a test computes


def damaged(name: str, seed: int) -> str:
    return mutated(TEXTS[name], Random(f"{name} {seed}"))


def imported(text: str) -> Module | None:
    """The model in the text, verified; None where it is refused, whose error is one that a user can act on."""
    try:
        module = import_text(text)
    except CompileError as error:
        first = str(error).splitlines()[0]
        assert first.startswith("<text>:") and len(first) > len("<text>: "), first
        return None
    verify(module)
    return module


def results(module: Module) -> tuple[list[Any], list[Any]] | None:
    """Seeded inputs and what the model makes of them; None where the run is refused, or would take too long."""
    values = [*module.main.inputs, *(r for op in module.walk() for r in op.results)]
    if any(op.name == "mlc.loop" for op in module.walk()) or any(_size(v.type) > LARGEST for v in values):
        return None
    symbols = dict.fromkeys(s for v in module.main.inputs for s in v.tensor.symbols())
    generator = np.random.default_rng(1)
    inputs = [drawn(v.tensor, dict.fromkeys(symbols, 3), generator) for v in module.main.inputs]
    try:
        return inputs, interpret(module, inputs)
    except CompileError as error:
        assert str(error).startswith(("node '", "input '", "mlc.")), error
        return None


def _size(kind: Any) -> int:
    if not isinstance(kind, TensorType) or kind.shape is None:
        return 0
    return int(np.prod([d if isinstance(d, int) else 4 for d in kind.dims], dtype=object))


@pytest.mark.parametrize("part", range(40))
def test_a_damaged_text_is_refused_or_runs(part: int) -> None:
    """A few texts of each family."""
    for name in list(TEXTS)[part::40]:
        module = imported(damaged(name, part))
        if module is not None:
            results(module)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_texts_damaged_in_many_ways_are_refused_or_run(name: str) -> None:
    for seed in range(100, 110):
        module = imported(damaged(name, seed))
        if module is not None:
            results(module)


@pytest.mark.parametrize("seed", range(6))
def test_the_command_refuses_a_damaged_file_in_one_line(seed: int, tmp_path: Any) -> None:
    path = tmp_path / "damaged.mlir"
    for number in range(4):
        path.write_text(damaged(list(TEXTS)[seed * 7], number))
        result = CliRunner().invoke(main, ["inspect", str(path)])
        assert result.exit_code in (0, 2) and (result.exception is None or isinstance(result.exception, SystemExit))
        if result.exit_code == 2:
            assert result.output.startswith(f"error: {path}"), result.output


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    judge.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", JUDGED)
def test_what_runs_computes_what_stablehlos_interpreter_does(name: str, judge: Judge) -> None:
    for seed in range(-1, 20):
        text = damaged(name, seed) if seed >= 0 else TEXTS[name]
        if "tensor<ui" in text and "dynamic" in text:
            continue  # the interpreter takes unsigned starts of slices for signed ones
        module = imported(text)
        computed = results(module) if module is not None else None
        expected = judge(text, computed[0]) if computed is not None else None
        assert seed >= 0 or expected is not None, "the interpreter does not run the text without damages"
        if computed is None or expected is None:
            continue
        for ours, theirs in zip(computed[1], expected, strict=True):
            assert ours.shape == theirs.shape, f"{name} {seed}"
            ours, theirs = (np.asarray(a).astype(np.float64) for a in (ours, theirs))
            limit = 1e-4 * np.abs(theirs).max(initial=1, where=np.isfinite(theirs))
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=limit, err_msg=f"{name} {seed}")
