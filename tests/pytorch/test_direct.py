"""mlc.compile on nn.Modules: the module's own call, nested or in place, its weights shared."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from tolerance import assert_close, assert_op_close

import mlc
from mlc.ops import Constant

pytest.importorskip("torch")
import torch
from comparing import assert_same
from torch import Tensor, nn


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
    for kind in (OrderedDict, lambda items: defaultdict(list, items)):
        program = torch.export.export(model, (kind([("a", a), ("b", b)]), scale))
        assert_same(mlc.compile(program)(kind([("b", b), ("a", a)]), scale), want)
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


class Defaults(nn.Module):
    """Has defaults by place and by name."""

    def forward(self, x: Tensor, scale: float = 2.0, bias: Tensor | None = None, *, mode: str = "add") -> Tensor:
        y = x * scale if bias is None else x * scale + bias
        return y if mode == "add" else -y


def test_what_the_example_gave_may_be_left_out_where_the_module_has_a_default() -> None:
    x, model = torch.ones(3), Defaults()
    compiled = mlc.compile(model, (x, 2.0, None))
    for given in (compiled(x), compiled(x, 2.0), compiled(x, bias=None), compiled(x=x, scale=2.0)):
        assert_same(given, model(x))
    with pytest.raises(mlc.CompileError, match="argument 'scale' is 2.0, the model was traced with 3.0"):
        mlc.compile(model, (x, 3.0))(x)
    for given in ((x,), (x, 2.0)):
        with pytest.raises(mlc.CompileError, match="the arguments are nested as"):
            mlc.compile(model, given)(x, bias=x)
    with pytest.raises(mlc.CompileError, match=r"nested as \(\(\*, \*, \*\), {'mode': \*}\)"):
        compiled(x, mode="sub")


def test_keywords_that_a_program_was_exported_with_must_be_given() -> None:
    x = torch.ones(3)
    compiled = mlc.compile(torch.export.export(Defaults(), (x,), {"bias": x, "mode": "sub"}))
    assert_same(compiled(x, mode="sub", bias=x), Defaults()(x, mode="sub", bias=x))
    with pytest.raises(mlc.CompileError) as caught:
        compiled(x, bias=x)
    assert str(caught.value) == "keyword 'mode' is missing, the model was exported with mode='sub'; give it too"
    with pytest.raises(mlc.CompileError) as caught:
        compiled(x, mode="sub")
    assert str(caught.value) == "keyword 'bias' is missing, the model was exported with it, as bias, mode; give it too"
    with pytest.raises(mlc.CompileError) as caught:
        compiled(x, mode="sub", bias=x, scale=3.0)
    assert str(caught.value) == "there is no keyword 'scale', the model was exported with bias, mode"


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


def test_a_file_that_is_no_archive_says_what_it_is(tmp_path: Path) -> None:
    path, model = tmp_path / "model.pt2", nn.Linear(4, 4)

    def message() -> str:
        with pytest.raises(mlc.CompileError) as caught:
            mlc.compile(path)
        return str(caught.value)

    path.write_bytes(b"not a zip")
    assert message() == f"{path}: not an archive of torch.export.save, or one of another torch: File is not a zip file"
    torch.save(model.state_dict(), path)
    assert message().startswith(f"{path}: a file of torch.save, which holds a state_dict or a pickled module but no pr")
    torch.jit.trace(model, torch.ones(2, 4)).save(path)
    assert message().startswith(f"{path}: an archive of TorchScript; export the model itself with torch.export.save(")
    torch.export.save(torch.export.export(model, (torch.ones(2, 4),)), tmp_path / "whole.pt2")
    with zipfile.ZipFile(tmp_path / "whole.pt2") as whole, zipfile.ZipFile(path, "w") as part:
        for name in whole.namelist():
            if "weights/weight_" not in name:
                part.writestr(name, whole.read(name))
    assert "or one of another torch: PytorchStreamReader failed locating file" in message()
