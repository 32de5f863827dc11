"""Where a token stands: learned rows, or rotation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.parameters import GPT3
from gptviz.model import rotary_frequencies
from gptviz.trace import Trace

CONTEXTS = {"GPT-2": 1024, "GPT-3": GPT3.n_ctx}
"""How many tokens fit (Radford et al. 2019, section 2.3; Brown et al. 2020, section 2.1)."""


def evenly_spaced(count: int, most: int) -> list[int]:
    """At most `most` of 0 … count − 1, evenly spaced, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


@dataclass(frozen=True)
class Rotary:
    """What rotation has to work with in one layer.

    q: [n_head, T, d_head] and k: [n_kv_head, T, d_head] before they are turned; frequencies: [d_head/2], radians a
    position; difference: the largest difference, over all heads and pairs, between a dot product computed from them
    with `rotated` and the model's own (scores ÷ scale), relative to the largest dot product."""

    q: Tensor
    k: Tensor
    frequencies: Tensor
    difference: float


def rotary(trace: Trace, layer: int) -> Rotary:
    """The queries and keys of a layer of a model with rotary positions."""
    config, attn = trace.config, f"blocks.{layer}.attn"
    q, k, turned_q, turned_k = (trace[f"{attn}.{name}"].cpu() for name in ("q_pre", "k_pre", "q", "k"))
    q, k = q.float(), k.float()
    assert config.rope is not None, "asked of a model with rotary positions"
    frequencies = rotary_frequencies(config.rope, config.d_head)
    positions = torch.arange(q.shape[1])
    shared = k.repeat_interleave(config.n_head // config.n_kv_head, dim=0)
    own = rotated(q, positions, frequencies) @ rotated(shared, positions, frequencies).transpose(1, 2)
    turned_k = turned_k.repeat_interleave(config.n_head // config.n_kv_head, dim=0)
    models = turned_q.double() @ turned_k.double().transpose(1, 2)
    return Rotary(q, k, frequencies, float((own - models).abs().max() / models.abs().max().clamp_min(1e-30)))


def rotated(x: Tensor, positions: Tensor, frequencies: Tensor) -> Tensor:
    """`x` [..., T, d] turned by its positions [T], in float64: dimensions i and i + d/2 are a point of a plane, which
    turns by position · frequencies[i] (Su et al. 2021, section 3.2.2, with the pairs of `gptviz.model.rotate`)."""
    a, b = x.double().chunk(2, dim=-1)
    angle = positions.double()[:, None] * frequencies.double()
    plane = torch.complex(a, b) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat((plane.real, plane.imag), dim=-1)
