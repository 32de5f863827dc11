"""What the model says without some of its heads (ablation: their z set to 0 at every position)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from gptviz.errors import InputError
from gptviz.interventions import Intervention, Scale, hook
from gptviz.llm import LLM
from gptviz.model import GPTConfig
from gptviz.trace import Trace

Head = tuple[int, int]
"""A head by its layer and its number in the layer, written `layer.head` for people."""


def _by_layer(heads: Iterable[Head]) -> dict[int, list[int]]:
    layers: dict[int, list[int]] = {}
    for layer, head in sorted(set(heads)):
        layers.setdefault(layer, []).append(head)
    return layers


def without(heads: Iterable[Head]) -> list[Intervention]:
    """Interventions that switch `heads` off: what each hands to W_O becomes 0 at every position."""
    return [Scale(f"blocks.{layer}.attn.z", 0.0, heads=off) for layer, off in _by_layer(heads).items()]


def control(config: GPTConfig, heads: Sequence[Head], seed: int = 0) -> list[Head] | None:
    """As many other heads, drawn at random from the same layers: what switching off that many heads there does by
    itself. None if a layer has too few others."""
    generator = torch.Generator().manual_seed(seed)
    drawn: list[Head] = []
    for layer, off in _by_layer(heads).items():
        others = [head for head in range(config.n_head) if head not in off]
        if len(others) < len(off):
            return None
        order = torch.randperm(len(others), generator=generator)[: len(off)]
        drawn += [(layer, others[i]) for i in sorted(order.tolist())]
    return drawn


def logits_without(llm: LLM, trace: Trace, heads: Iterable[Head], token: int) -> Tensor:
    """The logits [V] at `token` with `heads` off: those of `llm.trace(interventions=without(heads))`, but only the
    layers that change are computed, from the stream that `trace` (of everything, nothing replaced) holds before them.
    """
    heads = list(heads)
    first = min(layer for layer, _ in heads)
    model = llm.model
    hooks = [(it.name, hook(it, len(trace.ids))) for it in without(heads)]
    with model.hooked(hooks), torch.no_grad():
        x = model.run_from(first, trace[f"blocks.{first}.resid_pre"][None], explicit=True)
        logits = model.to_logits(x[0, token])
    if broken := int((~logits.isfinite()).sum()):
        raise InputError("logits_not_finite", count=broken)
    return logits
