"""Attention: who looks at whom, in any head."""

import inspect
from textwrap import dedent
from typing import Any

import streamlit as st

from gptviz.analysis import heads
from gptviz.model import Attention, attention_scores
from gptviz.ui import state
from gptviz.ui.page import Page, start
from gptviz.ui.prompt import limit, others_like, second_text
from gptviz.views.attention import attention_parts, name_of
from gptviz.views.streamlit import show


def begin_with(page: Page) -> dict[str, Any]:
    """What the view begins with: see its `Values`."""
    config, chosen = page.llm.config, page.state
    scores = heads.head_scores(page.trace)
    layer = page.pick("layer", config.n_layer, default=heads.clear_head(scores)[0])
    head = page.pick("head", config.n_head, default=heads.clear_head(scores, layer)[1])
    key = page.pick("key", len(page.prompt.ids), default=-1)
    st.session_state["attention.about"] = state.about()
    return {
        "of": name_of(page.llm, page.prompt.ids),
        "layer": layer,
        "head": head,
        "token": page.token,
        "key": None if key < 0 else key,
        "open": list(chosen.opened),
        "order": chosen.order,
        "stage": chosen.stage,
        "hide": chosen.hide,
        "unscaled": chosen.unscaled,
        "entry": page.pick("entry", config.d_head, default=0),
        "over": [over for _, over in page.existing_heads([(layer, over) for over in chosen.over])],
        "last": chosen.last,
        "off": [list(head) for head in page.existing_heads(chosen.off)],
        "again": chosen.again,
        "second": second_text(page.llm) if chosen.second is None else chosen.second,
    }


def take(values: dict[str, Any] | None) -> None:
    """What the reader settled on, into the state; unless it was about another text or model, just left."""
    if values is None or st.session_state.get("attention.about") != state.about():
        state.touch()
        return
    values = {name: value for name, value in values.items() if name != "of"}
    values["opened"], values["over"] = tuple(values.pop("open")), tuple(values["over"])
    values["off"] = tuple(tuple(head) for head in values["off"])
    for name, most in (("last", state.LAST_CHARS), ("second", state.SECOND_CHARS)):
        values[name] = values[name] and state.clean(values[name])[:most]
    state.change(by_view=True, **values)


def opened(page: Page) -> None:
    page.lesson("open", d_head=page.llm.config.d_head)
    st.markdown(page.t("code"))
    st.code(inspect.getsource(attention_scores) + "\n\n" + dedent(inspect.getsource(Attention._attend)))


def notes(page: Page) -> None:
    config = page.llm.config
    H, K, D, d = config.n_head, config.n_kv_head, config.d_model, config.d_head
    split, full = f"{2 * D * d:,}", f"{D * D:,}"
    page.lesson("notes", n_head=H, d_head=d, d_model=D, width=H * d, value_split=split, value_full=full)
    page.lesson("notes_rotary" if config.rope else "notes_learned")
    page.lesson("notes_shared" if K < H else "notes_full", n_head=H, n_kv_head=K, share=H // K)


page = start("attention")
config = page.llm.config
page.lesson("see", all_heads=config.n_layer * config.n_head, n_head=config.n_head, n_layer=config.n_layer)
show(
    "attention",
    lambda values: attention_parts(
        page.llm,
        page.trace,
        values,
        page.language,
        page.run,
        others=others_like(page.llm.name, page.prompt.text),
        limit=limit(page.llm),
    ),
    begin_with(page),
    key="attention.view",
    on_change=take,
)
with page.depth("open") as shown:
    if shown:
        opened(page)
with page.depth("notes") as shown:
    if shown:
        notes(page)
