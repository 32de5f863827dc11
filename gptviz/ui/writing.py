"""What the page Generate writes, word by word, while the reader watches.

The view says how far the text shall go (its `goal`, a length, so that two clicks do not write twice). The script runs
through as always; then, last of all, `work` writes one token after the other and tells the view of each. Whatever the
reader does meanwhile ends that run of the script at the next token: the model's lock is held for a step at a time and
never between two. Each token is in the `Job` before the view hears of it, so that nothing written is lost.

Streamlit begins the next run of the script before the one it has ended notices. So the two take turns at the job, and
the one that was ended learns of it at its next turn, before it changes anything.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from gptviz.analysis.branches import MOST_BRANCHES, MOST_TOKENS, Tree, fitting, grow, path, sound, with_text
from gptviz.analysis.continuations import after, known
from gptviz.analysis.generation import Timing, Writer, seconds_without_cache, timings
from gptviz.analysis.words import word_ids
from gptviz.errors import GptvizError, InputError
from gptviz.sampling import Options
from gptviz.ui import cache, state
from gptviz.ui.page import Page
from gptviz.ui.prompt import limit
from gptviz.views.attention import name_of
from gptviz.views.generate import done_news, options_of, timing_news, tree_of, word_news
from gptviz.views.streamlit import tell

VIEW = "generate.view"
SLOW = 0.5  # seconds from one word to the next that a class can follow
LENGTHS = (8, 16, 32, 64, 128, 256)  # of texts that the cache is measured on
WORD_CHARS = 200
TIMINGS = 300  # that are kept
_KEY = "generate.job"


@dataclass
class Job:
    """What is being written behind one prompt, from one run of the script to the next."""

    of: str
    about: tuple[str | None, str | None] = (None, None)
    """Text and model, as the state has them."""
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
    timings: list[Timing] = field(default_factory=list)
    trouble: GptvizError | None = None
    puts: int = 0
    """How many words of the reader's own were asked for."""
    unseen: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The texts they are in, by their number, as long as the view may not know of them."""
    writer: Writer | None = None
    settings: tuple[Options, int] | None = None
    """Of the writer: options and seed."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

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


def hold() -> None:
    """What was written before the reader left for another page goes into the state: the links of that page have it."""
    job = st.session_state.get(_KEY)
    if job is None or job.about != state.about():
        return
    with job.turn():
        if job.tree != job.base and state.current().tree == job.base:
            job.hold()


def job_of(page: Page) -> Job:
    """The page's job. What was written before something else came in between goes into the state and the address."""
    of = name_of(page.llm, page.prompt.ids)
    job = st.session_state.get(_KEY)
    if job is None or job.of != of:
        job = st.session_state[_KEY] = Job(of)
    job.about = state.about()
    with job.turn():
        if state.arrived():
            job.goal, job.measure = None, False
        if job.tree != job.base and state.current().tree in (job.base, job.tree):
            job.hold()
            state.write()
        job.tree = job.base = fitting(state.current().tree, page.llm.config.vocab_size, page.room)
    return job


def take(page: Page, values: Mapping[str, Any] | None) -> None:
    """What the reader settled on, into the state and the job; unless it was about another text, just left. For
    callbacks."""
    state.touch()
    job = st.session_state.get(_KEY)
    if values is None or job is None or values["of"] != job.of:
        return
    with job.turn():
        _take(page, job, values)


def _take(page: Page, job: Job, values: Mapping[str, Any]) -> None:
    job.trouble = None
    if values["text"] is not None:
        state.change(text=state.clean(values["text"])[: state.MAX_CHARS])
        return
    tree, leaf, place = tree_of(values["tree"]), values["leaf"], values["place"]
    if not sound(tree):
        job.trouble = InputError("tree_full", most=MOST_TOKENS, branches=MOST_BRANCHES)
        return
    job.unseen = {number: put for number, put in job.unseen.items() if number > values["puts"]}
    try:
        for put in job.unseen.values():
            tree, leaf, place = _with_unseen(tree, leaf, place, put)
    except InputError as error:  # the tree is full
        job.trouble = error
        return
    # The view says it until it knows the answer.
    if values["force"] is not None and values["puts"] == job.puts:
        tree, leaf, place = _with_word(page, job, tree, leaf, place, values["force"])
    plain = ("way", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "seed", "speed")
    chosen = {name: values[name] for name in (*plain, "words", "width", "ahead")}
    chosen["temperature"] = float(chosen["temperature"])
    search = None if values["search"] is None else tuple(values["search"])
    state.change(by_view=True, tree=tree, leaf=leaf, place=place, search=search, beside=tuple(values["open"]), **chosen)
    job.tree = job.base = tree
    job.leaf, job.goal, job.measure = leaf, values["goal"], values["measure"]
    job.own = path(tree, leaf)[:place] if tree else ()


