"""Show a view in Streamlit."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components import v2
from streamlit.components.v2.types import ComponentRenderer

from gptviz.views.kit.choices import Stop
from gptviz.views.kit.wire import pack
from gptviz.views.kit.words import words


@cache
def _component() -> ComponentRenderer:
    # Declared in gptviz/pyproject.toml. Made at the first use: Streamlit can look for it only while it runs.
    return v2.component("gptviz.views", js="streamlit.js")


def show(
    stop: Stop,
    parts: Mapping[str, bytes],
    values: Mapping[str, Any],
    *,
    language: str,
    about: str,
    take: Callable[[Mapping[str, Any]], None],
    left: Callable[[], None],
) -> None:
    """Show the view of a stop.

    parts: what it shows, by name. Each travels only when it changes.
    values: what it begins with (JSON, a value for every choice but wishes). Give the same values at every run and the
        reader's stay; give others (a link was followed) and the view takes them over, unless the reader is just
        dragging.
    about: what they are about (a text, a model). What the reader was at in another is of no use here.
    take(report): called with what the reader has settled on (JSON), before the next run of the script as callbacks of
        widgets are; left() instead if the report is about something else, or the view had not yet heard of the values
        that it has been given since.
    """
    key = f"{stop.name}.view"
    values = {name: value for name, value in values.items() if not stop.by_name[name].wish}
    # `values` went out with `revision`; `given` is what the caller said last, `heard` what the view said last.
    memory = st.session_state.setdefault(
        f"{key}.sent", {"revision": 0, "values": values, "given": values, "heard": None, "about": about}
    )

    def settled() -> dict[str, Any] | None:
        report = (st.session_state.get(key) or {}).get("settled")
        if report and report["revision"] == memory["revision"] and report["about"] == memory["about"]:
            return report["values"]
        return None

    report = settled()
    report = report and {name: value for name, value in report.items() if name in values}
    left_page = report is None and memory["heard"] is not None  # another page was visited: the view begins anew
    if left_page or values not in (memory["given"], report) or about != memory["about"]:
        memory["revision"] += 1
        memory["values"], memory["about"] = values, about
        report = None
    memory["given"], memory["heard"] = values, report

    def called() -> None:
        report = settled()
        if report is None:
            left()
        else:
            take(report)

    made = {"words": words(language, stop.name), **parts}
    digests = {name: hashlib.blake2b(part, digest_size=16).hexdigest() for name, part in made.items()}
    envelope = {
        "view": stop.name,
        "key": key,
        "about": about,
        "revision": memory["revision"],
        "values": memory["values"],
        "choices": stop.about(),
        "parts": digests,
    }
    with st.container(gap=None, key=f"{key}.view"):
        _component()(key=key, data=pack(envelope, {}), on_settled_change=called)
        for name, part in made.items():
            # Each part in an element of its own, which shows nothing: an element whose data stay the same is not sent
            # again. Raw bytes travel only as the whole of a component's data, so the envelope is packed as well.
            data = pack({"key": key, "part": name, "digest": digests[name]}, {"data": np.frombuffer(part, np.uint8)})
            _component()(key=f"{key}.{name}", data=data)


def tell(stop: Stop, news: bytes) -> None:
    """Tell the view of a stop what has just come about, while the script still runs: its `hear` gets it once, soon. It
    is no part: nothing keeps it, and it stands on the page, unseen, until the script runs again."""
    key = f"{stop.name}.view"
    number = time.time_ns() // 1000  # another one each time, also after the server was started anew
    data = pack({"key": key, "news": number}, {"data": np.frombuffer(news, np.uint8)})
    _component()(key=f"{key}.news.{number}", data=data)
