"""What each attention head does on a prompt, read off its pattern.

Every score is a mean over the rows (queries) where there is something to measure, between 0 and 1, and NaN where the
prompt has no such row. Rows and targets leave the first token out: most heads of a trained model park their weight
there when they have nothing else to look at (an attention sink, Xiao et al. 2023), so weight on it says nothing else
about a head. It is counted by itself, as `sink`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.attribution import word_attribution
from gptviz.analysis.facts import Fact, HeadName, Position, Push, Share
from gptviz.analysis.kept import kept
from gptviz.llm import LLM
from gptviz.trace import Trace

KINDS = ("previous", "induction", "duplicate", "current")
"""What a head may be named after.

previous: the token before (Elhage et al. 2021, "previous token head").
induction: the token after an earlier copy of the query's own (Olsson et al. 2022).
duplicate: an earlier copy of the query's own token (Wang et al. 2022, "duplicate token head").
current: the query's own position.
"""

MOST = 0.5
"""A head is named after a kind if more than this share of its weight goes there: most of it..."""
ENOUGH = 3
"""...on a text with at least so many rows to measure it on."""


@dataclass(frozen=True)
class HeadScores:
    """Of every head, [n_layer, n_head] each."""

    kinds: dict[str, Tensor]
    """By kind: the mean weight that its rows put on the kind's targets."""
    rows: dict[str, int]
    """By kind: how many rows of this prompt have a target."""
    sink: Tensor
    """Mean weight that the tokens after the first put on the first."""
    entropy: Tensor
    """Shannon entropy of what a row gives to tokens other than the first, in bits: 0 if that is one token only. A mean
    over rows, each counting as much as it gives there."""
    distance: Tensor
    """How far that weight lies back, in tokens: Σ weight·(i - j) / Σ weight (Vig & Belinkov 2019, there with the first
    token)."""
    peak: Tensor
    """Mean of a row's largest weight on a token other than the first."""

    @property
    def parked(self) -> int:
        """How many heads put most of their weight on the first token."""
        return int((self.sink > MOST).sum())


@dataclass(frozen=True)
class Look:
    """In head `layer`.`head` token `query` puts `weight` on token `key`."""

    layer: int
    head: int
    query: int
    key: int
    weight: float


def targets(ids: list[int]) -> dict[str, Tensor]:
    """By kind, [T, T] bool: is key j what query i would look at? Never the first token, never from it."""
    tokens = torch.tensor(ids)
    position = torch.arange(len(ids))
    i, j = position[:, None], position[None, :]
    same = tokens[:, None] == tokens[None, :]
    after_same = torch.zeros_like(same)
    after_same[:, 1:] = same[:, :-1]
    inside = (j > 0) & (i > 0)
    return {
        "previous": (j == i - 1) & inside,
        "induction": after_same & (j < i) & inside,
        "duplicate": same & (j < i) & inside,
        "current": (j == i) & inside,
    }


def head_scores(trace: Trace) -> HeadScores:
    """Scores of every head on the trace's own tokens. Kept: 256 tokens take half a second."""
    return kept(trace, "head scores", lambda: _measure(trace))


