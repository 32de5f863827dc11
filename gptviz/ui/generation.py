"""What the page Generate writes, word by word, while the reader watches.

The view says how far the text shall go (its `goal`, a length, so that two clicks do not write twice). The script runs
through as always; then, last of all, `work` takes one token after the other from the engine's stream and tells the view
of each. Whatever the reader does meanwhile ends that run of the script at the next token. Each token is in the `Job`
before the view hears of it, so that nothing written is lost.

Streamlit begins the next run of the script before the one it has ended notices. So the two take turns at the job, and
the one that was ended learns of it at its next turn, before it changes anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from gptviz.analysis.branches import MOST_BRANCHES, MOST_TOKENS, Tree, fitting, grow, path, with_text
from gptviz.engine import Answer, Question, engine
from gptviz.errors import GptvizError, InputError
from gptviz.ui import state
from gptviz.ui.page import Page
from gptviz.views.generate import STOP
from gptviz.views.generate.parts import done_news, job_part

SLOW = 0.5  # seconds from one word to the next that a class can follow
WORD_CHARS = 200
TIMINGS = 300  # that are kept
_KEY = "generate.job"


@dataclass
class Job:
    """What is being written behind one prompt, from one run of the script to the next."""

    about: str = ""
    """Text and model, as the state names them."""
    tree: Tree = ()
    """With what was written since the state last heard of it;"""
    base: Tree = ()
    """without it."""
    leaf: int | None = None
    own: tuple[int, ...] = ()
    """The text behind the prompt that is written on."""
    goal: int | None = None
    """How many tokens it shall have; None: nothing is to be written."""
    measure: bool = False
    timings: list[Mapping[str, Any]] = field(default_factory=list)
    trouble: GptvizError | None = None
    answered: int = 0
    """How many words of the reader's own were asked for, and answered."""
    unseen: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The texts they are in, by their number, as long as the view may not know of them."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A turn at the job, one thread at a time. A run of the script that was ended gets none."""
        with self._lock:
            _ = _KEY in st.session_state  # where Streamlit ends a run
            yield

    def hold(self) -> None:
        """What was written, into the state: where the writing stopped is where the next word is chosen."""
        here = grow(self.tree).add(self.own)
        state.hold(tree=self.tree, leaf=self.leaf, place=len(self.own) if here.children else None)

    def part(self, of: str) -> bytes:
        """What the view has to know of it."""
        return job_part(of, self.answered, self.trouble, self.timings)


def hold() -> None:
    """What was written before the reader left for another page goes into the state: the links of that page have it."""
    job = st.session_state.get(_KEY)
    if job is None or job.about != state.about():
        return
    with job.turn():
        if job.tree != job.base and state.current()["generate.tree"] == job.base:
            job.hold()


def job_of(page: Page) -> Job:
    """The page's job. What was written before something else came in between goes into the state and the address."""
    about = state.about()
    job = st.session_state.get(_KEY)
    if job is None or job.about != about:
        job = st.session_state[_KEY] = Job(about)
    with job.turn():
        if state.arrived():
            job.goal, job.measure = None, False
        if job.tree != job.base and state.current()["generate.tree"] in (job.base, job.tree):
            job.hold()
            state.write()
        job.tree = job.base = fitting(state.current()["generate.tree"], page.model.vocab_size, room(page))
    return job


def room(page: Page) -> int:
    """How many tokens may be added to the prompt before the pages stop following."""
    return page.model.limit - len(page.prompt.ids)


def question(page: Page, job: Job, *, writing: bool = False) -> Question:
    """What the page asks: the reader's choices, with what is under way. writing: where the job is, else where the
    reader looks."""
    chosen = state.current().of(STOP)  # what was written may be newer than what the page began with
    under_way = {"tree": job.tree, "goal": job.goal, "measure": job.measure, "answered": job.answered}
    if writing:
        under_way |= {"leaf": job.leaf, "place": len(job.own)}
    return Question(STOP.name, state.model(), page.prompt.ids, choices=STOP.to_json(chosen | under_way))


def take(page: Page, report: Mapping[str, Any], began: Mapping[str, Any]) -> None:
    """What the reader settled on, into the state and the job. For callbacks."""
    job = st.session_state.get(_KEY)
    if job is None or job.about != state.about():
        return
    try:
        values = STOP.from_json(report)
    except ValueError:
        with job.turn():
            job.trouble = InputError("tree_full", most=MOST_TOKENS, branches=MOST_BRANCHES)
        return
    with job.turn():
        _take(page, job, values)


