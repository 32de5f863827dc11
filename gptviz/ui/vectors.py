"""Word vectors that a page can do without: offered, fetched once the reader has asked for them, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gptviz.engine import engine
from gptviz.errors import CheckpointError
from gptviz.numbers import count
from gptviz.ui import state
from gptviz.ui.page import Page

_WANTED = "gptviz.vectors"


def fetch_wanted(page: Page) -> dict[str, object] | None:
    """Fetch what the reader has just asked for; the error if that failed, plain."""
    name = st.session_state.pop(_WANTED, None)
    if name is None:
        return None
    place = st.empty()

    def show(stage: str, done: int, total: int) -> None:
        text = page.t("glove.unpacking" if stage == "unpack" else "glove.fetching")
        place.progress(min(1.0, done / total) if total else 0.0, text=text)

    try:
        engine().load(name, show)
    except CheckpointError as error:
        return error.plain()
    finally:
        place.empty()
    return None


def offer(page: Page, unavailable: Mapping[str, Any], failed: Mapping[str, Any] | None) -> None:
    """Say that a space cannot be asked yet, or why, and offer to fetch it. unavailable: as the answer's facts have it;
    failed: the error of an attempt just made."""
    trouble, name = failed or unavailable["trouble"], unavailable["vectors"]
    if trouble:
        st.error(page.say(f"errors.{trouble['code']}", **trouble["details"]), icon=":material/cloud_off:")
        st.button(page.t("glove.again"), icon=":material/refresh:", on_click=_want, args=(name,))
    else:
        st.info(page.t("glove.ask", size=count(unavailable["bytes"] / 1e6)), icon=":material/download:")
        st.button(page.t("glove.button"), icon=":material/download:", on_click=_want, args=(name,))


def _want(name: str) -> None:
    state.touch()
    st.session_state[_WANTED] = name
