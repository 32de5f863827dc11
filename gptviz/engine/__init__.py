"""Questions of plain values, answers of bytes: between whoever asks (a page, a notebook, a script) and the model.

    from gptviz.engine import Question, engine

    engine().load("smollm2-135m")
    ids = engine().ask(Question("prompt", "smollm2-135m", choices={"text": "The cat"})).facts["ids"]
    answer = engine().ask(Question("attention", "smollm2-135m", ids=tuple(ids), choices={"layer": 3, "head": 1}))
    answer.parts["layer"]  # bytes: see gptviz/views/kit/wire.py
    answer.facts["look"]   # what to look for

The engine is in this process (`local`); another one, in a process of its own or on another machine, would answer the
same questions.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from typing import Protocol

from gptviz.engine.local import LocalEngine
from gptviz.engine.questions import Question
from gptviz.views.kit.asked import Answer

__all__ = ["Answer", "Engine", "LocalEngine", "Question", "engine"]


class Engine(Protocol):
    """What every engine can be asked: see LocalEngine."""

    def ready(self, name: str) -> bool: ...

    def load(self, name: str, progress: Callable[[str, int, int], None] | None = None) -> None: ...

    def ask(self, question: Question, progress: Callable[[str, int, int], None] | None = None) -> Answer: ...

    def stream(self, question: Question) -> Generator[Answer]: ...


_engine: LocalEngine | None = None
_making = threading.Lock()


def engine() -> LocalEngine:
    """This process's engine. GPTVIZ_THROUGH_BYTES=1: every question and answer is packed and unpacked on its way, as
    for an engine elsewhere."""
    global _engine
    with _making:
        if _engine is None:
            _engine = LocalEngine(through_bytes=os.environ.get("GPTVIZ_THROUGH_BYTES") == "1")
        return _engine
