"""Tests written as IR text: `tests/**/*.mlir`, run in process.

    // RUN: mlc-opt canonicalize,fold
    // CHECK-LABEL: @drops_a_double_relu
    // CHECK: "mlc.relu"(%arg0)
    func.func @drops_a_double_relu(%x: tensor<4xf32>) -> tensor<4xf32> { ... }
    // -----

A line `// -----` ends a part; each part is one test and a module of its own (`module { }` may be left out). The part
is parsed, verified, and read back from its own text; the pipeline runs over it; the result is verified, matched with
the CHECK lines, and every function is interpreted on seeded data before and after, and after each single rewrite.
Passes that say they are exact must give the same bits, NaN and the sign of zero included. Symbolic dims get several
values.

RUN: `mlc-opt [--locations] [--remarks=passed,missed] [--rewrite-limit P=N] [--target T] [PIPELINE]`; one in the first
part holds for all, one in a part for that part. `// EXPECT-ERROR: text` wants a CompileError that holds the text.
`// SYMBOLS: N=8,M=3` gives one more assignment. `pytest --bless` writes the CHECK lines anew.
"""

from __future__ import annotations

import argparse
import io
import re
import shlex
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options
from filecheck.parser import Parser, pattern_for_opts
from tolerance import assert_close, assert_op_close

import mlc.ops  # noqa: F401  (registers the ops)
from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import Array, DType, Function, Module, TensorType, Type
from mlc.ir.dims import substitute
from mlc.ir.ledger import Ledger
from mlc.ir.parser import parse_module
from mlc.ir.printer import elided_constants, print_module
from mlc.ir.type_parser import parse_type
from mlc.ir.verifier import verify
from mlc.passes import parse_pipeline
from mlc.rewrite import RunOptions, run_passes

SEPARATOR = re.compile(r"^// -----.*$", re.MULTILINE)
CHECK = re.compile(r"^[ \t]*// CHECK[-A-Z0-9]*(\{LITERAL\})?:.*\n", re.MULTILINE)

# Each symbol of a function takes the values at its place in turn: small, empty, prime, larger than a vector.
SYMBOL_VALUES = ((3, 2, 5, 7), (1, 1, 1, 1), (0, 4, 3, 2), (17, 8, 6, 11), (4, 4, 4, 4))


class MlirFile(pytest.File):
    """One .mlir file; its parts are its tests."""

    def collect(self) -> Iterator[pytest.Item]:
        text = self.path.read_text()
        default: Run | None = None
        line = 1
        for number, body in enumerate(SEPARATOR.split(text)):
            part = Part.read(body, default, self.path, line, number)
            default = default or part.run
            line += body.count("\n")
            yield MlirItem.from_parent(self, name=part.title, part=part)


