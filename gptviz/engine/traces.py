"""Traces, kept once for all who ask, and the memory they and what was made of them may take together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import psutil

from gptviz.analysis.kept import kept_bytes
from gptviz.errors import InputError
from gptviz.interventions import Intervention
from gptviz.llm import LLM
from gptviz.trace import Trace, pass_bytes

TRACE_BYTES = 1_000_000_000


class Budget:
    """Memory that passes under way will take: a pass waits until what it needs is a quarter of what is free at most,
    those under way counted."""

    def __init__(self) -> None:
        self._under_way = 0
        self._changed = threading.Condition()

    @contextmanager
    def claim(self, n_bytes: int) -> Iterator[None]:
        """Hold so many bytes; alone if need be (that one pass fits was checked by `LLM.trace`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way == 0 or self._under_way + n_bytes <= self._room())
            self._under_way += n_bytes
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= n_bytes
                self._changed.notify_all()

    def _room(self) -> int:
        return psutil.virtual_memory().available // 4


class Traces:
    """Traces by model, ids, names and interventions, bounded in bytes together with what is kept of them; the least
    recently used go first. The newest always stays: that it fits was checked when it was made. A kept trace is shared:
    `copy()` before `append`."""

    def __init__(self, limit: int = TRACE_BYTES):
        self._limit = limit
        self._kept: OrderedDict[tuple, Trace] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[tuple, threading.Lock] = {}
        self._budget = Budget()
        self.nbytes = 0
        """Of all traces that are kept."""

    def get(
        self,
        llm: LLM,
        ids: Sequence[int],
        names: str | Iterable[str] | None = None,
        interventions: Iterable[Intervention] = (),
    ) -> Trace:
        """The trace of `ids` with these names at least, made if none is kept. Raises what `llm.trace` raises, and
        InputError for logits that are not numbers."""
        interventions = tuple(interventions)
        names = (names,) if isinstance(names, str) else None if names is None else tuple(names)
        key = (key_of(llm), tuple(ids), names, tuple(i.key() for i in interventions))
        with self._lock:
            if (found := self._found(key)) is not None:
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:  # two sessions that ask for the same trace wait for one
            with self._lock:
                if (found := self._found(key)) is not None:
                    return found
            try:
                with self._budget.claim(pass_bytes(llm.config, names, len(ids), llm.dtype)):
                    trace = llm.trace(list(ids), names=names, interventions=interventions)
            finally:
                with self._lock:
                    self._making.pop(key, None)
            if "logits" in trace and (broken := int((~trace.logits.isfinite()).sum())):
                raise InputError("logits_not_finite", count=broken)
            with self._lock:
                self._kept[key] = trace
                self.nbytes += trace.nbytes
                self._make_room()
        return trace

    def forget(self, llm: LLM | None = None) -> None:
        """Drop the traces of a model that leaves memory (each of them holds on to it), or all."""
        with self._lock:
            for key in list(self._kept):
                if llm is None or key[0] == key_of(llm):
                    self.nbytes -= self._kept.pop(key).nbytes

    def __len__(self) -> int:
        return len(self._kept)

    def _found(self, key: tuple) -> Trace | None:
        """What is kept for `key`, or of the same pass with every name."""
        llm, ids, _, interventions = key
        for it in (key, (llm, ids, None, interventions)):
            if it in self._kept:
                self._kept.move_to_end(it)
                return self._kept[it]
        return None

    def _make_room(self) -> None:
        also = kept_bytes()
        limit = min(self._limit, (psutil.virtual_memory().available + self.nbytes + also) // 4)
        while self.nbytes + also > limit and len(self._kept) > 1:
            self.nbytes -= self._kept.popitem(last=False)[1].nbytes
            also = kept_bytes()


def key_of(llm: LLM) -> tuple[str, str, str]:
    """Which model: the name as well, since the same weights in another folder may come with another tokenizer."""
    return (llm.name, llm.checkpoint.fingerprint, str(llm.dtype))
