"""torch.compile where not everything is supported: what is runs compiled around what is not, and is right."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import mlc

pytest.importorskip("torch")
import torch
from comparing import assert_gradients_close, assert_same
from torch import Tensor, nn

from mlc import driver
from mlc.torch_backend import compile_graph, eager
from mlc.torch_backend.compiled import CompiledGraph


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing compiled, nothing said, and the sizes that only the run tells kept in the graph."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    monkeypatch.setattr(eager, "_said", set())
    with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True, capture_scalar_outputs=True):
        yield
    torch._dynamo.reset()


@pytest.fixture
def compiled_graphs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The operators of each graph that code was made for."""
    graphs: list[list[str]] = []
    original = CompiledGraph._compiled

    def compiled(self: CompiledGraph, arguments: list[Any]) -> Any:
        code = original(self, arguments)
        graphs.append([str(node.target) for node in self.graph.graph.nodes if node.op == "call_function"])
        return code

    monkeypatch.setattr(CompiledGraph, "_compiled", compiled)
    return graphs


def said(compiled: Any, *arguments: Any) -> tuple[Any, str]:
    """The result of the call, and the one warning that mlc gave."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = compiled(*arguments)
    texts = [str(w.message) for w in caught if str(w.message).startswith("mlc")]
    assert len(texts) <= 1, texts
    return result, "".join(texts)


def crossing(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Supported, not, supported; results of the first piece are taken by the second and returned too."""
    first = torch.relu(x) * 2
    shared = first @ y
    middle = torch.special.i0(shared) / 10
    return torch.tanh(middle) + shared, first, middle.sum(0)


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_pieces_around_an_operator_exchange_their_results(dynamic: bool, compiled_graphs: list[list[str]]) -> None:
    compiled = torch.compile(crossing, backend=compile_graph, dynamic=dynamic)
    x, y = torch.randn(5, 4), torch.randn(4, 3)
    got, text = said(compiled, x, y)
    assert text.startswith("mlc runs eagerly: aten.i0 (no support yet); options=")
    assert_same(got, crossing(x, y), strides=True)
    ours = [name for graph in compiled_graphs for name in graph]
    assert len(compiled_graphs) == 2 and "aten.mm.default" in ours and "aten.i0.default" not in ours
    if dynamic:
        for size in (1, 7, 0):
            x = torch.randn(size, 4)
            got, text = said(compiled, x, y)
            assert_same(got, crossing(x, y), strides=True)
            assert text == ""


def test_a_piece_whose_arguments_do_not_tell_a_size_is_given_it(compiled_graphs: list[list[str]]) -> None:
    def function(x: Tensor) -> Tensor:
        return torch.special.i0(torch.cat([x, x]))[::2].softmax(0) * 2

    compiled = torch.compile(function, backend=compile_graph, dynamic=True)
    for size in (4, 7):
        x = torch.randn(size, 3)
        got, text = said(compiled, x)
        assert "all of the graph" not in text
        assert_same(got, function(x), strides=True)
    assert ["aten.slice.Tensor", "aten._softmax.default", "aten.mul.Tensor"] in compiled_graphs


def test_a_size_given_to_a_piece_comes_behind_its_other_arguments() -> None:
    def function(x: Tensor) -> Tensor:
        return torch.linalg.svdvals(x) + x.shape[0] * 2 / 3

    compiled = torch.compile(function, backend=compile_graph, dynamic=True)
    for shape in ((4, 4), (7, 3), (2, 5)):
        x = torch.randn(shape)
        assert_same(said(compiled, x)[0], function(x), strides=True)


@pytest.mark.parametrize(
    "function", [lambda x: x.split(2, 0)[0], lambda x: torch.cat(x.chunk(2, 1), 0)], ids=["split", "chunk"]
)
def test_parts_whose_number_is_not_known_run_eagerly_or_are_an_error(function: Any) -> None:
    with torch.no_grad():
        x = torch.randn(4, 6)
        got, text = said(torch.compile(function, backend=compile_graph, dynamic=True), x)
        assert "aten.split" in text
        assert_same(got, function(x), strides=True)
        torch._dynamo.reset()
        strict = torch.compile(function, backend=compile_graph, dynamic=True, options={"fallback": False})
        with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match="1 operator is not supported"):
            strict(x)


