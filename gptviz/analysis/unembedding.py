"""The last step opened: how the final vector becomes one word's logit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.llm import LLM
from gptviz.trace import Trace


@dataclass(frozen=True)
class DotProduct:
    """logit = E(w)·h, term by term; all vectors [d_model], float32."""

    row: Tensor
    """The word's row of the unembedding matrix W_U [vocab, d_model]."""
    h: Tensor
    """The final vector: the last layer's stream after the final norm."""
    logit: float
    """What the model computed; the products' sum differs from it by rounding alone."""

    @property
    def products(self) -> Tensor:
        return self.row * self.h

    def largest(self, count: int) -> list[int]:
        """The dimensions whose products matter most, by size."""
        return self.products.abs().topk(min(count, len(self.h))).indices.tolist()


def dot_product(llm: LLM, trace: Trace, position: int, token_id: int) -> DotProduct:
    """The logit of `token_id` after the token at `position`, opened."""
    row = llm.model.unembed.weight[token_id].detach().float()
    return DotProduct(row, trace["ln_final"][position].float(), float(trace.logits[position, token_id]))


def shifted(logits: Tensor, constant: float) -> float:
    """The largest change of any probability when `constant` is added to every logit [V]: 0 but for rounding."""
    before, after = (x.double().softmax(-1) for x in (logits, logits.double() + constant))
    return float((before - after).abs().max())


def ratio(logits: Tensor, first: int, second: int, temperature: float) -> float:
    """How many times as likely `first` is as `second` at `temperature` > 0: e^((difference of logits) / T)."""
    difference = logits[first].double() - logits[second].double()
    return float(torch.exp(difference / temperature))
