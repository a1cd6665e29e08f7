"""mlc.compile on nn.Modules: the module's own call, nested or in place, its weights shared, and errors with a place."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from tolerance import assert_close, assert_op_close

import mlc
from mlc.ops import Constant

torch = pytest.importorskip("torch")
from comparing import assert_same  # noqa: E402
from torch import Tensor, nn  # noqa: E402


def test_a_module_is_called_as_ever_and_answers_as_eager() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)).eval()
    compiled = mlc.compile(model, (torch.randn(3, 8),))
    x = torch.randn(3, 8)
    with torch.no_grad():
        assert_same(compiled(x), model(x))


class Nested(nn.Module):
    """Takes a tuple and a dict, gives a dict with a tuple, None and a number in it."""

    def forward(self, pair: tuple[Tensor, Tensor], *, extra: dict[str, Tensor]) -> dict[str, Any]:
        a, b = pair
        return {"sum": a + b, "parts": (a * 2, None, extra["x"] - b), "count": 3}


def test_nested_arguments_and_results_keep_their_nests() -> None:
    a, b, c = (torch.randn(2, 3) for _ in range(3))
    model = Nested()
    program = torch.export.export(model, ((a, b),), {"extra": {"x": c}})
    compiled = mlc.compile(program)
    assert_same(compiled((b, c), extra={"x": a}), model((b, c), extra={"x": a}))


class Mixed(nn.Module):
    """Uses each of its arguments and its weight in a way of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b + 2 * b - self.weight


def test_examples_that_are_one_tensor_stay_separate_arguments() -> None:
    model = Mixed()
    x, y = torch.randn(3), torch.randn(3)
    for examples in ((x, x), (x, x.view(3)), (model.weight, x)):
        with torch.no_grad():
            assert_same(mlc.compile(model, examples)(x, y), model(x, y))
            assert_same(mlc.compile(model, examples)(y, x), model(y, x))


class Named(nn.Module):
    """Takes a dict and two arguments by name or place."""

    def forward(self, parts: dict[str, Tensor], scale: Tensor, bias: Tensor | None = None) -> Tensor:
        return parts["a"] * scale - parts["b"] if bias is None else parts["a"] * scale + bias


def test_arguments_by_name_and_dicts_in_any_order_are_the_same_call() -> None:
    a, b, scale = (torch.randn(3) for _ in range(3))
    model = Named()
    compiled = mlc.compile(model, ({"a": a, "b": b}, scale))
    want = model({"a": a, "b": b}, scale)
    assert_same(compiled({"b": b, "a": a}, scale), want)
    assert_same(compiled(scale=scale, parts={"b": b, "a": a}), want)
    assert_same(compiled({"a": a, "b": b}, scale=scale), want)
    with pytest.raises(mlc.CompileError, match="got an unexpected keyword argument 'factor'"):
        compiled({"a": a, "b": b}, scale, factor=scale)
    with pytest.raises(mlc.CompileError, match="nested as"):
        compiled({"a": a, "c": b}, scale)
    with pytest.raises(mlc.CompileError, match="nested as"):
        compiled({"a": a, "b": b}, scale, bias=a)


def test_a_compiled_module_says_that_it_cannot_be_copied() -> None:
    compiled = mlc.compile(nn.ReLU(), (torch.ones(3),))
    for copies in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"neither copied nor pickled; save\(\) it, or compile the module again"):
            copies(compiled)


@dataclass
class Pair:
    """Two tensors."""

    left: Tensor
    right: Tensor


torch.export.register_dataclass(Pair)


class OfPairs(nn.Module):
    """Exchanges the tensors of a pair."""

    def forward(self, pair: Pair) -> Pair:
        return Pair(pair.right + 1, pair.left)


def test_dataclasses_pass_in_and_out() -> None:
    compiled = mlc.compile(OfPairs(), (Pair(torch.ones(2), torch.zeros(3)),))
    got = compiled(Pair(torch.full((2,), 5.0), torch.full((3,), 7.0)))
    assert isinstance(got, Pair)
    assert got.left.tolist() == [8.0] * 3 and got.right.tolist() == [5.0] * 2


class Counter(nn.Module):
    """Counts its calls in a buffer and adds up its inputs in another."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.register_buffer("total", torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.total.add_(x)
        return self.total * self.calls


def test_buffers_that_the_module_changes_change() -> None:
    eager, model = Counter(), Counter()
    compiled = mlc.compile(model, (torch.zeros(3),))
    for step in range(3):
        x = torch.full((3,), float(step + 1))
        assert_same(compiled(x), eager(x))
    assert model.calls.item() == 3 and model.total.tolist() == eager.total.tolist()


class InPlace(nn.Module):
    """Writes into views of its input and of an intermediate."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = x.clone()
        y[1:, ::2] *= 3
        y.view(-1)[:2].fill_(-1)
        x[0].add_(10)
        return y, x.t()


