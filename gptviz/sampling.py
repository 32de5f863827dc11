"""From logits to the next token: penalty, temperature, filters, and the draw; then generation, a token at a time.

The filters and their order (repetition penalty, temperature, top-k, top-p, min-p) are those of transformers' logits
processors.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.errors import InputError
from gptviz.model import GPT, KVCache, check_length


@dataclass(frozen=True)
class Options:
    """How the next token is chosen. `temperature` 0 is greedy, and at infinity all tokens that the
    filters leave are equally likely; None switches a filter off.

    top_k keeps the k likeliest tokens (Fan et al. 2018); top_p the fewest likeliest ones that hold at least that
    much probability (Holtzman et al. 2020); min_p those at least that fraction as likely as the likeliest
    (Nguyen et al. 2024). repetition_penalty, before all others, divides the logit of every token that the text
    already has by that number if it is above 0, and multiplies it if it is below (Keskar et al. 2019, section 4.1):
    above 1 makes repetition less likely. Raises InputError for a value that means nothing.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None

    def __post_init__(self) -> None:
        if not self.temperature >= 0:  # nor NaN
            raise InputError("bad_temperature", value=self.temperature)
        if self.top_k is not None and not (isinstance(self.top_k, int) and self.top_k >= 1):
            raise InputError("bad_top_k", value=self.top_k)
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise InputError("bad_top_p", value=self.top_p)
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise InputError("bad_min_p", value=self.min_p)
        penalty = self.repetition_penalty
        if penalty is not None and not (math.isfinite(penalty) and penalty > 0):
            raise InputError("bad_repetition_penalty", value=penalty)


@dataclass(frozen=True)
class Step:
    """One generated token."""

    id: int
    token: str
    probability: float
    """How likely the model itself held it: softmax(logits)[id], before temperature and filters."""
    logits: Tensor
    """[vocab] float32: what the model said before this token was chosen."""


def penalised(logits: Tensor, ids: Sequence[int], penalty: float | None) -> Tensor:
    """logits [V] with those of the tokens in `ids` made smaller: see `Options.repetition_penalty`."""
    if penalty in (None, 1.0) or not len(ids):
        return logits
    seen = torch.as_tensor(sorted(set(ids)), device=logits.device)
    held = logits[seen]
    return logits.index_copy(0, seen, torch.where(held > 0, held / penalty, held * penalty))


def distribution(logits: Tensor, options: Options, ids: Sequence[int] = ()) -> Tensor:
    """logits [V] -> the probabilities [V] (float32) that the next token is drawn from, computed in float64. ids: the
    text so far, for the repetition penalty.

    Temperature 0 puts everything on the likeliest token. Raises InputError if a logit is not a number.
    """
    if not torch.isfinite(logits).all():
        raise InputError("logits_not_finite", count=int((~torch.isfinite(logits)).sum()))
    # In float32 a softmax over 50,000 tokens is off by up to 1e-5, which can decide what top-p keeps.
    logits = logits.double()
    logits = penalised(logits, ids, options.repetition_penalty)
    if options.temperature < torch.finfo(torch.float32).tiny:  # zero, or what float32 takes for zero
        return torch.zeros_like(logits, dtype=torch.float32).index_fill_(0, logits.argmax(), 1.0)
    # Less its maximum first, which softmax does not notice: a tiny temperature must not overflow.
    logits = (logits - logits.max()) / options.temperature
    if options.top_k is not None and options.top_k < len(logits):
        kth = logits.topk(options.top_k).values[-1]
        logits = logits.masked_fill(logits < kth, -math.inf)
    if options.top_p is not None and options.top_p < 1:
        ascending, order = logits.sort()
        below = ascending.softmax(-1).cumsum(-1)  # the mass of each token and all less likely ones
        drop = below <= 1 - options.top_p
        drop[-1] = False
        logits = logits.index_fill(0, order[drop], -math.inf)
    if options.min_p is not None:
        p = logits.softmax(-1)
        logits = logits.masked_fill(p < options.min_p * p.max(), -math.inf)
    return logits.softmax(-1).float()


def draw(probabilities: Tensor, generator: torch.Generator) -> int:
    """One token id, drawn from `probabilities` [V]."""
    return int(torch.multinomial(probabilities.cpu(), 1, generator=generator))


def generate(
    model: GPT, ids: list[int], max_new_tokens: int, options: Options, seed: int, eos_ids: frozenset[int]
) -> Iterator[tuple[int, Tensor]]:
    """Yield (token id, the logits [V] it was chosen from), up to `max_new_tokens`, ending after an end token.

    The model's lock is held for a step at a time and never while the caller works. Raises InputError at once if
    prompt and new tokens would not fit the context.
    """
    try:
        generator = torch.Generator().manual_seed(operator.index(seed))
    except (TypeError, RuntimeError, OverflowError, ValueError) as error:
        raise InputError("bad_seed", value=seed) from error
    if not isinstance(max_new_tokens, int) or max_new_tokens < 1:
        raise InputError("bad_max_new_tokens", value=max_new_tokens)
    check_length(model.config, len(ids))
    if len(ids) + max_new_tokens > model.config.max_tokens:
        raise InputError("generation_too_long", n_prompt=len(ids), n_new=max_new_tokens, limit=model.config.max_tokens)
    return steps(model, ids, max_new_tokens, options, generator, eos_ids)


def steps(
    model: GPT,
    ids: list[int],
    max_new_tokens: int,
    options: Options,
    generator: torch.Generator,
    eos_ids: frozenset[int],
) -> Iterator[tuple[int, Tensor]]:
    """What `generate` does, its arguments checked: one pass a token, over the keys and values of all before it."""
    device = model.embed.weight.device
    cache, new, text = KVCache(), ids, list(ids)
    for _ in range(max_new_tokens):
        with model.lock, torch.no_grad():
            logits = model(torch.tensor([new], device=device), cache=cache, last_only=True)[0, -1].float()
        chosen = draw(distribution(logits, options, text), generator)
        text.append(chosen)
        yield chosen, logits
        if chosen in eos_ids:
            return
        new = [chosen]
