"""Tokens: the pieces a model reads, beside other ways to cut the same text."""

import pandas as pd
import streamlit as st

from gptviz.analysis.tokens import CLASSICS, Cut, all_letters, classic_cut, cut, dropped_fact, facts, part, states
from gptviz.errors import InputError
from gptviz.tokenizer import classic, visible
from gptviz.ui.chips import chip, plain, word
from gptviz.ui.facts import sentence
from gptviz.ui.page import Page, start

SHOWN = 300  # chips a row at most
MERGES = 16  # steps shown of a whole chunk at most
LIMIT = 2000  # tokens of the reader's own text in the test


def lesson(page: Page, name: str) -> str:
    """The section for this kind of vocabulary."""
    return f"{name}_letters" if all_letters(page.llm.tokenizer) else name


def see(page: Page, text: Cut) -> None:
    page.lesson(lesson(page, "see"))
    st.markdown(page.t("own", model=plain(page.llm.name), count=len(text.tokens)))
    st.markdown(
        " ".join(f"{chip(i, t.piece)}\u00a0:small[:gray[{t.id}]]" for i, t in enumerate(text.tokens)),
    )
    cuts = {
        "words": [visible(w.encode()) for w in text.words],
        "characters": [visible(c.encode()) for c in text.characters],
    }
    cuts |= {name: [p for _, p in classic_cut(name, text.text)] for name in CLASSICS}
    chosen = st.segmented_control(
        page.t("beside"),
        list(cuts),
        required=True,
        format_func=lambda name: page.t(f"cuts.{name}", count=len(cuts[name])),
        **page.bind("cut", page.state.cut),
    )
    row(page, cuts[chosen])
    size = f"{classic(chosen).n_vocab:,}" if chosen in CLASSICS else ""
    st.caption(page.t(f"about.{chosen}", size=size))
    page.look_for([sentence(page, fact) for fact in facts(page.llm.tokenizer, text)])


def row(page: Page, pieces: list[str]) -> None:
    """Pieces as chips, the first few hundred."""
    more = len(pieces) - SHOWN
    st.markdown(
        " ".join(chip(i, p) for i, p in enumerate(pieces[:SHOWN]))
        + (f" {page.t('more', count=more)}" if more > 0 else "")
    )


def open_token(page: Page, text: Cut) -> None:
    page.lesson(lesson(page, "open"), size=f"{page.llm.tokenizer.vocab_size:,}")
    at = page.chips(page.t("open.choose"))
    token, tokenizer = text.tokens[at], page.llm.tokenizer
    data = tokenizer.token_bytes(token.id)
    st.markdown(
        page.t(
            "open.token",
            token=chip(at, token.piece),
            id=token.id,
            size=f"{tokenizer.vocab_size:,}",
            bytes=f"`{data.hex(' ').upper()}`",
        )
    )
    if token.id in tokenizer.special:
        st.markdown(page.t("open.special"))
    else:
        merges(page, at)
    st.markdown(page.t("open.code"))
    first = "" if text.text == page.prompt.text else f"[:{len(text.tokens)}]"
    st.code(f"llm.tokenizer.encode({page.prompt.text!r}){first}\n# {[t.id for t in text.tokens]}", wrap_lines=True)


def merges(page: Page, at: int) -> None:
    """How the chunk that holds the token at position `at` was merged."""
    try:
        chunks = page.llm.tokenizer.merge_steps(page.prompt.text)
    except InputError as error:
        st.markdown(page.t("open.not_bpe", kind=error.details["kind"]))
        return
    seen = 0
    for chunk in chunks:
        seen += len(chunk.ids)
        if seen > at:
            break
    shown = word(visible(page.prompt.text[chunk.start : chunk.end].encode()))
    if not chunk.merges:
        key = "no_merges" if len(chunk.ids) == 1 else "no_rule"
        st.markdown(page.t(f"open.{key}", chunk=shown, count=len(chunk.ids)))
        return
    st.markdown(page.t("open.chunk", chunk=shown, count=len(chunk.pieces)))
    if len(chunk.merges) > MERGES:
        chunk = part(chunk, at - (seen - len(chunk.ids)))
        st.markdown(page.t("open.part", count=len(chunk.pieces)))
    first, *after = states(chunk)
    table = {
        page.t("open.step"): [page.t("open.start"), *map(str, range(1, len(after) + 1))],
        page.t("open.joined"): ["", *(word(merge.piece) for merge in chunk.merges)],
        page.t("open.rank"): ["", *(f"{merge.rank:,}" for merge in chunk.merges)],
        page.t("open.pieces"): [" ".join(map(word, pieces)) for pieces in (first, *after)],
    }
    st.table(pd.DataFrame(table), border="horizontal", hide_index=True)


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
            open_token(page, text)
    with page.depth("test") as shown:
        if shown:
            test(page)
    with page.depth("notes") as shown:
        if shown:
            page.lesson(lesson(page, "notes"), model=page.llm.name, size=f"{page.llm.tokenizer.vocab_size:,}")
