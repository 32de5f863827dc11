"""From one next word to a text: autoregression, step by step, and what else could have been written."""

from functools import partial
from typing import Any

import streamlit as st

from gptviz import sampling
from gptviz.engine import Answer
from gptviz.numbers import fixed
from gptviz.ui import generation
from gptviz.ui.page import Page, start


def main(page: Page) -> None:
    page.lesson("see")
    job = generation.job_of(page)
    with job.turn():  # not what the reader asked for since: that is for the run that comes after this one
        question = generation.question(page, job)
    answer = page.ask(question)
    of = answer.facts["of"]
    parts = {**answer.parts, "job": job.part(of)}
    page.view(Answer(parts, answer.facts, answer.choices), take=partial(generation.take, page))
    page.look_for(answer)
    with page.depth("open") as shown:
        if shown:
            page.lesson("open")
            st.markdown(f"##### {page.t('open.code')}")
            page.quote(sampling.steps)
    with page.depth("test") as shown:
        if shown:
            test(page, answer.facts.get("test"))
    with page.depth("notes") as shown:
        if shown:
            page.lesson("notes")
    if job.goal is not None or job.measure:
        page.afterwards(lambda: generation.work(page, job, of))


def test(page: Page, found: dict[str, Any] | None) -> None:
    """Two questions about greedy writing, answered by the model."""
    if found is None:
        page.lesson("test", count=0, first=0, short=0)
        st.info(page.t("test.no_room"))
        return
    sizes = {name: found[name] for name in ("count", "first", "short")}
    page.lesson("test", **sizes)
    labels = {"yes": page.t("test.yes"), "no": page.t("test.no")}
    guess = page.radio("repeats", page.t("test.repeats", **sizes), labels, horizontal=True)
    if guess:
        repeats(page, guess, **found["repeats"])
    labels = {name: page.t(f"test.{name}") for name in ("none", "one", "several")}
    guess = page.radio("overtakes", page.t("test.overtakes", **sizes), labels, horizontal=True)
    if guess:
        overtakes(page, guess, **found["overtakes"])


def repeats(page: Page, guess: str, period: int | None, ended: bool, count: int, text: str) -> None:
    """Does greedy writing repeat itself here?"""
    key = "does_repeat" if period else "ended" if ended else "does_not_repeat"
    verdict = page.t("test.right" if (guess == "yes") == bool(period) else "test.wrong")
    st.markdown(f"{verdict} {page.t(f'test.{key}', period=period, count=count)}")
    st.code(text, language=None, wrap_lines=True)


def overtakes(page: Page, guess: str, texts: list[str], totals: list[float], better: int) -> None:
    """Would another first word have led to a likelier text?"""
    verdict = page.t("test.right" if guess == ("none", "one", "several")[min(better, 2)] else "test.wrong")
    key = ("better_none", "better_one", "better")[min(better, 2)]
    st.markdown(f"{verdict} {page.t(f'test.{key}', count=better, first=len(texts) - 1)}")
    rows = {page.t("test.text"): texts, page.t("test.total"): [fixed(total, 2) for total in totals]}
    st.table(rows, border="horizontal")


main(start("generate"))
