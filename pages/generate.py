"""From one next word to a text: autoregression, step by step, and what else could have been written."""

import inspect
import math
import tomllib
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import streamlit as st

from gptviz import sampling
from gptviz.analysis import continuations
from gptviz.analysis.branches import fitting, path
from gptviz.figures.predictions import percent
from gptviz.llm import LLM
from gptviz.paths import asset
from gptviz.ui import writing
from gptviz.ui.chips import word
from gptviz.ui.facts import numeral
from gptviz.ui.page import Page, start
from gptviz.ui.prompt import limit
from gptviz.views.attention import name_of
from gptviz.views.generate import Task, generate_parts, options_of
from gptviz.views.kit.wire import told
from gptviz.views.streamlit import show

PLAIN = ("way", "top_k", "top_p", "min_p", "repetition_penalty", "seed", "speed", "words", "width", "ahead")
LONG, FIRST, SHORT = 60, 8, 12  # words of greedy writing in the test; first words compared, and how far


@cache
def tasks() -> tuple[Task, ...]:
    found = tomllib.loads(asset("tasks.toml").read_text(encoding="utf-8"))["task"]
    listed = ("asked", "answers", "labels")
    return tuple(
        Task(task["name"], task["shown"], **{name: tuple(task.get(name, ())) for name in listed}) for task in found
    )


def tasks_of(llm: LLM) -> tuple[Task, ...]:
    """The tasks, for a model that reads words."""
    return () if llm.tokenizer is None or llm.name == "toy-sort" else tasks()


def main(page: Page) -> None:
    page.lesson("see")
    job = writing.job_of(page)
    with job.turn():  # not what the reader asked for since: that is for the run that comes after this one
        values = begin_with(page, job)
    said = job.trouble.text(page.language) if job.trouble else None

    def parts(now: dict[str, Any]) -> dict[str, bytes]:
        busy = now["search"] is not None or "tasks" in now["open"]
        with page.working() if busy else nullcontext():
            return generate_parts(
                page.llm,
                page.prompt.ids,
                job.tree,
                now,
                page.language,
                limit=limit(page.llm),
                measured=job.timings,
                tasks=tasks_of(page.llm),
                said=said,
                puts=job.puts,
            )

    changed = partial(writing.take, page)
    show("generate", parts, values, key=writing.VIEW, once=("text",), on_change=changed)
    page.look_for(look_for(page, job, values))
    with page.depth("open") as shown:
        if shown:
            page.lesson("open")
            st.markdown(f"##### {page.t('open.code')}")
            st.code(inspect.getsource(sampling._steps), language="python")
    with page.depth("test") as shown:
        if shown:
            test(page)
    with page.depth("notes") as shown:
        if shown:
            page.lesson("notes", n_ctx=f"{page.llm.config.n_ctx:,}")
    if job.goal is not None or job.measure:
        page.afterwards(lambda: writing.work(page, job, values))


def begin_with(page: Page, job: writing.Job) -> dict[str, Any]:
    """What the view begins with: see its `Values`."""
    chosen, tree = page.state, job.tree
    leaf = min(chosen.leaf or 0, len(tree) - 1) if tree else None
    length = len(path(tree, leaf)) if tree else 0
    place = chosen.place if chosen.place is not None and chosen.place < length else None
    search = chosen.search
    if search is not None and (len(search) >= page.room or any(id >= page.llm.config.vocab_size for id in search)):
        search = None
    return {
        **{name: getattr(chosen, name) for name in PLAIN},
        "of": name_of(page.llm, page.prompt.ids),
        "tree": [[branch.parent, branch.at, list(branch.ids)] for branch in tree],
        "leaf": leaf,
        "place": place,
        "goal": job.goal,
        "temperature": told(chosen.temperature),
        "search": None if search is None else list(search),
        "open": list(chosen.beside),
        "force": None,
        "text": None,
        "measure": job.measure,
        "puts": job.puts,
    }


