"""What the stream would say if the model stopped early: final norm and unembedding applied after every layer (the
logit lens: nostalgebraist 2020). Early layers were not trained to be read so; what this shows there is how far the
stream is from saying it, not what the layer "thinks"."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.predictions import Candidate, leading
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.trace import Trace

POINTS = ("stream", "attention", "mlp")
"""Where the stream is read: at both places of every layer; after its attention; after its MLP."""

CHUNK = 64  # vectors whose logits are held at once


@dataclass(frozen=True)
class Lens:
    """The stream read at each of `names`, for every token: [len(names), T] each."""

    names: list[str]
    """Hook points, from the embedding up; the last is the model's own output."""
    targets: list[int]
    """[T]: the token whose rank is followed at each position."""
    ranks: Tensor
    """int64: 1 if no token is likelier than the target."""
    probabilities: Tensor
    """float32: of the target, by softmax."""
    tops: Tensor
    """int64: the likeliest token."""


def names_of(trace: Trace, points: str) -> list[str]:
    """The hook points that `points` reads, in order. Raises InputError for another word than those of POINTS."""
    if points not in POINTS:
        raise InputError("bad_lens", value=points, known=", ".join(POINTS))
    kinds = {"stream": ("resid_mid", "resid_post"), "attention": ("resid_mid",), "mlp": ("resid_post",)}[points]
    layers = range(trace.config.n_layer)
    after = [f"blocks.{layer}.{kind}" for layer in layers for kind in kinds]
    last = f"blocks.{trace.config.n_layer - 1}.resid_post"  # what the model itself reads
    return ["blocks.0.resid_pre", *after, *([] if after[-1] == last else [last])]


def read(llm: LLM, vectors: Tensor) -> Tensor:
    """Stream vectors [..., D] -> the logits [..., V] they would give if the model stopped there."""
    with llm.model.lock, torch.no_grad():  # another thread's hooks are none of this
        return llm.model.to_logits(vectors).float()


_kept: weakref.WeakKeyDictionary[Trace, dict[tuple, Lens]] = weakref.WeakKeyDictionary()


def lens(
    llm: LLM,
    trace: Trace,
    word: int | None = None,
    points: str = "mlp",
    progress: Callable[[int, int], None] | None = None,
) -> Lens:
    """The rank of one token at every point and position. word: which; None: at each position the token that the
    model itself says there. progress(done, total) hears how far it is: 64 tokens take about a second. Kept as long
    as the trace is."""
    if word is not None:
        llm.check_ids([word])
    kept = _kept.setdefault(trace, {})
    key = (len(trace.ids), word, points)
    if key not in kept:
        kept[key] = _read_all(llm, trace, word, points, progress)
    return kept[key]


def _read_all(llm: LLM, trace: Trace, word: int | None, points: str, progress) -> Lens:
    names, T = names_of(trace, points), len(trace.ids)
    targets = trace.logits.argmax(-1) if word is None else torch.full((T,), word)
    vectors = torch.stack([trace[name] for name in names]).flatten(0, 1)  # [names · T, D]
    wanted = targets.repeat(len(names))
    ranks, shares, tops = [], [], []
    for start in range(0, len(vectors), CHUNK):
        logits = read(llm, vectors[start : start + CHUNK])
        own = logits.gather(1, wanted[start : start + CHUNK, None].to(logits.device))
        ranks.append((logits > own).sum(-1) + 1)
        shares.append((own[:, 0] - logits.logsumexp(-1)).exp())
        tops.append(logits.argmax(-1))
        if progress:
            progress(min(start + CHUNK, len(vectors)), len(vectors))
    shape = (len(names), T)
    together = [torch.cat(values).view(shape).cpu() for values in (ranks, shares, tops)]
    return Lens(names, targets.tolist(), *together)


def words(llm: LLM, trace: Trace, name: str, position: int, count: int = 10) -> list[Candidate]:
    """The `count` likeliest tokens if the stream were read at hook point `name`."""
    return leading(llm, read(llm, trace[name][position]), count)


def settled(found: Lens, position: int, within: int = 1) -> int | None:
    """The first point from which on the target stays among the `within` likeliest at `position`; None if it never
    does."""
    good = found.ranks[:, position] <= within
    if not good[-1]:
        return None
    bad = (~good).nonzero()
    return int(bad[-1]) + 1 if len(bad) else 0