def test_writes_through_views_reach_what_they_view() -> None:
    ours, theirs = torch.arange(12.0).view(3, 4), torch.arange(12.0).view(3, 4)
    compiled = mlc.compile(InPlace(), (torch.zeros(3, 4),))
    assert_same(compiled(ours), InPlace()(theirs))
    assert ours.tolist() == theirs.tolist()


class AddsInPlace(nn.Module):
    """Writes its first argument and a buffer, and reads its second afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(4))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        a.add_(1)
        self.total.add_(a)
        return a * b


def test_arguments_that_share_memory_with_what_is_written_are_refused() -> None:
    model = AddsInPlace()
    compiled = mlc.compile(model, (torch.zeros(4), torch.zeros(4)))
    y = torch.arange(8.0)
    for b in (y[:4], y[3:7], y[:1].expand(4)):
        with pytest.raises(mlc.CompileError, match="input 'b' shares memory with input 'a', which the model writes"):
            compiled(y[:4], b)
    with pytest.raises(mlc.CompileError, match="input 'b' shares memory with buffer 'total', which the model writes"):
        compiled(y[:4], model.total)
    assert y.tolist() == list(range(8)) and model.total.tolist() == [0.0] * 4
    assert compiled(y[:4], y[4:]).tolist() == [4.0, 10.0, 18.0, 28.0]  # apart in one storage


class Scaled(nn.Module):
    """Multiplies by a number that is not a tensor."""

    def forward(self, x: Tensor, factor: Any) -> Tensor:
        return x * factor


def test_numbers_must_be_those_of_the_example_in_type_too() -> None:
    x = torch.arange(4)
    compiled = mlc.compile(Scaled(), (x, 1))
    assert compiled(x, 1).dtype is torch.int64
    for other in (1.0, True, 2):
        with pytest.raises(mlc.CompileError, match=f"argument 'factor' is {other}, the model was traced with 1"):
            compiled(x, other)


class Masked(nn.Module):
    """Has an argument that may be left out."""

    def forward(self, x: Tensor, mask: Tensor | None = None, mode: str = "add") -> Tensor:
        return x if mask is None else x + mask


def test_an_argument_left_out_of_the_example_cannot_be_given() -> None:
    x = torch.ones(3)
    with pytest.raises(mlc.CompileError, match="argument 'mask' is a Tensor, the model was traced with None"):
        mlc.compile(Masked(), (x, None))(x, x)
    with pytest.raises(mlc.CompileError, match=r"nested as \(\(\*, \*\), {}\), the example inputs were as"):
        mlc.compile(Masked(), (x,))(x, x)
    with pytest.raises(mlc.CompileError, match="argument 'mask' must be a tensor, got a NoneType"):
        mlc.compile(Masked(), (x, x))(x, None)
    with pytest.raises(mlc.CompileError, match="argument 'mode' is 'sub', the model was traced with 'add'"):
        mlc.compile(Masked(), (x, None, "add"))(x, None, "sub")


class Tied(nn.Module):
    """An embedding whose matrix is the output layer too."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.head = nn.Linear(8, 50, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.embedding(ids))


def test_weights_are_the_models_own_memory_and_tied_ones_one_constant() -> None:
    model = Tied()
    module = mlc.load(model, (torch.arange(4),))
    constants = [op.value for op in module.walk() if isinstance(op, Constant) and op.value.size == 400]
    assert len(constants) == 1
    assert constants[0].__array_interface__["data"][0] == model.embedding.weight.data_ptr()
    compiled = mlc.compile(model, (torch.arange(4),))
    with torch.no_grad():
        assert_same(compiled(torch.tensor([3, 1, 4, 1])), model(torch.tensor([3, 1, 4, 1])))


def test_dynamic_dims_answer_every_size_under_the_names_the_caller_gave() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.Flatten(2), nn.Softmax(-1)).eval()
    shapes = ({0: torch.export.Dim("batch"), 2: torch.export.Dim("height", min=7)},)
    compiled = mlc.compile(model, (torch.randn(2, 3, 9, 8),), dynamic_shapes=shapes)
    assert compiled.executable.artifact.inputs[0].shape == ("batch", "3", "height", "8")
    for batch, height in ((1, 7), (3, 17)):
        x = torch.randn(batch, 3, height, 8)
        with torch.no_grad():
            assert_same(compiled(x), model(x))


