"""What the causal mask promises: a later token changes nothing before it."""

from __future__ import annotations

from dataclasses import dataclass

from gptviz.analysis.predictions import swap
from gptviz.llm import LLM
from gptviz.trace import Trace

LIKELY = 100  # how far down a suggestion is looked for


@dataclass(frozen=True)
class Differences:
    """Largest absolute difference between two texts that differ in their last token only, over all rows before it."""

    pattern: float
    """Of any weight of any head of one layer."""
    vectors: float
    """Of any query, key or value there."""
    stream: float
    """Of any number of the residual stream after any layer."""


def likeliest_other(llm: LLM, trace: Trace) -> int:
    """Another token for the last place: the likeliest there that is not the one that came, and that is a word where
    the one that came is one."""
    at = max(len(trace.ids) - 2, 0)
    last = trace.ids[-1]
    likely = [i for i in trace.logits[at].topk(min(LIKELY, trace.logits.shape[1])).indices.tolist() if i != last]

    def is_word(piece: str) -> bool:
        return piece.startswith("·") and piece[1:].isalpha()

    if is_word(llm.pieces([last])[0]):
        words = [i for i, piece in zip(likely, llm.pieces(likely), strict=True) if is_word(piece)]
        likely = words or likely
    return likely[0] if likely else last


def with_last(llm: LLM, trace: Trace, word: str) -> tuple[list[int], int]:
    """The ids of the text with its last token replaced by `word`, by the first token of it if it has several; and how
    many it has. Raises InputError for a word the vocabulary cannot write."""
    changed = swap(llm, trace.ids, len(trace.ids) - 1, word)
    return changed.ids[: len(trace.ids)], changed.width


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
