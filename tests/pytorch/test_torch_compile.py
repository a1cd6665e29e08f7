"""torch.compile(model, backend="mlc"): eager's answers and gradients, changed weights, sizes that vary, fallback."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from entry_points import site_with_entry_points

import mlc

pytest.importorskip("torch")
import torch
from comparing import assert_gradients_close, assert_same, assert_same_training
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend

from mlc.torch_backend import compile_graph, eager
from mlc.torch_backend.compiled import MAX_REFOLDS, CompiledGraph


@pytest.fixture(autouse=True)
def fresh_dynamo() -> Iterator[None]:
    torch._dynamo.reset()
    torch.manual_seed(0)
    yield
    torch._dynamo.reset()


def assert_near(got: Tensor, want: Tensor) -> None:
    assert_same(got, want, strides=True)


def perceptron() -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)).eval()


def test_the_answer_is_eagers() -> None:
    model = perceptron()
    compiled = torch.compile(model, backend=compile_graph)
    x = torch.randn(3, 8)
    with torch.no_grad():
        assert_near(compiled(x), model(x))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """The weights that each code built from here on has taken for constants."""
    found: list[set[int]] = []
    original = CompiledGraph._compiled

    def compiled(self: CompiledGraph, arguments: list[Any]) -> Any:
        code = original(self, arguments)
        found.append({number for number, _, _ in code.weights})
        return code

    monkeypatch.setattr(CompiledGraph, "_compiled", compiled)
    return found


def test_a_weight_changed_in_place_is_folded_anew_before_the_next_answer(built: list[set[int]]) -> None:
    model = perceptron()
    compiled = torch.compile(model, backend=compile_graph)
    x = torch.randn(3, 8)
    with torch.no_grad():
        compiled(x), compiled(x)
        assert len(built) == 1 and len(built[0]) == 4
        model[0].weight.mul_(2)
        assert_near(compiled(x), model(x))
        model.load_state_dict({name: torch.randn_like(value) for name, value in model.state_dict().items()})
        assert_near(compiled(x), model(x))
        model[2].bias.data = torch.ones(4)
        assert_near(compiled(x), model(x))
        model[2].weight = nn.Parameter(torch.randn(4, 16))
        assert_near(compiled(x), model(x))
    assert len(built) == 5


def test_a_weight_that_keeps_changing_becomes_an_input(built: list[set[int]]) -> None:
    model = perceptron()
    compiled = torch.compile(model, backend=compile_graph)
    x = torch.randn(3, 8)
    with torch.no_grad():
        for _ in range(MAX_REFOLDS + 4):
            model[2].weight.mul_(1.5)
            assert_near(compiled(x), model(x))
    assert [len(weights) for weights in built] == [4] * (MAX_REFOLDS + 1) + [3]


def test_without_freezing_weights_are_inputs(built: list[set[int]]) -> None:
    model = perceptron()
    compiled = torch.compile(model, backend=compile_graph, options={"freeze": False})
    x = torch.randn(3, 8)
    with torch.no_grad():
        assert_near(compiled(x), model(x))
        model[0].weight.data.mul_(3)  # a write that no version counts
        assert_near(compiled(x), model(x))
    assert built == [set()]


class Convolutional(nn.Module):
    """Convolution, training-mode batch norm, pooling, attention-free head: what a small classifier has."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.head = nn.Linear(6 * 2 * 2, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm(self.conv(x)))
        return self.head(nn.functional.max_pool2d(y, 2).flatten(1))


