"""Whether anyone reads: when nobody has for a while, what was computed for them is dropped."""

from __future__ import annotations

import threading
import time

from streamlit.runtime import Runtime, exists
from streamlit.runtime.runtime import RuntimeState

from gptviz.engine import engine

PATIENCE = 60.0  # seconds without a reader: one whose connection broke may come back
LOOK = 10.0  # seconds between two looks

_watch_lock = threading.Lock()
_watching = False


def seen() -> None:
    """Somebody reads: from now on it is looked after when they have gone."""
    global _watching
    if not exists():
        return
    with _watch_lock:
        if not _watching:
            _watching = True
            threading.Thread(target=_watch, args=(Runtime.instance(),), name="readers", daemon=True).start()


def _watch(runtime: Runtime) -> None:
    """Until nobody reads any more; the next reader begins it anew. The runtime may go meanwhile, as in AppTest after
    every run: with it go the readers."""
    global _watching
    left = time.monotonic()
    while exists() and time.monotonic() - left < PATIENCE:
        if runtime.state == RuntimeState.ONE_OR_MORE_SESSIONS_CONNECTED:
            left = time.monotonic()
        time.sleep(LOOK)
    with _watch_lock:
        _watching = False
    engine().rest()