def _with_word(
    page: Page, job: Job, tree: Tree, leaf: int | None, place: int | None, word: str
) -> tuple[Tree, int | None, int | None]:
    """The tree with a word of the reader's own in it; as it was, with a reason, if that cannot be."""
    own = path(tree, leaf)[:place] if tree else ()
    job.puts += 1
    try:
        word = state.clean(word)
        if len(word) > WORD_CHARS:
            raise InputError("word_of_many_characters", count=len(word), limit=WORD_CHARS)
        new = word_ids(page.llm, [*page.prompt.ids, *own], word)
        if len(own) + len(new) > page.room:
            most, there = limit(page.llm), len(page.prompt.ids) + len(own)
            raise InputError("word_too_long", n_new=len(new), n_prompt=there, limit=most)
        grown, leaf = with_text(tree, [*own, *new])
        job.unseen[job.puts] = (*own, *new)
        return grown, leaf, None
    except GptvizError as error:
        job.trouble = error
        return tree, leaf, place


def _with_unseen(tree: Tree, leaf: int | None, place: int | None, put: tuple[int, ...]) -> tuple[Tree, int, int | None]:
    """What the view reports before it knows of the text `put`, with that text: it follows what it followed."""
    followed = path(tree, leaf) if tree and leaf is not None else ()
    grown, at = with_text(tree, put)
    if followed:
        grown, at = with_text(grown, followed)
    longer = len(path(grown, at)) > len(followed)
    return grown, at, place if place is not None else len(followed) if longer else None


def work(page: Page, job: Job, values: Mapping[str, Any]) -> None:
    """Do what the job asks for. Once the view has heard all of it, it says what the reader has now."""
    said = None
    try:
        if job.measure:
            _measure(page, job)
        else:
            _write(page, job, values)
    except GptvizError as error:
        said = error.text(page.language)
    with job.turn():
        news = done_news(page.llm, page.prompt.ids, job.own, None if job.measure else job.goal, said)
        job.goal, job.measure = None, False
    tell(VIEW, news)


def _measure(page: Page, job: Job) -> None:
    most = limit(page.llm)
    lengths = sorted({min(length, most) for length in LENGTHS})
    for timing in timings(page.llm, page.prompt.ids, [n for n in lengths if n > 1]):
        with job.turn():
            job.timings = [*job.timings, timing][-TIMINGS:]
        tell(VIEW, timing_news(page.llm, page.prompt.ids, timing))


def _write(page: Page, job: Job, values: Mapping[str, Any]) -> None:
    while True:
        began = time.monotonic()
        with job.turn():
            news = _write_one(page, job, values)
        if news is None:
            return
        tell(VIEW, news)
        if values["speed"] == "slow":
            _wait(SLOW - (time.monotonic() - began))


def _write_one(page: Page, job: Job, values: Mapping[str, Any]) -> bytes | None:
    """Write one token into the job: what the view has to hear of it. None if there is nothing more to write."""
    llm, prompt, own = page.llm, page.prompt.ids, job.own
    if job.goal is None or len(own) >= min(job.goal, page.room) or _ended(page, own):
        return None
    options, text = options_of(values), [*prompt, *own]
    found = known(llm, prompt, options)
    writer = _writer(page, job, text, options)
    measured = "cache" in values["open"]
    timing = Timing(len(text), math.nan, seconds_without_cache(llm, text)) if measured else None
    if len(writer.ids) == len(text):
        written = writer.take()
        if written is None:
            return None
        also = found[own].given if own in found else ()
        found[own] = after(written.step.logits, options, text, [*also, written.step.id])
        if timing and written.read == 1:
            timing = replace(timing, cached=written.seconds)
    # Else it was written before the reader paused or turned back.
    id = writer.ids[len(text)]
    ahead = writer.ahead() if len(writer.ids) == len(text) + 1 else None
    if ahead is not None and (*own, id) not in found:
        found[(*own, id)] = after(ahead.step.logits, options, [*text, id], [ahead.step.id])
    job.tree, job.leaf = with_text(job.tree, [*own, id])
    job.own = (*own, id)
    if timing:
        job.timings = [*job.timings, timing][-TIMINGS:]
    return word_news(llm, prompt, own, id, found, timing)


def _ended(page: Page, own: Sequence[int]) -> bool:
    return bool(own) and own[-1] in page.llm.checkpoint.eos_ids


def _writer(page: Page, job: Job, text: list[int], options: Options) -> Writer:
    """The writer behind that text: the one that wrote some of it, if nothing was changed since."""
    settings = (options, state.current().seed)
    if job.writer is None or not job.writer.covers(text) or job.settings != settings:
        # Another seed behind another length: a text begun anew at every word would draw the same again and again.
        job.writer = cache.writers.keep(Writer(page.llm, text, options, settings[1] + len(job.own)))
        job.settings = settings
    return job.writer


def _wait(seconds: float) -> None:
    """Let time pass, but not past what the reader does: reading the session's state is where Streamlit ends a run."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
        _ = _KEY in st.session_state
