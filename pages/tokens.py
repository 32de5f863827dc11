"""Tokens: the pieces a model reads, where they come from, and other ways to cut the same text."""

from typing import Any

import streamlit as st

from gptviz.analysis.tokens import Cut, all_letters, cut, dropped_fact, facts
from gptviz.ui import state
from gptviz.ui.chips import chip, word
from gptviz.ui.facts import sentence
from gptviz.ui.page import Page, start
from gptviz.ui.prompt import token_examples
from gptviz.views.streamlit import show
from gptviz.views.tokens import LONGEST, tokens_parts

SHOWN = 300  # chips a row at most
LIMIT = 2000  # tokens of the reader's own text in the test


def lesson(page: Page, name: str) -> str:
    """The section for this kind of vocabulary."""
    return f"{name}_letters" if all_letters(page.llm.tokenizer) else name


def see(page: Page, text: Cut) -> None:
    page.lesson(lesson(page, "see"))
    examples(page)
    long = st.session_state.get("tokens.long")
    st.session_state["tokens.about"] = state.about()
    show(
        "tokens",
        lambda values: tokens_parts(page.llm.name, page.llm.tokenizer, text, values, page.language, long),
        begin_with(page, text),
        key="tokens.view",
        once=("long",),
        on_change=take,
    )
    page.look_for([sentence(page, fact) for fact in facts(page.llm.tokenizer, text)])


def begin_with(page: Page, text: Cut) -> dict[str, Any]:
    """What the view begins with: see its `Values`. Until a token is chosen it is the longest: most was merged there."""
    chosen = page.state
    longest = text.tokens.index(text.longest)
    st.session_state["tokens.default"] = longest
    return {
        "token": longest if chosen.token is None else page.token,
        "open": list(chosen.cuts),
        "chunk": chosen.chunk if chosen.chunk is None or chosen.chunk >= 0 else -1,
        "step": chosen.step,
        "vocabulary": chosen.vocabulary,
        "find": chosen.find,
        "cuts": st.session_state.get("tokens.cuts", 0),
        "long": None,
    }


def take(values: dict[str, Any] | None) -> None:
    """What the reader settled on, into the state; unless it was about another text or model, just left."""
    if values is None or st.session_state.get("tokens.about") != state.about():
        state.touch()
        return
    if values["long"] is not None:  # too long for an address
        st.session_state["tokens.cuts"] = values["cuts"]
        st.session_state["tokens.long"] = state.clean(values["long"])[:LONGEST]
    unchosen = state.current().token is None and values["token"] == st.session_state["tokens.default"]
    state.change(
        by_view=True,
        token=None if unchosen else values["token"],
        cuts=tuple(values["open"]),
        chunk=values["chunk"],
        step=values["step"],
        vocabulary=values["vocabulary"],
        find=state.clean(values["find"])[: state.FIND_CHARS],
    )


def examples(page: Page) -> None:
    """Texts that teach something about tokens."""
    texts = token_examples(page.llm.name)
    if not texts:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="tokens-examples"):
        st.caption(page.t("try"), width="content")
        for kind, text in texts.items():
            label = page.t(f"examples.{kind}")
            st.button(
                label, key=f"tokens.example.{kind}", type="tertiary", on_click=state.change, kwargs={"text": text}
            )


def row(page: Page, pieces: list[str]) -> None:
    """Pieces as chips, the first few hundred."""
    more = len(pieces) - SHOWN
    st.markdown(
        " ".join(chip(i, p) for i, p in enumerate(pieces[:SHOWN]))
        + (f" {page.t('more', count=more)}" if more > 0 else "")
    )


def open_tokens(page: Page, text: Cut) -> None:
    page.lesson(lesson(page, "open"), size=f"{page.llm.tokenizer.vocab_size:,}")
    st.markdown(page.t("open.code"))
    first = "" if text.text == page.prompt.text else f"[:{len(text.tokens)}]"
    st.code(f"llm.tokenizer.encode({page.prompt.text!r}){first}\n# {[t.id for t in text.tokens]}", wrap_lines=True)


def test(page: Page) -> None:
    page.lesson(lesson(page, "test"))
    tokenizer = page.llm.tokenizer
    with st.form("tokens.test", border=False):
        default = page.prompt.text if page.llm.name == "toy-sort" else page.t("test.default")
        own = st.text_input(page.t("test.text"), default, max_chars=4000, key=f"tokens.own.{page.llm.name}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            guess = st.number_input(
                page.t("test.guess"), min_value=0, value=None, step=1, key="tokens.guess", width=200
            )
            if st.form_submit_button(page.t("test.check"), icon=":material/check:"):
                st.session_state["tokens.checked"] = own, guess
    # What was checked stays until the next check, whatever else the reader opens; another model reads it anew.
    if "tokens.checked" not in st.session_state:
        return
    own, guess = st.session_state["tokens.checked"]
    answer = cut(tokenizer, own, LIMIT)
    if not answer.tokens:
        st.info(page.t("test.empty"))
        return
    n = len(answer.tokens)
    key = "said" if guess is None else "exact" if guess == n else "off"
    st.markdown(f"**{page.t(f'test.{key}', count=n, guess=guess)}**")
    row(page, [t.piece for t in answer.tokens])
    if most := answer.most_split:
        st.markdown(page.t("test.split", word=word(most.word), count=len(most.pieces)))
    else:
        st.markdown(page.t("test.whole"))
    if answer.dropped:
        st.markdown(sentence(page, dropped_fact(answer)))
    if answer.text != own:
        st.markdown(page.t("test.too_long", limit=LIMIT))


page = start("tokens")
if page.llm.tokenizer is None:
    st.info(page.t("no_tokenizer"), icon=":material/info:")
    page.chips()
else:
    text = cut(page.llm.tokenizer, page.prompt.text, len(page.prompt.ids))
    see(page, text)
    with page.depth("open") as shown:
        if shown:
            open_tokens(page, text)
    with page.depth("test") as shown:
        if shown:
            test(page)
    with page.depth("notes") as shown:
        if shown:
            page.lesson(lesson(page, "notes"), model=page.llm.name, size=f"{page.llm.tokenizer.vocab_size:,}")
