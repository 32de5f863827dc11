"""Meaning as geometry: what can be calculated with the rows of an embedding matrix, and what it is worth."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st

from gptviz.analysis.analogies import gallery, notes_claim, solve, suggestion
from gptviz.analysis.common_words import common_words
from gptviz.analysis.projections import cloud
from gptviz.analysis.spaces import GLOVE, Space, open_space, spaces_of
from gptviz.analysis.words import written
from gptviz.checkpoints import vectors
from gptviz.checkpoints.catalogue import vectors as known_vectors
from gptviz.errors import CheckpointError, GptvizError, InputError
from gptviz.ui import cache, laying, state
from gptviz.ui.chips import plain, word
from gptviz.ui.facts import numeral
from gptviz.ui.page import Page, start
from gptviz.ui.state import State
from gptviz.views.geometry import geometry_parts
from gptviz.views.streamlit import show

VIEW = "geometry.view"
FIELDS = {"formula": "analogy", "first": "first_set", "second": "second_set", "others": "placed"}
FIELDS |= {name: name for name in ("listed", "axis_x", "axis_y")}
"""What the reader types, by its name in the view: its name in the state."""


def main(page: Page) -> None:
    page.lesson("see")
    where = chosen_space(page)
    values = begin_with(page, where)
    st.session_state["geometry.about"] = state.about()
    prompt = rows_of(page, where)
    at = prompt.get(page.token, next(iter(prompt.values()), 0))
    with page.progress("gallery") as progress:
        show(
            "geometry",
            lambda now: geometry_parts(
                where,
                now,
                page.language,
                model=page.llm.checkpoint.title,
                spaces=spaces_of(page.llm),
                prompt=list(dict.fromkeys(prompt.values())),
                at=at,
                beside=beside(page),
                progress=progress,
            ),
            values,
            key=VIEW,
            once=("lay",),
            on_change=take,
        )
    page.look_for(look_for(page, where, values["formula"]))
    with page.depth("open") as shown:
        if shown:
            page.lesson("open")
    with page.depth("test") as shown:
        if shown:
            test(page, where)
    with page.depth("notes") as shown:
        if shown:
            notes(page)
    asked = st.session_state.pop("geometry.lay", False)
    if asked or (laying.begun() and "cloud" in values["open"]):
        lay(page, where, values, list(dict.fromkeys(prompt.values())), at, asked)


def chosen_space(page: Page) -> Space:
    """The space to ask. GloVe has to be fetched first: until then it is the model's own matrix, and a button."""
    name = page.state.space if page.state.space in spaces_of(page.llm) else "input"
    try:
        if name != "glove" or vectors.is_here(GLOVE) or fetched(page):
            return open_space(page.llm, name)
    except GptvizError as error:
        st.error(error.text(page.language), icon=":material/cloud_off:")
        st.button(page.t("glove.again"), icon=":material/refresh:", on_click=ask_for_glove)
    return open_space(page.llm, "input")


def ask_for_glove() -> None:
    state.touch()
    st.session_state["geometry.fetch"] = True


def fetched(page: Page) -> bool:
    """Fetch GloVe if the reader has asked for it, else offer that; whether it is here now."""
    place = st.empty()
    if not st.session_state.pop("geometry.fetch", False):
        with place.container():
            size = f"{known_vectors()[GLOVE].download_bytes / 1e6:,.0f}"
            st.info(page.t("glove.ask", size=size), icon=":material/download:")
            st.button(page.t("glove.button"), icon=":material/download:", on_click=ask_for_glove)
        return False

    def told(stage: str, done: int, total: int) -> None:
        text = page.t("glove.unpacking" if stage == "unpack" else "glove.fetching")
        place.progress(min(1.0, done / total) if total else 0.0, text=text)

    cache.fetched.get(GLOVE, told)
    place.empty()
    return True


def beside(page: Page) -> list[Space]:
    """The spaces that can be asked without fetching anything."""
    found = []
    for name in spaces_of(page.llm):
        if name != "glove" or vectors.is_here(GLOVE):
            with suppress(CheckpointError):  # damaged: said where it is chosen
                found.append(open_space(page.llm, name))
    return found


def look_for(page: Page, where: Space, formula: str) -> list[str]:
    """What the reader might notice about this formula; about the space alone where it leads nowhere."""
    marks = common_words(where)
    pairs = {"mean": numeral(marks.pairs.mean), "sd": f"{marks.pairs.sd:.2f}"}
    kind = "" if marks.are_words else "_tokens"
    try:
        result = solve(where, formula, 1, page.state.mean)
    except InputError:
        return [page.t(f"look.space{kind}", **pairs)]
    said = [
        page.t(f"look.formula{kind}", answer=word(result.answer.token), cosine=numeral(result.answer.cosine), **pairs)
    ]
    if result.sides:
        side, random = result.sides[0], marks.arrows
        shown = numeral(round(side, 2) + 0.0)  # never -0.00
        times = f"{abs(side) / random.sd:.1f}"
        said.append(page.t(f"look.arrows{kind}", sd=f"{random.sd:.2f}", cosine=shown, times=times))
    if result.simpler:
        best = min(result.simpler, key=lambda one: one.rank)
        places = {"rank": f"{best.rank:,}", "whole": f"{result.rank:,}"}
        said.append(page.t("look.simpler", part=plain(written(best.terms)), answer=word(result.answer.token), **places))
    return said


