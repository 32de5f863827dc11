"""A later token changes nothing before it, to the last bit."""

from __future__ import annotations

import pytest

from gptviz.analysis import mask
from gptviz.errors import InputError


def test_rows_before_another_last_word_are_the_same(smollm2):
    trace = smollm2.trace("The capital of France is")
    ids, width = mask.with_last(smollm2, trace, "was")
    assert width == 1
    assert ids[:-1] == trace.ids[:-1] and smollm2.pieces(ids)[-1] == "·was"
    other = smollm2.trace(ids)
    for layer in (0, 16, 29):
        found = mask.differences(trace, other, layer)
        assert (found.pattern, found.vectors, found.stream) == (0.0, 0.0, 0.0)
    assert (trace["blocks.16.attn.pattern"][:, -1] - other["blocks.16.attn.pattern"][:, -1]).abs().max() > 0.01


def test_an_earlier_change_is_seen(tiny):
    first, second = tiny.trace([1, 2, 3, 4]), tiny.trace([1, 9, 3, 4])
    found = mask.differences(first, second, 1)
    assert min(found.pattern, found.vectors, found.stream) > 1e-6


def test_a_suggestion_is_another_word(smollm2, tiny):
    for llm, text in ((smollm2, "The cat"), (smollm2, "Hi"), (tiny, [3, 3, 3])):
        trace = llm.trace(text)
        assert mask.likeliest_other(llm, trace) != trace.ids[-1]
    suggested = mask.likeliest_other(smollm2, smollm2.trace("The capital of France is"))
    assert smollm2.pieces([suggested])[0][1:].isalpha(), "a word for a word"
    assert mask.differences(tiny.trace([1]), tiny.trace([2]), 0) == mask.Differences(0.0, 0.0, 0.0)


def test_words_that_cannot_be(toy, tiny):
    with pytest.raises(InputError):
        mask.with_last(toy, toy.trace("dbaca="), "Z")
    with pytest.raises(InputError):
        mask.with_last(tiny, tiny.trace([1, 2]), "word")
    # A word of several tokens gives its first.
    ids, width = mask.with_last(toy, toy.trace("dbaca="), "abc")
    assert (len(ids), width) == (6, 3)
