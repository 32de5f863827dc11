"""What the generation stop answers, and how it writes."""

from __future__ import annotations

import math
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from gptviz.analysis import continuations
from gptviz.analysis.branches import fitting, path, with_text
from gptviz.analysis.facts import Fact, Share
from gptviz.analysis.generation import Timing, Writer, seconds_without_cache, timings
from gptviz.llm import LLM
from gptviz.paths import asset
from gptviz.sampling import Options
from gptviz.views.generate import STOP
from gptviz.views.generate import parts as make
from gptviz.views.generate.parts import Task
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.kit.names import name_of

LENGTHS = (8, 16, 32, 64, 128, 256)  # of texts that the cache is measured on
LONG, FIRST, SHORT = 60, 8, 12  # words of greedy writing in the test; first words compared, and how far


def answer(asked: Asked) -> Answer:
    """facts: of (what the view calls the text); look; test (opened): what the answers to the page's two questions rest
    on, once they are given."""
    llm, ids, choices = asked.llm, asked.ids, asked.choices
    options, room = options_of(choices), asked.limit - len(ids)
    tree = fitting(choices["tree"], llm.config.vocab_size, room)
    leaf = min(choices["leaf"] or 0, len(tree) - 1) if tree else None
    written = path(tree, leaf) if leaf is not None else ()
    place = choices["place"] if choices["place"] is not None and choices["place"] < len(written) else None
    search = choices["search"]
    if search is not None and (len(search) >= room or any(id >= llm.config.vocab_size for id in search)):
        search = None
    tasks = tasks_of(llm)
    parts = {
        "text": make.text_part(llm, ids, asked.limit, bool(tasks)),
        "tree": make.tree_part(llm, ids, tree, options),
    }
    if search is not None:
        parts["beams"] = make.beams_part(llm, ids, search, choices["width"], choices["ahead"])
    if asked.opened("cache"):
        parts["cache"] = make.cache_part(llm, ids)
    if asked.opened("tasks") and tasks:
        parts["tasks"] = make.tasks_part(llm, ids, tasks)
    facts: dict[str, Any] = {
        "of": name_of(llm, ids),
        "look": [fact.plain() for fact in look_for(asked, tree, leaf, options)],
    }
    if asked.opened("test") and room >= 2:
        facts["test"] = questions(asked, room)
    settled = {**choices, "tree": tree, "leaf": leaf, "place": place, "search": search}
    return Answer(parts, facts, STOP.to_json(settled))


def options_of(choices: Mapping[str, Any]) -> Options:
    """How the next token is chosen, as the reader set it. Greedy knows no filter: the likeliest passes them all."""
    if choices["way"] != "sample":
        return Options(temperature=0.0, repetition_penalty=choices["repetition_penalty"])
    names = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
    return Options(**{name: choices[name] for name in names})


@cache
def _tasks() -> tuple[Task, ...]:
    found = tomllib.loads(asset("tasks.toml").read_text(encoding="utf-8"))["task"]
    listed = ("asked", "answers", "labels")
    return tuple(
        Task(task["name"], task["shown"], **{name: tuple(task.get(name, ())) for name in listed}) for task in found
    )


def tasks_of(llm: LLM) -> tuple[Task, ...]:
    """The tasks, for a model that reads words."""
    return () if llm.tokenizer is None or llm.name == "toy-sort" else _tasks()


def look_for(asked: Asked, tree: Any, leaf: int | None, options: Options) -> list[Fact]:
    """What can be seen in the text that is followed."""
    llm, prompt, choices = asked.llm, asked.ids, asked.choices
    ids = path(tree, leaf) if leaf is not None else ()
    if choices["goal"] is not None:
        return [Fact("writing")]
    if not ids:
        full = len(prompt) >= asked.limit
        return [Fact("full" if full else "begin_beams" if choices["way"] == "beams" else "begin")]
    known = continuations.rate(llm, prompt, tree, options)
    given = [known[ids[:n]].given[id] for n, id in enumerate(ids)]
    pieces = llm.pieces(ids)
    first = sum(one.rank == 1 for one in given)
    name = ("one_not", "one_first")[first] if len(ids) == 1 else "all_first" if first == len(ids) else "first"
    said = [Fact(name, {"count": len(ids), "first": first})]
    least = min(range(len(ids)), key=lambda n: given[n].probability)
    if first < len(ids) > 1:
        shown = {"word": pieces[least], "share": Share(given[least].probability), "rank": given[least].rank}
        said.append(Fact("least", shown))
    if (found := continuations.repetition([*prompt, *ids])) and found.since + found.period >= len(prompt):
        said.append(Fact("repeats", {"period": found.period}))
    if len(tree) > 1:
        totals = {n: _total(known, path(tree, n)) for n in range(len(tree))}
        best = max(totals, key=totals.__getitem__)
        said.append(Fact("best" if best == leaf else "not_best", {"count": len(tree)}))
    return said


