"""Models and traces, kept once per process and shared by all sessions and pages. Knows nothing of Streamlit."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from weakref import WeakSet

import psutil

from gptviz.analysis.generation import Writer
from gptviz.checkpoints import vectors
from gptviz.interventions import Intervention
from gptviz.llm import LLM, load
from gptviz.trace import Trace

Progress = Callable[[str, int, int], None]

MODELS_KEPT = 2  # the current one and one other
TRACE_BYTES = 1_000_000_000


class _Loading:
    """One model on its way in. It runs in its own thread, so that a reader who leaves the page does not stop a
    download another reader waits for."""

    def __init__(self, name: str, load_model: Callable[..., LLM]):
        self.at: tuple[str, int, int] | None = None
        self.llm: LLM | None = None
        self.error: BaseException | None = None
        self._load, self._name = load_model, name
        self.thread = threading.Thread(target=self._run, name=f"load {name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.llm = self._load(self._name, progress=self._hear)
        except BaseException as error:  # handed to whoever waits
            self.error = error

    def _hear(self, stage: str, done: int, total: int) -> None:
        self.at = (stage, done, total)


class Models:
    """Loaded models by name: at most `keep`, the least recently used goes first. No model is loaded twice at once."""

    def __init__(self, keep: int = MODELS_KEPT, *, load_model: Callable[..., LLM], forget=lambda llm: None):
        self._keep, self._load, self._forget = keep, load_model, forget
        self._ready: OrderedDict[str, LLM] = OrderedDict()
        self._loading: dict[str, _Loading] = {}
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Whether `get` would answer at once."""
        return name in self._ready

    def get(self, name: str, progress: Progress | None = None) -> LLM:
        """The model called `name`, loaded if need be. `progress` is called about ten times a second meanwhile.
        Raises what loading raised; the next call tries again."""
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
                if loading.llm is not None:
                    self._ready[name] = loading.llm
                    while len(self._ready) > self._keep:
                        self._forget(self._ready.popitem(last=False)[1])
        if loading.error is not None:
            raise loading.error
        return loading.llm


class Traces:
    """Traces by model, ids, names and interventions, bounded in bytes; the least recently used go first. The newest
    always stays: that it fits was checked when it was made. A kept trace is shared: `copy()` before `append`."""

    def __init__(self, limit: int = TRACE_BYTES):
        self._limit = limit
        self._kept: OrderedDict[tuple, Trace] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[tuple, threading.Lock] = {}

    def get(
        self,
        llm: LLM,
        ids: Sequence[int],
        names: str | Iterable[str] | None = None,
        interventions: Iterable[Intervention] = (),
    ) -> Trace:
        """The trace of `ids`, made if it is not kept. Raises what `llm.trace` raises."""
        interventions = tuple(interventions)
        names = (names,) if isinstance(names, str) else None if names is None else tuple(names)
        key = (_model_key(llm), tuple(ids), names, tuple(i.key() for i in interventions))
        with self._lock:
            if key in self._kept:
                return self._found(key)
            making = self._making.setdefault(key, threading.Lock())
        with making:  # two sessions that ask for the same trace wait for one
            with self._lock:
                if key in self._kept:
                    return self._found(key)
            trace = None
            try:
                trace = llm.trace(list(ids), names=names, interventions=interventions)
            finally:
                with self._lock:
                    self._making.pop(key, None)
                    if trace is not None:
                        self._kept[key] = trace
                        self._make_room()
        return trace

    def _found(self, key: tuple) -> Trace:
        self._kept.move_to_end(key)
        return self._kept[key]

    def forget(self, llm: LLM) -> None:
        """Drop the traces of a model that leaves memory: each of them holds on to it."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == _model_key(llm)]:
                del self._kept[key]

    @property
    def nbytes(self) -> int:
        return sum(trace.nbytes for trace in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def _make_room(self) -> None:
        held = self.nbytes
        limit = min(self._limit, (psutil.virtual_memory().available + held) // 4)
        while held > limit and len(self._kept) > 1:
            held -= self._kept.popitem(last=False)[1].nbytes


def _model_key(llm: LLM) -> tuple[str, str, str]:
    # The name as well: the same weights in another folder may come with another tokenizer.
    return (llm.name, llm.checkpoint.fingerprint, str(llm.dtype))


class Writers:
    """Writers at rest, which belong to the sessions that write with them."""

    def __init__(self) -> None:
        self._kept: WeakSet[Writer] = WeakSet()

    def keep(self, writer: Writer) -> Writer:
        """Remember that this one holds on to its model."""
        self._kept.add(writer)
        return writer

    def forget(self, llm: LLM) -> None:
        """Close those of a model that leaves memory."""
        for writer in [writer for writer in self._kept if writer.llm is llm]:
            writer.close()


def load_as_told(name: str, progress: Progress) -> LLM:
    """`name`, to compute where and in what the server was told: GPTVIZ_DEVICE, else cpu; GPTVIZ_DTYPE, else float32."""
    where, what = os.environ.get("GPTVIZ_DEVICE") or "cpu", os.environ.get("GPTVIZ_DTYPE") or "float32"
    return load(name, dtype=what, device=where, progress=progress)


def forget(llm: LLM) -> None:
    """What was made of a model goes with it."""
    traces.forget(llm)
    writers.forget(llm)


traces = Traces()
writers = Writers()
models = Models(load_model=load_as_told, forget=forget)
fetched = Models(load_model=vectors.fetch)
"""Word vectors on their way into the cache: their folders, by name."""
