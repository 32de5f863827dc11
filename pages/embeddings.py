"""Embeddings: from an id to a row, what lies near it, and where position comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from gptviz.model import GPT, rotary_frequencies, rotate
from gptviz.numbers import count, fixed, percent
from gptviz.ui.chips import chip, plain, word
from gptviz.ui.page import Page, start


def main(page: Page) -> None:
    answer = page.ask()
    token = answer.choices["token"]
    page.lesson("see", size=count(page.model.vocab_size), width=count(page.model.d_model), id=page.prompt.ids[token])
    page.view(answer)
    if answer.facts["absent"]:
        page.link("geometry", space=answer.facts["absent"])
    page.look_for(answer)
    with page.depth("open") as shown:
        if shown:
            open_row(page, token, answer.facts["open"])
    with page.depth("test") as shown:
        if shown:
            test(page, token, answer.facts["test"])
    with page.depth("notes") as shown:
        if shown:
            notes(page, answer.facts["notes"])


def open_row(page: Page, token: int, row: Mapping[str, Any]) -> None:
    """The row of a token in numbers, and its cosine with the nearest."""
    model, id, shown = page.model, page.prompt.ids[token], chip(token, page.prompt.pieces[token])
    page.lesson("open", size=count(model.vocab_size), id=id, token=shown)
    first = ", ".join(fixed(number, 4) for number in row["first"])
    looked_up = f"W = llm.model.embed.weight  # [{model.vocab_size}, {model.d_model}]\nW[{id}]  # [{first}, …]"
    page.quote(GPT.forward, then=looked_up)
    if "other" in row:
        nearest(page, shown, row)
    if model.rope:
        page.lesson("position_rotary")
        page.quote(rotary_frequencies, rotate)
    else:
        page.lesson("position_learned", n_ctx=count(model.n_ctx))


def nearest(page: Page, shown: str, row: Mapping[str, Any]) -> None:
    """The cosine of a token's row with the nearest."""
    digits = {"mean": 2, "own_mean": 2, "mean_length": 2}
    numbers = {name: fixed(value, digits.get(name, 3)) for name, value in row.items() if name not in ("first", "other")}
    page.lesson("cosine", token=shown, other=word(row["other"]), **numbers)


def test(page: Page, token: int, question: Mapping[str, Any] | None) -> None:
    """Which of a few tokens has a row most like that of another?"""
    page.lesson("test")
    if question is None:
        st.markdown(page.t("test.too_short"))
        return
    pieces, options = page.prompt.pieces, {option["id"]: option for option in question["options"]}
    chips = {id: chip(option["position"], pieces[option["position"]]) for id, option in options.items()}
    shown = chip(token, pieces[token])
    guess = page.radio("alike", page.t("test.question", token=shown), chips)
    if guess is not None:
        best = question["best"]
        said = {"token": shown, "best": chips[best], "cosine": fixed(options[best]["cosine"], 2)}
        said |= {"guess": chips[guess], "guessed": fixed(options[guess]["cosine"], 2)}
        st.markdown(page.t("test.right" if guess == best else "test.wrong", **said))
        st.caption(page.t("test.mind", mean=fixed(question["mean"], 2), token=shown))


def notes(page: Page, models: Sequence[Mapping[str, Any]]) -> None:
    """This model's embedding matrix beside GPT-3's."""
    page.lesson("notes")
    page.link("geometry")
    page.link("context")
    page.lesson("notes_tied" if page.model.tied else "notes_untied")

    def tokens(number: int) -> str:
        return page.t("notes.tokens", count=count(number))

    rows = {"rows": count, "columns": count, "numbers": count, "share": percent, "context": tokens}
    table = {page.t("notes.table"): [page.t(f"notes.{name}") for name in rows]}
    for title, model in zip((plain(page.model.name), page.t("notes.gpt3")), models, strict=True):
        table[title] = [shown(model[name]) for name, shown in rows.items()]
    st.table(table, border="horizontal", hide_index=True)


main(start("embeddings"))
