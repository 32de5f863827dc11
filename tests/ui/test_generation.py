"""The job of the page Generate, which two runs of its script may have at the same time."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import streamlit as st

from gptviz.engine import LocalEngine
from gptviz.ui import generation, state
from gptviz.ui.state import State
from tests.small_models import CONFIGS, random_llm

PROMPT, GOAL = (3, 1, 4), 40


def test_two_runs_at_once_write_what_one_would(monkeypatch):
    llm = random_llm(CONFIGS["llama"])
    engine = LocalEngine(lambda name, progress: llm, through_bytes=True)
    told, errors = [], []
    page = SimpleNamespace(prompt=SimpleNamespace(ids=PROMPT), chosen={"speed": "full"}, tell=told.append)
    job = generation.Job("about", goal=GOAL)
    monkeypatch.setattr(generation, "engine", lambda: engine)
    monkeypatch.setattr(state, "current", State)
    monkeypatch.setattr(state, "model", lambda: "m")
    begin = threading.Barrier(3)

    def run() -> None:
        begin.wait()
        try:
            generation.write(page, job)
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


def test_a_report_about_a_text_just_left_changes_nothing(monkeypatch):
    monkeypatch.setattr(state, "about", lambda: "another")
    monkeypatch.setitem(st.session_state, generation._KEY, job := generation.Job("this", goal=GOAL))
    generation.take(SimpleNamespace(), {"goal": 3}, {})
    assert job == generation.Job("this", goal=GOAL)
