"""The load script's arithmetic, and that its readers read."""

from __future__ import annotations

import asyncio
import math

from benchmarks import server
from benchmarks.load import WORDS, Visits, query, together, words
from benchmarks.reader import Reader, opened
from benchmarks.report import Ratios

TOY = {"model": "toy-sort", "text": "hgfedc="}


def test_what_visits_come_to():
    visits = Visits([float(n) for n in range(1, 11)], span=4.0) + Visits([100.0], span=1.0, errors=["/: no"])
    assert visits.rate == 11 / 5
    assert visits.median == 6
    assert visits.nine_in_ten == 10  # of eleven, ten take no longer: nine of ten would be 9.9 of them
    assert visits.errors == ["/: no"]
    assert Visits(visits.seconds[:10]).nine_in_ten == 9
    assert Visits().rate == 0
    assert math.isnan(Visits().median)
    assert math.isnan(Visits().nine_in_ten)


def test_each_seed_has_a_text_of_its_own(smollm2):
    assert words("one") == words("one") != words("two")
    assert len(smollm2.tokenizer.encode(words("long", 240))) == 240
    assert all(len(smollm2.tokenizer.encode(f" {word}")) == 1 for word in WORDS.split())
    assert query("output", "cat") == {"text": "cat"}
    assert {"a", "context.a"} < query("context", "cat").keys()


def test_ratios_are_shown_beside_the_last(tmp_path, capsys):
    for ratio in (1.5, 1.25):
        ratios = Ratios("load", tmp_path / "ratios.json")
        ratios.add("eight ÷ one", ratio)
        ratios.show()
        ratios.keep()
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in shown if line.startswith("eight")] == [["1.50", "-"], ["1.25", "1.50"]]


def test_a_reader_walks_through_two_pages_and_hears_what_is_wrong():
    async def walk(url: str) -> tuple[Reader, list[Visits]]:
        async with opened(url) as reader:
            right = await together([reader], lambda number: [("", TOY), ("attention", TOY)])
            wrong = await together([reader], lambda number: [("attention", TOY | {"text": "?"})])
            late = await together([reader], lambda number: [("", TOY)] * 2, limit=0)
            return reader, [right, wrong, late]

    with server.running() as app:
        reader, (right, wrong, late) = asyncio.run(walk(app.url))
        assert app.memory() > 50e6
    assert len(reader.pages) == 9
    assert "attention" in reader.pages
    assert right.errors == []
    assert len(right.seconds) == 2
    assert right.span >= sum(right.seconds) > 0
    assert len(wrong.errors) == 1
    assert wrong.errors[0].startswith("/attention: ")
    assert late.seconds == []
    assert app.process.poll() is not None