class Counted(nn.Module):
    """Returns numbers that its input's size tells."""

    def forward(self, x: Tensor) -> tuple[Tensor, int, int]:
        return x.flatten(), x.shape[0], x.numel() // 2


class Halves(nn.Module):
    """What is computed from half of a dim that is given as a multiple."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x.view(2, -1) * 3, x.new_ones(x.shape[0] // 2 + 1)


def test_a_dim_given_as_a_multiple_tells_what_it_is_a_multiple_of() -> None:
    compiled = mlc.compile(Halves(), (torch.randn(6),), dynamic_shapes=({0: 2 * torch.export.Dim("half", max=50)},))
    for size in (6, 2, 14):
        x = torch.randn(size)
        assert_same(compiled(x), Halves()(x))


class Lengthened(nn.Module):
    """As many ones as an element says, which may be -1, and one more."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        count = x.sum().int().item()
        torch._check(count >= -1)
        torch._check(count < 99)
        return x.new_ones(count + 1)


def test_a_size_made_of_an_element_that_is_none_itself_is_the_runs() -> None:
    compiled = mlc.compile(Lengthened(), (torch.ones(4),))
    for x in (torch.ones(4), torch.ones(4) * 3, torch.ones(4) / -4):
        assert_same(compiled(x), Lengthened()(x))


def test_sizes_among_the_results_are_numbers() -> None:
    shapes = ({0: torch.export.Dim("n")},)
    for backend in ("llvm", "interp"):
        compiled = mlc.compile(Counted(), (torch.randn(3, 4),), dynamic_shapes=shapes, backend=backend)
        x = torch.randn(5, 4)
        assert_same(compiled(x), (x.flatten(), 5, 10))


@pytest.mark.parametrize(
    "x",
    [
        torch.randn(8, 4).t(),
        torch.randn(4, 16)[:, ::2],
        torch.randn(1, 8).expand(4, 8),
        torch.randn(4, 8, dtype=torch.complex64).conj().imag,
    ],
    ids=["transposed", "strided", "expanded", "negated"],
)
def test_inputs_may_lie_in_memory_as_they_like(x: Tensor) -> None:
    compiled = mlc.compile(nn.Softmax(1), (torch.randn(4, 8),))
    assert_same(compiled(x), torch.softmax(x, 1))


def test_bfloat16_weights_and_inputs_share_memory_too() -> None:
    model = nn.Linear(8, 4, bias=False).to(torch.bfloat16)
    x = torch.randn(2, 8, dtype=torch.bfloat16)
    got = mlc.compile(model, (x,))(x)
    assert got.dtype is torch.bfloat16
    with torch.no_grad():
        weight = model.weight.double().t()
        exact, magnitude = x.double() @ weight, x.double().abs() @ weight.abs()
    ours, want = (t.view(torch.int16).numpy().view(ml_dtypes.bfloat16) for t in (got, exact.bfloat16()))
    assert_op_close(ours, want, magnitude=magnitude.numpy(), terms=8, op="linear")


def test_ops_are_located_at_module_path_and_line() -> None:
    module = mlc.load(Nested2(), (torch.randn(2, 4),))
    sources = {op.name: op.loc.sources[0] for op in module.walk() if op.loc.sources}
    assert sources["mlc.matmul"].name == "blocks.0.linear"
    assert sources["mlc.matmul"].file == "test_direct.py" and sources["mlc.matmul"].line > 0
    assert sources["mlc.tanh"].name == "blocks.0"


class Block(nn.Module):
    """A layer and a function behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.linear(x))


class Nested2(nn.Module):
    """Modules in modules."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block()])

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks[0](x)


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module file with factories, importable from the current folder."""
    (tmp_path / "my_models.py").write_text(
        "import torch\n\n"
        "def tiny():\n"
        "    torch.manual_seed(0)\n"
        "    return torch.nn.Linear(4, 2), (torch.zeros(3, 4),), ({0: torch.export.Dim('batch')},)\n\n"
        "def wrong():\n"
        "    return torch.nn.Linear(4, 2)\n\n"
        "def misfit():\n"
        "    return torch.nn.Linear(4, 2), (torch.zeros(3, 5),)\n\n"
        "class Decides(torch.nn.Module):\n"
        "    def forward(self, x):\n"
        "        return x * 2 if x.sum() > 0 else x\n\n"
        "def deciding():\n"
        "    return Decides(), (torch.zeros(3),)\n\n"
        "def failing():\n"
        "    raise KeyError('checkpoint')\n"
    )
    (tmp_path / "my_broken_models.py").write_text("import no_such_dependency\n")
    monkeypatch.chdir(tmp_path)
    yield "my_models:tiny"
    sys.modules.pop("my_models", None)
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]


class Unsupported(nn.Module):
    """Two operators that mlc has not."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Module()

    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.eigvalsh(x @ x.t()).sum() + torch.rand(3).sum() + torch.special.i0(x).sum()


