"""The parts of the geometry view, each as bytes: see `gptviz.views.geometry`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from gptviz.analysis.analogies import Arithmetic, gallery, parallelogram, solve, tally, verdict
from gptviz.analysis.common_words import common_words
from gptviz.analysis.kept import kept
from gptviz.analysis.projections import Cloud, along, cloud, direction
from gptviz.analysis.similarity import nearest
from gptviz.analysis.spaces import Space, Word
from gptviz.analysis.words import Term, formula_words, split_words
from gptviz.errors import GptvizError
from gptviz.llm import LLM
from gptviz.views.kit.wire import pack

NEAR = 6  # rows nearest to the formula's first word, in every space
RESULTS = 22  # nearest rows that travel: ten to show without the formula's own words


def text_part(where: Space, model: str, spaces: Sequence[str]) -> bytes:
    """The space: its size, what random pairs of its common words give, and random differences of them."""
    marks = common_words(where)
    header = {
        "model": model,
        "space": where.name,
        "spaces": list(spaces),
        "rows": len(where),
        "width": where.rows.shape[1],
        "words": marks.are_words,
        "pairs": {"mean": marks.pairs.mean, "sd": marks.pairs.sd},
        "arrows": {"sd": marks.arrows.sd, "p99": marks.arrows.p99, "count": marks.arrows.n_pairs},
        "common": len(marks.ids),
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


def solved(where: Space, formula: str, mean: bool) -> Arithmetic:
    """What a formula leads to. Raises InputError."""
    return kept(where, ("formula", formula, mean), lambda: solve(where, formula, RESULTS, mean))


def formula_part(where: Space, formula: str, mean: bool) -> bytes:
    """What a formula leads to, with the four points of its parallelogram [4, 2]; or `trouble`, why it cannot be."""
    header: dict[str, Any] = {"formula": formula, "mean": mean, "space": where.name}
    try:
        result = solved(where, formula, mean)
    except GptvizError as error:
        several = error.code == "word_of_several_tokens"
        return pack({**header, "trouble": error.plain(), "several": several}, {})
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
                **(_measured(one.result) if one.result else {}),
            }
            for one in examples
        ]
        for name, examples in gallery(where, progress).items()
    }
    return pack({"space": where.name, "families": found}, {})


def _measured(result: Arithmetic) -> dict[str, Any]:
    return {
        "rank": result.rank,
        "cosine": result.answer.cosine,
        "simpler": min(part.rank for part in result.simpler),
        "side": result.sides[0] if result.sides else None,
        "first": result.first.token,
    }


def direction_part(where: Space, first: str, second: str, others: str) -> bytes:
    """Words along the direction between two sets; or `trouble`, why there is none."""
    header: dict[str, Any] = {"space": where.name, "sets": [first, second, others]}
    try:
        found = direction(where, *(split_words(text) for text in (first, second, others)))
    except GptvizError as error:
        return pack({**header, "trouble": error.plain()}, {})
    header |= {
        "placed": [{"word": p.word, "piece": p.piece, "at": p.at, "side": p.side} for p in found.placed],
        "missing": found.missing,
        "agree": found.agree,
        "apart": found.apart,
    }
    return pack(header, {})


def rows_of(where: Space, kind: str, prompt: Sequence[int], at: int, listed: str) -> Cloud:
    """Rows to be laid flat: see `gptviz.analysis.projections.cloud`. Raises InputError."""
    about = {"prompt": tuple(prompt), "near": at, "own": listed}.get(kind)
    return kept(where, ("cloud", kind, about), lambda: cloud(where, kind, prompt, at, listed))


def cloud_part(llm: LLM, where: Space, kind: str, prompt: Sequence[int], at: int, listed: str) -> bytes:
    """Rows laid flat: flat [N, 3] along their first three principal components, group [N], near [N, 4] the nearest of
    each in the space; or `trouble`, why there are none."""
    header: dict[str, Any] = {"space": where.name, "cloud": kind, "at": at, "listed": listed}
    try:
        found = rows_of(where, kind, prompt, at, listed)
    except GptvizError as error:
        return pack({**header, "trouble": error.plain()}, {})
    header |= {"pieces": where.pieces(found.ids), "names": found.names, "own": kind == "own"}
    header |= {"explained": found.explained, "missing": found.missing, "rows": rows_name(llm, where, found.ids)}
    arrays = {"flat": found.flat, "group": np.array(found.groups, np.int32), "ids": np.array(found.ids, np.int32)}
    return pack(header, {**arrays, "near": found.near})


def axes_part(where: Space, kind: str, prompt: Sequence[int], at: int, listed: str, formulas: Sequence[str]) -> bytes:
    """The rows of that cloud along two directions: flat [N, 2]; or `trouble`, why that cannot be."""
    header: dict[str, Any] = {"space": where.name, "cloud": kind, "at": at, "listed": listed, "axes": list(formulas)}
    try:
        found = along(where, rows_of(where, kind, prompt, at, listed).ids, formulas)
    except GptvizError as error:
        return pack({**header, "trouble": error.plain()}, {})
    return pack({**header, "shares": found.shares, "between": found.between}, {"flat": found.flat})


def spaces_part(
    where: Space,
    beside: Sequence[Space],
    away: Mapping[str, Mapping[str, Any] | None],
    formula: str,
    mean: bool,
    progress: Callable[[int, int], None],
) -> bytes:
    """The same formula, the neighbours of its first word and the families in every space of `beside`. away: spaces
    that cannot be asked; None: until they are fetched."""
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
            result = solved(other, formula, mean)
            first = result.terms[0].word
            column |= {"result": _result(other, result), "word": first.text, "near": _near(other, first)}
        except GptvizError as error:
            column["trouble"] = error.plain()
        columns.append(column)
    header = {"space": where.name, "formula": formula, "mean": mean, "columns": columns, "away": dict(away)}
    return pack(header, {})


def _near(space: Space, word: Word) -> list[str]:
    """What lies nearest to a word."""
    without = [] if word.id is None else [word.id]
    return kept(space, ("near", word.rows), lambda: [n.token for n in nearest(space, word.vector, NEAR, without)])


def rows_name(llm: LLM, where: Space, ids: Sequence[int]) -> str:
    """The same for the same rows of a space beside that model, in the same order."""
    digest = hashlib.blake2b(f"{llm.name} {llm.checkpoint.fingerprint} {llm.dtype}".encode(), digest_size=8)
    digest.update(np.array(ids, np.int64).tobytes())
    return f"{where.name} {digest.hexdigest()}"


def picture_news(of: str, iteration: int, flat: Tensor, total: int) -> bytes:
    """t-SNE's picture of the rows called `of` after some of `total` iterations: flat [N, 2]."""
    return pack({"rows": of, "iteration": iteration, "total": total}, {"flat": flat.float()})
