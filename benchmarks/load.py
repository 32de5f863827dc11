"""How the app bears readers: pages a second, seconds a page, memory. `make bench`, or `python benchmarks/load.py`.

Readers come at once and never pause; each has texts of their own. *New texts*: every page is opened with a text that no
page has seen. *Same text*: a page is asked for again as it is, which is a click that needs no new pass of the model.

    python benchmarks/load.py --clicks                   # each page, for one reader
    python benchmarks/load.py --memory --linger 180      # what stays in memory when all have left
    python benchmarks/load.py --root ../before           # this checkout and another, in turns

Each row has a server of its own, on this machine, that nobody used before but one reader who walked all pages."""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from benchmarks import server
from benchmarks.reader import Reader, opened
from benchmarks.report import Ratios, Table
from benchmarks.server import Server

SHORT, LONG = 12, 240  # words of a text; a word is a token
AGAIN = 2  # how often a page is asked for again
CLICKS = 9  # how often each page is clicked
SAMPLED = 0.1  # s, from one look at the memory to the next
CLASS, CLASS_SECONDS = 50, 120
KINDS = ("new texts", "same text")
CLICKED = ("as it is", "another token")
MEMORY = ("before", "most", "all left", "later")
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
    """What a number of visits took: seconds each, and seconds from the first's begin to the last's end."""

    seconds: list[float] = field(default_factory=list)
    span: float = 0.0
    errors: list[str] = field(default_factory=list)

    def __add__(self, other: Visits) -> Visits:
        return Visits(self.seconds + other.seconds, self.span + other.span, self.errors + other.errors)

    @property
    def rate(self) -> float:
        """Pages a second."""
        return len(self.seconds) / self.span if self.span else 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else math.nan

    @property
    def nine_in_ten(self) -> float:
        """Seconds within which nine pages in ten were there."""
        return sorted(self.seconds)[math.ceil(0.9 * len(self.seconds)) - 1] if self.seconds else math.nan


@dataclass
class Memory:
    """Bytes of the server: before anyone came, most, when all had left, and some time after."""

    before: int
    peak: int = 0
    left: int = 0
    later: int | None = None


@dataclass(frozen=True)
class Side:
    """A checkout of the project, with the Python it runs on, and how its app is started."""

    root: Path
    python: Path
    how: tuple[str, ...]

    @asynccontextmanager
    async def app(self) -> AsyncIterator[tuple[Server, list[str]]]:
        """Its app, after one reader has seen every page, and the paths of the pages."""
        with server.running(self.how, root=self.root, python=self.python) as app:
            async with opened(app.url) as reader:
                await reader.visit("", {"text": words("first")})
                for page in reader.pages:
                    await reader.visit(page, query(page, words("first")))
                if reader.errors:
                    raise RuntimeError("\n".join([*reader.errors, app.log.read_text(errors="replace")]))
                pages = list(reader.pages)
            yield app, pages


@asynccontextmanager
async def watched(app: Server, linger: float = 0) -> AsyncIterator[Memory]:
    """The memory of a server while readers come and go, and `linger` seconds longer."""
    memory = Memory(app.memory())

    async def look() -> None:
        while True:
            memory.peak = max(memory.peak, app.memory())
            await asyncio.sleep(SAMPLED)

    looking = asyncio.create_task(look())
    try:
        yield memory
    finally:
        looking.cancel()
    memory.left = app.memory()
    memory.peak = max(memory.peak, memory.left)
    if linger:
        await asyncio.sleep(linger)
        memory.later = app.memory()


async def together(
    readers: Sequence[Reader], plan: Callable[[int], Iterable[Address]], limit: float = math.inf
) -> Visits:
    """All readers at once, each through the addresses that are planned for their number; after `limit` seconds no page
    is begun."""
    visits = Visits()
    start = time.perf_counter()

    async def follow(number: int, reader: Reader) -> None:
        for page, asked in plan(number):
            if time.perf_counter() - start >= limit:
                return
            taken = await reader.visit(page, asked)
            if taken is None:
                return
            visits.seconds.append(taken)

    await asyncio.gather(*(follow(number, reader) for number, reader in enumerate(readers)))
    visits.span = time.perf_counter() - start
    for reader in readers:
        visits.errors += reader.errors
        reader.errors.clear()
    return visits


