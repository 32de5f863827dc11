"""What the geometry stop answers, and t-SNE as it comes about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from gptviz.analysis.analogies import gallery, notes_claim, suggestion
from gptviz.analysis.common_words import common_words
from gptviz.analysis.facts import Fact, Rounded, Text
from gptviz.analysis.projections import ITERATIONS, tsne
from gptviz.analysis.spaces import GLOVE, Space, is_here, open_space, spaces_of
from gptviz.analysis.words import written
from gptviz.checkpoints.catalogue import vectors
from gptviz.errors import CheckpointError, InputError
from gptviz.llm import LLM
from gptviz.views.geometry import STOP
from gptviz.views.geometry import parts as make
from gptviz.views.kit.asked import Answer, Asked

LETTERS = 6  # that a vocabulary without words must have, to stand in for them


def answer(asked: Asked) -> Answer:
    """facts: look; spaces, those that make sense beside this model, and whether each is here; unavailable, why the
    chosen one is not asked: see `space_of`; test and notes where they are opened: see `question` and `claim`."""
    llm, progress = asked.llm, asked.progress_of("gallery")
    where, unavailable = space_of(asked)
    chosen = settled(asked, where)
    formula, mean = chosen["formula"], chosen["mean"]
    parts = {
        "text": make.text_part(where, llm.checkpoint.title, spaces_of(llm)),
        "formula": make.formula_part(where, formula, mean),
    }
    if asked.opened("gallery") and common_words(where).are_words:
        parts["gallery"] = make.gallery_part(where, progress)
    if asked.opened("direction"):
        parts["direction"] = make.direction_part(where, chosen["first"], chosen["second"], chosen["others"])
    if asked.opened("cloud"):
        rows = cloud_of(asked, where, chosen)
        parts["cloud"] = make.cloud_part(llm, where, *rows)
        if chosen["axes"]:
            parts["axes"] = make.axes_part(where, *rows, [chosen["axis_x"], chosen["axis_y"]])
    if asked.opened("spaces"):
        parts["spaces"] = make.spaces_part(where, *every_space(llm), formula, mean, progress)
    facts: dict[str, Any] = {
        "look": [fact.plain() for fact in look_for(where, formula, mean)],
        "spaces": {name: is_here(name) for name in spaces_of(llm)},
        "unavailable": unavailable,
    }
    if asked.opened("test"):
        facts["test"] = question(where, progress)
    if asked.opened("notes"):
        facts["notes"] = claim(llm)
    return Answer(parts, facts, STOP.to_json(chosen))


def stream(asked: Asked) -> Iterator[Answer]:
    """t-SNE of the rows that are shown, if it is wanted of these: the last picture that there is, and every one to
    come, as the part "news"."""
    where, _ = space_of(asked)
    try:
        ids = make.rows_of(where, *cloud_of(asked, where, settled(asked, where))).ids
    except InputError:  # there are none: their part says why
        return
    name = make.rows_name(asked.llm, where, ids)
    if asked.choices["tsne"] != name or not asked.opened("cloud"):
        return
    work = asked.resume(Tsne, lambda one: one.rows == name, lambda: Tsne(name, tsne(where.rows[list(ids)])))
    shown = None
    while (picture := work.after(shown)) is not None:
        shown, flat = picture
        yield Answer({"news": make.picture_news(name, shown, flat, ITERATIONS)})


@dataclass
class Tsne:
    """t-SNE of some rows, on its way."""

    rows: str
    """Their name: see `rows_name`."""
    pictures: Iterator[tuple[int, Tensor]]
    last: tuple[int, Tensor] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def after(self, iteration: int | None) -> tuple[int, Tensor] | None:
        """The last picture, and after how many iterations; the next one if that has been shown. None: there is no
        more. Whoever asks while another's is being computed waits for it."""
        with self._lock:
            if self.last is None or self.last[0] == iteration:
                self.last = next(self.pictures, self.last)
            return None if self.last is None or self.last[0] == iteration else self.last


def space_of(asked: Asked) -> tuple[Space, dict[str, Any] | None]:
    """The space that is asked: the chosen one, or the model's own matrix where that is not to be had. Then also which
    `vectors` it lacks, of how many `bytes`, and the `trouble` there is with them; None: they were never fetched."""
    llm, name, trouble = asked.llm, asked.choices["space"], None
    if name not in spaces_of(llm):
        return open_space(llm, "input"), None
    if is_here(name):
        try:
            return open_space(llm, name), None
        except CheckpointError as error:
            trouble = error.plain()
    lacking = {"vectors": GLOVE, "bytes": vectors()[GLOVE].download_bytes, "trouble": trouble}
    return open_space(llm, "input"), lacking


