"""Embeddings: the rows looked up, how alike they are, what lies near them, and where position comes in."""

import inspect
from typing import Any

import pandas as pd
import streamlit as st

from gptviz.analysis.embeddings import candidates, neighbour_facts, row_facts
from gptviz.analysis.geometry import nearest, one_hot_difference, space_of, token_baseline
from gptviz.analysis.landmarks import landmarks_of
from gptviz.analysis.parameters import GPT3, count_parameters
from gptviz.analysis.spaces import GLOVE, open_space, spaces_of
from gptviz.checkpoints import vectors
from gptviz.model import GPT
from gptviz.ui import state
from gptviz.ui.chips import chip, plain, word
from gptviz.ui.facts import sentence
from gptviz.ui.page import Page, start
from gptviz.views.embeddings import embeddings_parts
from gptviz.views.streamlit import show

SHOWN = 12  # neighbours that are spoken of
PLAIN = ("measure", "grouped", "turned", "turned_key")


def see(page: Page) -> None:
    config, at = page.llm.config, page.token
    page.lesson("see", size=f"{config.vocab_size:,}", width=config.d_model, id=page.prompt.ids[at])
    values = begin_with(page)
    where = open_space(page.llm, values["space"])
    turning = config.rope is not None and "position" in values["open"]
    trace = page.trace if turning else None
    st.session_state["embeddings.about"] = state.about()
    show(
        "embeddings",
        lambda now: embeddings_parts(page.llm, page.prompt.ids, trace, now, page.language, where),
        values,
        key="embeddings.view",
        on_change=take,
    )
    marks, ids = landmarks_of(page.llm), list(page.prompt.ids)
    near = nearest(page.llm, space_of(page.llm).rows[ids[at]], SHOWN, without=[ids[at]])
    facts = [*row_facts(page.llm, marks, ids, at), *neighbour_facts(page.llm, ids[at], near)]
    page.look_for([sentence(page, fact) for fact in facts])


def begin_with(page: Page) -> dict[str, Any]:
    """What the view begins with: see its `Values`."""
    chosen, config, n = page.state, page.llm.config, len(page.prompt.ids)
    # GloVe is fetched on the page Geometry; here it is one of the spaces once it is there.
    spaces = [name for name in spaces_of(page.llm) if name != "glove" or vectors.is_here(GLOVE)]
    return {
        **{name: getattr(chosen, name) for name in PLAIN},
        "token": page.token,
        "open": list(chosen.rows),
        "word": chosen.near,
        "mean": chosen.mean,
        "space": chosen.space if chosen.space in spaces else "input",
        "layer": min(chosen.layer or 0, config.n_layer - 1),
        "head": min(chosen.head or 0, config.n_head - 1),
        "key": min(chosen.key or 0, n - 1),
        "about": {"spaces": spaces, "n_layer": config.n_layer, "n_head": config.n_head},
    }


def take(values: dict[str, Any] | None) -> None:
    """What the reader settled on, into the state; unless it was about another text or model, just left."""
    if values is None or st.session_state.get("embeddings.about") != state.about():
        state.touch()
        return
    near = values["word"] and state.clean(values["word"])[: state.NEAR_CHARS]
    turning = {"layer": values["layer"], "head": values["head"], "key": values["key"] or None}
    state.change(
        by_view=True,
        token=values["token"],
        rows=tuple(values["open"]),
        near=near or None,
        mean=values["mean"],
        space=values["space"],
        **{name: values[name] for name in PLAIN},
        **(turning if "position" in values["open"] else {}),
    )


def open_row(page: Page) -> None:
    llm, at, space = page.llm, page.token, space_of(page.llm)
    id, shown = page.prompt.ids[at], chip(at, page.prompt.pieces[at])
    size = f"{llm.config.vocab_size:,}"
    page.lesson("open", size=size, id=id, token=shown)
    first = ", ".join(f"{x:.4f}" for x in space.rows[id][:8].tolist())
    line = next(line.strip() for line in inspect.getsource(GPT.forward).splitlines() if "self.embed(" in line)
    product = page.t("open.product", id=id, difference=f"{one_hot_difference(space, id):g}")
    st.code(
        f"{line}\n\nW = llm.model.embed.weight  # {list(space.rows.shape)}\nW[{id}]  # [{first}, …]\n{product}",
        wrap_lines=True,
    )
    other = nearest(llm, space.rows[id], 1, without=[id])[0]
    page.lesson(
        "cosine",
        token=shown,
        other=word(other.token),
        dot=f"{float(space.rows[id] @ space.rows[other.id]):.3f}",
        length=f"{float(space.norms[id]):.3f}",
        other_length=f"{float(space.norms[other.id]):.3f}",
        cosine=f"{other.cosine:.3f}",
        mean=f"{space.baseline.mean:.2f}",
        own_mean=f"{token_baseline(space, id).mean:.2f}",
        mean_length=f"{float(space.rows.mean(0).norm()):.2f}",
    )
    if llm.config.rope:
        page.lesson("position_rotary")
        return
    page.lesson("position_learned", n_ctx=llm.config.n_ctx)


def test(page: Page) -> None:
    """Which of three tokens is nearest? One is among the nearest, the others are not."""
    page.lesson("test")
    at = page.token
    offered = candidates(page.llm, page.prompt.ids[at])
    if not offered:
        st.info(page.t("test.none"))
        return
    token = chip(at, page.prompt.pieces[at])
    st.markdown(f"**{page.t('test.question', token=token)}**")
    labels = {str(n): word(near.token) for n, near in enumerate(offered)}
    st.radio(
        page.t("test.question", token=page.prompt.pieces[at]),
        list(labels),
        format_func=labels.get,
        label_visibility="collapsed",
        horizontal=True,
        **page.bind("nearest", page.state.nearest),
    )
    if page.state.nearest:
        best = max(offered, key=lambda near: near.cosine)
        right = offered[int(page.state.nearest)] == best
        cosines = ", ".join(f"{word(near.token)} {near.cosine:.2f}" for near in offered)
        st.markdown(page.t("test.right" if right else "test.wrong", nearest=word(best.token), cosines=cosines))


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


page = start("embeddings")
see(page)
with page.depth("open") as shown:
    if shown:
        open_row(page)
with page.depth("test") as shown:
    if shown:
        test(page)
with page.depth("notes") as shown:
    if shown:
        notes(page)
