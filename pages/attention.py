"""Attention: who looks at whom, in any head."""

import streamlit as st

from gptviz.model import Attention, attention_scores
from gptviz.numbers import count
from gptviz.ui.page import Page, start


def main(page: Page) -> None:
    model = page.model
    page.lesson("see", all_heads=count(model.n_layer * model.n_head))
    page.view(page.ask())
    with page.depth("open") as shown:
        if shown:
            page.lesson("open")
            st.markdown(page.t("code"))
            page.quote(attention_scores, Attention._attend)
    with page.depth("notes") as shown:
        if shown:
            notes(page)


def notes(page: Page) -> None:
    model = page.model
    H, K, D, d = model.n_head, model.n_kv_head, model.d_model, model.d_head
    sizes = {"width": H * d, "value_split": 2 * D * d, "value_full": D * D}
    page.lesson("notes", **{name: count(size) for name, size in sizes.items()})
    page.lesson("notes_rotary" if model.rope else "notes_learned")
    page.lesson("notes_shared" if K < H else "notes_full", share=H // K)


main(start("attention"))
