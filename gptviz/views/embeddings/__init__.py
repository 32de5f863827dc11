"""The embeddings view: the rows that a text looks up, how alike they are, what lies near them, and where position
comes in. It is fed in parts:

text         the tokens and their rows; the matrix's size; what random pairs give
row          the chosen token's row: that looking it up is a product with a one-hot vector
near         the rows nearest to a token or to a word of the reader's own, by three measures
position     learned ones: their rows; rotary ones: a query and a key before they are turned, and how fast they turn
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gptviz.analysis.cell import key_head
from gptviz.analysis.geometry import one_hot_difference, spread
from gptviz.analysis.landmarks import landmarks_in
from gptviz.analysis.nearness import MEASURES, baseline, nearest_by
from gptviz.analysis.spaces import WordSpace, open_space
from gptviz.errors import GptvizError
from gptviz.llm import LLM
from gptviz.model import rotary_frequencies
from gptviz.text import table
from gptviz.trace import Trace
from gptviz.views.wire import pack

SECTIONS = ("alike", "near", "position")
"""The parts of the view that unfold."""

NEAR = 40  # nearest rows that travel: spellings of one word may be taken together

__all__ = ["MEASURES", "SECTIONS", "embeddings_parts", "labels"]


def embeddings_parts(
    llm: LLM, ids: Sequence[int], trace: Trace | None, values: Mapping[str, Any], language: str, where: WordSpace
) -> dict[str, bytes]:
    """The parts that the reader's choices need. values: see `view.js`. trace: of the text, needed where positions are
    rotary and shown. where: the space in which neighbours are looked for."""
    at = values["token"]
    parts = {"text": text_part(llm, ids, language), "row": row_part(llm, ids[at])}
    if "near" in values["open"]:
        parts["near"] = near_part(llm, where, ids[at], values["word"], values["measure"], values["mean"], language)
    if "position" in values["open"]:
        parts["position"] = position_part(llm, trace, values)
    return parts


def labels(language: str) -> dict[str, str]:
    """What the view says."""
    prefix = "embeddings_view."
    return {key.removeprefix(prefix): text for key, text in table(language).items() if key.startswith(prefix)}


def text_part(llm: LLM, ids: Sequence[int], language: str) -> bytes:
    """The tokens and their rows [T, D]."""
    space, marks = open_space(llm, "input").space, landmarks_in(open_space(llm, "input"))
    rows = space.rows[list(ids)]
    config = llm.config
    header = {
        "language": language,
        "labels": labels(language),
        "model": llm.name,
        "tokens": llm.pieces(ids),
        "ids": list(ids),
        "rows": len(space),
        "width": rows.shape[1],
        "limit": spread(rows).limit,
        "pairs": {"mean": marks.pairs.mean, "sd": marks.pairs.sd, "count": len(marks.ids)},
        "all": {"mean": space.baseline.mean, "sd": space.baseline.sd, "whole": space.baseline.whole},
        "mean_norm": float(space.norms.mean()),
        "rotary": config.rope is not None,
        "n_ctx": config.n_ctx,
    }
    return pack(header, {"rows": rows, "norms": space.norms[list(ids)]})


def row_part(llm: LLM, id: int) -> bytes:
    """How far the row of a token is from the product of its one-hot vector with the matrix: 0."""
    space = open_space(llm, "input").space
    shorter = int((space.norms < space.norms[id]).sum())
    return pack({"id": id, "difference": one_hot_difference(space, id), "shorter": shorter}, {})


def near_part(
    llm: LLM, where: WordSpace, id: int, word: str | None, measure: str, mean: bool, language: str
) -> bytes:
    """The rows nearest to a token of the text (`id`, a row of the model's matrix), or to `word`; or `trouble`."""
    header: dict[str, Any] = {"id": id, "word": word, "measure": measure, "space": where.name, "mean": mean}
    try:
        # In another space a token is looked up by what it says.
        asked = word if word else None if where.name == "input" else llm.pieces([id])[0].replace("·", " ").strip()
        if asked is None:
            vector, own, pieces = where.space.rows[id], [id], llm.pieces([id])
        else:
            found = where.word(asked, mean)
            vector, own, pieces = found.vector, [] if found.id is None else [found.id], list(found.pieces)
        near = nearest_by(where, measure, vector, NEAR, own)
        scale = baseline(where, measure, vector, own)
    except GptvizError as error:
        several = error.code == "word_of_several_tokens"
        return pack({**header, "trouble": error.text(language), "several": several}, {})
    norms = where.space.norms
    header |= {
        "pieces": pieces,
        "length": float(vector.norm()),
        "near": [{"id": n.id, "piece": n.token, "value": n.cosine, "length": float(norms[n.id])} for n in near],
        "scale": {"mean": scale.mean, "sd": scale.sd},
    }
    return pack(header, {})


def position_part(llm: LLM, trace: Trace | None, values: Mapping[str, Any]) -> bytes:
    """Rotary: query and key of one head before they are turned, q and k [d_head], and the angle a position turns each
    pair of dimensions by, `angles` [d_head / 2], in radians; pair p is dimensions p and p + d_head / 2.

    Learned: the rows of the first positions, `rows` [n, D]."""
    config = llm.config
    if config.rope is None:
        rows = llm.model.pos_embed.weight[:64].detach().float()
        return pack({"kind": "learned", "n_ctx": config.n_ctx, "shown": len(rows)}, {"rows": rows})
    layer, head, query, key = (values[name] for name in ("layer", "head", "token", "key"))
    q = trace[f"blocks.{layer}.attn.q_pre"][head, query]
    k = trace[f"blocks.{layer}.attn.k_pre"][key_head(trace, head), key]
    header = {"kind": "rotary", "layer": layer, "head": head, "query": query, "key": key}
    header |= {"theta": config.rope.theta, "scale": llm.model.blocks[layer].attn.scale}
    angles = rotary_frequencies(config.rope, config.d_head).double()
    return pack(header, {"q": q, "k": k, "angles": np.asarray(angles, np.float64)})
