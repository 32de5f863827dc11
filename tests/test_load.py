"""The load script's arithmetic, and that its readers read."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.crowd import LENS, PLACES, WORDS, Crowd, Visits, crowd, query, words
from benchmarks.report import Ratios
from benchmarks.server import Server, running
from benchmarks.views import OPENED
from gptviz.ui.state import DECLARED
from gptviz.views.stops import STOPS

TOY = {"model": "toy-sort", "text": "hgfedc="}


def test_what_visits_come_to():
    visits = Visits([float(n) for n in range(1, 11)], 4.0, 9.0) + Visits([100.0], 1.0, 2.0, ["/: no"])
    assert visits.rate == 11 / 5
    assert visits.cost == 1
    assert visits.median == 6
    assert visits.nine_in_ten == 10  # of eleven, ten take no longer: nine of ten would be 9.9 of them
    assert visits.errors == ["/: no"]
    assert Visits(visits.seconds[:10]).nine_in_ten == 9
    assert math.isnan(Visits().rate)
    assert math.isnan(Visits().median)
    assert math.isnan(Visits().nine_in_ten)


def test_each_seed_has_a_text_of_its_own(smollm2):
    assert words("one") == words("one") != words("two")
    assert len(smollm2.tokenizer.encode(words("long", 240))) == 240
    assert all(len(smollm2.tokenizer.encode(f" {word}")) == 1 for word in WORDS.split())
    assert query("output", "cat") == {"text": "cat"}
    assert {"a", "context.a"} < query("context", "cat").keys()


def test_what_the_benchmarks_ask_for_is_declared():
    asked = query("output", "cat") | query("context", "cat") | {name: "0" for name in PLACES}
    assert {"text", "context.a", "context.b", "context.c", "token", "context.at_a"} == asked.keys() & DECLARED.keys()
    assert LENS.keys() & DECLARED.keys() == {"output.open"}
    for stop, opened in (("output", "lens"), ("attention", OPENED)):
        assert set(STOPS[stop].own["open"].kind.read(opened)) == set(opened.split(","))
    with pytest.raises(KeyError):
        STOPS["attention"].address("opened")


def test_ratios_are_shown_beside_the_last(tmp_path, capsys):
    for ratio in (1.5, 1.25):
        ratios = Ratios("load", tmp_path / "ratios.json")
        ratios.add("eight ÷ one", ratio)
        ratios.show()
        ratios.keep()
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in shown if line.startswith("eight")] == [["1.50", "-"], ["1.25", "1.50"]]


def test_a_reader_walks_through_two_pages_and_hears_what_is_wrong():
    async def walk(app: Server) -> tuple[Crowd, list[Visits]]:
        async with crowd(app, [], 1) as reader:
            right = await reader.follow(lambda number: [("", TOY), ("attention", TOY)])
            wrong = await reader.follow(lambda number: [("attention", TOY | {"text": "?"})])
            late = await reader.follow(lambda number: [("", TOY)] * 2, limit=0)
            return reader, [right, wrong, late]

    with running() as app:
        # In a thread of its own: where browser tests ran before, this one has a loop already.
        with ThreadPoolExecutor(1) as pool:
            reader, (right, wrong, late) = pool.submit(asyncio.run, walk(app)).result()
        assert app.memory() > 50e6
    (one,) = reader.readers
    assert len(one.pages) == 9
    assert "attention" in one.pages
    assert right.errors == []
    assert len(right.seconds) == 2
    assert right.span >= sum(right.seconds) > 0
    assert right.cost > 0
    assert len(wrong.errors) == 1
    assert wrong.errors[0].startswith("/attention: ")
    assert late.seconds == []
    assert app.process.poll() is not None