class Transformer(nn.Module):
    """Attention, layer norm and GELU, with gradients through all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 16)
        self.layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, activation="gelu", batch_first=True)

    def forward(self, ids: Tensor) -> Tensor:
        return self.layer(self.embedding(ids)).mean(1)


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (perceptron, torch.randn(4, 8)),
        (Convolutional, torch.randn(4, 3, 8, 8)),
        (Transformer, torch.randint(0, 20, (2, 7))),
    ],
    ids=["perceptron", "convolutional", "transformer"],
)
def test_gradients_are_eagers(make: Any, x: Tensor) -> None:
    ours, theirs = make().train(), make().train()
    theirs.load_state_dict(ours.state_dict())
    compiled = torch.compile(ours, backend=compile_graph)
    for model in (compiled, theirs):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
    assert_same_training(ours, theirs)


LAYERS = {
    "conv strided": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1), (2, 4, 9, 8)),
    "conv dilated, no bias": (lambda: nn.Conv2d(4, 6, 3, dilation=2, bias=False), (2, 4, 9, 8)),
    "conv in groups": (lambda: nn.Conv2d(4, 6, (3, 1), padding=(1, 0), groups=2), (2, 4, 9, 8)),
    "conv 1d": (lambda: nn.Conv1d(4, 6, 5, stride=3), (2, 4, 17)),
    "conv transposed": (lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1), (2, 4, 5, 6)),
    "average pool": (lambda: nn.AvgPool2d(3, stride=2, padding=1), (2, 3, 8, 9)),
    "average pool without pads": (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 3, 8, 9)),
    "adaptive pool": (lambda: nn.AdaptiveAvgPool2d((3, 2)), (2, 3, 8, 9)),
    "max pool": (lambda: nn.MaxPool2d(3, stride=2, padding=1), (2, 3, 8, 9)),
    "group norm": (lambda: nn.GroupNorm(2, 6), (2, 6, 5, 4)),
    "layer norm": (lambda: nn.LayerNorm((5, 4)), (2, 6, 5, 4)),
    "batch norm": (lambda: nn.BatchNorm2d(6), (3, 6, 5, 4)),
    "activations": (lambda: nn.Sequential(nn.GELU(), nn.SiLU(), nn.LeakyReLU(), nn.Softplus(), nn.ELU()), (3, 7)),
    "softmax": (lambda: nn.Softmax(-1), (3, 7)),
    "log softmax": (lambda: nn.LogSoftmax(0), (3, 7)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_layers_are_compiled_and_eagers(name: str) -> None:
    make, shape = LAYERS[name]
    ours, theirs = make(), make()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(shape, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    compiled = torch.compile(ours, backend=compile_graph, options={"fallback": False})
    for model, given in ((compiled, x), (theirs, y)):
        out = model(given)
        (out * torch.linspace(-1, 1, out.numel()).view(out.shape)).sum().backward()
    assert_gradients_close(
        [x.grad, *(p.grad for p in ours.parameters())], [y.grad, *(p.grad for p in theirs.parameters())]
    )


@pytest.mark.slow
def test_gradients_of_an_embedding_are_compiled_and_eagers() -> None:
    model = nn.Embedding(10, 4, padding_idx=2)
    ids = torch.tensor([[1, 2, 1], [9, 0, 2]])
    compiled = torch.compile(model, backend=compile_graph, options={"fallback": False})
    (compiled(ids) * torch.arange(24.0).view(2, 3, 4)).sum().backward()
    got, model.weight.grad = model.weight.grad, None
    (model(ids) * torch.arange(24.0).view(2, 3, 4)).sum().backward()
    assert_near(got, model.weight.grad)


def test_a_result_of_a_tensor_that_wants_gradients_has_a_history() -> None:
    compiled = torch.compile(lambda x: torch.tanh(x) * 2, backend=compile_graph)
    x = torch.randn(3, requires_grad=True)
    y = compiled(x)
    assert y.requires_grad
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert_near(gradient, 2 * (1 - torch.tanh(x.detach()) ** 2))


def test_marked_dims_vary_without_another_compilation() -> None:
    counter = CompileCounterWithBackend(compile_graph)

    def function(a: Tensor, b: Tensor) -> tuple[Tensor, int, Tensor]:
        return torch.softmax(a @ b.t(), -1) + a.shape[0], a.shape[0] * 2, torch.arange(a.shape[0])

    compiled = torch.compile(function, backend=counter, fullgraph=True)
    for size in (3, 5, 8, 64):
        a, b = torch.randn(size, 8), torch.randn(4, 8)
        torch._dynamo.mark_dynamic(a, 0)
        got, want = compiled(a, b), function(a, b)
        assert_near(got[0], want[0])
        assert got[1] == want[1] and torch.equal(got[2], want[2])
    assert counter.frame_count == 1


def test_sizes_that_are_plain_numbers_work_too() -> None:
    compiled = torch.compile(lambda x, n: x * n + torch.arange(n), backend=compile_graph, dynamic=True)
    for n in (4, 6, 9):
        assert torch.equal(compiled(torch.ones(1), n), torch.ones(1) * n + torch.arange(n))


class Stateful(nn.Module):
    """Writes into a buffer and its input, and returns views of both."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(4))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.total.add_(x)
        x.mul_(2)
        return self.total.view(2, 2), x[1:]


def test_writes_reach_buffers_and_inputs_and_views_stay_views() -> None:
    ours, theirs = Stateful(), Stateful()
    compiled = torch.compile(ours, backend=compile_graph)
    with torch.no_grad():
        for step in range(3):
            x = torch.full((4,), float(step))
            y = x.clone()
            got, want = compiled(x), theirs(y)
            assert torch.equal(got[0], want[0]) and torch.equal(got[1], want[1])
            assert torch.equal(x, y) and torch.equal(ours.total, theirs.total)
            assert got[0].data_ptr() == ours.total.data_ptr()
            assert got[1].data_ptr() == x.data_ptr() + 4


