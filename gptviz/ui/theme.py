"""Light or dark: which one the reader sees, so that charts are drawn for it."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components import v2
from streamlit.components.v2.types import ComponentRenderer

from gptviz.figures.colours import PAGE, Theme

# Streamlit calls it at mount and again when the theme changes.
_WATCH = """
let reported
export default function ({ parentElement, data, setStateValue }) {
  const element = parentElement.host ?? parentElement
  const seen = getComputedStyle(element).getPropertyValue("--st-background-color").trim()
  if (!seen || seen === data.drawn) reported = undefined
  else if (seen !== reported) setStateValue("background", (reported = seen))
}
"""


def current() -> Theme:
    """The theme the page is shown in, as the browser last said."""
    return "dark" if st.context.theme.type == "dark" else "light"


@cache
def _watcher() -> ComponentRenderer:
    return v2.component("gptviz_theme", js=_WATCH)


def watch() -> None:
    """Run the script again when the reader changes the theme: Streamlit by itself would leave charts as they are.
    Belongs into the main part of the page: the sidebar's background is another."""
    _watcher()(key="theme", data={"drawn": PAGE[current()]["background"]}, on_background_change=lambda: None)
