"""Show a view in Streamlit."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from gptviz.views.kit.wire import pack


@cache
def _component() -> ComponentRenderer:
    # Declared in gptviz/pyproject.toml. Made at the first use: Streamlit can look for it only while it runs.
    return st.components.v2.component("gptviz.views", js="streamlit.js")


def show(
    view: str,
    parts: Mapping[str, bytes] | Callable[[dict[str, Any]], Mapping[str, bytes]],
    values: Mapping[str, Any],
    *,
    key: str,
    once: Collection[str] = (),
    on_change: Callable[[dict[str, Any] | None], None] | None = None,
) -> dict[str, Any]:
    """Show the view of folder `gptviz/views/{view}`, and give back what the reader has settled on.

    parts: what the view shows, by name, from the view's own functions; or a function that makes them from the settled
        values. Each travels only when it changes.
    values: what the view begins with (JSON); the result has the same keys. Give the same values at every run and
        the reader's stay; give others (a link was followed) and the view takes them over, unless the reader is just
        dragging.
    once: the values that are wishes, which the view says once; `values` has them as they are when nothing is wished
        for, and so has the result: only `on_change` hears of a wish.
    on_change: called with the settled values before the next run of the script, as callbacks of widgets are; with None
        if the view had not yet heard of the values that it has been given since.
    """
    values = dict(values)
    # `values` went out with `revision`; `given` is what the caller said last, `heard` what the view said last.
    memory = st.session_state.setdefault(
        f"{key}.sent", {"revision": 0, "values": values, "given": values, "heard": None}
    )

    def settled() -> dict[str, Any] | None:
        report = (st.session_state.get(key) or {}).get("settled")
        return report["values"] if report and report["revision"] == memory["revision"] else None

    report = settled()
    report = report and report | {name: values[name] for name in once}
    left = report is None and memory["heard"] is not None  # another page was visited: the view begins anew
    if left or values not in (memory["given"], report):
        memory["revision"] += 1
        memory["values"] = values
        report = None
    memory["given"], memory["heard"] = values, report

    def called() -> None:
        if on_change:
            on_change(settled())

    shown = report or memory["values"]
    made = parts(shown) if callable(parts) else parts
    digests = {name: hashlib.blake2b(part, digest_size=16).hexdigest() for name, part in made.items()}
    envelope = {"view": view, "key": key, "revision": memory["revision"], "values": memory["values"], "parts": digests}
    with st.container(gap=None, key=f"{key}.view"):
        _component()(key=key, data=pack(envelope, {}), on_settled_change=called)
        for name, part in made.items():
            # Each part in an element of its own, which shows nothing: an element whose data stay the same is not sent
            # again. Raw bytes travel only as the whole of a component's data, so the envelope is packed as well.
            data = pack({"key": key, "part": name, "digest": digests[name]}, {"data": np.frombuffer(part, np.uint8)})
            _component()(key=f"{key}.{name}", data=data)
    return shown


def tell(key: str, news: bytes) -> None:
    """Tell the view shown under `key` what has just come about, while the script still runs: its `hear` gets it once,
    soon. It is no part: nothing keeps it, and it stands on the page, unseen, until the script runs again."""
    number = time.time_ns() // 1000  # another one each time, also after the server was started anew
    data = pack({"key": key, "news": number}, {"data": np.frombuffer(news, np.uint8)})
    _component()(key=f"{key}.news.{number}", data=data)
