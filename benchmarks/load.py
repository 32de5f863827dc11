"""How the app bears readers: pages a second, seconds a page, memory. `make bench`, or `python benchmarks/load.py`.

Readers come at once and never pause; each has texts of their own. *New texts*: every page is opened with a text that no
page has seen. *Same text*: a page is asked for again as it is, which is a click that needs no new pass of the model.

    python benchmarks/load.py --clicks                   # each page, for one reader
    python benchmarks/load.py --memory --linger 180      # what stays in memory when all have left
    python benchmarks/load.py --root ../before           # this checkout and another, in turns

Each row has a server of its own, on this machine, that nobody used before but one reader who walked all pages."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from benchmarks import server
from benchmarks.crowd import LENS, PLACES, Address, Visits, crowd, query, words
from benchmarks.reader import opened
from benchmarks.report import Ratios, Table
from benchmarks.server import Server

LONG = 240  # words of a long text
CLICKS = 9  # how often each page is clicked
SAMPLED = 0.1  # s, from one look at the memory to the next
SPARE = 2_000_000_000  # bytes of memory that are left to everyone else
CLASS, CLASS_SECONDS = 50, 120
KINDS = ("new texts", "same text")
CLICKED = ("as it is", "another token")
MEMORY = ("before", "most", "all left", "later")


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
            if psutil.virtual_memory().available < SPARE:
                app.process.kill()  # before the machine chooses whom to end; the readers will say so
                return
            await asyncio.sleep(SAMPLED)

    looking = asyncio.create_task(look())
    try:
        yield memory
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    memory.left = app.memory()
    memory.peak = max(memory.peak, memory.left)
    if linger:
        await asyncio.sleep(linger)
        memory.later = app.memory()


async def row(side: Side, count: int, limit: float, linger: float) -> tuple[Visits, Visits, Memory]:
    """Readers with new texts, then with the same; memory over both."""
    async with side.app() as (app, pages), watched(app, linger) as memory, crowd(app, pages, count) as readers:
        new = await readers.new_texts("new", limit)
        same = await readers.same_text("same", limit)
    return new, same, memory


async def clicks(side: Side) -> AsyncIterator[tuple[str, str, Visits]]:
    """One reader clicks on each page: asks for it again as it is, then for another token each time."""
    async with side.app() as (app, pages), crowd(app, pages, 1) as reader:
        for page in pages:
            shown = query(page, words(f"clicks {page}"))
            others = [(page, shown | dict.fromkeys(PLACES, str(number))) for number in range(CLICKS)]
            arrived = await reader.follow(lambda _, page=page, shown=shown: [(page, shown)])
            for kind, plan in zip(CLICKED, ([(page, shown)] * CLICKS, others), strict=True):
                yield page, kind, Visits(errors=arrived.errors) + await reader.follow(lambda _, plan=plan: plan)
                arrived.errors = []


async def long_texts(app: Server, count: int, texts: int, linger: float) -> tuple[Visits, Memory]:
    """Readers on the output page with the lens open."""

    def plan(number: int) -> list[Address]:
        return [("output", {"text": words(f"long {number} {step}", LONG), **LENS}) for step in range(texts)]

    async with watched(app, linger) as memory, crowd(app, ["output"], count) as readers:
        visits = await readers.follow(plan)
    return visits, memory


async def school_class(app: Server, pages: Sequence[str], label: str, linger: float) -> tuple[Visits, Memory]:
    """A class that walks through the pages with short texts."""
    async with watched(app, linger) as memory, crowd(app, pages, CLASS) as readers:
        visits = await readers.new_texts(label, CLASS_SECONDS)
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
    table = Table("readers", "pages", "errors", "a second", f"÷ {first.root.name}", "median", "9 in 10", "CPU a page")
    for (count, side, kind), it in found.items():
        times = [f"{seconds:.2f} s" for seconds in (it.median, it.nine_in_ten, it.cost)]
        rates = [f"{it.rate:.2f}", f"{it.rate / found[count, first, kind].rate:.2f}"]
        table.row(f"{side.root.name}: {count}, {kind}", f"{len(it.seconds)}", f"{len(it.errors)}", *rates, *times)
        tell(it.errors)
    table = Table("memory, MB", *MEMORY)
    for (count, side), it in memory.items():
        table.row(f"{side.root.name}: {count}", *megabytes(it))

    ratios, alone = Ratios("load"), min(counts)
    for count in counts:
        new, same = (found[count, first, kind] for kind in KINDS)
        if count != alone:
            lone = found[alone, first, KINDS[0]]
            ratios.add(f"pages a second: {count} readers ÷ {alone}", new.rate / lone.rate)
            ratios.add(f"seconds a page: {count} readers ÷ {alone}", new.median / lone.median)
        ratios.add(f"CPU a page: same text ÷ new, {count} readers", same.cost / new.cost)
        held = memory[count, first]
        ratios.add(f"memory: {count} readers have left ÷ before", held.left / held.before)
    ratios.show()
    if keep:
        ratios.keep()


async def show_clicks(sides: Sequence[Side], rounds: int) -> None:
    found: dict[tuple[str, Side, str], Visits] = defaultdict(Visits)
    for side in [side for _ in range(rounds) for side in sides]:
        async for page, kind, visits in clicks(side):
            found[page, side, kind] += visits
    columns = [(side, kind) for kind in CLICKED for side in sides]
    table = Table("a click, ms: median / of CPU", *(f"{side.root.name}, {kind}" for side, kind in columns))
    for page in dict.fromkeys(page for page, _, _ in found):
        of_page = (found[page, side, kind] for side, kind in columns)
        table.row(f"/{page}", *(f"{1000 * it.median:.0f} / {1000 * it.cost:.0f}" for it in of_page))
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
