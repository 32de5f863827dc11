"""The stream read early."""

from __future__ import annotations

import pytest
import torch

from gptviz.analysis import lens as lenses
from gptviz.analysis.predictions import rank
from gptviz.errors import InputError


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
    monkeypatch.setattr(lenses, "CHUNK", 3)
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
