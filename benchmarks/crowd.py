"""Readers who come at once and never pause: what they ask for, and what it took."""

from __future__ import annotations

import asyncio
import math
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.reader import Reader, opened
from benchmarks.server import Server

SHORT = 12  # words of a text
AGAIN = 2  # how often a page is asked for again
# Each is one token, behind "The" and a space.
WORDS = (
    "the a old new big small red blue green cold warm dark long short good bad little great young cat dog bird fish "
    "horse man woman child king house door road tree water river sea sun moon day night year time world city school "
    "book letter word song story game car boat train bread milk salt gold silver stone paper glass runs walks hill "
    "sings reads writes gives takes finds sees hears knows likes and or but with from to in on under over near after"
)

# What the address calls a choice. Where the name has changed, both are said: an app passes over what it does not know.
LENS = {"unfolded": "lens", "output.open": "lens"}
SENTENCES = {"a": ("a", "context.a"), "b": ("b", "context.b"), "c": ("c", "context.c")}
PLACES = ("token", "at_a", "context.at_a")  # of the token looked at

Address = tuple[str, dict[str, str]]  # a page and its query


def words(seed: str, count: int = SHORT) -> str:
    """A text of so many words, another one for every seed."""
    return " ".join(["The", *random.Random(seed).choices(WORDS.split(), k=count - 1)])


def query(page: str, text: str) -> dict[str, str]:
    """What the address of a page asks for, to show it with this text."""
    if page != "context":
        return {"text": text}
    # One word behind three sentences.
    some = text.split()
    half = len(some) // 2
    orders = {"a": some, "b": some[::-1], "c": some[half:] + some[:half]}
    return {name: " ".join([*orders[letter], "bank"]) for letter, names in SENTENCES.items() for name in names}


@dataclass
class Visits:
    """What a number of visits took: seconds each, seconds from the first's begin to the last's end, and seconds that
    the server computed meanwhile, on all cores together."""

    seconds: list[float] = field(default_factory=list)
    span: float = 0.0
    cpu: float = 0.0
    errors: list[str] = field(default_factory=list)

    def __add__(self, other: Visits) -> Visits:
        seconds, errors = self.seconds + other.seconds, self.errors + other.errors
        return Visits(seconds, self.span + other.span, self.cpu + other.cpu, errors)

    @property
    def rate(self) -> float:
        """Pages a second."""
        return len(self.seconds) / self.span if self.seconds else math.nan

    @property
    def cost(self) -> float:
        """Seconds that the server computes for a page: much the same however busy the machine is."""
        return self.cpu / len(self.seconds) if self.seconds else math.nan

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else math.nan

    @property
    def nine_in_ten(self) -> float:
        """Seconds within which nine pages in ten were there."""
        return sorted(self.seconds)[math.ceil(0.9 * len(self.seconds)) - 1] if self.seconds else math.nan


@dataclass
class Crowd:
    """Readers of one app, and the paths of its pages."""

    app: Server
    readers: list[Reader]
    pages: Sequence[str]

    async def follow(self, plan: Callable[[int], Iterable[Address]], limit: float = math.inf) -> Visits:
        """All readers at once, each through the addresses that are planned for their number; after `limit` seconds no
        page is begun."""
        visits = Visits(cpu=-self.app.cpu())
        start = time.perf_counter()

        async def one(number: int, reader: Reader) -> None:
            for page, asked in plan(number):
                if time.perf_counter() - start >= limit:
                    return
                taken = await reader.visit(page, asked)
                if taken is None:
                    return
                visits.seconds.append(taken)

        await asyncio.gather(*(one(number, reader) for number, reader in enumerate(self.readers)))
        visits.span = time.perf_counter() - start
        visits.cpu += self.app.cpu()
        for reader in self.readers:
            visits.errors += reader.errors
            reader.errors.clear()
        return visits

    def page(self, number: int, step: int) -> str:
        """Where a reader is after so many steps: each is one page ahead of the reader before."""
        return self.pages[(number + step) % len(self.pages)]

    async def new_texts(self, label: str, limit: float) -> Visits:
        """Each walks through the pages once, with a new text on each."""

        def plan(number: int) -> Iterator[Address]:
            for step in range(len(self.pages)):
                page = self.page(number, step)
                yield page, query(page, words(f"{label} {number} {step}"))

        return await self.follow(plan, limit)

    async def same_text(self, label: str, limit: float) -> Visits:
        """Each asks for page after page again as it is. Getting there does not count."""
        total, start = Visits(), time.perf_counter()
        for step in range(len(self.pages)):
            if time.perf_counter() - start >= limit:
                break

            def here(number: int, times: int, step: int = step) -> list[Address]:
                page = self.page(number, step)
                return [(page, query(page, words(f"{label} {number}")))] * times

            arrived = await self.follow(lambda number, here=here: here(number, 1))
            total += Visits(errors=arrived.errors) + await self.follow(lambda number, here=here: here(number, AGAIN))
        return total


@asynccontextmanager
async def crowd(app: Server, pages: Sequence[str], count: int) -> AsyncIterator[Crowd]:
    """So many readers, who leave at the end."""
    async with AsyncExitStack() as stack:
        yield Crowd(app, [await stack.enter_async_context(opened(app.url)) for _ in range(count)], pages)
