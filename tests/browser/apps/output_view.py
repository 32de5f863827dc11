"""The output view alone, on made-up logits. The address may ask for language=, kind= (of logits) and
vocab=. A slider of Streamlit's sets the temperature from outside."""

import json

import streamlit as st
import torch

from gptviz.views.output import STOP
from gptviz.views.output.parts import logits_part, text_part
from gptviz.views.streamlit import show

st.set_page_config(page_title="output view")
query = st.query_params
logits = 3 * torch.randn(int(query.get("vocab", 49152)), generator=torch.Generator().manual_seed(7))
match query.get("kind"):
    case "nan":
        logits[5] = torch.nan
    case "equal":
        logits[:] = 2.0
    case "tied":
        logits[[9, 4]] = 20.0
# One of them would do harm if it were ever taken for HTML.
WORDS = ["·the", "·ma", "⟨E5 A4⟩", "猫", "<b>·bold</b>", "·cat", "ing", "⏎", "·antidisestablishmentarian", ".", "·on"]


def words(count: int) -> list[str]:
    return [WORDS[i % len(WORDS)] for i in range(count)]


given = st.select_slider("set", [0.5, 1.0, 3.0], 1.0)
sizes = {"d_model": 16, "tied": True}
h, rows = torch.randn(2, 16, generator=torch.Generator().manual_seed(1)), torch.zeros(len(logits), 16)
parts = {
    "text": text_part(words(3), [None, 2.5, 7.25], [0, 3, 99], **sizes),
    "logits": logits_part(logits, lambda ids: words(len(ids)), 2, [5, 7, 5], h[0], rows),
}
chosen = STOP.defaults() | {"token": 2, "temperature": given, "open": tuple(query.get_all("open"))}


def take(report) -> None:
    st.session_state.settled = report


# What Python gives outweighs what the reader had; until then the reader's stays.
if st.session_state.get("given") != given:
    st.session_state.given = given
    st.session_state.pop("settled", None)
values = st.session_state.get("settled") or STOP.to_json(chosen)
about = {"language": query.get("language", "en"), "about": "made up"}
show(STOP, parts, values, **about, take=take, left=lambda: None)
st.text(json.dumps({name: values[name] for name in values}))
