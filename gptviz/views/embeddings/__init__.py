"""The embeddings view: from an id to a vector, what that lies near, and how position comes in. It is fed in parts:

text         the tokens, the rows they look up, and a sample of the whole matrix
product      what multiplying a one-hot vector with the whole matrix gave
words        further words that the reader wants to compare
chance       what two rows drawn at random give
neighbours   the rows nearest to one vector, in three measures
learned      position rows (models that have them)
rotary       queries and keys of one layer before rotation (rotary models)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from gptviz.analysis import positions, similarity
from gptviz.analysis.embeddings import one_hot_difference, usual_size
from gptviz.analysis.parameters import GPT3
from gptviz.analysis.spaces import Space, Word, open_space, spaces_of
from gptviz.analysis.words import typed_word, typed_words
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.text import file
from gptviz.trace import Trace
from gptviz.views.kit.wire import pack

SECTIONS = ("product", "similarity", "neighbours", "position")
"""The parts of the view that unfold."""

SHOWN_ROWS = 160
"""So many rows of the matrix stand for all of them in the strip."""
AROUND, SHOWN_NUMBERS = 2, 6
"""Rows before and after the one looked up, and numbers of each, in the multiplication."""
NEIGHBOURS = 60
"""Of each measure; the view shows fewer, but may put spellings of one word together."""
SHOWN_POSITIONS = 128
"""Position rows in the picture."""


def embeddings_parts(
    llm: LLM, trace: Trace, values: Mapping[str, Any], language: str, here: Sequence[str] = ("input", "output")
) -> dict[str, bytes]:
    """The parts that the reader's choices need. values: see `view.js`; token and layer must exist. here: the spaces
    that can be opened now (GloVe may first have to be fetched)."""
    ids, opened = trace.ids, values["open"]
    parts = {"text": text_part(llm, trace, language)}
    if "product" in opened:
        token_id = ids[values["token"]]
        parts["product"] = pack({"id": token_id, "difference": one_hot_difference(open_space(llm), token_id)}, {})
    if "similarity" in opened:
        different = list(dict.fromkeys(ids))
        parts["words"] = words_part(llm, different, *typed_words(open_space(llm), values["words"], different))
        parts["chance"] = chance_part(open_space(llm))
    if "neighbours" in opened:
        parts["neighbours"] = neighbours_part(llm, ids[values["token"]], values["query"], values["space"], here)
    if "position" in opened:
        if trace.config.rope:
            parts["rotary"] = rotary_part(trace, values["layer"])
        else:
            parts["learned"] = learned_part(llm, len(ids))
    return parts


def text_part(llm: LLM, trace: Trace, language: str) -> bytes:
    """The tokens; `rows` [U, D] of their different ids in the order they come, `near` [U, 2·AROUND + 1,
    SHOWN_NUMBERS] of those around each (NaN beyond the ends), `sample` [S, D] of all rows."""
    config, space = llm.config, open_space(llm)
    different = list(dict.fromkeys(trace.ids))
    sample = positions.evenly_spaced(len(space), SHOWN_ROWS)
    around = [[id + step for step in range(-AROUND, AROUND + 1)] for id in different]
    exist = [[i if 0 <= i < len(space) else None for i in row] for row in around]
    near = torch.full((len(different), 2 * AROUND + 1, min(SHOWN_NUMBERS, config.d_model)), torch.nan)
    for n, row in enumerate(exist):
        for m, i in enumerate(row):
            if i is not None:
                near[n, m] = space.rows[i, : near.shape[2]].cpu()
    header = {
        "language": language,
        "labels": file(language, "embeddings"),
        "tokens": list(trace.tokens),
        "ids": list(trace.ids),
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


def words_part(llm: LLM, different: Sequence[int], words: Sequence[Word], troubles: Sequence[tuple[str, str]]) -> bytes:
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


def neighbours_part(llm: LLM, token_id: int, query: str | None, space: str, here: Sequence[str]) -> bytes:
    """The rows nearest to the chosen token's, or to what the reader typed. space: one of `spaces.SPACES`; here: those
    that can be opened now."""
    header: dict[str, Any] = {"query": query, "token": token_id, "space": space, "spaces": spaces_of(llm)}
    if space not in here:
        return pack(header | {"trouble": "absent", "text": ""}, {})
    where, piece = open_space(llm, space), llm.pieces([token_id])[0]
    try:
        word = where.token(token_id, piece) if query is None else typed_word(where, query)
    except InputError:
        text = piece if query is None else query
        return pack(header | {"trouble": "unknown", "text": text, "ids": [], "pieces": []}, {})
    text = word.text if word.id is None else word.pieces[0]
    header |= {"text": text, "ids": word.rows, "trouble": None, "pieces": word.pieces}
    found = similarity.neighbours(where, word.vector, NEIGHBOURS, without=word.rows)
    near = {name: [asdict(one) | {"piece": one.token} for one in rows] for name, rows in found.items()}
    own = similarity.vector_baseline(where, word.vector, without=word.rows)
    about = {"mean": own.mean, "sd": own.sd, "rows": own.n_rows}
    sizes = {"norm": float(word.vector.norm()), "mean_norm": float(where.norms.mean())}
    return pack(header | sizes | {"near": near, "own": about}, {})


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
