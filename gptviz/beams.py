"""Beam search: the few likeliest texts at every length, kept side by side."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from gptviz.errors import InputError
from gptviz.model import GPT, KVCache, check_length


@dataclass(frozen=True)
class Beam:
    """One token of the tree that a beam search leaves behind."""

    index: int
    """In `BeamSearch.nodes`."""
    parent: int | None
    """Index of the token before it; None right behind the prompt."""
    id: int
    token: str
    log_probability: float
    """Of this token, natural logarithm, given all before it."""
    total: float
    """Of all generated tokens up to this one."""
    depth: int
    """1 right behind the prompt."""
    kept: bool
    """Whether the search went on from here (or ended here with an end token); the others fell out."""
    ended: bool
    """Whether this is an end token."""


@dataclass(frozen=True)
class BeamSearch:
    """What a beam search found: the tree of all it looked at closely, and its results, best first."""

    nodes: list[Beam] = field(default_factory=list)
    best: list[int] = field(default_factory=list)
    """Indices of the last tokens of the results."""

    def path(self, index: int) -> list[Beam]:
        """The tokens from the prompt's end to node `index`."""
        found: list[Beam] = []
        at: int | None = index
        while at is not None:
            found.append(self.nodes[at])
            at = self.nodes[at].parent
        return found[::-1]

    def score(self, index: int) -> float:
        """What results are ordered by: the mean log-probability of a token."""
        node = self.nodes[index]
        return node.total / node.depth


def search(model: GPT, ids: list[int], width: int, max_new_tokens: int, eos_ids: frozenset[int]) -> BeamSearch:
    """Keep the `width` likeliest continuations of `ids` at every length, up to `max_new_tokens`.

    Equal to transformers' `generate(num_beams=width, do_sample=False)`: of the 2·width likeliest one-token
    continuations those that end are set aside, and the width best others go on; results are ordered by their mean
    log-probability a token (length penalty 1); the search ends early once no running text beats the worst of `width`
    ended ones. Pieces (`Beam.token`) are left empty. Raises InputError for a width or length that cannot be.
    """
    if not isinstance(width, int) or not 1 <= width <= model.config.vocab_size:
        raise InputError("bad_beam_width", value=width, most=model.config.vocab_size)
    if not isinstance(max_new_tokens, int) or max_new_tokens < 1:
        raise InputError("bad_max_new_tokens", value=max_new_tokens)
    check_length(model.config, len(ids))
    if len(ids) + max_new_tokens > model.config.max_tokens:
        raise InputError("generation_too_long", n_prompt=len(ids), n_new=max_new_tokens, limit=model.config.max_tokens)
    found = BeamSearch()
    cache = KVCache()
    running: list[int] = []  # the last tokens of the texts that go on; at first there is the prompt alone
    ended: list[int] = []
    new = torch.tensor([ids], device=model.embed.weight.device)
    for depth in range(1, max_new_tokens + 1):
        with model.lock, torch.no_grad():
            logits = model(new, cache=cache, last_only=True)[:, -1].float()  # [beams, V]
        if not torch.isfinite(logits).all():
            raise InputError("logits_not_finite", count=int((~torch.isfinite(logits)).sum()))
        logp = logits.log_softmax(-1)
        before = [found.nodes[node].total for node in running] or [0.0]
        totals = torch.tensor(before, device=logp.device)[:, None] + logp
        flat = totals.flatten().topk(min(2 * width, totals.numel()))
        chosen: list[tuple[int, int]] = []  # (row it came from, node)
        for rank, (place, total) in enumerate(zip(flat.indices.tolist(), flat.values.tolist(), strict=True)):
            row, token = divmod(place, logp.shape[1])
            ends = token in eos_ids
            # An end token counts only among the width best, as in transformers.
            kept = rank < width if ends else len(chosen) < width
            parent = running[row] if running else None
            node = Beam(len(found.nodes), parent, token, "", float(logp[row, token]), total, depth, kept, ends)
            found.nodes.append(node)
            if kept and ends:
                ended.append(node.index)
            elif kept:
                chosen.append((row, node.index))
        running = [node for _, node in chosen]
        if not running:
            break
        if len(ended) >= width:
            ended = sorted(ended, key=found.score, reverse=True)[:width]
            if found.score(running[0]) <= found.score(ended[-1]):
                running = []
                break
        cache = cache.rows([row for row, _ in chosen])
        new = torch.tensor([[found.nodes[node].id] for _, node in chosen], device=new.device)
    found.best.extend(sorted(ended + running, key=found.score, reverse=True)[:width])
    return found
