"""The networks of the golden tests: definitions of `transformers` where it has them, with random weights, else ours.

Each is (module, arguments, dynamic_shapes) by name and size: "small" compiles in seconds, "full" has the paper's sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from models import exported, vision
from torch import Tensor, nn

Network = tuple[nn.Module, tuple[Any, ...], Any]


def network(name: str, size: str) -> Network:
    """The network called `name`, seeded, in eval mode."""
    torch.manual_seed(0)
    module, arguments, shapes = NETWORKS[name](size == "full")
    return randomized(module.eval()), arguments, shapes


def randomized(module: nn.Module) -> nn.Module:
    """Norms as a training would leave them, and biases that are not all zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in module.named_buffers():
            if name.endswith("running_mean"):
                tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
            elif name.endswith("running_var"):
                tensor.copy_(1 + 0.2 * torch.rand(tensor.shape, generator=generator))
        for name, tensor in module.named_parameters():
            if name.endswith("bias"):
                tensor.add_(0.02 * torch.randn(tensor.shape, generator=generator))
    return module


class Picked(nn.Module):
    """A model of `transformers`, its arguments by position under these names, of whose results some are taken."""

    def __init__(self, model: nn.Module, names: Sequence[str], results: Sequence[str], **fixed: Any) -> None:
        super().__init__()
        self.model = model
        self.names, self.results, self.fixed = list(names), list(results), fixed

    def forward(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        outputs = self.model(**dict(zip(self.names, arguments, strict=True)), **self.fixed)
        return tuple(getattr(outputs, name) for name in self.results)


def image(side: int, batch: int = 1) -> Tensor:
    """Smooth noise, as images are."""
    coarse = torch.randn(batch, 3, 8, 8)
    return nn.functional.interpolate(coarse, size=(side, side), mode="bilinear") + 0.1 * torch.randn(
        batch, 3, side, side
    )


def ids(length: int, vocabulary: int, batch: int = 1) -> Tensor:
    """Token numbers."""
    return torch.randint(0, vocabulary, (batch, length))


def of_models(name: str) -> Callable[[bool], Network]:
    """A network of tests/models on images."""

    def make(full: bool) -> Network:
        size = "full" if full else "small"
        side = 224 if full else 32
        return exported.network(name, size), (image(side, 1 if full else 2),), None

    return make


def bert(full: bool) -> Network:
    """BERT base of Devlin et al., 2018, with padding."""
    from transformers import BertConfig, BertModel

    small = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    config = BertConfig(**({} if full else {**small, "vocab_size": 200, "max_position_embeddings": 64}))
    length = 128 if full else 16
    mask = torch.ones(2, length, dtype=torch.int64)
    mask[1, -length // 4 :] = 0
    model = Picked(BertModel(config), ("input_ids", "attention_mask"), ("last_hidden_state", "pooler_output"))
    return model, (ids(length, config.vocab_size, 2), mask), None


def gpt2_config(full: bool) -> Any:
    """GPT-2 of Radford et al., 2019, 117 M, or a small one."""
    from transformers import GPT2Config

    small = {"n_embd": 48, "n_layer": 2, "n_head": 4, "vocab_size": 200, "n_positions": 64}
    return GPT2Config(**({} if full else small))


def gpt2(full: bool) -> Network:
    """The whole prompt at once."""
    from transformers import GPT2LMHeadModel

    config = gpt2_config(full)
    model = Picked(GPT2LMHeadModel(config), ("input_ids",), ("logits",), use_cache=False)
    return model, (ids(128 if full else 16, config.vocab_size),), None


class Decoder(nn.Module):
    """One step of a language model: a token, and keys and values of all layers so far, returned grown by one."""

    def __init__(self, model: nn.Module, layers: int) -> None:
        super().__init__()
        self.model = model
        self.layers = layers

    def forward(
        self, token: Tensor, keys: list[Tensor], values: list[Tensor]
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        from transformers import DynamicCache

        cache = DynamicCache(ddp_cache_data=list(zip(keys, values, strict=True)))
        position = torch.arange(keys[0].shape[2], keys[0].shape[2] + 1)
        outputs = self.model(input_ids=token, past_key_values=cache, position_ids=position[None], use_cache=True)
        layers = outputs.past_key_values.layers
        return outputs.logits, [layer.keys for layer in layers], [layer.values for layer in layers]


def gpt2_decode(full: bool) -> Network:
    """One token after a cache of any length."""
    from transformers import GPT2LMHeadModel

    config = gpt2_config(full)
    model = Decoder(GPT2LMHeadModel(config), config.n_layer)
    past = torch.export.Dim("past", min=2, max=config.n_positions - 2)
    shape = (1, config.n_head, 7, config.n_embd // config.n_head)
    cache = [[torch.randn(shape) for _ in range(config.n_layer)] for _ in range(2)]
    dims = [{2: past}] * config.n_layer
    return model, (ids(1, config.vocab_size), *cache), (None, dims, dims)


def llama(full: bool) -> Network:
    """RoPE, RMSNorm, grouped queries and SwiGLU: Touvron et al., 2023; full is a tenth of its width."""
    from transformers import LlamaConfig, LlamaForCausalLM

    width, layers, heads, groups = (512, 8, 8, 2) if full else (64, 2, 4, 2)
    config = LlamaConfig(
        vocab_size=1000,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=groups,
    )
    model = Picked(LlamaForCausalLM(config), ("input_ids",), ("logits",), use_cache=False)
    return model, (ids(64 if full else 12, 1000),), None


def t5(full: bool) -> Network:
    """Encoder and decoder with relative positions: Raffel et al., 2019; full is t5-small."""
    from transformers import T5Config, T5ForConditionalGeneration

    small = {"d_model": 48, "d_kv": 12, "d_ff": 96, "num_layers": 2, "num_heads": 4, "vocab_size": 200}
    config = T5Config(**({} if full else small))
    model = Picked(T5ForConditionalGeneration(config), ("input_ids", "decoder_input_ids"), ("logits",), use_cache=False)
    length = 64 if full else 12
    return model, (ids(length, config.vocab_size), ids(length // 2, config.vocab_size)), None


def whisper(full: bool) -> Network:
    """The encoder of Radford et al., 2022; full is whisper-tiny."""
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    small = {"d_model": 48, "encoder_layers": 2, "encoder_attention_heads": 4, "encoder_ffn_dim": 96}
    config = WhisperConfig(**({} if full else {**small, "max_source_positions": 20}))
    frames = 2 * config.max_source_positions
    model = Picked(WhisperEncoder(config), ("input_features",), ("last_hidden_state",))
    return model, (torch.randn(1, config.num_mel_bins, frames),), None


def swin(full: bool) -> Network:
    """Attention in shifted windows: Liu et al., 2021; full is Swin-T."""
    from transformers import SwinConfig, SwinModel

    small = {
        "image_size": 32,
        "patch_size": 4,
        "embed_dim": 16,
        "depths": [2, 2],
        "num_heads": [2, 4],
        "window_size": 4,
    }
    config = SwinConfig(**({} if full else small))
    model = Picked(SwinModel(config), ("pixel_values",), ("last_hidden_state", "pooler_output"))
    return model, (image(config.image_size),), None


def convnext(full: bool) -> Network:
    """Liu et al., A ConvNet for the 2020s, 2022; full is ConvNeXt-T."""
    from transformers import ConvNextConfig, ConvNextModel

    small = {"hidden_sizes": [16, 24, 32, 40], "depths": [1, 1, 2, 1]}
    config = ConvNextConfig(**({} if full else small))
    model = Picked(ConvNextModel(config), ("pixel_values",), ("last_hidden_state", "pooler_output"))
    return model, (image(224 if full else 64),), None


def efficientnet(full: bool) -> Network:
    """EfficientNet-B0 of Tan and Le, 2019."""
    from transformers import EfficientNetConfig, EfficientNetModel

    b0 = {"width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280}
    small = {**b0, "width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 320}
    config = EfficientNetConfig(**(b0 if full else small))
    model = Picked(EfficientNetModel(config), ("pixel_values",), ("last_hidden_state", "pooler_output"))
    return model, (image(224 if full else 64),), None


class DenseLayer(nn.Module):
    """Norm, 1x1, norm, 3x3; the result joins what was there before."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, 4 * growth, 1, bias=False)),
            *(nn.BatchNorm2d(4 * growth), nn.ReLU(), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.body(x)], 1)


class DenseNet(nn.Module):
    """Huang et al., Densely Connected Convolutional Networks, 2016; (6, 12, 24, 16) with growth 32 is DenseNet-121."""

    def __init__(self, depths: Sequence[int], growth: int, stem: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, stem, 7, 2, 3, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
        layers.append(nn.MaxPool2d(3, 2, 1))
        width = stem
        for number, depth in enumerate(depths):
            for _ in range(depth):
                layers.append(DenseLayer(width, growth))
                width += growth
            if number < len(depths) - 1:
                half = width // 2
                layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, half, 1, bias=False), nn.AvgPool2d(2)]
                width = half
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(width), nn.ReLU())
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(nn.functional.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


def densenet(full: bool) -> Network:
    """DenseNet-121, or a small one."""
    model = DenseNet((6, 12, 24, 16), 32, 64, 1000) if full else DenseNet((2, 2, 3), 8, 16, 50)
    return model, (image(224 if full else 64),), None


class Recurrent(nn.Module):
    """Two layers in both directions, and a head on the last states."""

    def __init__(self, kind: type[nn.RNNBase], inputs: int, width: int) -> None:
        super().__init__()
        self.layers = kind(inputs, width, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * width, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Any]:
        y, state = self.layers(x)
        return self.head(y[:, -1]), state


def lstm(full: bool) -> Network:
    """Hochreiter and Schmidhuber, 1997."""
    width, steps = (256, 64) if full else (16, 9)
    return Recurrent(nn.LSTM, width, width), (torch.randn(2, steps, width),), None


def gru(full: bool) -> Network:
    """Cho et al., 2014."""
    width, steps = (256, 64) if full else (16, 9)
    return Recurrent(nn.GRU, width, width), (torch.randn(2, steps, width),), None


class Recommender(nn.Module):
    """Naumov et al., Deep Learning Recommendation Model, 2019: bags of sparse features meet dense ones in pairs."""

    def __init__(self, tables: int, rows: int, width: int, dense: int) -> None:
        super().__init__()
        self.bags = nn.ModuleList([nn.EmbeddingBag(rows, width, mode="sum") for _ in range(tables)])
        self.bottom = nn.Sequential(nn.Linear(dense, 2 * width), nn.ReLU(), nn.Linear(2 * width, width), nn.ReLU())
        pairs = (tables + 1) * tables // 2
        self.top = nn.Sequential(nn.Linear(pairs + width, width), nn.ReLU(), nn.Linear(width, 1), nn.Sigmoid())

    def forward(self, dense: Tensor, indices: list[Tensor], offsets: list[Tensor]) -> Tensor:
        x = self.bottom(dense)
        sparse = [bag(i, o) for bag, i, o in zip(self.bags, indices, offsets, strict=True)]
        features = torch.stack([x, *sparse], 1)
        product = features @ features.transpose(1, 2)
        row, column = torch.triu_indices(len(sparse) + 1, len(sparse) + 1, 1)
        return self.top(torch.cat([x, product[:, row, column]], 1))


def recommender(full: bool) -> Network:
    """Eight tables of bags with one to three entries."""
    tables, rows, width, dense, batch = (8, 10000, 64, 13, 64) if full else (3, 50, 8, 5, 4)
    counts = torch.randint(1, 4, (tables, batch))
    offsets = [torch.cat([torch.zeros(1, dtype=torch.int64), c.cumsum(0)[:-1]]) for c in counts]
    indices = [torch.randint(0, rows, (int(c.sum()),)) for c in counts]
    return Recommender(tables, rows, width, dense), (torch.randn(batch, dense), indices, offsets), None


class DiffusionBlock(nn.Module):
    """A block of a diffusion UNet (Rombach et al., 2021): a residual block told the time, then cross attention."""

    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
        self.time = nn.Sequential(nn.SiLU(), nn.Linear(4 * width, width))
        self.second = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, kdim=context, vdim=context, batch_first=True)
        self.grow, self.shrink = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, time: Tensor, context: Tensor) -> Tensor:
        y = self.second(self.first(x) + self.time(time)[:, :, None, None])
        x = x + y
        tokens = x.flatten(2).transpose(1, 2)
        tokens = tokens + self.attention(self.norm(tokens), context, context, need_weights=False)[0]
        value, gate = self.grow(tokens).chunk(2, -1)
        tokens = tokens + self.shrink(value * nn.functional.gelu(gate))
        x = tokens.transpose(1, 2).reshape(x.shape)
        return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


def diffusion(full: bool) -> Network:
    """One block at one of the sizes that Stable Diffusion has, or a small one."""
    width, side, context = (320, 32, 768) if full else (32, 8, 24)
    model = DiffusionBlock(width, context, 8)
    return model, (torch.randn(2, width, side, side), torch.randn(2, 4 * width), torch.randn(2, 7, context)), None


def squeezenet(full: bool) -> Network:
    """SqueezeNet of Iandola et al., 2016."""
    return (
        (vision.SqueezeNet() if full else vision.SqueezeNet(width=12, classes=200)),
        (image(224 if full else 32),),
        None,
    )


NETWORKS: dict[str, Callable[[bool], Network]] = {
    "resnet50": of_models("resnet"),
    "mobilenet_v2": of_models("mobilenet"),
    "efficientnet_b0": efficientnet,
    "densenet121": densenet,
    "squeezenet": squeezenet,
    "unet": of_models("unet"),
    "vit_b16": of_models("vit"),
    "swin": swin,
    "convnext": convnext,
    "bert": bert,
    "gpt2": gpt2,
    "gpt2_decode": gpt2_decode,
    "llama": llama,
    "t5": t5,
    "whisper": whisper,
    "lstm": lstm,
    "gru": gru,
    "dlrm": recommender,
    "diffusion": diffusion,
}