async def new_texts(readers: Sequence[Reader], pages: Sequence[str], label: str, limit: float) -> Visits:
    """Each reader walks through the pages once, one page ahead of the reader before, with a new text on each."""

    def plan(number: int) -> Iterator[Address]:
        for step in range(len(pages)):
            page = pages[(number + step) % len(pages)]
            yield page, query(page, words(f"{label} {number} {step}"))

    return await together(readers, plan, limit)


async def same_text(readers: Sequence[Reader], pages: Sequence[str], label: str, limit: float) -> Visits:
    """Each reader asks for pages again as they are. Getting there does not count."""
    total, start = Visits(), time.perf_counter()
    for step in range(len(pages)):
        if time.perf_counter() - start >= limit:
            break

        def here(number: int, step: int = step) -> Address:
            page = pages[(number + step) % len(pages)]
            return page, query(page, words(f"{label} {number}"))

        arrived = await together(readers, lambda number, here=here: [here(number)])
        again = await together(readers, lambda number, here=here: [here(number)] * AGAIN)
        total += Visits(errors=arrived.errors) + again
    return total


async def crowd(stack: AsyncExitStack, app: Server, count: int) -> list[Reader]:
    """So many readers, who leave when the stack is closed."""
    return [await stack.enter_async_context(opened(app.url)) for _ in range(count)]


async def row(side: Side, count: int, limit: float, linger: float) -> tuple[Visits, Visits, Memory]:
    """Readers with new texts, then with the same; memory over both."""
    async with side.app() as (app, pages), watched(app, linger) as memory, AsyncExitStack() as stack:
        readers = await crowd(stack, app, count)
        new = await new_texts(readers, pages, "new", limit)
        same = await same_text(readers, pages, "same", limit)
    return new, same, memory


async def clicks(side: Side) -> AsyncIterator[tuple[str, str, Visits]]:
    """One reader clicks on each page: asks for it again as it is, then for another token each time."""
    async with side.app() as (app, pages), opened(app.url) as reader:
        for page in pages:
            shown = query(page, words(f"clicks {page}"))
            await reader.visit(page, shown)
            others = [shown | dict.fromkeys(PLACES, str(number)) for number in range(CLICKS)]
            for kind, asked in zip(CLICKED, ([shown] * CLICKS, others), strict=True):
                addresses = [(page, one) for one in asked]
                yield page, kind, await together([reader], lambda _, addresses=addresses: addresses)


async def long_texts(app: Server, count: int, texts: int, linger: float) -> tuple[Visits, Memory]:
    """Readers on the output page with the lens open."""

    def plan(number: int) -> list[Address]:
        return [("output", {"text": words(f"long {number} {step}", LONG), **LENS}) for step in range(texts)]

    async with watched(app, linger) as memory, AsyncExitStack() as stack:
        visits = await together(await crowd(stack, app, count), plan)
    return visits, memory


async def school_class(app: Server, pages: Sequence[str], label: str, linger: float) -> tuple[Visits, Memory]:
    """A class that walks through the pages with short texts."""
    async with watched(app, linger) as memory, AsyncExitStack() as stack:
        visits = await new_texts(await crowd(stack, app, CLASS), pages, label, CLASS_SECONDS)
    return visits, memory


async def remembered(side: Side, linger: float) -> AsyncIterator[tuple[str, Visits, Memory]]:
    """The rows of the memory table: by what was read, how, and what it left behind."""
    for count, texts in ((1, 1), (1, 8), (5, 2)):
        async with side.app() as (app, _):
            yield f"lens, {LONG} words: {count} × {texts}", *await long_texts(app, count, texts, linger)
    async with side.app() as (app, pages):
        for label in ("first", "second"):
            yield f"{label} class of {CLASS}", *await school_class(app, pages, label, linger)