def every_space(llm: LLM) -> tuple[list[Space], dict[str, dict[str, Any] | None]]:
    """The spaces that can be asked, and those that cannot: why, None if they have to be fetched first."""
    here, away = [], {}
    for name in spaces_of(llm):
        if not is_here(name):
            away[name] = None
            continue
        try:
            here.append(open_space(llm, name))
        except CheckpointError as error:
            away[name] = error.plain()
    return here, away


def settled(asked: Asked, where: Space) -> dict[str, Any]:
    """The reader's choices; the stop's own where none was made."""
    llm, choices = asked.llm, asked.choices
    letters = stand_ins(llm, where)
    own = {name: text for name, text in letters.items() if choices[name] == STOP.own[name].default}
    return {
        **choices,
        **own,
        "token": len(asked.ids) - 1 if choices["token"] is None else choices["token"],
        "space": choices["space"] if choices["space"] in spaces_of(llm) else "input",
    }


def stand_ins(llm: LLM, where: Space) -> dict[str, str]:
    """What stands in the fields where the usual words mean nothing: letters, the first of them against the last."""
    if common_words(where).are_words:
        return {}
    found = sorted(piece for piece in where.pieces(range(len(where))) if len(piece) == 1 and piece.isalpha())
    if len(found) < LETTERS:
        return {}
    first, second, rest = (" ".join(some) for some in (found[:2], found[-2:], found[2:-2]))
    return {
        "formula": suggestion(llm),
        "first": first,
        "second": second,
        "others": rest,
        "listed": f"{' '.join(found[:3])}; {' '.join(found[3:])}",
        "axis_x": f"{found[1]} - {found[0]}",
        "axis_y": f"{found[-1]} - {found[-2]}",
    }


def cloud_of(asked: Asked, where: Space, chosen: dict[str, Any]) -> tuple[str, Sequence[int], int, str]:
    """Which rows are to be laid flat, as `parts.rows_of` takes it: the kind of cloud, the rows of the prompt's tokens,
    the row of the chosen one, and the words listed."""
    rows = dict(enumerate(asked.ids))
    if where.name == "glove":  # whole words have one there
        words = [piece.replace("·", " ").strip() for piece in asked.llm.pieces(asked.ids)]
        rows = {at: found[0] for at, word in enumerate(words) if word and (found := where.known([word]))}
    at = rows.get(chosen["token"], next(iter(rows.values()), 0))
    return chosen["cloud"], list(dict.fromkeys(rows.values())), at, chosen["listed"]


def look_for(where: Space, formula: str, mean: bool) -> list[Fact]:
    """What the reader might notice about this formula; about the space alone where it leads nowhere."""
    marks = common_words(where)
    pairs = {"mean": marks.pairs.mean, "sd": marks.pairs.sd}
    kind = "" if marks.are_words else "_tokens"
    try:
        result = make.solved(where, formula, mean)
    except InputError:
        return [Fact(f"space{kind}", pairs)]
    token = result.answer.token
    cosine = result.answer.cosine or 0.0  # a row of zeros
    said = [Fact(f"formula{kind}", {"answer": token, "cosine": cosine, **pairs})]
    if result.sides:
        side, sd = result.sides[0], marks.arrows.sd
        said.append(Fact(f"arrows{kind}", {"cosine": side, "sd": sd, "times": Rounded(abs(side) / sd, 1)}))
    if result.simpler:
        best = min(result.simpler, key=lambda one: one.rank)
        places = {"rank": best.rank, "whole": result.rank}
        said.append(Fact("simpler", {"part": Text(written(best.terms)), "answer": token, **places}))
    return said


def question(where: Space, progress: Callable[[int, int], None]) -> dict[str, Any] | None:
    """How many predictions of the families come first only by the arithmetic: `count` of them, `earned`, those that
    come first for `free`, and the `answer`. None for a space without the words."""
    if not common_words(where).are_words:
        return None
    verdicts = [one.verdict for family in gallery(where, progress).values() for one in family if one.result]
    count, earned = len(verdicts), verdicts.count("earned")
    right = "few" if 4 * earned < count else "some" if 2 * earned <= count else "most"
    return {"count": count, "earned": earned, "free": verdicts.count("free"), "answer": right}


def claim(llm: LLM) -> dict[str, float] | None:
    """What the notes' "≈" is worth on this model's rows, beside the `sd` of random differences: see `notes_claim`."""
    found = notes_claim(llm)
    if found is None:
        return None
    return {"cosine": found[0], "residual": found[1], "sd": common_words(open_space(llm, "input")).arrows.sd}
