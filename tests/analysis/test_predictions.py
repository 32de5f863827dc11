"""Leading words, ranks, entropies, surprisals and guesses, against plain computations."""

from __future__ import annotations

import math

import pytest
import torch

from gptviz.analysis.predictions import candidates, entropy_bits, leading, leading_ids, rank, rate_guess, surprisals
from gptviz.errors import InputError

IDS = [5, 17, 3, 88, 3, 41, 0, 96]


def test_leading_words_and_ranks(tiny):
    logits = tiny.trace(IDS).logits[-1]
    words = leading(tiny, logits, 10)
    assert [rank(logits, w.id) for w in words] == list(range(1, 11))
    assert words[0].id == int(logits.argmax())
    for w in words:
        assert w.probability == pytest.approx(float(logits.softmax(-1)[w.id]), rel=1e-5)
    assert len(leading(tiny, logits, 10_000)) == tiny.config.vocab_size
    assert candidates(tiny, logits, [words[3].id]) == [words[3]]


def test_among_equals_the_smallest_id_leads():
    assert leading_ids(torch.tensor([0.0, 2.0, 1.0, 2.0, 1.0]), 3) == [1, 3, 2]


def test_entropy():
    assert entropy_bits(torch.zeros(8)) == pytest.approx(3.0)
    assert entropy_bits(torch.tensor([1000.0, 0.0, 0.0])) == pytest.approx(0.0, abs=1e-12)


def test_surprisals(tiny):
    trace = tiny.trace(IDS)
    bits = surprisals(trace)
    assert bits[0] is None and len(bits) == len(IDS)
    for t in range(1, len(IDS)):
        assert bits[t] == pytest.approx(-math.log2(float(trace.logits[t - 1].softmax(-1)[IDS[t]])), abs=1e-4)
    assert surprisals(tiny.trace([3])) == [None]


def test_guesses_on_the_default_model(smollm2):
    trace = smollm2.trace("The cat sits on the")
    guess = rate_guess(smollm2, trace, "edge")
    assert guess.tokens == ["·edge"] and guess.rank == 1
    assert guess.probability == pytest.approx(float(trace.logits[-1].double().softmax(-1)[guess.ids[0]]))
    assert rate_guess(smollm2, trace, "mat").rank == rank(trace.logits[-1], smollm2.tokenizer.encode(" mat")[0])
    long = rate_guess(smollm2, trace, "antidisestablishmentarianism")
    assert len(long.tokens) == len(long.probabilities) > 1
    assert long.probability == pytest.approx(math.prod(long.probabilities))
    for empty in ("", "   ", "\n"):
        with pytest.raises(InputError):
            rate_guess(smollm2, trace, empty)
