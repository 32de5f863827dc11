"""Generation, a token at a time, and what the key-value cache saves: measured on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass

import torch

from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.model import KVCache
from gptviz.sampling import Options, Step


@dataclass(frozen=True)
class Written:
    """One token that was written, and what it took."""

    step: Step
    seconds: float
    read: int
    """How many tokens the model read for it: the whole text at first, one from then on."""


class Writer:
    """`llm.generate` behind a text, a step ahead of what was taken: what could come next is known as well.

    It goes on until an end token or the model's last position, and may rest between two tokens: it writes what it
    would have written in one go.
    """

    def __init__(self, llm: LLM, ids: Sequence[int], options: Options, seed: int):
        """Raises InputError if nothing fits behind `ids`, or for a seed that means nothing."""
        self.llm, self.ids, self.start = llm, list(ids), len(ids)
        room = llm.config.max_tokens - self.start
        if room < 1:
            raise InputError("generation_too_long", n_prompt=self.start, n_new=1, limit=llm.config.max_tokens)
        self._steps = llm.generate(self.ids, room, *astuple(options), seed=seed)
        self._read = self.start
        self._ahead: Written | None = None
        self._done = False

    def covers(self, ids: Sequence[int]) -> bool:
        """Whether `ids` is what it writes behind, and maybe some of what it wrote."""
        return len(ids) >= self.start and self.ids[: len(ids)] == list(ids)

    def ahead(self) -> Written | None:
        """The token to come; None after the last. Raises InputError for logits that are not numbers."""
        if self._ahead is None and not self._done:
            start = time.perf_counter()
            step = next(self._steps, None)
            self._done = step is None
            if step is not None:
                self._ahead, self._read = Written(step, time.perf_counter() - start, self._read), 1
        return self._ahead

    def take(self) -> Written | None:
        """Write the token to come: it stands in `ids`."""
        written = self.ahead()
        if written is not None:
            self.ids.append(written.step.id)
            self._ahead = None
        return written

    def close(self) -> None:
        """Let go of the model: it writes nothing more."""
        self._steps, self._ahead, self._done, self.llm, self.ids, self.start = iter(()), None, True, None, [], 1


@dataclass(frozen=True)
class Timing:
    """Seconds for one more token behind a text of some length, measured."""

    length: int
    cached: float
    plain: float
    """Without a cache: the whole text is read again."""


def seconds_without_cache(llm: LLM, ids: Sequence[int]) -> float:
    """How long the model takes for the next token's logits if it reads the whole text again."""
    batch = torch.tensor([list(ids)], device=llm.model.embed.weight.device)
    with llm.model.lock, torch.no_grad():
        start = time.perf_counter()
        llm.model(batch, last_only=True)
        return time.perf_counter() - start


def timings(llm: LLM, ids: Sequence[int], lengths: Iterable[int], repeats: int = 3) -> Iterator[Timing]:
    """Time one more token behind texts of several lengths, made of `ids` over and over: the quickest of a few tries,
    with and without the cache in turn."""
    device = llm.model.embed.weight.device
    for length in lengths:
        text = [ids[n % len(ids)] for n in range(length)]
        before, cached, plain = KVCache(), [], []
        with llm.model.lock, torch.no_grad():
            llm.model(torch.tensor([text[:-1]], device=device), cache=before, last_only=True)
        for _ in range(repeats):
            cache = before.copy()
            with llm.model.lock, torch.no_grad():
                start = time.perf_counter()
                llm.model(torch.tensor([text[-1:]], device=device), cache=cache, last_only=True)
                cached.append(time.perf_counter() - start)
            plain.append(seconds_without_cache(llm, text))
        yield Timing(length, min(cached), min(plain))


@dataclass(frozen=True)
class CacheSize:
    """What one token takes, all layers together."""

    numbers: int
    """Of keys and values: what is kept."""
    bytes: int
    """The same in bytes."""
    queries: int
    """Numbers of queries, which are not kept."""


def cache_size(llm: LLM) -> CacheSize:
    """What the key-value cache of a model holds for one token."""
    c = llm.config
    numbers = 2 * c.n_layer * c.n_kv_head * c.d_head
    return CacheSize(numbers, numbers * llm.dtype.itemsize, c.n_layer * c.n_head * c.d_head)
