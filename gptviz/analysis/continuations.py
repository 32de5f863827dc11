"""How likely the model holds each text of a tree, what else it could have said, and what greedy writing comes to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.branches import Node, Tree, grow
from gptviz.analysis.kept import kept
from gptviz.analysis.predictions import leading, leading_ids, probabilities, rank
from gptviz.llm import LLM
from gptviz.model import KVCache, check_length
from gptviz.sampling import Options, distribution

LIKELIEST = 8  # words that are kept of what could come next


@dataclass(frozen=True)
class Given:
    """How one token was rated before it came."""

    probability: float
    """softmax(logits)[id]: what the model itself says."""
    drawn: float
    """The probability it is drawn with, after penalty, temperature and filters."""
    rank: int
    """1: the likeliest."""


@dataclass(frozen=True)
class After:
    """What the model says may come after a text."""

    ids: tuple[int, ...]
    """The likeliest tokens, likeliest first."""
    given: dict[int, Given]
    """How these are rated, and those that a tree has there."""
    left: int
    """How many tokens penalty, temperature and filters leave to be drawn."""


def after(logits: Tensor, options: Options, ids: Sequence[int], also: Iterable[int] = ()) -> After:
    """What logits [V] say behind the text `ids`; `also`: tokens to be rated beside the likeliest. Raises InputError if
    a logit is not a number."""
    drawn = distribution(logits, options, ids)
    p = logits.softmax(-1)
    likeliest = leading_ids(logits, LIKELIEST)
    given = {i: Given(float(p[i]), float(drawn[i]), place + 1) for place, i in enumerate(likeliest)}
    for i in also:
        if i not in given:
            given[i] = Given(float(p[i]), float(drawn[i]), rank(logits, i))
    return After(tuple(likeliest), given, int((drawn > 0).sum()))


class Known(dict[tuple[int, ...], After]):
    """What may come after each text behind a prompt, by the tokens behind it."""

    @property
    def nbytes(self) -> int:
        """Memory it takes, about: Python's own objects for some ten rated tokens behind each text."""
        return 3000 * len(self)


def known(llm: LLM, prompt: Sequence[int], options: Options) -> Known:
    """What was found out so far about texts behind a prompt, with these settings; shared, and grows."""
    return kept(llm.model, ("known", tuple(prompt), options), Known)


def rate(llm: LLM, prompt: Sequence[int], tree: Tree, options: Options) -> Known:
    """What may come after every text of a tree, the prompt alone included: the likeliest tokens, and how those that
    the tree has there are rated. Only what is not known yet is computed, and what texts share only once.

    Behind an end token nothing is asked. Raises InputError for tokens the model does not have, a text too long for
    it, or logits that are not numbers.
    """
    found, root = known(llm, prompt, options), grow(tree)
    nodes = list(root.walk())
    llm.check_ids(node.id for node in nodes[1:])
    check_length(llm.config, len(prompt) + max(len(node.path) for node in nodes))

    def lacks(node: Node) -> bool:
        if node.id in llm.checkpoint.eos_ids and not node.children:
            return False
        rated = found.get(node.path)
        return rated is None or any(child.id not in rated.given for child in node.children)

    lacking = {node.path for node in nodes if lacks(node)}
    on_the_way = {path[:n] for path in lacking for n in range(len(path) + 1)}
    # From fork to fork, each run of tokens in one pass, over the keys and values of what comes before.
    waiting = [(root, list(prompt), KVCache())] if lacking else []
    while waiting:
        node, ids, cache = waiting.pop()
        run = [node]
        while len(ahead := [child for child in run[-1].children if child.path in on_the_way]) == 1:
            run.append(ahead[0])
            ids.append(ahead[0].id)
        with llm.model.lock, torch.no_grad():
            batch = torch.tensor([ids], device=llm.model.embed.weight.device)
            logits = llm.model(batch, cache=cache)[0, -len(run) :].float()  # [run, V]
        for at, row in zip(run, logits, strict=True):
            if at.path in lacking:
                found[at.path] = after(row, options, [*prompt, *at.path], [child.id for child in at.children])
        waiting.extend((child, [child.id], cache.copy()) for child in ahead)
    return found


# ------------------------------------------------------------------------------------------------ greedy writing


@dataclass(frozen=True)
class Greedy:
    """What taking the likeliest token each time makes of a text."""

    ids: tuple[int, ...]
    total: float
    """Natural logarithm of the product of the tokens' probabilities."""
    ended: bool
    """By an end token."""


def greedy(llm: LLM, ids: Sequence[int], count: int) -> Greedy:
    """Write at most `count` tokens behind `ids`, the likeliest each time."""
    steps = list(llm.generate(list(ids), count, temperature=0))
    written = tuple(step.id for step in steps)
    return Greedy(written, sum(_log(step.probability) for step in steps), written[-1] in llm.checkpoint.eos_ids)


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf


def first_words(llm: LLM, ids: Sequence[int], count: int, length: int) -> list[Greedy]:
    """The `count` likeliest first tokens behind `ids`, in that order, each with greedy writing behind it, `length`
    tokens in all."""
    first = next(iter(llm.generate(list(ids), 1, temperature=0)))
    logp = first.logits.double().log_softmax(-1)
    found = []
    for i in leading_ids(first.logits, count):
        rest = Greedy((), 0.0, True)
        if length > 1 and i not in llm.checkpoint.eos_ids:
            rest = greedy(llm, [*ids, i], length - 1)
        found.append(Greedy((i, *rest.ids), float(logp[i]) + rest.total, rest.ended))
    return found


@dataclass(frozen=True)
class Repetition:
    """A text that ends in the same run of tokens over and over."""

    period: int
    """How many tokens the run has."""
    since: int
    """Where the first of them begins."""


SHORT, TIMES = 4, 3  # a run of fewer tokens than that has to come so many times: a text may say "no, no"


def repetition(ids: Sequence[int]) -> Repetition | None:
    """The shortest run that a text ends in at least twice, one right behind the other; None if there is none."""
    n = len(ids)
    for period in range(1, n // 2 + 1):
        since = n - period
        while since > 0 and ids[since - 1] == ids[since - 1 + period]:
            since -= 1
        if n - since >= period * (2 if period >= SHORT else TIMES):
            return Repetition(period, since)
    return None


# ----------------------------------------------------------------------------------------------- other tasks


@dataclass(frozen=True)
class Answer:
    """The next token, read as an answer."""

    pieces: list[str]
    probabilities: list[float]
    """Of the likeliest tokens."""
    labels: list[float]
    """Of the tokens that the possible answers begin with."""


def answer(llm: LLM, prompt: str, labels: Sequence[str], count: int = 3) -> Answer:
    """What the model answers behind a prompt. labels: possible answers, each looked at by its first token."""
    step = next(iter(llm.generate(prompt, 1, temperature=0)))
    top, p = leading(llm, step.logits, count), probabilities(step.logits)
    return Answer(
        [one.token for one in top],
        [one.probability for one in top],
        [float(p[llm.encode(label)[0]]) for label in labels],
    )
