"""Embeddings: from an id to a row, what lies near it, and where position comes in."""

from __future__ import annotations

import inspect
from typing import Any

import pandas as pd
import streamlit as st

from gptviz.analysis.embeddings import most_alike, neighbour_facts, row_facts
from gptviz.analysis.parameters import GPT3, count_parameters
from gptviz.analysis.similarity import nearest, space_baseline, vector_baseline
from gptviz.analysis.spaces import GLOVE, open_space, spaces_of
from gptviz.checkpoints import vectors
from gptviz.model import GPT, rotary_frequencies, rotate
from gptviz.ui import state
from gptviz.ui.chips import chip, plain, word
from gptviz.ui.facts import numeral, sentence
from gptviz.ui.page import Page, start
from gptviz.views.embeddings import embeddings_parts
from gptviz.views.streamlit import show

OPTIONS = 6  # tokens to choose from in the test


def main(page: Page) -> None:
    config, at = page.llm.config, page.token
    page.lesson("see", size=f"{config.vocab_size:,}", width=config.d_model, id=page.prompt.ids[at])
    here = [name for name in spaces_of(page.llm) if name != "glove" or vectors.is_here(GLOVE)]
    values = begin_with(page)
    show(
        "embeddings",
        lambda now: embeddings_parts(page.llm, page.trace, now, page.language, here),
        values,
        key="embeddings.view",
        on_change=take,
    )
    if values["space"] not in here:
        page.link("geometry", space=values["space"])
    ids = list(page.prompt.ids)
    facts = row_facts(page.llm, ids, at)
    space, id = open_space(page.llm), ids[at]
    facts += neighbour_facts(page.llm, id, nearest(space, space.rows[id], 12, [id]))
    page.look_for([sentence(page, fact) for fact in facts])
    with page.depth("open") as shown:
        if shown:
            open_row(page)
    with page.depth("test") as shown:
        if shown:
            test(page)
    with page.depth("notes") as shown:
        if shown:
            notes(page)


def begin_with(page: Page) -> dict[str, Any]:
    """What the view begins with: see its `Values`."""
    chosen, config, n = page.state, page.llm.config, len(page.prompt.ids)
    key = page.pick("key", n, default=-1)
    st.session_state["embeddings.about"] = state.about()
    put = chosen.put
    return {
        "of": [chosen.text or "", state.model()],
        "token": page.token,
        "open": list(chosen.rows),
        "measure": chosen.measure,
        "pair": list(chosen.pair) if chosen.pair else None,
        "words": chosen.compared,
        "query": chosen.near,
        "space": chosen.space if chosen.space in spaces_of(page.llm) else "input",
        "grouped": chosen.grouped,
        "own": chosen.own,
        "layer": page.pick("layer", config.n_layer, default=0),
        "head": page.pick("head", config.n_head, default=0),
        "key": None if key < 0 else min(key, page.token),
        "at": list(put) if put and put[1] <= put[0] < config.n_ctx else None,
    }


def take(values: dict[str, Any] | None) -> None:
    """What the reader settled on, into the state; unless it was about another text or model, just left."""
    if values is None or st.session_state.get("embeddings.about") != state.about():
        state.touch()
        return
    pair, put, near = values["pair"], values["at"], values["query"]
    chosen = state.current()
    untouched = {name for name in ("layer", "head") if getattr(chosen, name) is None and not values[name]}
    state.change(
        # Another space may ask for a link below the view, but the view has moved already.
        by_view=True,
        token=values["token"],
        rows=tuple(values["open"]),
        measure=values["measure"],
        pair=tuple(pair) if pair else None,
        compared=state.clean(values["words"])[: state.COMPARED_CHARS],
        near=near and state.clean(near)[: state.NEAR_CHARS],
        space=values["space"],
        grouped=values["grouped"],
        own=values["own"],
        put=tuple(put) if put else None,
        **{name: values[name] for name in ("layer", "head") if name not in untouched},
        # Last: another layer or token takes it back.
        key=values["key"],
    )