def look_for(page: Page, job: writing.Job, values: dict[str, Any]) -> list[str]:
    """What can be seen in the text that is followed."""
    llm, prompt = page.llm, page.prompt.ids
    tree = fitting(page.state.tree, llm.config.vocab_size, page.room)
    ids = path(tree, values["leaf"]) if tree and values["leaf"] is not None else ()
    if job.goal is not None:
        return [page.t("look.writing")]
    if not ids:
        begin = "look.full" if page.room < 1 else "look.begin_beams" if values["way"] == "beams" else "look.begin"
        return [page.t(begin)]
    known = continuations.rate(llm, prompt, tree, options_of(values))
    given = [known[ids[:n]].given[id] for n, id in enumerate(ids)]
    pieces = llm.pieces(ids)
    first = sum(one.rank == 1 for one in given)
    key = ("one_not", "one_first")[first] if len(ids) == 1 else "all_first" if first == len(ids) else "first"
    said = [page.t(f"look.{key}", count=len(ids), first=first)]
    least = min(range(len(ids)), key=lambda n: given[n].probability)
    if first < len(ids) > 1:
        shown = {"word": word(pieces[least]), "share": percent(given[least].probability), "rank": given[least].rank}
        said.append(page.t("look.least", **shown))
    if (found := continuations.repetition([*prompt, *ids])) and found.since + found.period >= len(prompt):
        said.append(page.t("look.repeats", period=found.period))
    if len(tree) > 1:
        totals = {n: _total(known, path(tree, n)) for n in range(len(tree))}
        best = max(totals, key=totals.get)
        said.append(page.t("look.best" if best == values["leaf"] else "look.not_best", count=len(tree)))
    return said


def _total(known: continuations.Known, ids) -> float:
    return sum(math.log(known[ids[:n]].given[id].probability or 1e-300) for n, id in enumerate(ids))


def test(page: Page) -> None:
    """Two questions about greedy writing, answered by the model."""
    page.lesson("test", count=min(LONG, page.room), first=FIRST, short=min(SHORT, page.room))
    if page.room < 2:
        st.info(page.t("test.no_room"))
        return
    llm, prompt = page.llm, list(page.prompt.ids)
    labels = {"yes": page.t("test.yes"), "no": page.t("test.no")}
    choice(page, "repeats", page.t("test.repeats", count=min(LONG, page.room)), labels)
    if page.state.repeats:
        with page.working():
            written = continuations.greedy(llm, prompt, min(LONG, page.room))
        found = continuations.repetition(written.ids)
        key = "does_repeat" if found else "ended" if written.ended else "does_not_repeat"
        right = (page.state.repeats == "yes") == bool(found)
        verdict = page.t("test.right" if right else "test.wrong")
        st.markdown(f"{verdict} {page.t(f'test.{key}', period=found and found.period, count=len(written.ids))}")
        st.code("".join(llm.pieces([*prompt, *written.ids])).replace("·", " "), language=None, wrap_lines=True)
    labels = {name: page.t(f"test.{name}") for name in ("none", "one", "several")}
    choice(page, "overtakes", page.t("test.overtakes", first=FIRST, short=min(SHORT, page.room)), labels)
    if page.state.overtakes:
        with page.working():
            texts = continuations.first_words(llm, prompt, FIRST, min(SHORT, page.room))
        better = [text for text in texts[1:] if text.total > texts[0].total]
        answer = ("none", "one", "several")[min(len(better), 2)]
        verdict = page.t("test.right" if answer == page.state.overtakes else "test.wrong")
        rows = {
            page.t("test.text"): ["".join(llm.pieces(text.ids)).replace("·", " ") for text in texts],
            page.t("test.total"): [numeral(text.total) for text in texts],
        }
        key = ("better_none", "better_one", "better")[min(len(better), 2)]
        st.markdown(f"{verdict} {page.t(f'test.{key}', count=len(better), first=FIRST - 1)}")
        st.table(rows, border="horizontal")


def choice(page: Page, name: str, question: str, labels: dict[str, str]) -> None:
    st.markdown(f"**{question}**")
    st.radio(
        question,
        list(labels),
        format_func=labels.get,
        label_visibility="collapsed",
        horizontal=True,
        **page.bind(name, getattr(page.state, name)),
    )


main(start("generate"))