def _take(page: Page, job: Job, values: dict[str, Any]) -> None:
    job.trouble = None
    if values["text"] not in (None, state.current()["text"]):
        state.change(text=values["text"])
        return
    tree, leaf, place = values["tree"], values["leaf"], values["place"]
    job.unseen = {number: put for number, put in job.unseen.items() if number > values["answered"]}
    try:
        for put in job.unseen.values():
            tree, leaf, place = _with_unseen(tree, leaf, place, put)
    except InputError as error:  # the tree is full
        job.trouble = error
        return
    # The view says it until it knows the answer.
    if values["force"] is not None and values["answered"] == job.answered:
        tree, leaf, place = _with_word(page, job, tree, leaf, place, values["force"])
    address = {name: value for name, value in values.items() if STOP.by_name[name].address and name != "text"}
    state.change(**{**address, "tree": tree, "leaf": leaf, "place": place})
    job.tree = job.base = tree
    job.leaf, job.goal, job.measure = leaf, values["goal"], values["measure"]
    job.own = path(tree, leaf)[:place] if tree and leaf is not None else ()


Written = tuple[Tree, int | None, int | None]
"""A tree, the leaf that is followed, and the place in it where the next word is chosen."""


def _with_word(page: Page, job: Job, tree: Tree, leaf: int | None, place: int | None, word: str) -> Written:
    """The tree with a word of the reader's own in it; as it was, with a reason, if that cannot be."""
    own = path(tree, leaf)[:place] if tree and leaf is not None else ()
    job.answered += 1
    try:
        if len(word) > WORD_CHARS:
            raise InputError("word_of_many_characters", count=len(word), limit=WORD_CHARS)
        asked = Question("word", state.model(), (*page.prompt.ids, *own), choices={"text": word})
        new = engine().ask(asked).facts["ids"]
        if len(own) + len(new) > room(page):
            there = len(page.prompt.ids) + len(own)
            raise InputError("word_too_long", n_new=len(new), n_prompt=there, limit=page.model.limit)
        grown, leaf = with_text(tree, [*own, *new])
        job.unseen[job.answered] = (*own, *new)
        return grown, leaf, None
    except GptvizError as error:
        job.trouble = error
        return tree, leaf, place


def _with_unseen(tree: Tree, leaf: int | None, place: int | None, put: tuple[int, ...]) -> Written:
    """What the view reports before it knows of the text `put`, with that text: it follows what it followed."""
    followed = path(tree, leaf) if tree and leaf is not None else ()
    grown, at = with_text(tree, put)
    if followed:
        grown, at = with_text(grown, followed)
    longer = len(path(grown, at)) > len(followed)
    return grown, at, place if place is not None else len(followed) if longer else None


def work(page: Page, job: Job, of: str) -> None:
    """Do what the job asks for. Once the view has heard all of it, it says what the reader has now. of: what the view
    calls the text."""
    trouble = None
    try:
        if job.measure:
            _measure(page, job)
        else:
            write(page, job)
    except GptvizError as error:
        trouble = error
    with job.turn():
        news = done_news(of, job.own, None if job.measure else job.goal, trouble)
        job.goal, job.measure = None, False
    page.tell(Answer({"news": news}))


def _measure(page: Page, job: Job) -> None:
    for answer in engine().stream(question(page, job)):
        with job.turn():
            job.timings = [*job.timings, answer.facts["timing"]][-TIMINGS:]
        page.tell(answer)


def write(page: Page, job: Job) -> None:
    """Write what the job asks for, telling the view of each token."""
    answers: Iterator[Answer] = iter(())
    behind: tuple[int, ...] | None = None  # where the stream goes on
    slow = page.chosen["speed"] == "slow"
    while True:
        began = time.monotonic()
        with job.turn():
            if behind != job.own:  # the other run of the script wrote since
                answers = engine().stream(question(page, job, writing=True))
            answer = next(answers, None)
            if answer is None:
                return
            behind = job.own = (*answer.facts["behind"], answer.facts["id"])
            job.tree, job.leaf = with_text(job.tree, job.own)
            if answer.facts["timing"]:
                job.timings = [*job.timings, answer.facts["timing"]][-TIMINGS:]
        page.tell(answer)
        if slow:
            _wait(SLOW - (time.monotonic() - began))


def _wait(seconds: float) -> None:
    """Let time pass, but not past what the reader does: reading the session's state is where Streamlit ends a run."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
        _ = _KEY in st.session_state
