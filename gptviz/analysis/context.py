"""One word in several sentences: how far its vectors lie apart after each layer, and what moved them.

A *place* is a token in a sentence, its *stream* the vectors it has on its way: a row before the first layer, then one
after each, so that row p is what the layers below p made of it. Two ways to ask what moved two streams apart:

- `shares`: a stream is a sum, of what it began with and of what every head and every MLP added. So the difference of
  two streams is the sum of their differences, exactly. It says who *wrote* the difference.
- `patching_effects`: let one head write what it writes in the other sentence and compute everything after it again
  (activation patching: Vig et al. 2020; Meng et al. 2022). It says what the difference *hangs on*: an MLP sees only its
  own token, so whatever it adds to a difference was brought there by some head before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import torch
from torch import Tensor

from gptviz.analysis.heads import Look, head_outputs
from gptviz.analysis.kept import kept
from gptviz.llm import LLM
from gptviz.model import KVCache
from gptviz.trace import Trace

ROUNDING = 1e-5
"""Two vectors that differ by less than this share of their length differ by rounding."""

NAMES = ("blocks.0.resid_pre", *(f"blocks.*.{n}" for n in ("resid_mid", "resid_post", "mlp_out")))
NAMES = (*NAMES, *(f"blocks.*.attn.{n}" for n in ("k", "v", "z", "pattern")))
"""What a trace has to hold for all of this."""

_BATCH_BYTES = 100_000_000  # that the keys of one batch of patched passes may take


@dataclass(frozen=True)
class Place:
    """The token at position `at` of a trace."""

    trace: Trace
    at: int

    @property
    def id(self) -> int:
        return self.trace.ids[self.at]

    @cached_property
    def stream(self) -> Tensor:
        """[n_layer + 1, D] float64: as it enters the first layer, then as it leaves each."""
        return stream(self.trace, self.at)


def stream(trace: Trace, at: int) -> Tensor:
    """The vectors of token `at` on its way, [n_layer + 1, D] float64."""
    names = ["blocks.0.resid_pre", *(f"blocks.{layer}.resid_post" for layer in range(trace.config.n_layer))]
    return torch.stack([trace[name][at] for name in names]).cpu().double()


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """The cosine of two streams [P, D] at each point, [P]."""
    return torch.cosine_similarity(first, second, dim=-1)


def largest_difference(first: Tensor, second: Tensor) -> float:
    """How far two streams [P, D] differ anywhere, as a share of the largest number at that point."""
    return float(((first - second).abs().amax(-1) / first.abs().amax(-1)).max())


# --------------------------------------------------------------------------------------------- comparison


@dataclass(frozen=True)
class Comparison:
    """One word in two or three sentences, by letter. The last is the one in another sense; of three, the first two
    have the same sense and are the control."""

    places: dict[str, Place]

    @cached_property
    def cosines(self) -> dict[str, Tensor]:
        """Of each pair of sentences, "AB" and so on, at each point [P]."""
        pairs = combinations(self.places.items(), 2)
        return {a + b: cosines(first.stream, second.stream) for (a, first), (b, second) in pairs}

    @property
    def control(self) -> str | None:
        """The pair of the same sense; None where there are two sentences only."""
        return next(iter(self.cosines)) if len(self.places) == 3 else None

    @property
    def across(self) -> list[str]:
        """The pairs of different senses."""
        return [pair for pair in self.cosines if pair != self.control]

    @cached_property
    def gap(self) -> Tensor:
        """By how much the cosine across falls short of the control's, or of 1 where there is none: [P]."""
        across = torch.stack([self.cosines[pair] for pair in self.across]).mean(0)
        return (self.cosines[self.control] if self.control else 1.0) - across

    @property
    def widest(self) -> int:
        """The layer after which the gap is widest."""
        return int(self.gap[1:].argmax())

    @property
    def halfway(self) -> int:
        """The first layer after which the gap is at least half as wide as it ever gets; `widest` if none opens."""
        widest = float(self.gap[1:].max())
        return int((self.gap[1:] >= min(widest, widest / 2)).nonzero()[0])

    @cached_property
    def far(self) -> Contrast:
        """The last sentence against the others."""
        *near, far = self.places.values()
        return Contrast(far, tuple(near))

    @cached_property
    def same(self) -> Contrast | None:
        """The second sentence against the first: the control; None where there are two sentences only."""
        if self.control is None:
            return None
        first, second, _ = self.places.values()
        return Contrast(second, (first,))


