"""Models and word vectors in memory, loaded once for all who ask."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from gptviz.llm import LLM, load

Progress = Callable[[str, int, int], None]
Loaded = TypeVar("Loaded")

MODELS_KEPT = 2  # the current one and one other


class _Loading(Generic[Loaded]):
    """One of them on its way in. It runs in its own thread, so that a reader who leaves the page does not stop a
    download another reader waits for."""

    def __init__(self, name: str, load_it: Callable[..., Loaded]):
        self.at: tuple[str, int, int] | None = None
        self.loaded: Loaded | None = None
        self.error: BaseException | None = None
        self._load, self._name = load_it, name
        self.thread = threading.Thread(target=self._run, name=f"load {name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.loaded = self._load(self._name, progress=self._hear)
        except BaseException as error:  # handed to whoever waits
            self.error = error

    def _hear(self, stage: str, done: int, total: int) -> None:
        self.at = (stage, done, total)


class Models(Generic[Loaded]):
    """What was loaded, by name: at most `keep`, the least recently used goes first. Nothing is loaded twice at once."""

    def __init__(
        self,
        load_it: Callable[..., Loaded],
        keep: int = MODELS_KEPT,
        came: Callable[[Loaded], None] = lambda loaded: None,
        left: Callable[[Loaded], None] = lambda loaded: None,
    ):
        self._keep, self._load, self._came, self._left = keep, load_it, came, left
        self._ready: OrderedDict[str, Loaded] = OrderedDict()
        self._loading: dict[str, _Loading[Loaded]] = {}
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Whether `get` would answer at once."""
        return name in self._ready

    def get(self, name: str, progress: Progress | None = None) -> Loaded:
        """What is called `name`, loaded if need be. `progress` is called about ten times a second meanwhile. Raises
        what loading raised; the next call tries again."""
        with self._lock:
            if name in self._ready:
                self._ready.move_to_end(name)
                return self._ready[name]
            loading = self._loading.get(name) or self._loading.setdefault(name, _Loading(name, self._load))
        while loading.thread.is_alive():
            loading.thread.join(0.1)
            if progress and loading.at:
                progress(*loading.at)
        with self._lock:
            if self._loading.get(name) is loading:
                del self._loading[name]
                if loading.loaded is not None:
                    self._ready[name] = loading.loaded
                    while len(self._ready) > self._keep:
                        self._left(self._ready.popitem(last=False)[1])
                    self._came(loading.loaded)
        if loading.error is not None:
            raise loading.error
        assert loading.loaded is not None
        return loading.loaded


def load_as_configured(name: str, progress: Progress) -> LLM:
    """`name`, to compute where and in what the server was told: GPTVIZ_DEVICE, else cpu; GPTVIZ_DTYPE, else float32."""
    where, what = os.environ.get("GPTVIZ_DEVICE") or "cpu", os.environ.get("GPTVIZ_DTYPE") or "float32"
    return load(name, dtype=what, device=where, progress=progress)