def test_pieces_have_eagers_gradients() -> None:
    compiled = torch.compile(crossing, backend=compile_graph)
    ours = [torch.randn(5, 4, requires_grad=True), torch.randn(4, 3, requires_grad=True)]
    theirs = [t.detach().clone().requires_grad_() for t in ours]
    for function, given in ((compiled, ours), (crossing, theirs)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sum((r * torch.linspace(-1, 1, r.numel()).view(r.shape)).sum() for r in function(*given)).backward()
    assert_gradients_close((t.grad for t in ours), (t.grad for t in theirs))


class Normalizing(nn.Module):
    """A weight used on both sides of an operator that is not supported, and a buffer that is written."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("seen", torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.special.i0(self.linear(x))
        self.seen.add_(y.sum(0))
        return self.linear(y) * self.seen


def test_pieces_follow_changed_weights_and_write_buffers() -> None:
    ours, theirs = Normalizing(), Normalizing()
    theirs.load_state_dict(ours.state_dict())
    compiled = torch.compile(ours, backend=compile_graph)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            x = torch.randn(3, 4)
            assert_same(compiled(x), theirs(x), strides=True)
            assert_same(ours.seen, theirs.seen)
            for model in (ours, theirs):
                model.linear.weight.mul_(1.5)


def half(x: Tensor) -> Tensor:
    """Rows by a number that is not whole."""
    return x[: int(x.shape[0] * 0.5)] * 2


def fractions(x: Tensor) -> tuple[Tensor, float, int]:
    """Floats of sizes as factors of a tensor and of integers, among the results, and rounded up to a size."""
    share = x.shape[0] / (x.shape[1] + 1)
    return x.mul(share) + torch.arange(x.shape[1]) * share, share, -int(-x.shape[0] // 3)


def enlarged(x: Tensor) -> Tensor:
    """Sizes that are not whole on the way."""
    return nn.functional.interpolate(x[None, None], scale_factor=1.5) + 1


def found(x: Tensor) -> tuple[Tensor, int]:
    """A size that only the run tells, as a number."""
    where = torch.nonzero(torch.relu(x) > 0.3)
    return where * 2, where.shape[0]


def counted(x: Tensor) -> Tensor:
    """An element as a size."""
    count = (x > 0).sum().item()
    return torch.arange(count) * 2 + count


def signed(x: Tensor) -> tuple[Tensor, int]:
    """An element as a number that may be negative."""
    number = (x < 0).sum().item() - (x > 0).sum().item() * 3
    return x + number, number


def totals(x: Tensor) -> tuple[Tensor, int]:
    """A sum of more than two sizes, and halves rounded to even."""
    rows, columns = x.shape
    return x + sum([rows, columns, 3]), round(rows / 2) + round(-columns / 2)


def lengthened(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sizes made of an element that itself is none, since it may be negative."""
    count = int((x > 0).sum() - (x > 9).sum())
    torch._check(count >= -1)
    ones = x.new_ones(count + 1)
    return ones, torch.cat([ones, ones]).view(2, -1), ones.new_zeros(2 * count + 2, 3)


def bits(x: Tensor) -> tuple[Tensor, Tensor, int]:
    """Bits of sizes: as numbers and as sizes, and shifted."""
    rows, columns = x.shape
    odd = (rows & 1) + (columns | 4) * (rows ^ columns)
    return x.new_ones(rows << 1, (rows | 8) >> 1), x * odd, columns << (rows & 3)


@pytest.mark.parametrize("function", [half, fractions, enlarged, found, counted, signed, totals, lengthened, bits])
def test_numbers_computed_from_sizes_and_elements_are_compiled(function: Any) -> None:
    compiled = torch.compile(function, backend=compile_graph, dynamic=True, options={"fallback": False})
    for shape in ((6, 8), (7, 5), (11, 2)):
        x = torch.randn(shape)
        assert_same(compiled(x), function(x), strides=True)


def powers(x: Tensor) -> Tensor:
    """A size that mlc cannot calculate, beside and in front of much that it can."""
    y = torch.relu(x) @ x.t()
    z = y[: int(x.shape[0] ** 0.7)] * 2
    return torch.softmax(z, -1) @ torch.tanh(y)


def test_what_a_size_that_cannot_be_calculated_leads_to_is_compiled(compiled_graphs: list[list[str]]) -> None:
    compiled = torch.compile(powers, backend=compile_graph, dynamic=True)
    x = torch.randn(9, 6)
    got, text = said(compiled, x)
    assert text.startswith("mlc runs eagerly: pow (Python's function on numbers known only when the model runs")
    assert text.count("(") == 1, text
    assert_same(got, powers(x), strides=True)
    ours = [name for graph in compiled_graphs for name in graph]
    assert {"aten.mm.default", "aten.relu.default", "aten.slice.Tensor", "aten._softmax.default"} <= set(ours)
    for size in (3, 20):
        x = torch.randn(size, 6)
        assert_same(compiled(x), powers(x), strides=True)


def rotated(x: Tensor) -> Tensor:
    """Complex numbers between real ones."""
    return torch.view_as_real(torch.view_as_complex(torch.relu(x).view(-1, 2)) * 1j) + 1


@pytest.mark.parametrize(
    ("function", "x"),
    [(rotated, torch.randn(6, 8)), (lambda x: x * 2, torch.randn(3, dtype=torch.complex64))],
    ids=["rotated", "complex"],
)
def test_complex_numbers_run_eagerly_or_are_an_error(function: Any, x: Tensor) -> None:
    got, text = said(torch.compile(function, backend=compile_graph, dynamic=True), x)
    assert "it works on complex numbers" in text
    assert_same(got, function(x))
    torch._dynamo.reset()
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match="not supported"):
        torch.compile(function, backend=compile_graph, dynamic=True, options={"fallback": False})(x)


