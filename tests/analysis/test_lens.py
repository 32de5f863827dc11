"""The stream read early."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gptviz.analysis import lens as lenses
from gptviz.analysis.predictions import rank
from gptviz.errors import InputError
from tests.memory import peak_bytes
from tests.small_models import CONFIGS, random_llm


def test_read_at_the_end_it_is_the_models_own_output(tiny):
    trace = tiny.trace([1, 2, 3, 4])
    for points in lenses.POINTS:
        found = lenses.lens(tiny, trace, points=points)
        assert found.names[-1] == "blocks.2.resid_post" and found.names[0] == "blocks.0.resid_pre"
        assert found.ranks[-1].tolist() == [1] * 4
        torch.testing.assert_close(lenses.read(tiny, trace[found.names[-1]]), trace.logits, rtol=1e-4, atol=1e-4)
        assert found.tops[-1].tolist() == trace.logits.argmax(-1).tolist() == found.targets


@pytest.mark.parametrize("points", lenses.POINTS)
def test_every_cell_is_a_plain_computation(tiny, points, monkeypatch):
    monkeypatch.setattr(lenses, "VECTORS", 3)
    trace = tiny.trace([1, 2, 3, 4, 5])
    steps = []
    found = lenses.lens(tiny, trace, 7, points, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1] == len(found.names) * 5
    for row, name in enumerate(found.names):
        for position in range(5):
            logits = lenses.read(tiny, trace[name][position])
            assert found.ranks[row, position] == rank(logits, 7)
            assert float(found.probabilities[row, position]) == pytest.approx(float(logits.softmax(-1)[7]), rel=1e-4)
            assert found.tops[row, position] == logits.argmax()
            top = lenses.words(tiny, trace, name, position, 3)
            assert top[0].id == found.tops[row, position] and top[0].logit >= top[1].logit >= top[2].logit


def test_paris_comes_late(smollm2):
    """The ranks that examples.md measured."""
    trace = smollm2.trace("The capital of France is")
    found = lenses.lens(smollm2, trace)
    assert lenses.lens(smollm2, trace) is found
    ranks = found.ranks[:, -1].tolist()
    assert min(ranks[3:24]) > 2000, "through most of the depth it is nowhere near"
    assert ranks[-7:] == [396, 92, 113, 34, 7, 3, 1]
    assert lenses.settled(found, 4) == len(found.names) - 1
    assert lenses.settled(found, 4, within=10) == len(found.names) - 3
    # Row 0 of a model with tied matrices mostly reads its own token (the final norm's weight has a say).
    assert sum(top == own for top, own in zip(found.tops[0].tolist(), trace.ids, strict=True)) == 4


def test_only_what_is_asked_for_is_computed(tiny, monkeypatch):
    trace = tiny.trace([1, 2, 3, 4, 5])
    whole, asked = lenses.lens(tiny, trace, points="stream"), []
    monkeypatch.setattr(
        lenses, "read", lambda llm, vectors, own=lenses.read: asked.append(len(vectors)) or own(llm, vectors)
    )
    some = lenses.lens(tiny, trace, points="stream", positions=[4, 1])
    assert sum(asked) == 2 * len(whole.names)
    assert (some.positions, some.targets) == ([4, 1], [whole.targets[4], whole.targets[1]])
    for name in ("ranks", "tops"):
        assert torch.equal(getattr(some, name), getattr(whole, name)[:, [4, 1]])
    torch.testing.assert_close(some.probabilities, whole.probabilities[:, [4, 1]])
    for position in (1, 4):
        assert lenses.settled(some, position) == lenses.settled(whole, position)


def test_memory_does_not_grow_with_the_text(monkeypatch):
    monkeypatch.setattr(lenses, "BYTES", 400_000)
    llm = random_llm(replace(CONFIGS["llama"], vocab_size=10_000, n_ctx=256))
    took = []
    for n_tokens in (20, 200):
        trace = llm.trace([*range(n_tokens)])
        took.append(peak_bytes(lambda trace=trace: lenses.lens(llm, trace, points="stream")))
    assert max(took) < 5 * 400_000, "the logits of a few vectors, and what is made of them"
    assert took[1] < took[0] + 200 * 7 * 60, "and a few numbers a cell"


def test_hooks_of_another_thread_see_nothing_of_it(tiny):
    """A lens goes through the final norm, where another reader's trace may listen: it holds the lock."""
    trace, held = tiny.trace([1, 2, 3]), []
    handle = tiny.model.ln_final.register_forward_hook(lambda *a: held.append(tiny.model.lock._is_owned()))
    lenses.lens(tiny, trace)
    lenses.words(tiny, trace, "blocks.1.resid_mid", 2)
    handle.remove()
    assert len(held) == 2 and all(held)
    assert not tiny.model.lock._is_owned()


def test_never_settled(tiny):
    trace = tiny.trace([1, 2, 3])
    least = int(trace.logits[-1].argmin())
    assert lenses.settled(lenses.lens(tiny, trace, least), 2) is None


def test_what_cannot_be(tiny):
    trace = tiny.trace([1, 2])
    with pytest.raises(InputError):
        lenses.lens(tiny, trace, 97)
    with pytest.raises(InputError):
        lenses.lens(tiny, trace, points="everywhere")
