"""The parts of the output view, each as bytes: see `gptviz.views.output`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gptviz.analysis import lens as lenses
from gptviz.analysis.kept import kept
from gptviz.analysis.predictions import mean_surprisal
from gptviz.llm import LLM
from gptviz.trace import Trace
from gptviz.views.kit.wire import pack

NAMED = 64
"""Of how many of the likeliest tokens the pieces travel: a repetition penalty may bring others to the front."""
OPENED = 24
"""Of how many the rows of W_U travel, so that their logits can be opened to the products."""

Pieces = Callable[[Sequence[int]], Sequence[str]]


def text_part(
    tokens: Sequence[str],
    bits: Sequence[float | None],
    ranks: Sequence[int],
    *,
    d_model: int,
    tied: bool,
    start: str | None = None,
    started: bool = False,
) -> bytes:
    """The tokens; bits: how many bits of surprise each was, None for the first; ranks: of each among all tokens, 0 for
    the first. start: what to call the start token, None where there is none to be had; started: it is the first of
    the tokens."""
    total, mean, perplexity = mean_surprisal(bits) if len(bits) > 1 else (0.0, 0.0, 0.0)
    header = {
        "tokens": list(tokens),
        "start": start,
        "started": started,
        "d_model": d_model,
        "tied": tied,
        "total": total,
        "mean": mean,
        "perplexity": perplexity,
    }
    known = torch.tensor([math.nan if b is None else b for b in bits])
    return pack(header, {"bits": known, "ranks": torch.tensor(list(ranks))})


def logits_part(
    logits: Tensor,
    pieces: Pieces,
    position: int,
    seen: Sequence[int] = (),
    h: Tensor | None = None,
    rows: Tensor | None = None,
    also: int | None = None,
) -> bytes:
    """The logits [V] of one position, any float dtype; all travel, as float32, so that the browser computes every
    distribution exactly. seen: the ids up to there. h [D], rows [V, D]: the final vector and W_U, of which the leading
    rows travel. also: one more token that is named, whatever its logit.

    Logits that are not finite are counted; the view then says so and shows no picture."""
    logits = logits.detach().float().cpu()
    if logits.ndim != 1 or len(logits) == 0:
        raise ValueError(f"logits of one position wanted, [V]; got {list(logits.shape)}")
    # Stable: among equal logits the smallest id first, as argmax has it.
    order = logits.sort(descending=True, stable=True).indices
    named = list(dict.fromkeys((*order[:NAMED].tolist(), *seen, *(() if also is None else (also,)))))
    header = {
        "position": position,
        "named": named,
        "pieces": list(pieces(named)),
        "seen": sorted(set(seen)),
        "not_finite": int((~torch.isfinite(logits)).sum()),
    }
    arrays = {"logits": logits}
    if h is not None and rows is not None:
        arrays |= {"h": h, "rows": rows[order[:OPENED].to(rows.device)], "opened": order[:OPENED]}
    return pack(header, arrays)


def pieces_part(llm: LLM) -> bytes:
    """What to show for every token, by id: made once a model."""
    return kept(llm.model, "pieces part", lambda: pack({"pieces": llm.pieces(range(llm.config.vocab_size))}, {}))


def lens_part(llm: LLM, trace: Trace, found: lenses.Lens, word: int | None, points: str) -> bytes:
    """Ranks, probabilities and first tokens at every point (rows) and position (columns)."""
    ids = sorted({*found.tops.flatten().tolist(), *found.targets})
    place = {id: n for n, id in enumerate(ids)}
    header = {
        "names": found.names,
        "points": points,
        "word": word,
        "pieces": llm.pieces(ids),
        "targets": [place[id] for id in found.targets],
        "vocab_size": llm.config.vocab_size,
        "settled": [lenses.settled(found, at) for at in range(len(trace.ids))],
    }
    tops = torch.tensor([[place[id] for id in row] for row in found.tops.tolist()])
    return pack(header, {"ranks": found.ranks, "probabilities": found.probabilities, "tops": tops})


def cell_part(llm: LLM, trace: Trace, name: str, position: int) -> bytes:
    """The ten likeliest tokens if the model stopped at hook point `name`."""
    words = lenses.words(llm, trace, name, position)
    shown = [{"piece": w.token, "id": w.id, "probability": w.probability} for w in words]
    return pack({"name": name, "position": position, "words": shown}, {})
