"""What the model expects next: leading words, ranks, how sure it is, and how well it expected what came."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.words import ids_behind
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.trace import Trace


@dataclass(frozen=True)
class Candidate:
    """A token that may come next."""

    id: int
    token: str
    logit: float
    probability: float


@dataclass(frozen=True)
class Guess:
    """How the model rates a reader's guess."""

    tokens: list[str]
    ids: list[int]
    probabilities: list[float]
    """Of each token, given the text and the guess's earlier tokens."""
    rank: int
    """Of the first token among all, 1 = likeliest."""

    @property
    def probability(self) -> float:
        """Of the whole guess: the product."""
        return math.prod(self.probabilities)


def probabilities(logits: Tensor) -> Tensor:
    """Softmax in float64 over the last axis, so that what is shown adds up."""
    return logits.double().softmax(-1)


def leading_ids(logits: Tensor, count: int) -> list[int]:
    """The `count` likeliest tokens under logits [V]; among equals the smallest id first, as argmax has it."""
    least = logits.topk(min(count, len(logits))).values[-1]
    found = ((logits >= least) | logits.isnan()).nonzero()[:, 0]
    return found[logits[found].argsort(descending=True, stable=True)][:count].tolist()


def leading(llm: LLM, logits: Tensor, count: int) -> list[Candidate]:
    """The `count` likeliest next tokens under logits [V], likeliest first."""
    return candidates(llm, logits, leading_ids(logits, count))


def candidates(llm: LLM, logits: Tensor, ids: Sequence[int]) -> list[Candidate]:
    """These tokens under logits [V]."""
    columns = logits[list(ids)].tolist(), probabilities(logits)[list(ids)].tolist()
    return [Candidate(*values) for values in zip(ids, llm.pieces(ids), *columns, strict=True)]


def rank(logits: Tensor, token_id: int) -> int:
    """1 if no token is likelier than `token_id` under logits [V], 2 if one is, and so on."""
    return int((logits > logits[token_id]).sum()) + 1


def ranks(trace: Trace) -> list[int]:
    """For each token, its rank among all in what the model said before it came; 0 for the first."""
    logits = trace.logits[:-1]
    own = logits.gather(1, torch.tensor(trace.ids[1:], device=logits.device, dtype=torch.long)[:, None])
    return [0, *((logits > own).sum(-1) + 1).tolist()]


def entropy_bits(logits: Tensor) -> float:
    """Shannon's entropy of softmax(logits [V]), in bits: 0 if sure, log2 V if all are alike."""
    p = probabilities(logits)
    return float(-(p * p.clamp_min(torch.finfo(p.dtype).tiny).log2()).sum())


def perplexity(logits: Tensor, temperature: float = 1.0) -> float:
    """2^entropy of softmax(logits [V] / temperature): as unsure as among that many equally likely tokens."""
    return 2 ** entropy_bits(logits.double() / temperature)


def nucleus_size(logits: Tensor, share: float) -> int:
    """How many of the likeliest tokens it takes to hold `share` of the probability under logits [V]."""
    return int((probabilities(logits).sort(descending=True).values.cumsum(0) < share).sum()) + 1


def least_and_most_certain(trace: Trace) -> tuple[int, int]:
    """The positions after which the model is least and most certain, by entropy."""
    p = probabilities(trace.logits)
    entropy = -(p * p.clamp_min(torch.finfo(p.dtype).tiny).log2()).sum(-1)
    return int(entropy.argmax()), int(entropy.argmin())


def token_probabilities(trace: Trace) -> list[float | None]:
    """For each token, the probability the model gave it before it came; None for the first, which nothing
    precedes."""
    p = probabilities(trace.logits[:-1])
    return [None, *p.gather(1, torch.tensor(trace.ids[1:], device=p.device)[:, None])[:, 0].tolist()]


def surprisals(trace: Trace) -> list[float | None]:
    """For each token, -log2 of the probability the model gave it, in bits; None for the first."""
    logp = trace.logits[:-1].double().log_softmax(-1) / math.log(2)
    bits = -logp.gather(1, torch.tensor(trace.ids[1:], device=logp.device)[:, None])[:, 0]
    return [None, *bits.tolist()]


def mean_surprisal(bits: Sequence[float | None]) -> tuple[float, float, float]:
    """Sum and mean of `surprisals` in bits, and the perplexity 2^mean."""
    known = [b for b in bits if b is not None]
    total = sum(known)
    return total, total / len(known), 2 ** (total / len(known))


def rate_guess(llm: LLM, trace: Trace, text: str) -> Guess:
    """How likely the model holds `text` as what comes after the trace's tokens.

    A guess without a leading space gets one, as words inside a sentence have it, where the vocabulary writes
    words that way. Raises InputError for an empty guess or one the vocabulary cannot write.
    """
    word = text.strip()
    if not word:
        raise InputError("empty_guess")
    logits = trace.logits[-1]
    ids = ids_behind(llm, word, lambda: logits)
    if not ids:
        raise InputError("guess_not_in_vocabulary", guess=word)
    longer = llm.trace([*trace.ids, *ids], names="logits") if len(ids) > 1 else trace
    at = len(trace.ids) - 1
    each = [float(probabilities(longer.logits[at + n])[i]) for n, i in enumerate(ids)]
    return Guess(llm.pieces(ids), ids, each, rank(logits, ids[0]))


@dataclass(frozen=True)
class Swap:
    """A text with another word at one place."""

    ids: list[int]
    width: int
    """How many tokens the new word takes."""


def swap(llm: LLM, ids: Sequence[int], at: int, text: str) -> Swap:
    """`ids` with the token at position `at` replaced by the word `text`, which gets a leading space if the old token
    had one. Raises InputError for a word the vocabulary cannot write."""
    if llm.tokenizer is None:
        raise InputError("no_tokenizer", model=llm.name)
    spaced = llm.tokenizer.token_bytes(ids[at]).startswith(b" ")
    new = (llm.tokenizer.encode_inside if spaced else llm.tokenizer.encode_part)(text.strip())
    if not new:
        raise InputError("guess_not_in_vocabulary", guess=text.strip())
    return Swap([*ids[:at], *new, *ids[at + 1 :]], len(new))


def largest_difference(first: Trace, second: Trace, rows: int) -> float:
    """How far two traces' residual streams differ anywhere in their first `rows` tokens, as a share of that layer's
    largest value: exactly 0 where a causal model reads the same text, but for rounding where their lengths differ
    (products of another size are added up in another order)."""
    shares = []
    for layer in range(first.config.n_layer):
        a, b = (trace[f"blocks.{layer}.resid_post"][:rows] for trace in (first, second))
        shares.append(float((a - b).abs().max() / a.abs().max()))
    return max(shares)


def ratio(logits: Tensor, first: int, second: int, temperature: float) -> float:
    """How many times as likely `first` is as `second` at `temperature` > 0: e^((difference of logits) / T)."""
    difference = logits[first].double() - logits[second].double()
    return float(torch.exp(difference / temperature))
