"""The geometry view: what a space of words can be asked. It is fed in parts:

text        the space, its scale, every sentence
formula     a sum of words, what lies near it, what would have lain there anyway, and the parallelogram
gallery     families of analogies, each measured
direction   words along the direction from one set of words to another
cloud       rows laid flat: their principal components
axes        the same rows along two directions of the reader's own
spaces      the same questions asked in every space that is here

t-SNE is told as news, picture by picture: `picture_news`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from gptviz.analysis.analogies import Arithmetic, gallery, parallelogram, solve, tally, verdict
from gptviz.analysis.common_words import common_words
from gptviz.analysis.projections import CLOUDS, along, cloud, direction
from gptviz.analysis.similarity import nearest
from gptviz.analysis.spaces import SPACES, Space
from gptviz.analysis.words import Term, formula_words, split_words
from gptviz.errors import GptvizError
from gptviz.text import file
from gptviz.views.kit.wire import pack

SECTIONS = ("results", "gallery", "direction", "cloud", "spaces")
"""The parts of the view that unfold."""

RESULTS = 22  # nearest rows that travel: ten to show without the formula's own words

__all__ = ["CLOUDS", "SECTIONS", "SPACES", "geometry_parts", "picture_news", "rows_name"]


def geometry_parts(
    where: Space,
    values: Mapping[str, Any],
    language: str,
    *,
    model: str,
    spaces: Sequence[str],
    prompt: Sequence[int],
    at: int,
    beside: Sequence[Space] = (),
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, bytes]:
    """The parts that the reader's choices need. values: see `view.js`. prompt: rows of the prompt's tokens in this
    space; at: the row whose neighbourhood may be shown; beside: all spaces that are here. progress: of the gallery."""
    parts = {
        "text": text_part(where, language, model, spaces),
        "formula": formula_part(where, values["formula"], values["mean"], language),
    }
    if "gallery" in values["open"] and common_words(where).are_words:
        parts["gallery"] = gallery_part(where, progress)
    if "direction" in values["open"]:
        sets = [values[name] for name in ("first", "second", "others")]
        parts["direction"] = direction_part(where, *sets, language)
    if "cloud" in values["open"]:
        asked = (values["cloud"], prompt, at, values["listed"])
        parts["cloud"] = cloud_part(where, *asked, language)
        if values["axes"]:
            parts["axes"] = axes_part(where, *asked, [values["axis_x"], values["axis_y"]], language)
    if "spaces" in values["open"]:
        parts["spaces"] = spaces_part(where, beside, values["formula"], values["mean"], language, progress)
    return parts


def text_part(where: Space, language: str, model: str, spaces: Sequence[str]) -> bytes:
    """The space: its size, what random pairs of its common words give, and random differences of them."""
    marks = common_words(where)
    header = {
        "language": language,
        "labels": file(language, "geometry"),
        "model": model,
        "space": where.name,
        "spaces": list(spaces),
        "rows": len(where),
        "width": where.rows.shape[1],
        "words": marks.are_words,
        "pairs": {"mean": marks.pairs.mean, "sd": marks.pairs.sd},
        "arrows": {"sd": marks.arrows.sd, "p99": marks.arrows.p99, "count": marks.arrows.n_pairs},
        "landmarks": len(marks.ids),
    }
    return pack(header, {})


def _terms(terms: Sequence[Term]) -> list[dict[str, Any]]:
    return [{"factor": t.factor, "word": t.word.text, "id": t.word.id, "pieces": t.word.pieces} for t in terms]


def _result(where: Space, result: Arithmetic) -> dict[str, Any]:
    return {
        "terms": _terms(result.terms),
        "answer": {"id": result.answer.id, "piece": result.answer.token, "cosine": result.answer.cosine},
        "first": {"id": result.first.id, "piece": result.first.token, "cosine": result.first.cosine},
        "rank": result.rank,
        "rank_kept": result.rank_kept,
        "predicted": result.predicted,
        "verdict": verdict(result),
        "simpler": [{"terms": _terms(p.terms), "rank": p.rank, "cosine": p.cosine} for p in result.simpler],
        "sides": result.sides,
        "results": [
            {"id": n.id, "piece": n.token, "cosine": n.cosine, "own": n.id in result.inputs} for n in result.results
        ],
    }


def formula_part(where: Space, formula: str, mean: bool, language: str) -> bytes:
    """What a formula leads to, with the four points of its parallelogram [4, 2]; or `trouble`, a sentence."""
    header: dict[str, Any] = {"formula": formula, "mean": mean, "space": where.name}
    try:
        result = solve(where, formula, RESULTS, mean)
    except GptvizError as error:
        several = error.code == "word_of_several_tokens"
        return pack({**header, "trouble": error.text(language), "several": several}, {})
    drawn = parallelogram(where, result)
    header |= _result(where, result) | {"held": drawn and drawn.held}
    return pack(header, {"points": drawn.points} if drawn else {})


def gallery_part(where: Space, progress: Callable[[int, int], None]) -> bytes:
    """Every family, each example with its verdict and what the verdict rests on."""
    found = {
        name: [
            {
                "formula": one.formula,
                "verdict": one.verdict,
                "missing": one.missing,
                "chance": one.chance,
                "words": formula_words(one.formula),
                **(_facts(one.result) if one.result else {}),
            }
            for one in examples
        ]
        for name, examples in gallery(where, progress).items()
    }
    return pack({"space": where.name, "families": found}, {})


def _facts(result: Arithmetic) -> dict[str, Any]:
    return {
        "rank": result.rank,
        "cosine": result.answer.cosine,
        "simpler": min(part.rank for part in result.simpler),
        "side": result.sides[0] if result.sides else None,
        "first": result.first.token,
    }


def direction_part(where: Space, first: str, second: str, others: str, language: str) -> bytes:
    """Words along the direction between two sets; or `trouble`, a sentence."""
    header: dict[str, Any] = {"space": where.name, "sets": [first, second, others]}
    try:
        found = direction(where, *(split_words(text) for text in (first, second, others)))
    except GptvizError as error:
        return pack({**header, "trouble": error.text(language)}, {})
    header |= {
        "placed": [{"word": p.word, "piece": p.piece, "at": p.at, "side": p.side} for p in found.placed],
        "missing": found.missing,
        "agree": found.agree,
        "apart": found.apart,
    }
    return pack(header, {})


def cloud_part(where: Space, kind: str, prompt: Sequence[int], at: int, listed: str, language: str) -> bytes:
    """Rows laid flat: flat [N, 3] along their first three principal components, group [N], near [N, 4] the nearest of
    each in the space; or `trouble`."""
    header: dict[str, Any] = {"space": where.name, "cloud": kind, "at": at, "listed": listed}
    try:
        found = cloud(where, kind, prompt, at, listed)
    except GptvizError as error:
        return pack({**header, "trouble": error.text(language)}, {})
    header |= {"pieces": where.pieces(found.ids), "names": found.names, "own": kind == "own"}
    header |= {"explained": found.explained, "missing": found.missing, "rows": rows_name(where, found.ids)}
    arrays = {"flat": found.flat, "group": np.array(found.groups, np.int32), "ids": np.array(found.ids, np.int32)}
    return pack(header, {**arrays, "near": found.near})


def axes_part(
    where: Space, kind: str, prompt: Sequence[int], at: int, listed: str, formulas: Sequence[str], language: str
) -> bytes:
    """The rows of that cloud along two directions: flat [N, 2]; or `trouble`."""
    header: dict[str, Any] = {"space": where.name, "cloud": kind, "at": at, "listed": listed, "axes": list(formulas)}
    try:
        found = along(where, cloud(where, kind, prompt, at, listed).ids, formulas)
    except GptvizError as error:
        return pack({**header, "trouble": error.text(language)}, {})
    return pack({**header, "shares": found.shares, "between": found.between}, {"flat": found.flat})


def spaces_part(
    where: Space,
    beside: Sequence[Space],
    formula: str,
    mean: bool,
    language: str,
    progress: Callable[[int, int], None],
) -> bytes:
    """The same formula, the neighbours of its first word and the families in every space of `beside`."""
    columns = []
    for other in beside:
        marks = common_words(other)
        column: dict[str, Any] = {
            "name": other.name,
            "rows": len(other),
            "width": other.rows.shape[1],
            "pairs": [marks.pairs.mean, marks.pairs.sd],
            "arrows": [marks.arrows.sd, marks.arrows.p99],
            "tally": tally(gallery(other, progress)) if marks.are_words else None,
        }
        try:
            result = solve(other, formula, 1, mean)
            first = result.terms[0].word
            near = nearest(other, first.vector, 6, without=[] if first.id is None else [first.id])
            column |= {"result": _result(other, result), "word": first.text, "near": [one.token for one in near]}
        except GptvizError as error:
            column["trouble"] = error.text(language)
        columns.append(column)
    return pack({"space": where.name, "formula": formula, "mean": mean, "columns": columns}, {})


def rows_name(where: Space, ids: Sequence[int]) -> str:
    """The same for the same rows of a space of that name and size, in the same order."""
    about = np.array([*where.rows.shape, *ids], np.int64)
    return f"{where.name} {hashlib.blake2b(about.tobytes(), digest_size=8).hexdigest()}"


def picture_news(of: str, iteration: int, flat: Tensor, total: int) -> bytes:
    """t-SNE's picture of the rows called `of` after some of `total` iterations: flat [N, 2]."""
    return pack({"rows": of, "iteration": iteration, "total": total}, {"flat": flat.float()})
