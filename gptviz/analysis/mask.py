"""What the causal mask promises: a later token changes nothing before it."""

from __future__ import annotations

from dataclasses import dataclass

from gptviz.analysis.predictions import swap
from gptviz.llm import LLM
from gptviz.trace import Trace


@dataclass(frozen=True)
class Differences:
    """Largest absolute difference between two texts that differ in their last token only, over all rows before it."""

    pattern: float
    """Of any weight of any head of one layer."""
    vectors: float
    """Of any query, key or value there."""
    stream: float
    """Of any number of the residual stream after any layer."""


def likeliest_other(trace: Trace) -> int:
    """The token the model expected in the last place, or, where that is the one that came, its second choice."""
    at = max(len(trace.ids) - 2, 0)
    first, second = trace.logits[at].topk(2).indices.tolist()
    return first if first != trace.ids[-1] else second


def with_last(llm: LLM, trace: Trace, word: str) -> list[int]:
    """The ids of the text with its last token replaced by `word`, by the first token of it if it has several.
    Raises InputError for a word the vocabulary cannot write."""
    changed = swap(llm, trace.ids, len(trace.ids) - 1, word)
    return changed.ids[: len(trace.ids)]


def differences(first: Trace, second: Trace, layer: int) -> Differences:
    """How far the rows before the last differ between traces of equal length: exactly 0 in a causal model."""
    rows = len(first.ids) - 1

    def largest(*names: str) -> float:
        if rows == 0:
            return 0.0
        return max(float((first[n][..., :rows, :] - second[n][..., :rows, :]).abs().max()) for n in names)

    prefix = f"blocks.{layer}.attn."
    return Differences(
        pattern=largest(prefix + "pattern"),
        vectors=largest(*(prefix + name for name in "qkv")),
        stream=largest(*(f"blocks.{at}.resid_post" for at in range(first.config.n_layer))),
    )