def test_all_unsupported_operators_are_named_at_once() -> None:
    with pytest.raises(mlc.CompileError) as caught:
        mlc.compile(Unsupported(), (torch.randn(3, 3),))
    text = str(caught.value)
    assert "3 operators are not supported" in text
    assert "aten.linalg_eigvalsh (no support yet)" in text and "test_direct.py:" in text
    assert "aten.rand (it draws random numbers, and mlc does not reproduce torch's stream" in text
    assert "aten.special_i0 (no support yet)" in text


class InterleavedRefusals(nn.Module):
    """An operator that is known, but not as it is used here, between two that are not known, each of the other's."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Module(), Bessel()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        found = torch.linalg.eigvalsh(x @ x.t())
        kept = nn.functional.dropout(found * 2, 0.5, training=True)
        return found, nn.functional.dropout(self.second(kept), 0.5, training=True)


class Bessel(nn.Module):
    """An operator that is not known."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.special.i0(x) + 1


def test_unknown_and_refused_operators_are_named_at_once_behind_each_other_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from mlc.cli import main

    x = torch.randn(3, 3)
    archive = str(tmp_path / "mixed.pt2")
    torch.export.save(torch.export.export(InterleavedRefusals(), (x,)), archive)
    monkeypatch.setitem(sys.modules, "my_mixed", SimpleNamespace(model=lambda: (InterleavedRefusals(), (x,))))
    texts = []
    for model, examples in ((InterleavedRefusals(), (x,)), (archive, None)):
        with pytest.raises(mlc.CompileError) as caught:
            mlc.compile(model, examples)
        texts.append(str(caught.value))
    for model in ("my_mixed:model", archive):
        result = CliRunner().invoke(main, ["compile", model])
        assert result.exit_code == 2
        texts.append(result.output)
    for text in texts:
        assert "3 operators are not supported" in text
        lines = text.splitlines()[1:]
        assert [line.split()[0] for line in lines] == ["aten.linalg_eigvalsh", "aten.native_dropout", "aten.special_i0"]
        assert lines[0].count("test_direct.py:") == 1 and lines[1].count("test_direct.py:") == 2
        assert "(draws random numbers" in lines[1] and "second (test_direct.py:" in lines[2]