def narrowed(x: Tensor, count: int) -> tuple[Tensor, ...]:
    """Views of an argument and of a result, whose strides and offsets are not those of a copy."""
    y = x * 2
    return x[:, :count], x[1:].t(), x.unsqueeze(0).expand(count + 1, -1, -1), y, y[1:, :count], x.split(2)[1]


def test_views_of_sizes_that_vary_show_eagers_elements() -> None:
    counter = CompileCounterWithBackend(compile_graph)
    compiled = torch.compile(narrowed, backend=counter)
    x = torch.randn(4, 6)
    for count in (3, 2, 5, 4, 1):
        got = compiled(x, count)
        for ours, theirs in zip(got, narrowed(x, count), strict=True):
            assert torch.equal(ours, theirs) and ours.stride() == theirs.stride()
            assert ours.storage_offset() == theirs.storage_offset()
        assert got[0].data_ptr() == x.data_ptr() and got[4].untyped_storage() is not x.untyped_storage()
        assert got[4].untyped_storage().data_ptr() == got[3].untyped_storage().data_ptr()
    assert counter.frame_count <= 3


def test_results_lie_in_memory_as_eagers() -> None:
    conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    compiled = torch.compile(lambda x: (conv(x), x.permute(0, 2, 3, 1) + 1), backend=compile_graph)
    x = torch.randn(2, 3, 8, 8).to(memory_format=torch.channels_last)
    with torch.no_grad():
        for got, want in zip(compiled(x), (conv(x), x.permute(0, 2, 3, 1) + 1), strict=True):
            assert_near(got, want)


def test_each_graph_between_breaks_is_compiled_once() -> None:
    counter = CompileCounterWithBackend(compile_graph)

    def function(x: Tensor) -> Tensor:
        y = torch.relu(x) * 2
        torch._dynamo.graph_break()
        return torch.tanh(y)

    compiled = torch.compile(function, backend=counter)
    x = torch.randn(4)
    for _ in range(3):
        assert_near(compiled(x), function(x))
    assert counter.frame_count == 2


def spectral(x: Tensor) -> Tensor:
    """An operator that mlc has not, between some that it has."""
    y = torch.relu(x) * 2
    return torch.tanh(torch.linalg.eigvalsh(y @ y.t())) + y.sum()


def test_what_is_not_supported_runs_eagerly_and_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eager, "_said", set())
    x = torch.randn(4, 4)
    compiled = torch.compile(spectral, backend=compile_graph)
    with pytest.warns(UserWarning, match=r"mlc runs eagerly: aten._linalg_eigh \(no support yet\)"):
        assert_near(compiled(x), spectral(x))
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_near(torch.compile(spectral, backend=compile_graph)(x), spectral(x))


def test_operators_refused_for_different_reasons_all_run_eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eager, "_said", set())

    def function(x: Tensor) -> tuple[Tensor, Tensor]:
        kept = nn.functional.dropout(torch.relu(x), 0.5, training=True) + 1  # known, refused as it is used
        return kept * torch.rand(6), torch.tanh(kept @ torch.linalg.eigvalsh(kept.t() @ kept))  # not known at all

    x = torch.randn(4, 6)
    compiled = torch.compile(function, backend=compile_graph)
    with pytest.warns(UserWarning, match=r"aten\.native_dropout .*aten\.rand .*aten\._linalg_eigh"):
        compiled(x)
    torch.manual_seed(3)
    got = compiled(x)
    torch.manual_seed(3)
    for ours, theirs in zip(got, function(x), strict=True):
        assert_near(ours, theirs)


def test_training_a_normalized_network_with_batches_of_any_size() -> None:
    layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(), nn.Linear(64, 3)]
    ours = nn.Sequential(*layers)
    theirs = copy.deepcopy(ours)
    compiled = torch.compile(ours, backend=compile_graph)
    for size in (2, 3, 5):
        x = torch.randn(size, 3, 6, 6)
        for module in (compiled, theirs):
            torch.manual_seed(size)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that dropout runs eagerly
                module(x).square().sum().backward()
    assert_same_training(ours, theirs)


def test_constants_that_a_function_makes_are_the_graphs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eager, "_said", set())
    mask = torch.tensor([True, False, True, True])

    def function(x: Tensor) -> Tensor:
        kept = torch.where(torch.tensor([True, False, True, True]), x, torch.tensor(2.0))
        return torch.linalg.eigvalsh(kept * torch.tensor([[1.0, 2.0, 3.0, 4.0]]) + kept.t()) + mask

    x = torch.randn(4, 4)
    with pytest.warns(UserWarning, match="mlc runs eagerly: aten._linalg_eigh"):
        assert_near(torch.compile(function, backend=compile_graph)(x), function(x))