def refused(x: Tensor) -> Tensor:
    """One operator that is not known, and one refused as it is used, behind each other."""
    y = nn.functional.dropout(torch.linalg.eigvalsh(x @ x.t()), 0.5, training=True)
    return torch.special.i0(nn.functional.dropout(y, 0.5, training=True))


def test_without_fallback_the_error_lists_what_is_unknown_and_what_is_refused() -> None:
    compiled = torch.compile(refused, backend=compile_graph, options={"fallback": False})
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match="3 operators are not supported") as caught:
        compiled(torch.randn(4, 4))
    lines = str(caught.value).splitlines()
    assert any("aten.native_dropout (draws random" in line and line.count("test_pieces.py:") == 2 for line in lines)
    assert any("aten.i0 (no support yet): " in line for line in lines)
    assert any("aten._linalg_eigh (no support yet): " in line for line in lines)


@pytest.fixture
def broken_codegen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code generation that fails as it does when no compile worker can be started."""

    def failing(*given: Any) -> Any:
        raise mlc.CompileError("cannot start a compile worker: Too many open files; use --jobs 1")

    monkeypatch.setattr(driver, "compile_module", failing)


def test_a_graph_that_no_code_can_be_made_of_runs_eagerly_and_is_named_once(broken_codegen: None) -> None:
    model = Normalizing()
    compiled = torch.compile(model.linear, backend=compile_graph)
    x = torch.randn(3, 4)
    with torch.no_grad():
        got, text = said(compiled, x)
        assert text.startswith("mlc runs eagerly: all of the graph from ")
        assert "cannot start a compile worker: Too many open files" in text
        assert_same(got, model.linear(x), strides=True)
        model.linear.weight.mul_(2)
        got, text = said(compiled, x)
        assert text == ""
        assert_same(got, model.linear(x), strides=True)


def test_without_fallback_a_graph_that_no_code_can_be_made_of_is_an_error(broken_codegen: None) -> None:
    compiled = torch.compile(torch.relu, backend=compile_graph, options={"fallback": False})
    with pytest.raises(mlc.CompileError, match="cannot start a compile worker"):
        compiled(torch.randn(3))