@click.command()
@click.option("--readers", multiple=True, type=click.IntRange(1, 100), default=(1, 8, 30), show_default=True)
@click.option("--seconds", default=10.0, show_default=True, help="After so long no page of a row is begun.")
@click.option("--rounds", default=1, show_default=True, help="How often each is measured, in turns.")
@click.option("--linger", default=0.0, show_default=True, help="Look at the memory again, so long after all have left.")
@click.option("--clicks", "clicking", is_flag=True, help="A click on each page instead.")
@click.option(
    "--memory", "remembering", is_flag=True, help="What long texts and whole classes leave in memory instead."
)
@click.option("--root", "roots", multiple=True, type=click.Path(path_type=Path, exists=True), default=(server.ROOT,))
@click.option(
    "--python", type=click.Path(path_type=Path, exists=True), help="That runs them.  [their .venv's, or this]"
)
@click.option("--plain", is_flag=True, help='Start them by "streamlit run app.py" instead of "gptviz run".')
@click.option("--keep", is_flag=True, help="Write the ratios to benchmarks/ratios.json.")
def main(
    readers: tuple[int, ...],
    seconds: float,
    rounds: int,
    linger: float,
    clicking: bool,
    remembering: bool,
    roots: tuple[Path, ...],
    python: Path | None,
    plain: bool,
    keep: bool,
) -> None:
    """Measure, and print tables. With several --root, checkouts of the project take turns."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server ends with this
    how = server.streamlit("app.py") if plain else server.GPTVIZ
    sides = [Side(root.resolve(), python or python_of(root), how) for root in roots]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {' '.join(how[:2])}")
    if clicking:
        asyncio.run(show_clicks(sides, rounds))
    elif remembering:
        asyncio.run(show_memory(sides, linger))
    else:
        asyncio.run(show_readers(sides, readers, seconds, rounds, linger, keep))


def python_of(root: Path) -> Path:
    own = root.resolve() / ".venv/bin/python"
    return own if own.exists() else Path(sys.executable)


def megabytes(memory: Memory) -> list[str]:
    sizes = (memory.before, memory.peak, memory.left, memory.later)
    return ["-" if size is None else f"{size / 1e6:,.0f}" for size in sizes]


def tell(errors: Iterable[str]) -> None:
    for error, count in Counter(errors).most_common(20):
        print(f"  {count} × {error}")


async def show_readers(
    sides: Sequence[Side], counts: Sequence[int], limit: float, rounds: int, linger: float, keep: bool
) -> None:
    first, found, memory = sides[0], defaultdict(Visits), {}
    for at in [(count, side) for _ in range(rounds) for count in counts for side in sides]:
        click.echo(f"measuring {at[1].root.name}, {at[0]} readers ...", err=True)
        *visits, memory[at] = await row(at[1], at[0], limit, linger)
        for kind, more in zip(KINDS, visits, strict=True):
            found[*at, kind] += more
    table = Table("readers", "pages", "a second", "median", "9 in 10", "errors", f"÷ {first.root.name}")
    for (count, side, kind), it in found.items():
        cells = [f"{len(it.seconds)}", f"{it.rate:.2f}", f"{it.median:.2f} s", f"{it.nine_in_ten:.2f} s"]
        table.row(
            f"{side.root.name}: {count}, {kind}",
            *cells,
            f"{len(it.errors)}",
            f"{it.rate / found[count, first, kind].rate:.2f}",
        )
        tell(it.errors)
    table = Table("memory, MB", *MEMORY)
    for (count, side), it in memory.items():
        table.row(f"{side.root.name}: {count}", *megabytes(it))

    ratios, alone = Ratios("load"), min(counts)
    for count in counts:
        new, same = (found[count, first, kind] for kind in KINDS)
        if count != alone:
            ratios.add(f"pages a second: {count} readers ÷ {alone}", new.rate / found[alone, first, KINDS[0]].rate)
            ratios.add(f"seconds a page: {count} readers ÷ {alone}", new.median / found[alone, first, KINDS[0]].median)
        ratios.add(f"seconds a page: same text ÷ new, {count} readers", same.median / new.median)
        ratios.add(
            f"memory: {count} readers have left ÷ before", memory[count, first].left / memory[count, first].before
        )
    ratios.show()
    if keep:
        ratios.keep()


async def show_clicks(sides: Sequence[Side], rounds: int) -> None:
    found: dict[tuple[str, Side, str], Visits] = defaultdict(Visits)
    for side in [side for _ in range(rounds) for side in sides]:
        async for page, kind, visits in clicks(side):
            found[page, side, kind] += visits
    table = Table("a click, median ms", *(f"{side.root.name}, {kind}" for kind in CLICKED for side in sides))
    for page in dict.fromkeys(page for page, _, _ in found):
        table.row(f"/{page}", *(f"{1000 * found[page, side, kind].median:.0f}" for kind in CLICKED for side in sides))
    tell(error for it in found.values() for error in it.errors)


async def show_memory(sides: Sequence[Side], linger: float) -> None:
    table = Table("memory, MB", *MEMORY, "pages", "errors")
    for side in sides:
        async for label, visits, memory in remembered(side, linger):
            cells = (*megabytes(memory), f"{len(visits.seconds)}", f"{len(visits.errors)}")
            table.row(f"{side.root.name}: {label}", *cells)
            tell(visits.errors)


if __name__ == "__main__":
    main()