@dataclass(frozen=True)
class Contrast:
    """A place, `far`, against the mean of others, `near`."""

    far: Place
    near: tuple[Place, ...]

    @cached_property
    def difference(self) -> Tensor:
        """[P, D]: far's stream less the mean of the others'."""
        return self.far.stream - torch.stack([place.stream for place in self.near]).mean(0)

    def distinct(self, point: int) -> bool:
        """Is there a difference to explain, or only rounding?"""
        return bool(self.difference[point].norm() > ROUNDING * self.far.stream[point].norm())


def shared_places(rows: Sequence[Sequence[int]], known: Sequence[int], spelled: Sequence[int]) -> list[int] | None:
    """Where the word to compare stands in each of `rows` (token ids): the last place of a token that all have. Of
    several, one of `known`; else the longest, as `spelled` says by id's place in the first row; else the latest. None
    if they share none."""
    first, *others = rows
    shared = [i for i, id in enumerate(first) if all(id in other for other in others)]
    if not shared:
        return None
    best = first[max(shared, key=lambda i: (first[i] in known, spelled[i], i))]
    return [max(i for i, id in enumerate(row) if id == best) for row in rows]


def last_place(trace: Trace, id: int) -> Place:
    """Where token `id` stands last in a trace that holds it."""
    return Place(trace, max(i for i, other in enumerate(trace.ids) if other == id))


def largest(values: Tensor, count: int) -> list[tuple[int, int]]:
    """The (layer, head) of the largest of [n_layer, n_head] values, largest first."""
    top = values.flatten().topk(min(count, values.numel())).indices.tolist()
    return [divmod(i, values.shape[1]) for i in top]


# ------------------------------------------------------------------------------------------------ looks


def looks(place: Place, layer: int, head: int, count: int) -> list[Look]:
    """What the head looks at hardest from the place, the first token aside; empty if that is all it can see."""
    weights = place.trace[f"blocks.{layer}.attn.pattern"][head, place.at, 1 : place.at + 1].float()
    top = weights.topk(min(count, len(weights)))
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return [Look(layer, head, place.at, key + 1, weight) for key, weight in pairs]


def hardest_look(contrast: Contrast) -> Look | None:
    """Of all heads, the hardest look from `far` at a token that none of the other sentences holds up to the word;
    the first token aside. None if there is no such token."""
    far, seen = contrast.far, set()
    for place in contrast.near:
        seen.update(place.trace.ids[: place.at + 1])
    own = [key for key in range(1, far.at) if far.trace.ids[key] not in seen]
    if not own:
        return None
    best = None
    for layer in range(far.trace.config.n_layer):
        weights = far.trace[f"blocks.{layer}.attn.pattern"][:, far.at, own].float()  # [H, own]
        head, which = divmod(int(weights.argmax()), len(own))
        if best is None or float(weights[head, which]) > best.weight:
            best = Look(layer, head, far.at, own[which], float(weights[head, which]))
    return best


# ----------------------------------------------------------------------------------- who wrote the difference


@dataclass(frozen=True)
class Shares:
    """Which share of a difference each part wrote, along that difference: all of them add up to 1."""

    heads: Tensor
    """[n_layer, n_head]"""
    mlps: Tensor
    """[n_layer]"""
    start: float
    """What was there before the first layer: 0 where the same token stands, in a model with learned positions at the
    same position."""

    @property
    def total(self) -> float:
        return float(self.heads.sum() + self.mlps.sum()) + self.start


def shares(llm: LLM, contrast: Contrast, point: int) -> Shares:
    """Each part's share of the difference at `point`: its own difference, projected on the whole one. With u the unit
    vector of the difference x: o·u / |x|. W_O's bias is the same in every sentence and drops out."""
    whole = contrast.difference[point]
    direction = whole / whole.square().sum()  # u / |x|

    def written(place: Place) -> tuple[Tensor, Tensor]:
        layers = range(place.trace.config.n_layer)
        heads = torch.stack([head_outputs(llm, place.trace, layer, place.at) for layer in layers])
        mlps = torch.stack([place.trace[f"blocks.{layer}.mlp_out"][place.at] for layer in layers])
        return heads.cpu().double() @ direction, mlps.cpu().double() @ direction

    far, near = written(contrast.far), [written(place) for place in contrast.near]
    heads, mlps = (far[i] - torch.stack([other[i] for other in near]).mean(0) for i in (0, 1))
    heads[point:], mlps[point:] = 0, 0  # the layers that are still to come
    return Shares(heads, mlps, float(contrast.difference[0] @ direction))