class MlirItem(pytest.Item):
    """One part of a file."""

    def __init__(self, *, part: Part, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.part = part

    def runtest(self) -> None:
        if self.config.getoption("--bless"):
            bless(self.part)
        else:
            check(self.part)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, FileTestFailure | CompileError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.part.path, self.part.first_line - 1, self.name


class FileTestFailure(Exception):
    """The part did not do what it says; the text is the whole message."""


@dataclass(frozen=True)
class Run:
    """A RUN line."""

    pipeline: str
    locations: bool = False
    remarks: tuple[str, ...] = ()
    rewrite_limits: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def read(line: str) -> Run:
        words = shlex.split(line)
        assert words and words[0] == "mlc-opt", f"RUN: expected mlc-opt, got {line!r}"
        parser = argparse.ArgumentParser(prog="mlc-opt", exit_on_error=False)
        parser.add_argument("--locations", action="store_true")
        parser.add_argument("--remarks", default="")
        parser.add_argument("--rewrite-limit", action="append", default=[])
        parser.add_argument("pipeline", nargs="*")  # options of a pass are parted by blanks
        given = parser.parse_args(words[1:])
        limits = {name: int(count) for name, _, count in (text.partition("=") for text in given.rewrite_limit)}
        return Run(" ".join(given.pipeline), given.locations, tuple(given.remarks.split(",")), limits)


@dataclass(frozen=True)
class Part:
    """The text between two separators, and where it stands."""

    text: str
    run: Run
    path: Path
    first_line: int
    number: int
    title: str
    expected_error: str | None
    symbols: dict[str, int]

    @staticmethod
    def read(text: str, default: Run | None, path: Path, first_line: int, number: int) -> Part:
        lines = re.findall(r"^\s*// RUN: *(.*)$", text, re.MULTILINE)
        assert lines or default is not None, f"{path}:{first_line}: no RUN line"
        run = Run.read(" ".join(line.rstrip("\\") for line in lines)) if lines else default
        assert run is not None
        error = re.search(r"^\s*// EXPECT-ERROR: *(.*)$", text, re.MULTILINE)
        names = re.findall(r"func\.func @([\w.$-]+)", text)
        symbols = re.search(r"^\s*// SYMBOLS: *(.*)$", text, re.MULTILINE)
        pairs = [pair.split("=") for pair in symbols[1].split(",")] if symbols else []
        title = f"{number}-{names[0]}" if names else str(number)
        return Part(
            text, run, path, first_line, number, title, error and error[1], {n.strip(): int(v) for n, v in pairs}
        )

    def module(self) -> Module:
        """The part parsed and verified; line numbers in errors are those of the file."""
        code = re.sub(r"//[^\n]*", "", self.text)
        text = self.text if code.lstrip().startswith("module") else f"module {{{self.text}}}"
        module = parse_module("\n" * (self.first_line - 1) + text, file=str(self.path), weights=seeded_weights(text))
        verify(module)
        return module


def seeded_weights(text: str) -> dict[str, Array]:
    """Arrays for the large constants that the text names: `dense_resource<any_name> : tensor<64x64xf32>`."""
    found = re.findall(r"dense_resource<(\w+)> *: *(tensor<[^>]*>)", text)
    return {
        name: sample(parse_type(kind), {}, np.random.default_rng(zlib.crc32(name.encode())), 0.1)
        for name, kind in found
    }


# --- one test ---------------------------------------------------------------------------------------------------------


def check(part: Part) -> None:
    """Raises unless the part does what its lines say."""
    if part.expected_error is not None:
        with pytest.raises(CompileError) as caught:
            outputs(part.module(), part.run)
        if part.expected_error not in str(caught.value):
            raise FileTestFailure(f"expected an error with\n  {part.expected_error}\ngot\n  {caught.value}")
        return
    match_checks(part, transformed(part))


def transformed(part: Part) -> str:
    """What mlc-opt prints for the part, after all checks but the CHECK lines."""
    module = part.module()
    check_round_trip(module)
    before = module.clone()
    text = outputs(module, part.run, part, before)
    if outputs(before.clone(), part.run) != text:
        raise FileTestFailure("two runs on the same module print different texts")
    return text


def outputs(module: Module, run: Run, part: Part | None = None, before: Module | None = None) -> str:
    """Runs the pipeline in place and prints module and remarks; compares with `before` where it is given."""
    passes = parse_pipeline(run.pipeline)
    _, ledger = run_passes(module, passes, RunOptions(verify_each=True, rewrite_limits=run.rewrite_limits))
    text = print_module(module, locations=run.locations)
    for remark in ledger.remarks():
        if remark.kind in run.remarks:
            text += f"{remark}\n"
    if part is not None and before is not None:
        is_exact = all(p.numerics == "exact" for p in passes)
        check_meaning(part, before, module, ledger, is_exact)
    return text


def check_round_trip(module: Module) -> None:
    text = print_module(module)
    again = print_module(parse_module(text, weights=elided_constants(module)))
    if again != text:
        raise FileTestFailure(f"the text does not read back:\n{text}\n---\n{again}")


def match_checks(part: Part, text: str) -> None:
    options = Options(str(part.path))
    checks = "\n" * (part.first_line - 1) + part.text
    matcher = Matcher(
        options, FInput("<output>", text), Parser(options, io.StringIO(checks), *pattern_for_opts(options))
    )
    report = io.StringIO()
    matcher.stderr = report
    if matcher.run() != 0:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", report.getvalue())
        raise FileTestFailure(f"{plain}\nThe output is\n{text}")


# --- the meaning ------------------------------------------------------------------------------------------------------


def check_meaning(part: Part, before: Module, after: Module, ledger: Ledger, is_exact: bool) -> None:
    """Every function gives the same before and after, and after each single rewrite."""
    samples = {name: list(sample_inputs(f, part.symbols, is_exact)) for name, f in before.functions.items()}
    wanted = {name: [run_function(before, name, arrays) for arrays in sets] for name, sets in samples.items()}
    for name, results in wanted.items():
        if all(isinstance(r, CompileError) for r in results):
            raise FileTestFailure(f"@{name} fails on all inputs: {results[0]}")
    after.listener = ledger
    for state in range(len(ledger.rewrites), 0, -1):
        ledger.seek(after, state)
        verify(after)
        where = f"after rewrite {state} of {len(ledger.rewrites)} ({ledger.rewrites[state - 1].rule})"
        for name, sets in samples.items():
            for arrays, want in zip(sets, wanted[name], strict=True):
                compare(run_function(after, name, arrays), want, f"@{name} {where}", is_exact)
    ledger.seek(after, -1)
    after.listener = None


def run_function(module: Module, name: str, arrays: Sequence[Any]) -> list[Any] | CompileError:
    """What the function returns on these inputs, or the error it ends in."""
    alone = Module()
    alone.functions["main"] = module.functions[name]
    with np.errstate(all="ignore"):
        try:
            return interpret(alone, arrays)
        except CompileError as error:
            return error


def compare(got: list[Any] | CompileError, want: list[Any] | CompileError, where: str, is_exact: bool) -> None:
    """Raises unless `got` is `want`: bit for bit where `is_exact`. Where `want` is an error nothing is asked."""
    if isinstance(want, CompileError):
        return
    assert not isinstance(got, CompileError), f"{where} fails: {got}"
    for index, (ours, theirs) in enumerate(zip(got, want, strict=True)):
        compare_value(ours, theirs, f"{where}, output {index}", is_exact)


def compare_value(got: Any, want: Any, where: str, is_exact: bool) -> None:
    if isinstance(want, list):
        assert len(got) == len(want), where
        for ours, theirs in zip(got, want, strict=True):
            compare_value(ours, theirs, where, is_exact)
    elif want is None or is_exact:
        assert_same_bits(got, want, where)
    elif want.dtype.kind == "c":
        compare_value(
            np.ascontiguousarray(got).view(f"f{got.itemsize // 2}"), want.view(f"f{want.itemsize // 2}"), where, False
        )
    elif DType.of(want.dtype).is_float and want.dtype.itemsize < 4:
        largest = np.max(np.abs(want.astype(np.float64)), initial=0.0, where=np.isfinite(want.astype(np.float64)))
        assert_op_close(got, want, magnitude=largest, op=where)
    else:
        assert_close([got], [want], model=where)


def assert_same_bits(got: Any, want: Any, where: str) -> None:
    """Equal values and the same sign of zero; any NaN for any NaN."""
    assert (got is None) == (want is None), where
    if want is None:
        return
    assert got.dtype == want.dtype and got.shape == want.shape, f"{where}: {got.dtype}{got.shape} is not {want.shape}"
    if want.dtype == object or DType.of(want.dtype).is_integer or want.dtype == np.bool_:
        np.testing.assert_array_equal(got, want, err_msg=where)
        return
    wide = np.complex128 if want.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore"):
        ours, theirs = got.astype(wide), want.astype(wide)
    np.testing.assert_array_equal(ours, theirs, err_msg=where)
    for part in ("real", "imag"):
        signs = [np.where(np.isnan(getattr(a, part)), 0, np.signbit(getattr(a, part))) for a in (ours, theirs)]
        np.testing.assert_array_equal(*signs, err_msg=f"{where}: the sign of a zero")


def sample_inputs(function: Function, symbols: dict[str, int], with_special: bool) -> Iterator[list[Any]]:
    """Inputs of the function: seeded, and where symbols occur for several values of them."""
    names = list(dict.fromkeys(s for v in function.inputs for s in symbols_of_type(v.type)))
    assignments: list[dict[str, int]] = [{}]
    if names:
        assignments = [{n: row[i % len(row)] for i, n in enumerate(names)} for row in SYMBOL_VALUES]
        assignments += [{**assignments[0], **symbols}] if symbols else []
    for seed, values in enumerate(assignments):
        rng = np.random.default_rng([seed, len(function.inputs)])
        yield [sample(v.type, values, rng) for v in function.inputs]
    if with_special:
        rng = np.random.default_rng(99)
        yield [sample(v.type, assignments[0], rng, special=True) for v in function.inputs]


def symbols_of_type(type: Type) -> list[str]:
    return type.symbols() if isinstance(type, TensorType) else symbols_of_type(type.element)


def sample(
    type: Type, symbols: dict[str, int], rng: np.random.Generator, scale: float = 1.0, special: bool = False
) -> Any:
    """One value of the type; `special` mixes NaN, infinities and zeros of both signs into floats."""
    if not isinstance(type, TensorType):
        return [sample(type.element, symbols, rng, scale, special) for _ in range(2)]
    shape = tuple(int(substitute(d, symbols)) for d in type.shape or ())  # type: ignore[arg-type]
    dtype = type.dtype
    if dtype is DType.STRING:
        return np.array([f"s{i}" for i in rng.integers(0, 9, shape).reshape(-1)], object).reshape(shape)
    if dtype is DType.BOOL:
        return rng.integers(0, 2, shape).astype(np.bool_)
    if dtype.is_integer:
        low = 0 if dtype.is_unsigned or dtype.bits < 4 else -4
        return rng.integers(low, 2 if dtype.bits < 4 else 5, shape).astype(dtype.numpy)
    values = rng.standard_normal(shape) * scale
    if dtype.is_complex:
        values = values + 1j * rng.standard_normal(shape)
    elif special:
        odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
        values = np.where(rng.random(shape) < 0.5, odd[rng.integers(0, len(odd), shape)], values)
    return np.asarray(values).astype(dtype.numpy)


# --- bless ------------------------------------------------------------------------------------------------------------


def bless(part: Part) -> None:
    """Rewrites the part's CHECK lines in its file; all else stays."""
    if part.expected_error is not None:
        return
    lines = check_lines(transformed(part))
    first = CHECK.search(part.text)
    stripped = CHECK.sub("", part.text)
    at = first.start() if first else stripped.find("func.func")
    if not first:
        at = stripped.rfind("\n", 0, at) + 1
    blessed = stripped[:at] + lines + stripped[at:]
    whole = part.path.read_text()
    bodies, separators = SEPARATOR.split(whole), SEPARATOR.findall(whole)
    bodies[part.number] = blessed
    part.path.write_text("".join(body + sep + "" for body, sep in zip(bodies, [*separators, ""], strict=True)))


def check_lines(text: str) -> str:
    """CHECK lines for all of the text but the module's braces."""
    written: list[str] = []
    for line in text.splitlines():
        words = line.strip()
        if words in ("", "}") or words.startswith("module @"):
            continue
        label = re.match(r"func\.func (@[^(]+\()", words)
        if label:
            written.append(f"// CHECK-LABEL: func.func {label[1]}")
            continue
        kind = "CHECK-NEXT" if line.startswith(" ") else "CHECK"
        words = re.sub(r"dense_resource<\w+>", "dense_resource<{{w_[0-9a-f]+}}>", words)
        literal = "{LITERAL}" if "[[" in words else ""
        written.append(f"// {kind}{literal}: {words}")
    return "".join(f"{line}\n" for line in written)
