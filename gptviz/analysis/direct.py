"""What a vector written to the stream does to the next word directly: read through the final norm and the
unembedding, as if no later layer reacted to it (direct logit attribution: Elhage et al. 2021; Wang et al. 2022)."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gptviz.llm import LLM
from gptviz.model import GPT
from gptviz.trace import Trace


def final_directions(llm: LLM, trace: Trace, token: int, vectors: Tensor) -> Tensor:
    """`vectors` [..., D] as they leave the final norm at `token`, the norm held at the size it has there: divided by
    that size and multiplied by the norm's weight (a LayerNorm first takes off the vector's mean). The norm's bias
    belongs to no vector and is left out."""
    norm = llm.model.ln_final
    stream = trace[f"blocks.{llm.config.n_layer - 1}.resid_post"][token].float()
    vectors = vectors.float()
    if not norm.rms:
        stream, vectors = stream - stream.mean(), vectors - vectors.mean(-1, keepdim=True)
    return norm.weight.float() * vectors * torch.rsqrt(stream.pow(2).mean() + norm.eps)


def direct_logits(llm: LLM, trace: Trace, token: int, vectors: Tensor) -> Tensor:
    """What each of `vectors` [..., D] adds to every logit at `token`: [..., V]. Less its mean over the vocabulary,
    since raising all logits alike changes nothing."""
    logits = final_directions(llm, trace, token, vectors) @ llm.model.unembed.weight.float().T
    return logits - logits.mean(-1, keepdim=True)


def direct_push(llm: LLM, trace: Trace, token: int, vectors: Tensor, word: int) -> Tensor:
    """The same for one word: [..., D] -> [...], without computing the others."""
    row = llm.model.unembed.weight[word].float()
    return final_directions(llm, trace, token, vectors) @ (row - _mean_row(llm.model))


# With what it is the mean of and how often that was changed in place: it takes as long as all else.
_mean_rows: WeakKeyDictionary[GPT, tuple[tuple[int, int], Tensor]] = WeakKeyDictionary()


def _mean_row(model: GPT) -> Tensor:
    weight = model.unembed.weight
    of, known = (id(weight), weight._version), _mean_rows.get(model)
    if known is None or known[0] != of:
        known = _mean_rows[model] = of, weight.float().mean(0)
    return known[1]
