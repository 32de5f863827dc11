"""What was computed is kept: with its owner, once for all threads, and within a limit."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from gptviz.analysis import kept as keeping
from gptviz.analysis.kept import forget_all, kept, kept_bytes, size_of


class Owner:
    pass


@pytest.fixture(autouse=True)
def empty():
    forget_all()
    yield
    forget_all()


def counting(value="made"):
    """A computation, and how often it ran."""
    runs = []

    def compute():
        runs.append(1)
        return value

    return compute, runs


def test_what_was_computed_once_is_not_computed_again():
    first, second = Owner(), Owner()
    compute, runs = counting()
    assert kept(first, "a", compute) == kept(first, "a", compute) == "made" and len(runs) == 1
    kept(first, "b", compute)
    kept(second, "a", compute)
    assert len(runs) == 3
    forget_all()
    kept(first, "a", compute)
    assert len(runs) == 4 and kept_bytes() == len("made")


def test_two_threads_that_ask_at_once_wait_for_one():
    owner, begun, go_on = Owner(), threading.Event(), threading.Event()
    runs = []

    def compute():
        runs.append(threading.get_ident())
        begun.set()
        assert go_on.wait(60)
        return object()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(kept, owner, "slow", compute)
        assert begun.wait(60)
        others = [pool.submit(kept, owner, "slow", compute) for _ in range(7)]
        # Whoever asks for something else does not wait: a lock a value.
        assert pool.submit(kept, Owner(), "slow", lambda: 1) and kept(owner, "quick", lambda: 2) == 2
        go_on.set()
        assert {id(other.result(60)) for other in others} == {id(first.result(60))} and len(runs) == 1


def test_what_failed_is_tried_again():
    owner = Owner()

    def fail():
        raise ValueError

    with pytest.raises(ValueError):
        kept(owner, "a", fail)
    assert kept(owner, "a", lambda: 1) == 1 and not keeping._making


def test_it_goes_with_its_owner():
    owner = Owner()
    kept(owner, "a", lambda: bytes(1000))
    assert kept_bytes() == 1000
    del owner
    gc.collect()
    assert kept_bytes() == 0


def test_a_trace_that_grew_is_measured_anew(tiny):
    trace = tiny.trace([1, 2, 3])
    compute = lambda: len(trace.ids)  # noqa: E731
    assert kept(trace, "length", compute) == 3
    trace.append(4)
    assert kept(trace, "length", compute) == 4


def test_the_least_recently_used_goes_first(monkeypatch):
    monkeypatch.setattr(keeping, "LIMIT", 350)
    owner = Owner()
    for key in "abc":
        kept(owner, key, lambda: bytes(100))
    kept(owner, "a", lambda: pytest.fail("it is kept"))
    kept(owner, "d", lambda: bytes(100))
    assert kept_bytes() == 300
    compute, runs = counting(bytes(100))
    kept(owner, "a", compute)
    assert not runs
    kept(owner, "b", compute)
    assert len(runs) == 1, "of the four this was used least recently"
    kept(owner, "large", lambda: bytes(1000))
    assert kept_bytes() == 1000, "the newest stays, however large"


def test_a_value_that_grows_is_counted_as_it_is():
    class Growing(list):
        nbytes = property(lambda self: 10 * len(self))

    owner = Owner()
    found = kept(owner, "a", Growing)
    assert kept_bytes() == 0
    found += [1, 2, 3]
    assert kept(owner, "a", Growing) is found and kept_bytes() == 30


def test_sizes():
    @dataclass
    class Nested:
        rows: torch.Tensor
        about: dict

    assert size_of(np.zeros((2, 3), np.float32)) == size_of(torch.zeros(2, 3)) == 24
    assert size_of("abc") == size_of(b"abc") == 3 and size_of(1.5) == size_of(None) == 8
    assert size_of(Nested(torch.zeros(4), {"a": [np.zeros(2), ("b", "c")]})) == 16 + 1 + 16 + 2


def test_many_threads_and_owners_leave_nothing_behind():
    def work(n):
        owner = Owner()
        return [kept(owner, key % 5, lambda: torch.full((10,), n)).sum().item() for key in range(50)]

    with ThreadPoolExecutor(8) as pool:
        for n, found in enumerate(pool.map(work, range(200))):
            assert found == [10 * n] * 50
    gc.collect()
    assert kept_bytes() == 0 and not keeping._values and not keeping._making
