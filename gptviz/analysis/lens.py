"""What the stream would say if the model stopped early: final norm and unembedding applied after every layer (the
logit lens: nostalgebraist 2020). Early layers were not trained to be read so; what this shows there is how far the
stream is from saying it, not what the layer "thinks"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.kept import kept
from gptviz.analysis.predictions import Candidate, leading
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.trace import Trace

POINTS = ("mlp", "attention", "stream")
"""Where the stream is read: after the MLP of every layer; after its attention; at both places."""

VECTORS, BYTES = 64, 16_000_000
"""So many vectors are read at once, fewer where their logits would take more bytes."""


@dataclass(frozen=True)
class Lens:
    """The stream read at each of `names` and `positions`: [len(names), len(positions)] each."""

    names: list[str]
    """Hook points, from the embedding up; the last is the model's own output."""
    positions: list[int]
    targets: list[int]
    """The token whose rank is followed at each position."""
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


def lens(
    llm: LLM,
    trace: Trace,
    word: int | None = None,
    points: str = "mlp",
    progress: Callable[[int, int], None] | None = None,
    positions: Sequence[int] | None = None,
) -> Lens:
    """The rank of one token at every point of some positions (None: of all). word: which token; None: at each position
    the one that the model itself says there. progress(done, total) hears how far it is: 64 positions take about a
    second. It never holds the logits of more than a few vectors. Kept as long as the trace is."""
    if word is not None:
        llm.check_ids([word])
    places = list(range(len(trace.ids)) if positions is None else positions)
    names = names_of(trace, points)
    key = ("lens", word, points, tuple(places))
    return kept(trace, key, lambda: _measure(llm, trace, word, names, places, progress))


def _measure(llm: LLM, trace: Trace, word: int | None, names: list[str], positions: list[int], progress) -> Lens:
    targets = trace.logits.argmax(-1)[positions].tolist() if word is None else [word] * len(positions)
    cells = [(name, position, target) for name in names for position, target in zip(positions, targets, strict=True)]
    at_once = max(1, min(VECTORS, BYTES // (4 * llm.config.vocab_size)))
    ranks, probabilities, tops = [], [], []
    for start in range(0, len(cells), at_once):
        chunk = cells[start : start + at_once]
        logits = read(llm, torch.stack([trace[name][position] for name, position, _ in chunk]))
        own = logits.gather(1, torch.tensor([[target] for *_, target in chunk], device=logits.device))
        ranks.append((logits > own).sum(-1) + 1)
        probabilities.append((own[:, 0] - logits.logsumexp(-1)).exp())
        tops.append(logits.argmax(-1))
        if progress:
            progress(start + len(chunk), len(cells))
    shape = (len(names), len(positions))
    together = [torch.cat(values).view(shape).cpu() for values in (ranks, probabilities, tops)]
    return Lens(names, positions, targets, *together)


def words(llm: LLM, trace: Trace, name: str, position: int, count: int = 10) -> list[Candidate]:
    """The `count` likeliest tokens if the stream were read at hook point `name`."""
    return leading(llm, read(llm, trace[name][position]), count)


def settled(found: Lens, position: int, within: int = 1) -> int | None:
    """The first point from which on the target stays among the `within` likeliest at `position`; None if it never
    does."""
    good = found.ranks[:, found.positions.index(position)] <= within
    if not good[-1]:
        return None
    bad = (~good).nonzero()
    return int(bad[-1]) + 1 if len(bad) else 0