def _measure(trace: Trace) -> HeadScores:
    wanted = targets(trace.ids)
    T = len(trace.ids)
    position = torch.arange(T, dtype=torch.float32)
    back = (position[:, None] - position).clamp_min(0)
    weights = torch.stack([wanted[kind].float() for kind in KINDS])  # what to sum each row with
    # The mean of nothing is NaN: so it is for a kind without rows.
    rows = [wanted[kind].any(-1) for kind in KINDS]
    found = {name: [] for name in (*KINDS, "distance", "sink", "entropy", "peak")}
    for layer in range(trace.config.n_layer):
        pattern = trace[f"blocks.{layer}.attn.pattern"].float().cpu()  # [H, T, T]
        sums = torch.einsum("hij,kij->khi", pattern, weights)
        for name, row, chosen in zip(KINDS, sums, rows, strict=True):
            found[name].append(row[:, chosen].mean(-1))
        found["sink"].append(pattern[:, 1:, 0].mean(-1))
        rest = pattern[:, 1:, 1:]  # [H, T - 1, T - 1]: what is not given to the first token
        mass = rest.sum(-1)  # [H, T - 1]
        found["distance"].append((rest * back[1:, 1:]).sum((-1, -2)) / mass.sum(-1))
        # Σ_i m_i·H(w_i / m_i) = Σ_i (m_i·log m_i - Σ_j w_ij·log w_ij)
        spread = torch.xlogy(mass, mass) - torch.xlogy(rest, rest).sum(-1)
        found["entropy"].append((spread.sum(-1) / mass.sum(-1) / math.log(2)).clamp_min(0))
        found["peak"].append(rest.amax(-1).mean(-1) if T > 1 else torch.full((len(pattern),), math.nan))
    scores = {name: torch.stack(values) for name, values in found.items()}
    return HeadScores(
        kinds={kind: scores[kind] for kind in KINDS},
        rows={kind: int(wanted[kind].any(-1).sum()) for kind in KINDS},
        **{name: scores[name] for name in ("sink", "entropy", "distance", "peak")},
    )


RANDOM_TOKENS, SEED = 40, 0


def random_scores(llm: LLM) -> HeadScores:
    """Scores of every head on random tokens, repeated once: no meaning, no grammar, so what a head does here it does
    by itself (the test for induction heads of Olsson et al. 2022). Kept as long as the model is.

    40 different tokens, fewer where the vocabulary or the context holds fewer; special tokens are not among them.
    """
    return kept(llm, "head scores on random tokens", lambda: _measure_on_random_tokens(llm))