def _total(known: continuations.Known, ids: tuple[int, ...]) -> float:
    return sum(math.log(known[ids[:n]].given[id].probability or 1e-300) for n, id in enumerate(ids))


def questions(asked: Asked, room: int) -> dict[str, Any]:
    """What greedy writing comes to (once the reader has said whether it will repeat itself), and whether another first
    word would have led to a likelier text (likewise)."""
    llm, ids = asked.llm, list(asked.ids)
    found: dict[str, Any] = {"count": min(LONG, room), "first": FIRST, "short": min(SHORT, room)}
    if asked.choices["repeats"]:
        written = continuations.greedy(llm, ids, min(LONG, room))
        repeated = continuations.repetition(written.ids)
        found["repeats"] = {
            "period": repeated and repeated.period,
            "ended": written.ended,
            "count": len(written.ids),
            "text": "".join(llm.pieces([*ids, *written.ids])).replace("·", " "),
        }
    if asked.choices["overtakes"]:
        texts = continuations.first_words(llm, ids, FIRST, min(SHORT, room))
        found["overtakes"] = {
            "texts": ["".join(llm.pieces(text.ids)).replace("·", " ") for text in texts],
            "totals": [text.total for text in texts],
            "better": sum(text.total > texts[0].total for text in texts[1:]),
        }
    return found


# ---------------------------------------------------------------------------------------------- writing


class Writing:
    """A writer that the engine keeps, so that a text goes on where it stopped, however often that is; shared by all who
    write the same with the same settings, one step at a time."""

    def __init__(self, llm: LLM, text: list[int], options: Options, seed: int, own: int):
        self.llm, self.options, self.seed = llm, options, seed
        self.lock = threading.Lock()
        # Another seed behind another length: a text begun anew at every word would draw the same again and again.
        self.writer = Writer(llm, text, options, seed + own)

    def covers(self, llm: LLM, text: list[int], options: Options, seed: int) -> bool:
        return (self.llm, self.options, self.seed) == (llm, options, seed) and self.writer.covers(text)


def stream(asked: Asked) -> Iterator[Answer]:
    """Writes behind the text that is followed, a token at a time, until it has as many as its `goal`; or times the
    cache, if that is what is to be measured. Each answer is news for the view; facts: behind (the tokens behind the
    prompt so far), id (the new one), timing (of the cache, where it was measured)."""
    if asked.choices["measure"]:
        lengths = sorted({min(length, asked.limit) for length in LENGTHS})
        for timing in timings(asked.llm, asked.ids, [n for n in lengths if n > 1]):
            news = make.timing_news(asked.llm, asked.ids, timing)
            yield Answer({"news": news}, {"timing": _plain(timing)})
        return
    choices, room = asked.choices, asked.limit - len(asked.ids)
    tree = fitting(choices["tree"], asked.llm.config.vocab_size, room)
    own = path(tree, min(choices["leaf"] or 0, len(tree) - 1))[: choices["place"]] if tree else ()
    while choices["goal"] is not None and len(own) < min(choices["goal"], room):
        if own and own[-1] in asked.llm.checkpoint.eos_ids:
            return
        answer = _write_one(asked, own)
        if answer is None:
            return
        yield answer
        own = (*own, answer.facts["id"])


def _write_one(asked: Asked, own: tuple[int, ...]) -> Answer | None:
    """One more token behind `own`; None if there is nothing more to write."""
    llm, prompt, choices = asked.llm, asked.ids, asked.choices
    options, text, seed = options_of(choices), [*prompt, *own], choices["seed"]
    found = continuations.known(llm, prompt, options)
    writing = asked.resume(
        Writing,
        lambda one: one.covers(llm, text, options, seed),
        lambda: Writing(llm, text, options, seed, len(own)),
    )
    measured = asked.opened("cache")
    timing = Timing(len(text), math.nan, seconds_without_cache(llm, text)) if measured else None
    with writing.lock:
        writer = writing.writer
        if len(writer.ids) == len(text):
            written = writer.take()
            if written is None:
                return None
            also = found[own].given if own in found else ()
            found[own] = continuations.after(written.step.logits, options, text, [*also, written.step.id])
            if timing and written.read == 1:
                timing = replace(timing, cached=written.seconds)
        # Else it was written before the reader paused or turned back.
        id = writer.ids[len(text)]
        ahead = writer.ahead() if len(writer.ids) == len(text) + 1 else None
    if ahead is not None and (*own, id) not in found:
        found[(*own, id)] = continuations.after(ahead.step.logits, options, [*text, id], [ahead.step.id])
    if own not in found or id not in found[own].given:  # another reader's writer had it
        continuations.rate(llm, prompt, with_text((), (*own, id))[0], options)
    news = make.word_news(llm, prompt, own, id, found, timing)
    return Answer({"news": news}, {"behind": list(own), "id": id, "timing": timing and _plain(timing)})


def _plain(timing: Timing) -> dict[str, float | None]:
    """JSON knows no NaN."""
    return {name: None if math.isnan(value) else value for name, value in asdict(timing).items()}