class Decides(nn.Module):
    """Branches on the values of its input."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if x.sum() > 0 else x


def test_control_flow_on_values_is_torchs_message_and_what_to_do() -> None:
    with pytest.raises(mlc.CompileError, match=r"Decides: torch.export failed: .*") as caught:
        mlc.compile(Decides(), (torch.randn(3),))
    assert "write the decision with torch.where or torch.cond" in str(caught.value)


def test_training_mode_is_refused_where_it_means_something_else() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    with pytest.raises(
        mlc.CompileError, match=r"in which 1, 2 would draw random numbers .*; call eval\(\) on it first"
    ):
        mlc.compile(model, (torch.randn(2, 4),))
    mlc.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), (torch.randn(2, 4),))  # training or not, it is the same


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (torch.randn(3, 8), r"input 'input': expected shape \[2, 8\], got \[3, 8\]"),
        (torch.randn(2, 8, dtype=torch.float64), r"input 'input': expected torch.float32, got torch.float64"),
        ([torch.randn(2, 8)], r"nested as \(\(\[\*\],\), {}\), the example inputs were as \(\(\*,\), {}\)"),
        (None, "the arguments are nested as|must be a tensor"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(argument: Any, message: str) -> None:
    compiled = mlc.compile(nn.Linear(8, 4), (torch.randn(2, 8),))
    with pytest.raises(mlc.CompileError, match=message):
        compiled(argument)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.empty(2, 8, device="meta"), "input 'input': is on meta, move it to the CPU"),
        (torch.ones(2, 8).to_sparse(), r"input 'input': expected a dense tensor, got torch.sparse_coo; call to_dense"),
    ],
    ids=["meta", "sparse"],
)
def test_tensors_without_dense_memory_of_the_cpu_are_refused(x: Tensor, message: str) -> None:
    shapes = ({0: torch.export.Dim("batch")},)
    for compiled in (
        mlc.compile(nn.Linear(8, 4), (torch.randn(2, 8),)),
        mlc.compile(nn.Linear(8, 4), (torch.randn(3, 8),), dynamic_shapes=shapes),
    ):
        with pytest.raises(mlc.CompileError, match=message):
            compiled(x)


def test_example_inputs_must_be_given_and_only_for_modules(tmp_path: Path) -> None:
    with pytest.raises(mlc.CompileError, match="give example_inputs: Linear is traced with them"):
        mlc.compile(nn.Linear(2, 2))
    with pytest.raises(mlc.CompileError, match="example_inputs and dynamic_shapes are for a torch.nn.Module"):
        mlc.compile("model.onnx", (torch.randn(2),))


def test_versions_that_do_not_fit_say_which_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    from mlc.frontend.torch_import.versions import check_versions

    check_versions.cache_clear()

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib.metadata, "version", missing)
        with pytest.raises(mlc.CompileError, match="need the package torch, which is not installed: pip install"):
            check_versions()
    for package, version, message in (
        ("torch", "2.9.1", "torch 2.9.1 is installed, mlc works with torch 2.13"),
        ("torch-mlir", "20250101", "torch-mlir 20250101 is too old for torch .*, use 20261001 or later"),
    ):
        real = importlib.metadata.version
        with monkeypatch.context() as patch:
            patch.setattr(importlib.metadata, "version", lambda n, p=package, v=version, r=real: v if n == p else r(n))
            with pytest.raises(mlc.CompileError, match=message):
                check_versions()
    check_versions.cache_clear()


@pytest.mark.parametrize("what", ["broken", "renamed"])
def test_a_torch_mlir_that_cannot_be_used_is_an_error_of_one_line(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_mlir.extras import fx_importer

    from mlc.frontend.torch_import.versions import check_versions

    check_versions.cache_clear()
    with monkeypatch.context() as patch:
        if what == "broken":
            patch.setitem(sys.modules, "torch_mlir.extras.fx_importer", None)  # importing it is a ModuleNotFoundError
        else:
            patch.delattr(fx_importer, "GraphNodeImporter")
        with pytest.raises(mlc.CompileError) as caught:
            check_versions()
    text = str(caught.value)
    assert "\n" not in text and "does not work with torch 2.13" in text and "torch-mlir 20261001" in text
    assert ("ModuleNotFoundError" if what == "broken" else "AttributeError") in text
    check_versions.cache_clear()


def test_the_command_compiles_what_a_factory_makes(factory: str, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from mlc.cli import main

    result = CliRunner().invoke(main, ["compile", factory])
    assert result.exit_code == 0, result.output
    executable = mlc.Executable.load(tmp_path / "tiny.mlc")
    x = np.ones((5, 4), np.float32)
    torch.manual_seed(0)
    want = nn.Linear(4, 2)(torch.from_numpy(x)).detach().numpy()
    assert_close([executable(x)], [want], model="tiny")
    for text, message in (
        ("my_models:wrong", "must return (module, example_inputs)"),
        ("my_models:other", "module 'my_models' has no 'other'"),
        ("my_models:failing", "my_models:failing: the factory raised KeyError: 'checkpoint'"),
        ("no_such:tiny", "there is no module 'no_such'"),
        ("my_broken_models:tiny", "importing 'my_broken_models' raised ModuleNotFoundError: No module named"),
    ):
        result = CliRunner().invoke(main, ["compile", text])
        assert result.exit_code == 2 and message in result.output


@pytest.mark.slow
def test_a_factory_whose_module_cannot_be_traced_is_an_error_without_torchs_logs(factory: str, tmp_path: Path) -> None:
    tree = str(Path(next(iter(mlc.__path__))).parent)
    for name, count, message in (
        (
            "misfit",
            1,
            "error: Linear: torch.export failed: a and b must have same reduction dim, but got [3, 5] X [4, 2]",
        ),
        ("deciding", 8, "error: Decides: torch.export failed: Could not guard on data-dependent expression"),
    ):
        command = [sys.executable, "-c", "from mlc.cli import main; main()", "compile", f"my_models:{name}"]
        environment = {**os.environ, "PYTHONPATH": tree}
        result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=300)
        lines = result.stderr.splitlines()
        assert result.returncode == 2 and result.stdout == "", result.stdout
        assert lines[0].startswith(message) and len(lines) <= count, result.stderr


def test_an_archive_of_torch_export_compiles_as_a_file(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.GELU())
    path = tmp_path / "model.pt2"
    x = torch.randn(2, 4)
    torch.export.save(torch.export.export(model, (x,)), path)
    with torch.no_grad():
        assert_close([mlc.compile(path)(x.numpy())], [model(x).numpy()], model="archive")
    path.write_bytes(b"not a zip")
    with pytest.raises(mlc.CompileError, match="model.pt2: not an archive of torch.export.save"):
        mlc.compile(path)
