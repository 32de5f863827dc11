"""The parts of the embeddings view, each as bytes: see `gptviz.views.embeddings`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch

from gptviz.analysis import positions, similarity
from gptviz.analysis.embeddings import one_hot_difference, usual_size
from gptviz.analysis.kept import kept
from gptviz.analysis.parameters import GPT3
from gptviz.analysis.spaces import Space, Word, is_here, open_space, spaces_of
from gptviz.analysis.words import typed_word
from gptviz.errors import CheckpointError, InputError
from gptviz.llm import LLM
from gptviz.trace import Trace
from gptviz.views.kit.wire import pack

SHOWN_ROWS = 160
"""So many rows of the matrix stand for all of them in the strip."""
AROUND, SHOWN_NUMBERS = 2, 6
"""Rows before and after the one looked up, and numbers of each, in the multiplication."""
NEIGHBOURS = 60
"""Of each measure; the view shows fewer, but may put spellings of one word together."""
SHOWN_POSITIONS = 128
"""Position rows in the picture."""


def text_part(llm: LLM, ids: Sequence[int]) -> bytes:
    """The tokens; `rows` [U, D] of their different ids in the order they come, `near` [U, 2·AROUND + 1,
    SHOWN_NUMBERS] of those around each (NaN beyond the ends), `sample` [S, D] of all rows."""
    config, space = llm.config, open_space(llm)
    different = list(dict.fromkeys(ids))
    sample = positions.evenly_spaced(len(space), SHOWN_ROWS)
    around = [[id + step for step in range(-AROUND, AROUND + 1)] for id in different]
    exist = [[i if 0 <= i < len(space) else None for i in row] for row in around]
    near = torch.full((len(different), 2 * AROUND + 1, min(SHOWN_NUMBERS, config.d_model)), torch.nan)
    for n, row in enumerate(exist):
        for m, i in enumerate(row):
            if i is not None:
                near[n, m] = space.rows[i, : near.shape[2]].cpu()
    header = {
        "tokens": llm.pieces(ids),
        "ids": list(ids),
        "different": different,
        "pieces": llm.pieces(different),
        "around": exist,
        "around_pieces": [[None if i is None else llm.pieces([i])[0] for i in row] for row in exist],
        "sample": sample,
        "vocab_size": len(space),
        "d_model": config.d_model,
        "n_ctx": config.n_ctx,
        "contexts": positions.CONTEXTS,
        "gpt3": [GPT3.vocab_size, GPT3.d_model],
        "rope": config.rope is not None,
        "tied": config.tied,
        "mean_norm": float(space.norms.mean()),
        "limit": usual_size(space.rows[sample]),
    }
    norms = space.norms[different]
    return pack(header, {"rows": space.rows[different], "norms": norms, "near": near, "sample": space.rows[sample]})


def product_part(llm: LLM, id: int) -> bytes:
    """The largest difference between row `id` and what multiplying a one-hot vector with the matrix gave."""
    return pack({"id": id, "difference": one_hot_difference(open_space(llm), id)}, {})


def compared_part(
    llm: LLM, different: Sequence[int], words: Sequence[Word], troubles: Sequence[tuple[str, str]]
) -> bytes:
    """Words to compare with: `rows` [W, D]; `own` [U + W, 2], the mean and sd of the cosine that each of the text's
    different ids, and of these words, has with the rows of the matrix. troubles: words that cannot be had, and why."""
    space = open_space(llm)
    header = {
        "words": [{"text": word.text, "ids": word.rows, "pieces": word.pieces} for word in words],
        "troubles": [{"text": text, "trouble": trouble} for text, trouble in troubles],
    }
    rows = torch.stack([*space.rows[list(different)], *(word.vector for word in words)])
    places = [*different, *(word.id for word in words)]
    return pack(header, {"rows": rows[len(different) :], "own": similarity.vector_baselines(space, rows, places)})


def chance_part(space: Space) -> bytes:
    """By measure: mean, sd, 1001 quantiles and a histogram of random pairs of rows."""
    header, arrays = {}, {}
    for name, found in similarity.chance(space).items():
        values = found.values
        header[name] = {"mean": found.mean, "sd": found.sd, "pairs": len(values), "whole": found.whole}
        if len(values):
            arrays[f"{name}.quantiles"] = torch.quantile(values, torch.linspace(0, 1, 1001, dtype=values.dtype))
    return pack(header, arrays)


def neighbours_part(llm: LLM, token_id: int, near: str | None, space: str) -> bytes:
    """The rows nearest to the chosen token's, or to what the reader typed (`near`), by measure: `found`. Or `trouble`:
    "absent" for a space that has to be fetched first, "unknown" for what has no place there; or `error`: why the space
    cannot be opened. space: one of `spaces.SPACES`."""
    header: dict[str, Any] = {"near": near, "token": token_id, "space": space, "spaces": spaces_of(llm)}
    header |= {"trouble": None, "error": None, "text": ""}
    if not is_here(space):
        return pack(header | {"trouble": "absent"}, {})
    try:
        where = open_space(llm, space)
    except CheckpointError as error:
        return pack(header | {"error": error.plain()}, {})
    piece = llm.pieces([token_id])[0]
    try:
        word = where.token(token_id, piece) if near is None else typed_word(where, near)
    except InputError:
        text = piece if near is None else near
        return pack(header | {"trouble": "unknown", "text": text, "ids": [], "pieces": []}, {})
    text = word.text if word.id is None else word.pieces[0]
    header |= {"text": text, "ids": word.rows, "pieces": word.pieces}
    return pack(header | kept(where, ("neighbours", word.rows), lambda: _around(where, word)), {})


def _around(space: Space, word: Word) -> dict[str, Any]:
    """What lies nearest to a word in a space, and what that has to be read against."""
    found = similarity.neighbours(space, word.vector, NEIGHBOURS, without=word.rows)
    own = similarity.vector_baseline(space, word.vector, without=word.rows)
    return {
        "found": {name: [asdict(one) | {"piece": one.token} for one in rows] for name, rows in found.items()},
        "own": {"mean": own.mean, "sd": own.sd, "rows": own.n_rows},
        "norm": float(word.vector.norm()),
        "mean_norm": float(space.norms.mean()),
    }


def learned_part(llm: LLM, n_tokens: int) -> bytes:
    """`rows` [S, D] of positions over the whole context, `own` [T, D] of this text's."""
    weight = llm.model.pos_embed.weight.detach()
    shown = positions.evenly_spaced(len(weight), SHOWN_POSITIONS)
    return pack({"positions": shown, "n_ctx": len(weight)}, {"rows": weight[shown], "own": weight[:n_tokens]})


def rotary_part(trace: Trace, layer: int) -> bytes:
    """Queries and keys of a layer before they are turned, and how fast each pair turns."""
    found, config = positions.rotary(trace, layer), trace.config
    header = {
        "layer": layer,
        "n_layer": config.n_layer,
        "n_head": config.n_head,
        "n_kv_head": config.n_kv_head,
        "scale": config.scale(layer),
        "difference": found.difference,
    }
    return pack(header, {"q": found.q, "k": found.k, "frequencies": found.frequencies.double()})
