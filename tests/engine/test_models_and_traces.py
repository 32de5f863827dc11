"""Models and traces in memory: loaded once, bounded, shared."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
import torch

from gptviz.analysis.kept import forget_all, kept
from gptviz.engine.models import Models
from gptviz.engine.traces import Budget, Traces
from gptviz.errors import CheckpointError, InputError
from gptviz.interventions import Scale
from tests.small_models import CONFIGS, random_llm


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """What other tests left behind counts in the limit, too."""
    forget_all()


def small(fingerprint: str = "a"):
    llm = random_llm(CONFIGS["llama"])
    llm.checkpoint = SimpleNamespace(**{**vars(llm.checkpoint), "fingerprint": fingerprint})
    return llm


class Loader:
    def __init__(self, delay: float = 0.0):
        self.calls, self.delay = [], delay

    def __call__(self, name, progress):
        self.calls.append(name)
        progress("load", 1, 2)
        time.sleep(self.delay)
        if name == "broken":
            raise CheckpointError("unknown_model", name=name, known="")
        return SimpleNamespace(name=name)


def test_two_sessions_load_a_model_once_and_both_hear_how_far_it_is():
    loader = Loader(delay=0.3)
    models, heard, got = Models(loader), [], []

    def visit():
        got.append(models.get("m", lambda *at: heard.append((threading.get_ident(), at))))

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loader.calls == ["m"]
    assert len({id(llm) for llm in got}) == 1 and len(got) == 4
    assert len({who for who, _ in heard}) == 4 and {at for _, at in heard} == {("load", 1, 2)}


def test_at_most_two_models_stay():
    loader, gone = Loader(), []
    models = Models(loader, left=lambda llm: gone.append(llm.name))
    for name in ("a", "b", "a", "c"):
        models.get(name)
    assert gone == ["b"]
    assert models.has("a") and models.has("c") and not models.has("b")
    models.get("b")
    assert loader.calls == ["a", "b", "c", "b"]


def test_a_failure_is_told_to_all_who_wait_and_tried_again_by_the_next():
    loader = Loader()
    models = Models(loader)
    for _ in range(2):
        with pytest.raises(CheckpointError):
            models.get("broken")
    assert loader.calls == ["broken", "broken"]


def test_the_same_prompt_costs_nothing_the_second_time():
    traces, llm = Traces(), small()
    first = traces.get(llm, [1, 2, 3])
    assert traces.get(llm, (1, 2, 3)) is first
    changed = traces.get(llm, [1, 2, 3], interventions=[Scale("blocks.1.attn.z", 0.0)])
    other = traces.get(llm, [1, 2, 4], names="logits")
    assert len({id(trace) for trace in (first, changed, other)}) == 3
    assert traces.get(llm, [1, 2, 3], interventions=(Scale("blocks.1.attn.z", 0.0),)) is changed
    assert traces.get(llm, [1, 2, 3], names="logits") is first, "what holds more serves as well"
    assert traces.get(llm, [1, 2, 4]) is not other
    assert len(traces) == 4


def test_the_oldest_traces_go_when_the_bytes_are_used_up():
    llm = small()
    size = llm.trace([1, 2, 3]).nbytes
    traces = Traces(limit=3 * size)
    kept = [traces.get(llm, [i, 2, 3]) for i in range(3)]
    assert traces.get(llm, [0, 2, 3]) is kept[0]  # used again: now the youngest
    traces.get(llm, [3, 2, 3])
    assert traces.nbytes <= 3 * size
    assert traces.get(llm, [0, 2, 3]) is kept[0]
    assert traces.get(llm, [1, 2, 3]) is not kept[1]


def test_one_trace_stays_even_if_it_is_larger_than_the_bound():
    traces, llm = Traces(limit=1), small()
    first = traces.get(llm, [1, 2, 3])
    assert traces.get(llm, [1, 2, 3]) is first
    traces.get(llm, [4])
    assert len(traces) == 1


def test_traces_leave_with_their_model():
    traces, one, other = Traces(), small("a"), small("b")
    traces.get(one, [1]), traces.get(other, [1])
    traces.forget(one)
    assert len(traces) == 1


def test_sessions_that_ask_for_the_same_trace_share_one():
    traces, llm, got = Traces(), small(), []
    calls, run = [], llm.trace

    def slow(*args, **how):
        calls.append(args)
        time.sleep(0.2)
        return run(*args, **how)

    llm.trace = slow
    threads = [threading.Thread(target=lambda: got.append(traces.get(llm, [1, 2]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1 and len({id(trace) for trace in got}) == 1


def test_nothing_is_left_of_having_waited():
    traces, llm = Traces(), small()
    for _ in range(3):
        traces.get(llm, [1, 2])
    with pytest.raises(InputError):
        traces.get(llm, [10_000])
    assert not traces._making


def test_a_pass_waits_for_room_among_those_under_way(monkeypatch):
    budget, order = Budget(), []
    monkeypatch.setattr(budget, "_room", lambda: 10)
    begun = threading.Event()

    def second():
        begun.set()
        with budget.claim(6):
            order.append("second")

    with budget.claim(5):
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        with budget.claim(5):  # beside the first there is room for this one
            order.append("beside")
        thread.join(0.2)
        assert order == ["beside"], "for the second there is none yet"
    thread.join()
    assert order == ["beside", "second"]
    with budget.claim(1000):  # alone, it goes on: whether it fits at all was checked before
        order.append("alone")


def test_the_bytes_held_are_those_of_the_traces_that_are_left():
    traces, llm = Traces(), small()
    kept = [traces.get(llm, [i]) for i in range(3)]
    assert traces.nbytes == sum(trace.nbytes for trace in kept)
    traces.forget()
    assert (traces.nbytes, len(traces)) == (0, 0)


def test_what_was_made_of_traces_counts_with_them():
    llm = small()
    size = llm.trace([1, 2, 3]).nbytes
    traces = Traces(limit=3 * size)
    first = traces.get(llm, [0, 2, 3])
    kept(first, "something large", lambda: torch.zeros(size, dtype=torch.uint8))
    traces.get(llm, [1, 2, 3])
    del first
    traces.get(llm, [2, 2, 3])
    assert len(traces) == 2, "the first went, and what was made of it too"
