"""Tokens: the pieces a model reads, where they come from, and other ways to cut the same text."""

from typing import Any

import streamlit as st

from gptviz.numbers import count
from gptviz.ui import chips, facts, state
from gptviz.ui.page import Page, start
from gptviz.ui.prompt import from_line, to_line
from gptviz.views.kit.examples import examples_of

SHOWN = 300  # chips a row at most


def main(page: Page) -> None:
    page.lesson(lesson(page, "see"))
    page.examples(examples_of("tokens", page.model.name))
    answer = page.ask()
    page.view(answer)
    page.look_for(answer)
    about = {"model": page.model.name, "size": count(answer.facts["size"])}
    with page.depth("open") as shown:
        if shown:
            page.lesson(lesson(page, "open"), **about)
            st.markdown(page.t("open.code"))
            ids = list(page.prompt.ids)
            part = f"[:{len(ids)}]" if page.prompt.cut else ""
            st.code(f"llm.tokenizer.encode({page.prompt.text!r}){part}\n# {ids}", wrap_lines=True)
    with page.depth("test") as shown:
        if shown:
            test(page, answer.facts.get("test"))
    with page.depth("notes") as shown:
        if shown:
            page.lesson(lesson(page, "notes"), **about)


def lesson(page: Page, name: str) -> str:
    """The section for this kind of vocabulary."""
    return f"{name}_letters" if page.model.letters else name


def test(page: Page, counted: dict[str, Any] | None) -> None:
    """How many tokens does a text of the reader's own have?"""
    page.lesson(lesson(page, "test"))
    keys = {"tried": f"tokens.tried.{page.model.name}", "guess": "tokens.guess"}

    def check() -> None:
        state.change(tried=from_line(st.session_state[keys["tried"]]), guess=st.session_state[keys["guess"]])

    with st.form("tokens.test", border=False):
        default = page.prompt.text if page.model.letters else page.t("test.default")
        st.text_input(page.t("test.text"), to_line(default), max_chars=4000, key=keys["tried"])
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.number_input(page.t("test.guess"), min_value=0, value=None, step=1, key=keys["guess"], width=200)
            st.form_submit_button(page.t("test.check"), icon=":material/check:", on_click=check)
    # What was checked stays until the next check, whatever else the reader opens; another model reads it anew.
    if counted is not None:
        verdict(page, counted)


def verdict(page: Page, counted: dict[str, Any]) -> None:
    """What became of the reader's text."""
    pieces, guess = counted["pieces"], page.chosen["guess"]
    if not pieces:
        st.info(page.t("test.empty"))
        return
    n = len(pieces)
    key = "said" if guess is None else "exact" if guess == n else "off"
    st.markdown(f"**{page.t(f'test.{key}', count=n, guess=guess)}**")
    row = [chips.chip(i, piece) for i, piece in enumerate(pieces[:SHOWN])]
    st.markdown(" ".join(row + ([page.t("more", count=n - SHOWN)] if n > SHOWN else [])))
    if most := counted["most"]:
        st.markdown(page.t("test.split", word=chips.word(most["word"]), count=most["count"]))
    else:
        st.markdown(page.t("test.whole"))
    if counted["dropped"]:
        st.markdown(facts.sentence(counted["dropped"], pieces, page.language, page.name))
    if counted["limit"]:
        st.markdown(page.t("test.too_long", limit=counted["limit"]))


page = start("tokens")
if page.model.has_tokenizer:
    main(page)
else:
    st.info(page.t("no_tokenizer"), icon=":material/info:")
    last = len(page.prompt.ids) - 1
    chips.choose(
        page.say("ui.choose_token"), page.prompt.pieces, last if page.chosen["token"] is None else page.chosen["token"]
    )