# ------------------------------------------------------------------------------- what the difference hangs on


def patching_effects(llm: LLM, contrast: Contrast, point: int) -> Tensor:
    """[n_layer, n_head]: by which share the difference at `point` shrinks, along itself, if that one head writes at
    `far` what it writes in the other sentences (their mean), and everything after it is computed again. Below 0 if it
    grows; 0 in the layers that are still to come. They need not add up to anything: heads work on one another's
    results. Kept as long as the trace is, and a later point goes on from an earlier one."""
    near = tuple((tuple(place.trace.ids), place.at) for place in contrast.near)
    far, config = contrast.far, llm.config
    patched = kept(far.trace, ("patching", far.at, near), lambda: _Patched(llm, far))
    with llm.model.lock, torch.no_grad():  # another thread's hooks are none of this
        while len(patched.effects) < point:
            patched.go_on(llm, contrast)
    effects = torch.zeros(config.n_layer, config.n_head, dtype=torch.float64)
    if point:
        effects[:point] = patched.effects[point - 1]
    return effects


class _Patched:
    """The streams at a place that would be there if one head in one of the layers so far had been exchanged, and how
    much of the difference that takes away: as far as somebody has asked."""

    def __init__(self, llm: LLM, far: Place):
        config = llm.config
        row_bytes = 4 * config.n_layer * config.n_head * config.d_head * (far.at + 1)
        self.heads = torch.arange(config.n_head).split(max(1, _BATCH_BYTES // row_bytes))
        self.streams = [torch.empty(0, 1, config.d_model, dtype=llm.dtype, device=llm.model.embed.weight.device)]
        self.streams *= len(self.heads)
        """By batch of heads: [layers so far * heads, 1, D]."""
        self.effects: list[Tensor] = []
        """After each layer so far: [layers so far, n_head]."""

    @property
    def nbytes(self) -> int:
        return sum(it.nbytes for it in (*self.streams, *self.effects))

    def go_on(self, llm: LLM, contrast: Contrast) -> None:
        """One more layer."""
        layer = len(self.effects)
        past, whole = _CacheBefore(contrast.far), contrast.difference[layer + 1]
        # u / |x|, for the unit vector u of the difference x; no difference has no share
        direction = whole / whole.square().sum().clamp_min(torch.finfo(torch.float64).tiny)
        streams, effects = [], []
        for heads, before in zip(self.heads, self.streams, strict=True):
            x = _next_streams(llm, contrast, past, layer, heads, before)
            left = (contrast.far.stream[layer + 1] - x[:, 0].cpu().double()) @ direction
            streams.append(x)
            effects.append(left.view(layer + 1, len(heads)))
        self.streams = streams
        self.effects.append(torch.cat(effects, 1))


def _next_streams(llm: LLM, contrast: Contrast, past: KVCache, layer: int, heads: Tensor, x: Tensor) -> Tensor:
    """Through `layer`, in one batch, the streams `x` in which a head of an earlier layer was exchanged, and behind them
    those in which it is one of this layer's `heads`: they begin where attention has added its part."""
    far, model = contrast.far, llm.model
    if len(x):
        x = model.run_from(layer, x, to=layer + 1, cache=past, explicit=True)
    own, *others = (place.trace[f"blocks.{layer}.attn.z"][:, place.at] for place in (far, *contrast.near))
    z = own.repeat(len(heads), 1, 1)  # [heads, H, d], with one head exchanged in each
    z[torch.arange(len(heads)), heads] = torch.stack(others).mean(0)[heads]
    before = far.trace[f"blocks.{layer}.resid_pre"][far.at].expand(len(heads), 1, -1)
    block = model.blocks[layer]
    return torch.cat((x, block.after_attention(before, block.attn.output(z[:, :, None]))))


class _CacheBefore(KVCache):
    """The keys and values of the tokens before a place, the same for every row of a batch; takes nothing in."""

    def __init__(self, place: Place):
        super().__init__()
        self._trace, self.length = place.trace, place.at

    def update(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        keys, values = (self._trace[f"blocks.{layer}.attn.{name}"][:, : self.length] for name in ("k", "v"))
        batch = len(k)
        return torch.cat((keys.expand(batch, -1, -1, -1), k), 2), torch.cat((values.expand(batch, -1, -1, -1), v), 2)
