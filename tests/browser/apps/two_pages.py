"""A view on the first of two pages, its values kept by the app."""

import streamlit as st
import torch

from gptviz.views.output import STOP
from gptviz.views.output.parts import logits_part, text_part
from gptviz.views.streamlit import show

BEGIN = STOP.to_json(STOP.defaults() | {"token": 0})
st.session_state.setdefault("kept", BEGIN)


def view() -> None:
    parts = {
        "text": text_part(["a"], [None], [0], d_model=8, tied=True),
        "logits": logits_part(torch.arange(40.0) / 4, lambda ids: [str(i) for i in ids], 0),
    }
    show(
        STOP,
        parts,
        st.session_state.kept,
        language="en",
        about="made up",
        take=lambda report: st.session_state.update(kept={**st.session_state.kept, **report}),
        left=lambda: None,
    )
    st.text(f"T={st.session_state.kept['temperature']}")


def other() -> None:
    st.text(f"kept {st.session_state.kept['temperature']}")
    if st.button("set to 2"):
        st.session_state.kept = {**BEGIN, "temperature": 2.0}


PAGES = [st.Page(view, title="View", default=True), st.Page(other, title="Other")]
for page in PAGES:
    st.page_link(page)
st.navigation(PAGES, position="hidden").run()