def _measure_on_random_tokens(llm: LLM) -> HeadScores:
    config = llm.config
    special = set(llm.tokenizer.special) if llm.tokenizer else set()
    known = torch.tensor([i for i in range(config.vocab_size) if i not in special])
    count = max(1, min(RANDOM_TOKENS, len(known), config.max_tokens // 2))
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(SEED))
    ids = known[order[:count]].tolist() * 2
    return _measure(llm.trace(ids[: config.max_tokens], names="blocks.*.attn.pattern"))


def best(scores: Tensor, layer: int | None = None) -> tuple[int, int]:
    """The (layer, head) of the largest score [n_layer, n_head]; of one layer only if `layer` is given."""
    scores = scores.nan_to_num(nan=-1.0)
    if layer is not None:
        return layer, int(scores[layer].argmax())
    return divmod(int(scores.argmax()), scores.shape[1])


def clear_head(scores: HeadScores, layer: int | None = None) -> tuple[int, int]:
    """The (layer, head) to open on: the one that does something clear most often, not counting the first token.

    The strongest head that has a name for looking elsewhere than at itself; without one, the strongest that looks at
    itself; without that, the head that most often looks hard at some token other than the first. `layer` restricts
    the choice to one layer.
    """
    elsewhere = torch.stack([scores.kinds[kind] for kind in KINDS if kind != "current"]).nan_to_num(nan=0.0).amax(0)
    layer_, head = best(elsewhere, layer)
    if elsewhere[layer_, head] > MOST:
        return layer_, head
    itself = scores.kinds["current"].nan_to_num(nan=0.0)
    layer_, head = best(itself, layer)
    return (layer_, head) if itself[layer_, head] > MOST else best(scores.peak, layer)


def head_outputs(llm: LLM, trace: Trace, layer: int, token: int) -> Tensor:
    """What each head of `layer` adds to the stream at `token`, W_O,h·z_h: [n_head, D]. With W_O's bias, which belongs
    to no head, they add up to `attn_out`."""
    return llm.model.blocks[layer].attn.head_outputs(trace[f"blocks.{layer}.attn.z"][:, token])


@dataclass(frozen=True)
class Looks:
    """What every head does from one token, [n_layer, n_head] each."""

    key: Tensor
    """The token it looks at hardest, the first aside if there is another."""
    weight: Tensor
    """How hard."""
    push: Tensor
    """What the head's output adds to the logit of the model's own next word, directly, against the vocabulary's mean
    (see `analysis.attribution`)."""


def looks_from(llm: LLM, trace: Trace, token: int) -> Looks:
    """All heads, seen from `token`. Measured once."""
    return kept(trace, ("looks", token), lambda: _look_from(llm, trace, token))


def _look_from(llm: LLM, trace: Trace, token: int) -> Looks:
    layers = range(trace.config.n_layer)
    outputs = torch.stack([head_outputs(llm, trace, layer, token) for layer in layers])  # [n_layer, n_head, D]
    rows = torch.stack([trace[f"blocks.{layer}.attn.pattern"][:, token, : token + 1].float() for layer in layers])
    start = min(token, 1)
    weight, key = rows[..., start:].max(-1)
    push = word_attribution(llm, trace, token, outputs, int(trace.logits[token].argmax()))
    return Looks((key + start).cpu(), weight.cpu(), push.cpu())


def strongest_key(trace: Trace, layer: int, head: int, query: int) -> int:
    """The token that token `query` looks at hardest, the first token aside if there is another."""
    weights = trace[f"blocks.{layer}.attn.pattern"][head, query, : query + 1]
    return int(weights[1:].argmax()) + 1 if query > 0 else 0


def helping_look(llm: LLM, trace: Trace, token: int) -> tuple[Look, float] | None:
    """Of the heads that look hardest at a token between the first and `token` itself, the one that pushes the model's
    own next word up most, directly: its look, and its push. None if no such head pushes it up."""
    all_looks = looks_from(llm, trace, token)
    first = torch.stack([trace[f"blocks.{at}.attn.pattern"][:, token, 0].float() for at in range(trace.config.n_layer)])
    back = (all_looks.key < token) & (all_looks.key > 0) & (all_looks.weight >= first.cpu())
    push = all_looks.push.masked_fill(~back, -math.inf)
    layer, head = divmod(int(push.argmax()), push.shape[1])
    if not push[layer, head] > 0:
        return None
    at = (layer, head)
    return Look(layer, head, token, int(all_looks.key[at]), float(all_looks.weight[at])), float(push[at])


def observations(llm: LLM, trace: Trace, token: int) -> list[Fact]:
    """What to look for in this text: the clearest head of each kind, the head that helps the model's own next word
    after `token` most, and how many heads rest on the first token. Never about a head that does nothing clear."""
    scores, tested = head_scores(trace), random_scores(llm)
    facts = []
    for kind in KINDS:
        layer, head = best(scores.kinds[kind])
        share, rows = float(scores.kinds[kind][layer, head]), scores.rows[kind]
        elsewhere = float(tested.kinds[kind][layer, head])
        # On very few rows a habit is a coincidence, unless random tokens show it too.
        if share > MOST and (rows >= ENOUGH or elsewhere > MOST):
            values = {"head": HeadName(layer, head), "share": Share(share), "rows": rows}
            # A habit that shows on random tokens as well belongs to the head, not to this text.
            if elsewhere > MOST:
                values["random"] = Share(elsewhere)
            facts.append(Fact(f"{kind}_always" if elsewhere > MOST else kind, values))
    helping = helping_look(llm, trace, token)
    if helping:
        look, push = helping
        word = int(trace.logits[token].argmax())
        probability = float(trace.logits[token].double().softmax(-1)[word])
        values = {
            "query": Position(token),
            "word": llm.pieces([word])[0],
            "probability": Share(probability),
            "head": HeadName(look.layer, look.head),
            "push": Push(push),
            "target": Position(look.key),
            "share": Share(look.weight),
        }
        facts.append(Fact("helping", values))
    if not facts:
        facts.append(Fact("nothing"))
    if len(trace.ids) > 1:
        parked = {"parked": scores.parked, "total": scores.sink.numel()}
        facts.append(Fact("sink" if scores.parked > scores.sink.numel() * MOST else "sink_few", parked))
    return facts


def helpers(llm: LLM, trace: Trace, token: int, count: int) -> list[HeadName]:
    """The `count` heads that push the model's own next word after `token` up most, directly; fewer if fewer do."""
    pushes = looks_from(llm, trace, token).push.flatten()
    top = pushes.topk(min(count, len(pushes)))
    found = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return [HeadName(*divmod(i, trace.config.n_head)) for i, push in found if push > 0]
