"""The guide's network: a Llama-architecture decoder that llama.cpp runs as it is.

Shapes in the comments: B rows, T positions of a row, D width, H heads, K key/value heads, S head size.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

RMS_EPSILON = 1e-5


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Dimensions of the network; widths are multiples of 256 so that every k-quant works."""

    vocab: int = 4096
    dim: int = 512
    layers: int = 4
    heads: int = 8
    kv_heads: int = 4
    ff: int = 768
    context: int = 2048
    rope_base: float = 10000.0
    dropout: float = 0.1

    @property
    def head_dim(self) -> int:
        """Size of one attention head."""
        return self.dim // self.heads


class Norm(nn.Module):
    """RMS normalisation with a learned scale."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension of x."""
        return functional.rms_norm(x, (x.shape[-1],), self.weight, RMS_EPSILON)


def rope_tables(head_dim: int, positions: int, base: float) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of the rotary angles, each (positions, head_dim / 2)."""
    frequencies = base ** (-torch.arange(0, head_dim, 2).float() / head_dim)
    angles = torch.outer(torch.arange(positions).float(), frequencies)
    return torch.cos(angles), torch.sin(angles)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Apply rotary positions to neighbouring pairs, the order ggml uses for "llama"."""
    first, second = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((first * cos - second * sin, first * sin + second * cos), -1)
    return turned.flatten(-2)


class Layer(nn.Module):
    """One decoder layer: grouped-query attention and a gated feed-forward block."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim, kv_dim = config.dim, config.kv_heads * config.head_dim
        self.heads, self.kv_heads, self.head_dim = config.heads, config.kv_heads, config.head_dim
        self.dropout = config.dropout
        self.attn_norm, self.ffn_norm = Norm(dim), Norm(dim)
        self.attn_q = nn.Linear(dim, dim, bias=False)
        self.attn_k = nn.Linear(dim, kv_dim, bias=False)
        self.attn_v = nn.Linear(dim, kv_dim, bias=False)
        self.attn_output = nn.Linear(dim, dim, bias=False)
        self.ffn_gate = nn.Linear(dim, config.ff, bias=False)
        self.ffn_up = nn.Linear(dim, config.ff, bias=False)
        self.ffn_down = nn.Linear(config.ff, dim, bias=False)

    def attend(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """Attention over a row; mask (B, 1, T, T) is True where a position may look."""
        rows, length, _ = x.shape
        split = (rows, length, -1, self.head_dim)
        query = rotate(self.attn_q(x).view(split).transpose(1, 2), cos, sin)
        key = rotate(self.attn_k(x).view(split).transpose(1, 2), cos, sin)
        value = self.attn_v(x).view(split).transpose(1, 2)
        groups = self.heads // self.kv_heads
        key = key.to(value.dtype).repeat_interleave(groups, 1)
        value = value.repeat_interleave(groups, 1)
        mixed = functional.scaled_dot_product_attention(
            query.to(value.dtype), key, value, attn_mask=mask
        )
        return self.attn_output(mixed.transpose(1, 2).reshape(rows, length, -1))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """Return the hidden states after this layer."""
        attended = self.attend(self.attn_norm(x), cos, sin, mask)
        x = x + functional.dropout(attended, self.dropout, self.training)
        y = self.ffn_norm(x)
        fed = self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))
        return x + functional.dropout(fed, self.dropout, self.training)


class Guide(nn.Module):
    """The decoder with tied input and output embeddings."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocab, config.dim)
        self.blk = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.output_norm = Norm(config.dim)
        cos, sin = rope_tables(config.head_dim, config.context, config.rope_base)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        """Small embeddings; matrices by fan-in, those that write into the stream smaller."""
        for name, weight in self.named_parameters():
            if weight.dim() != 2:
                continue
            deviation = 0.02 if name.startswith("token_embd") else weight.shape[1] ** -0.5
            if name.endswith(("attn_output.weight", "ffn_down.weight")):
                deviation *= 0.5 / math.sqrt(self.config.layers)
            nn.init.normal_(weight, std=deviation)

    def hidden(self, ids: Tensor, positions: Tensor, mask: Tensor) -> list[Tensor]:
        """Return the states after every layer, the last one normalised, each (B, T, D)."""
        x = functional.dropout(self.token_embd(ids), self.config.dropout, self.training)
        cos, sin = self.cos[positions][:, None], self.sin[positions][:, None]
        states = []
        for layer in self.blk:
            x = layer(x, cos, sin, mask)
            states.append(x)
        states[-1] = self.output_norm(x)
        return states

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the scores of every token of the vocabulary for normalised states."""
        return functional.linear(hidden, self.token_embd.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits (B, T, vocabulary) of plain rows of tokens starting at position 0."""
        rows, length = ids.shape
        positions = torch.arange(length).expand(rows, length)
        mask = torch.ones(length, length, dtype=torch.bool).tril().expand(rows, 1, length, length)
        return self.logits(self.hidden(ids, positions, mask)[-1])
