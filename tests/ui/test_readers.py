"""Whether anyone reads."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from streamlit.runtime import Runtime
from streamlit.runtime.runtime import RuntimeState

from gptviz.ui import readers


def test_the_runtime_may_go_while_its_readers_are_watched(monkeypatch):
    there, failed, rested = iter([True, True, True]), [], threading.Event()
    runtime = SimpleNamespace(state=RuntimeState.ONE_OR_MORE_SESSIONS_CONNECTED)
    monkeypatch.setattr(threading, "excepthook", failed.append)
    monkeypatch.setattr(readers, "LOOK", 0.0)
    monkeypatch.setattr(readers, "exists", lambda: next(there, False))
    monkeypatch.setattr(readers, "engine", lambda: SimpleNamespace(rest=rested.set))
    with monkeypatch.context() as alive:
        alive.setattr(Runtime, "_instance", runtime)
        alive.setattr(threading.Thread, "start", lambda thread: threads.append(thread))
        threads: list[threading.Thread] = []
        readers.seen()
    (watching,) = threads
    watching.start()
    watching.join()
    assert rested.is_set() and not failed