def open_row(page: Page) -> None:
    llm, at, space = page.llm, page.token, open_space(page.llm)
    id, shown = page.prompt.ids[at], chip(at, page.prompt.pieces[at])
    page.lesson("open", size=f"{llm.config.vocab_size:,}", id=id, token=shown)
    first = ", ".join(f"{x:.4f}" for x in space.rows[id][:8].tolist())
    line = next(line.strip() for line in inspect.getsource(GPT.forward).splitlines() if "self.embed(" in line)
    st.code(
        f"{line}\n\nW = llm.model.embed.weight  # {list(space.rows.shape)}\nW[{id}]  # [{first}, …]", wrap_lines=True
    )
    for other in nearest(space, space.rows[id], 1, without=[id]):  # none, of a row of zeros
        page.lesson(
            "cosine",
            token=shown,
            other=word(other.token),
            dot=numeral(other.dot, ".3f"),
            length=f"{float(space.norms[id]):.3f}",
            other_length=f"{other.norm:.3f}",
            cosine=numeral(other.cosine, ".3f"),
            mean=numeral(space_baseline(space).mean),
            own_mean=numeral(vector_baseline(space, space.rows[id], [id]).mean),
            mean_length=f"{float(space.rows.mean(0).norm()):.2f}",
        )
    if llm.config.rope:
        page.lesson("position_rotary")
        st.code(f"{inspect.getsource(rotary_frequencies)}\n\n{inspect.getsource(rotate)}")
    else:
        page.lesson("position_learned", n_ctx=llm.config.n_ctx)


def test(page: Page) -> None:
    at, ids = page.token, list(page.prompt.ids)
    others = [i for i in dict.fromkeys(ids) if i != ids[at]][:OPTIONS]
    page.lesson("test")
    if len(others) < 2:
        st.markdown(page.t("test.too_short"))
        return
    names = dict(zip(others, page.llm.pieces(others), strict=True))
    token = chip(at, page.prompt.pieces[at])
    st.radio(
        page.t("test.question", token=token),
        others,
        format_func=lambda id: chip(ids.index(id), names[id]),
        **page.bind("alike", page.state.alike if page.state.alike in others else None),
    )
    if page.state.alike in others:
        best, cosines = most_alike(page.llm, ids[at], others)
        guess = page.state.alike
        values = {
            "token": token,
            "best": chip(ids.index(best), names[best]),
            "guess": chip(ids.index(guess), names[guess]),
        }
        values |= {"cosine": numeral(cosines[best]), "guessed": numeral(cosines[guess])}
        st.markdown(page.t("test.right" if guess == best else "test.wrong", **values))
        space = open_space(page.llm)
        own = vector_baseline(space, space.rows[ids[at]], [ids[at]])
        st.caption(page.t("test.mind", mean=numeral(own.mean), token=token))


def notes(page: Page) -> None:
    llm, config = page.llm, page.llm.config
    page.lesson("notes")
    page.link("geometry")
    page.link("context")
    page.lesson("notes_tied" if config.tied else "notes_untied")
    both = (config, GPT3)
    table = {
        page.t("notes.table"): [page.t(f"notes.{row}") for row in ("rows", "columns", "numbers", "share", "context")],
        plain(llm.name): [],
        page.t("notes.gpt3"): [],
    }
    for name, c in zip(list(table)[1:], both, strict=True):
        parts = count_parameters(c)
        share = f"{100 * parts['embed'] / sum(parts.values()):.1f} %"
        context = page.t("notes.tokens", count=f"{c.n_ctx:,}")
        table[name] = [f"{c.vocab_size:,}", f"{c.d_model:,}", f"{parts['embed']:,}", share, context]
    st.table(pd.DataFrame(table), border="horizontal", hide_index=True)


main(start("embeddings"))
