"""Networks on tokens, in torch: an MLP, a BERT-style encoder, a GPT-style decoder, an LSTM. Definitions only."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """Three linear layers with three activations: the smallest network with a batch that can be a symbol."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(32, width), nn.ReLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 10), nn.LogSoftmax(-1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Attention(nn.Module):
    """Multi-head self-attention, spelled out in products and a softmax, or as torch's one fused operator.

    Exporters write the two differently, and an optimizer is to recognize both.
    """

    def __init__(self, width: int, heads: int, fused: bool, causal: bool) -> None:
        super().__init__()
        self.heads, self.head_width = heads, width // heads
        self.fused, self.causal = fused, causal
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """x[B,T,C]; bias is added to the scores[B,H,T,T], -inf or very negative where a key is not to be seen."""
        q, k, v = (self._split(project(x)) for project in (self.query, self.key, self.value))
        if self.fused:
            y = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias, is_causal=self.causal)
        else:
            scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
            if self.causal:
                future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
                scores = scores.masked_fill(future, -torch.inf)
            if bias is not None:
                scores = scores + bias
            y = torch.softmax(scores, -1) @ v
        return self.out(y.transpose(1, 2).reshape(x.shape))

    def _split(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        return x.reshape(batch, length, self.heads, self.head_width).transpose(1, 2)


class Block(nn.Module):
    """Attention and a two-layer MLP, each with a residual; layer norm before them (GPT-2, ViT) or after (BERT)."""

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        pre_norm: bool,
        fused: bool = True,
        causal: bool = False,
        gelu: str = "none",
    ) -> None:
        super().__init__()
        self.pre_norm = pre_norm
        self.attention = Attention(width, heads, fused, causal)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(gelu), nn.Linear(4 * width, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        if self.pre_norm:
            x = x + self.attention(self.norm1(x), bias)
            return x + self.mlp(self.norm2(x))
        x = self.norm1(x + self.attention(x, bias))
        return self.norm2(x + self.mlp(x))


class Bert(nn.Module):
    """Devlin et al., BERT, 2018: token, position and segment embeddings, post-norm blocks, a tanh pooler."""

    def __init__(
        self, vocabulary: int = 30522, length: int = 512, width: int = 768, heads: int = 12, depth: int = 12
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.segments = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.blocks = nn.ModuleList(Block(width, heads, pre_norm=False, fused=False) for _ in range(depth))
        self.pool = nn.Linear(width, width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states [B,T,C] and the pooled first token [B,C]; attention_mask is 1 for a token, 0 for padding."""
        positions = torch.arange(input_ids.shape[1])
        x = self.norm(self.tokens(input_ids) + self.positions(positions) + self.segments(token_type_ids))
        bias = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        for block in self.blocks:
            x = block(x, bias)
        return x, torch.tanh(self.pool(x[:, 0]))


class GPT(nn.Module):
    """Radford et al., Language Models are Unsupervised Multitask Learners, 2019 (GPT-2): causal, tanh GELU."""

    def __init__(
        self,
        vocabulary: int = 50257,
        length: int = 1024,
        width: int = 768,
        heads: int = 12,
        depth: int = 12,
        fused: bool = True,
        has_head: bool = True,
    ) -> None:
        super().__init__()
        self.has_head = has_head
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.blocks = nn.Sequential(
            *(Block(width, heads, pre_norm=True, fused=fused, causal=True, gelu="tanh") for _ in range(depth))
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Scores [B,T,V] of the next token, by the token embedding again; without a head, hidden states [B,T,C]."""
        x = self.tokens(input_ids) + self.positions(torch.arange(input_ids.shape[1]))
        x = self.norm(self.blocks(x))
        return x @ self.tokens.weight.T if self.has_head else x


class LSTMClassifier(nn.Module):
    """Two bidirectional LSTM layers over embedded tokens, classified by the last and the largest states."""

    def __init__(self, vocabulary: int = 1000, width: int = 256, classes: int = 5) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, bidirectional=True, batch_first=True)
        self.classify = nn.Linear(4 * width, classes)

    def forward(self, input_ids: Tensor) -> Tensor:
        states, _ = self.lstm(self.tokens(input_ids))
        return self.classify(torch.cat([states[:, -1], states.amax(1)], 1))
