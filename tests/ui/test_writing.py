"""The job of the page Generate, which two runs of its script may have at the same time."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import streamlit as st

from gptviz.ui import state, writing
from gptviz.ui.state import State
from tests.small_models import CONFIGS, random_llm

PROMPT, GOAL = [3, 1, 4], 40
VALUES = {"way": "greedy", "repetition_penalty": None, "open": [], "speed": "full"}


def test_two_runs_at_once_write_what_one_would(monkeypatch):
    llm = random_llm(CONFIGS["llama"])
    page = SimpleNamespace(llm=llm, prompt=SimpleNamespace(ids=PROMPT), room=GOAL)
    job = writing.Job("of", goal=GOAL)
    told, errors = [], []
    monkeypatch.setattr(writing, "tell", lambda view, news: told.append(news))
    monkeypatch.setattr(state, "current", State)
    begin = threading.Barrier(3)

    def run() -> None:
        begin.wait()
        try:
            writing._write(page, job, VALUES)
        except Exception as error:  # which a thread would keep to itself
            errors.append(error)

    runs = [threading.Thread(target=run) for _ in range(3)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert not errors
    assert list(job.own) == [step.id for step in llm.generate(PROMPT, GOAL, temperature=0)]
    assert len(told) == GOAL


def test_a_report_about_a_text_just_left_changes_nothing_but_was_one(monkeypatch):
    """Else the next run might be taken for one that the address bar began."""
    touched = []
    monkeypatch.setattr(state, "touch", lambda: touched.append(True))
    monkeypatch.setitem(st.session_state, writing._KEY, job := writing.Job("this", goal=GOAL))
    writing.take(SimpleNamespace(), {"of": "another"})
    assert touched and job == writing.Job("this", goal=GOAL, _lock=job._lock)