def rows_of(page: Page, where: Space) -> dict[int, int]:
    """The row of each position of the prompt, as far as its token has one in this space."""
    found = {}
    for at, token in enumerate(zip(page.prompt.ids, page.prompt.pieces, strict=True)):
        with suppress(InputError):
            found[at] = where.token(*token).rows[0]
    return found


def begin_with(page: Page, where: Space) -> dict[str, Any]:
    """What the view begins with: see its `Values`."""
    chosen, usual, letters = page.state, State(), stand_ins(page, where)
    instead = {field: text for field, text in letters.items() if getattr(chosen, field) == getattr(usual, field)}
    st.session_state["geometry.instead"] = instead
    words = {name: instead.get(field, getattr(chosen, field)) for name, field in FIELDS.items()}
    return {
        "space": where.name,
        "without": chosen.without,
        "mean": chosen.mean,
        "open": list(chosen.corners),
        **words,
        "cloud": chosen.cloud,
        "dims": chosen.dims,
        "axes": chosen.axes,
        "lay": False,
        # Every name the view reports: whatever differs from its report, it would have to take over, and lose what the
        # reader has done since.
        "halts": st.session_state.get("geometry.halts", 0),
    }


def stand_ins(page: Page, where: Space) -> dict[str, str]:
    """What stands in the fields where the usual words mean nothing: letters, the first of them against the last."""
    if common_words(where).are_words:
        return {}
    found = sorted(piece for piece in where.pieces(range(len(where))) if len(piece) == 1 and piece.isalpha())
    if len(found) < 6:
        return {}
    first, second, rest = (" ".join(some) for some in (found[:2], found[-2:], found[2:-2]))
    return {
        "analogy": suggestion(page.llm),
        "first_set": first,
        "second_set": second,
        "placed": rest,
        "listed": f"{' '.join(found[:3])}; {' '.join(found[3:])}",
        "axis_x": f"{found[1]} - {found[0]}",
        "axis_y": f"{found[-1]} - {found[-2]}",
    }


def take(values: dict[str, Any] | None) -> None:
    """What the reader settled on, into the state; unless it was about another text or model, just left."""
    if values is None or st.session_state.get("geometry.about") != state.about():
        state.touch()
        return
    if values["halts"] != st.session_state.get("geometry.halts", 0):
        laying.halt()
    st.session_state["geometry.lay"], st.session_state["geometry.halts"] = values["lay"], values["halts"]
    words = {field: state.clean(values[name])[: state.WORDS_CHARS] for name, field in FIELDS.items()}
    words["analogy"] = words["analogy"][:200]
    # What stood in for the usual words is no choice of the reader's.
    instead = st.session_state["geometry.instead"]
    words = {field: getattr(State(), field) if instead.get(field) == text else text for field, text in words.items()}
    # Another space is another choice of what the page shows around the view, so the view hears of it.
    state.change(
        by_view=values["space"] == state.current().space,
        space=values["space"],
        without=values["without"],
        mean=values["mean"],
        corners=tuple(values["open"]),
        cloud=values["cloud"],
        dims=values["dims"],
        axes=values["axes"],
        **words,
    )


def lay(page: Page, where: Space, values: dict[str, Any], prompt: list[int], at: int, asked: bool) -> None:
    """t-SNE of the rows that are shown, told picture by picture: begun if the reader has asked, else gone on with."""
    try:
        ids = cloud(where, values["cloud"], prompt, at, values["listed"]).ids
    except InputError:  # the view says so
        return
    if asked:
        laying.begin(where, ids)
    if job := laying.laying_of(where, ids):
        page.afterwards(lambda: job.go_on(VIEW))


def test(page: Page, where: Space) -> None:
    page.lesson("test")
    if not common_words(where).are_words:
        return
    with page.progress("gallery") as progress:
        examples = [one for family in gallery(where, progress).values() for one in family if one.result]
    earned = sum(one.verdict == "earned" for one in examples)
    free = sum(one.verdict == "free" for one in examples)
    st.markdown(f"**{page.t('test.question', count=len(examples))}**")
    labels = {name: page.t(f"test.{name}") for name in ("few", "some", "most")}
    st.radio(
        page.t("test.question", count=len(examples)),
        list(labels),
        format_func=labels.get,
        label_visibility="collapsed",
        **page.bind("share", page.state.share),
    )
    if page.state.share:
        answer = "few" if 4 * earned < len(examples) else "some" if 2 * earned <= len(examples) else "most"
        key = "right" if answer == page.state.share else "wrong"
        st.markdown(page.t(f"test.{key}", earned=earned, free=free, count=len(examples)))


def notes(page: Page) -> None:
    page.lesson("notes")
    claim = notes_claim(page.llm)
    if claim:
        sd = f"{common_words(open_space(page.llm)).arrows.sd:.2f}"
        page.lesson("notes_claim", cosine=f"{claim[0]:.2f}", residual=f"{claim[1]:.2f}", sd=sd)
    page.link("embeddings")


main(start("geometry"))