def test_without_fallback_what_is_not_supported_is_an_error() -> None:
    compiled = torch.compile(spectral, backend=compile_graph, options={"fallback": False})
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match=r"aten._linalg_eigh \(no support yet\)"):
        compiled(torch.randn(4, 4))


def test_random_numbers_are_torchs_own() -> None:
    def function(x: Tensor) -> Tensor:
        return nn.functional.dropout(torch.relu(x), 0.5, training=True) * 2

    x = torch.randn(1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.compile(function, backend=compile_graph)
        torch.manual_seed(3)
        got = compiled(x)
    torch.manual_seed(3)
    assert_near(got, function(x))


def test_random_numbers_are_drawn_in_eagers_order() -> None:
    def function(x: Tensor) -> tuple[Tensor, ...]:
        first = torch.rand(4, 6)
        product = (x @ x.t()).relu()
        second = (product + torch.randn(4, 4)).sum()
        third = nn.functional.dropout(product, 0.5, training=True)
        fourth = torch.rand(4, 6) + second
        fifth = torch.bernoulli(torch.sigmoid(x))
        return fourth * 2, third + 1, first + fourth, second, fifth * first, torch.randint(0, 100, (3,)) * 2

    x = torch.randn(4, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.compile(function, backend=compile_graph)
        torch.manual_seed(3)
        got = compiled(x)
    torch.manual_seed(3)
    for ours, theirs in zip(got, function(x), strict=True):
        assert_same(ours, theirs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fall_back": True}, "backend mlc has no option 'fall_back'; did you mean 'fallback'"),
        ({"level": 7}, "there is no optimization level 7"),
        ({"level": True}, "option 'level' of backend mlc must be 0, 1, 2, 3 or None, got True"),
        ({"passes": "fuze"}, "unknown pass 'fuze'"),
        ({"passes": 3}, "option 'passes' of backend mlc must be a pipeline as text or None, got 3"),
        ({"target": None}, "option 'target' of backend mlc must be a target as text, got None"),
        ({"fallback": "yes"}, "option 'fallback' of backend mlc must be True or False, got 'yes'"),
        ({"freeze": None}, "option 'freeze' of backend mlc must be True or False, got None"),
    ],
)
def test_an_option_that_there_is_not_is_an_error(options: dict[str, Any], message: str) -> None:
    compiled = torch.compile(torch.relu, backend=compile_graph, options=options)
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match=message):
        compiled(torch.randn(3))


def test_a_mode_of_inductors_is_an_error() -> None:
    compiled = torch.compile(torch.relu, backend=compile_graph, mode="max-autotune")
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match="backend mlc has no mode 'max-autotune'; give"):
        compiled(torch.randn(3))


def test_both_doors_give_the_same_numbers() -> None:
    model = perceptron()
    x = torch.randn(3, 8)
    with torch.no_grad():
        assert torch.equal(torch.compile(model, backend=compile_graph)(x), mlc.compile(model, (x,))(x))


def code_of(ir: str) -> list[str]:
    """The ops of a printed module, without its names and locations."""
    return [line.partition(" loc(")[0] for line in ir.splitlines()[2:]]


@pytest.mark.slow
def test_both_doors_make_the_same_code_of_a_residual_network(built: list[set[int]]) -> None:
    from models import exported

    model = exported.network("resnet", "small").eval()
    x = torch.randn(1, 3, 32, 32)
    whole = mlc.compile(model, (x,))
    artifacts = []

    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        load = mlc.driver.Executable.of
        patch.setattr(mlc.driver.Executable, "of", lambda artifact: artifacts.append(artifact) or load(artifact))
        assert torch.equal(torch.compile(model, backend=compile_graph)(x), whole(x))
    assert code_of(artifacts[0].ir) == code_of(whole.executable.artifact.ir)
    assert len(built) == 1


SCRIPT = """
import torch
from tolerance import assert_close
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(1)).eval()
x = torch.randn(3, 8)
with torch.no_grad():
    assert_close([torch.compile(model, backend="mlc")(x).numpy()], [model(x).numpy()], model="script")
"""


@pytest.mark.slow
def test_the_name_mlc_is_found_and_kernels_are_kept_between_processes(tmp_path: Path) -> None:
    site = site_with_entry_points(tmp_path / "site")
    tree = str(Path(next(iter(mlc.__path__))).parent)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(site), tree, str(Path(__file__).parent.parent)]),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    kept: list[dict[str, int]] = []
    for _ in range(2):
        command = [sys.executable, "-c", SCRIPT]
        result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
        assert result.returncode == 0, result.stderr
        objects = (tmp_path / "cache" / "mlc" / "objects").rglob("*")
        kept.append({path.name: path.stat().st_ino for path in objects if path.is_file()})
    # An object compiled again would have been written again, as a new file of the same name.
    assert kept[0] and kept[1] == kept[0]
