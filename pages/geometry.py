"""Meaning as geometry: what can be calculated with the rows of an embedding matrix, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from gptviz.numbers import count, fixed
from gptviz.ui import tsne, vectors
from gptviz.ui.page import Page, start


def main(page: Page) -> None:
    page.lesson("see")
    failed = vectors.fetch_wanted(page)
    answer = page.ask()
    if answer.facts["unavailable"]:
        vectors.offer(page, answer.facts["unavailable"], failed)
    page.view(answer)
    page.look_for(answer)
    with page.depth("open") as shown:
        if shown:
            page.lesson("open")
    with page.depth("test") as shown:
        if shown:
            test(page, answer.facts["test"])
    with page.depth("notes") as shown:
        if shown:
            notes(page, answer.facts["notes"])
    if page.chosen["tsne"]:
        page.afterwards(lambda: tsne.go_on(page))


def test(page: Page, question: Mapping[str, int | str] | None) -> None:
    """How many of the predictions in the families come first by the arithmetic alone?"""
    page.lesson("test")
    if question is None:
        return
    numbers = {name: count(question[name]) for name in ("count", "earned", "free")}
    labels = {name: page.t(f"test.{name}") for name in ("few", "some", "most")}
    guess = page.radio("share", page.t("test.question", count=numbers["count"]), labels)
    if guess:
        st.markdown(page.t("test.right" if guess == question["answer"] else "test.wrong", **numbers))


def notes(page: Page, claim: Mapping[str, float] | None) -> None:
    """What the notes say of king and queen, measured."""
    page.lesson("notes")
    if claim:
        page.lesson("notes_claim", **{name: fixed(value, 2) for name, value in claim.items()})
    page.link("embeddings")


main(start("geometry"))
