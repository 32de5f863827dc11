"""What a vector written to the stream does to the next word directly: read through the final norm and the
unembedding, as if no later layer reacted to it (direct logit attribution: Elhage et al. 2021; Wang et al. 2022)."""

from __future__ import annotations

from torch import Tensor

from gptviz.analysis.kept import kept
from gptviz.llm import LLM
from gptviz.model import GPT
from gptviz.trace import Trace


def logit_attribution(llm: LLM, trace: Trace, token: int, parts: Tensor) -> Tensor:
    """What each of `parts` [..., D] of the last stream adds to every logit at `token`: [..., V]. Less its mean over the
    vocabulary, since raising all logits alike changes nothing."""
    logits = llm.model.logit_shares(parts, _last_stream(trace, token))
    return logits - logits.mean(-1, keepdim=True)


def word_attribution(llm: LLM, trace: Trace, token: int, parts: Tensor, word: int) -> Tensor:
    """The same for one word: [..., D] -> [...], without computing the others."""
    row = llm.model.unembed.weight[word].float() - _mean_row(llm.model)
    return llm.model.logit_shares(parts, _last_stream(trace, token), row[None])[..., 0]


def _last_stream(trace: Trace, token: int) -> Tensor:
    return trace[f"blocks.{trace.config.n_layer - 1}.resid_post"][token]


def _mean_row(model: GPT) -> Tensor:
    """The mean of the unembedding's rows [D]: it takes as long as all else. Made again where the matrix was changed in
    place."""
    weight = model.unembed.weight
    return kept(model, ("mean unembedding row", id(weight), weight._version), lambda: weight.float().mean(0))
