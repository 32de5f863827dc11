"""A view on the first of two pages, its values kept by the app."""

import streamlit as st
import torch

from gptviz.views.output import logits_part, text_part
from gptviz.views.streamlit import show

st.session_state.setdefault("kept", {"temperature": 1.0, "word": None})


def view() -> None:
    parts = {
        "text": text_part("en", ["a"], [None], [0], d_model=8, tied=True),
        "logits": logits_part(torch.arange(40.0) / 4, lambda ids: [str(i) for i in ids], 0),
    }
    show(
        "output",
        parts,
        st.session_state.kept,
        key="view",
        on_change=lambda kept: kept and st.session_state.update(kept=kept),
    )
    st.text(f"T={st.session_state.kept['temperature']}")


def other() -> None:
    st.text(f"kept {st.session_state.kept['temperature']}")
    if st.button("set to 2"):
        st.session_state.kept = {"temperature": 2.0, "word": None}


PAGES = [st.Page(view, title="View", default=True), st.Page(other, title="Other")]
for page in PAGES:
    st.page_link(page)
st.navigation(PAGES, position="hidden").run()
