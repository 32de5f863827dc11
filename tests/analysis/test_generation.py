"""Generation a token at a time, and what the cache saves."""

from __future__ import annotations

import math

import pytest
import torch

from gptviz.analysis.generation import Writer, cache_size, timings
from gptviz.errors import InputError
from gptviz.model import KVCache
from gptviz.sampling import Options
from tests.small_models import CONFIGS, random_llm

PROMPT = [3, 1, 4, 1]


def small(seed: int = 0):
    return random_llm(CONFIGS["llama"], seed)


def ids(steps):
    return [step.id for step in steps]


@pytest.mark.parametrize("options", [Options(0.0), Options(1.5, top_k=20), Options(0.8, repetition_penalty=1.5)])
def test_a_writer_writes_what_generate_writes(options):
    llm = small()
    settings = {"temperature": options.temperature, "top_k": options.top_k}
    expected = ids(llm.generate(PROMPT, 12, **settings, repetition_penalty=options.repetition_penalty, seed=5))
    writer = Writer(llm, PROMPT, options, 5)
    written = []
    for n in range(12):
        if n % 3 == 0:
            assert writer.ahead() is writer.ahead(), "looking ahead draws once"
        step = writer.take()
        assert step.read == (len(PROMPT) if n == 0 else 1)
        written.append(step.step.id)
    assert written == expected and writer.ids == PROMPT + expected
    assert writer.covers(PROMPT + expected[:4]) and not writer.covers(PROMPT[:-1]) and not writer.covers([9, *PROMPT])
    writer.close()
    assert writer.take() is None and not writer.covers(PROMPT)


def test_a_writer_needs_room():
    llm = small()
    with pytest.raises(InputError) as caught:
        Writer(llm, [1] * llm.config.max_tokens, Options(), 0)
    assert caught.value.code == "generation_too_long"


def test_cache_size_is_what_the_cache_holds():
    llm = small()
    cache = KVCache()
    with torch.no_grad():
        llm.model(torch.tensor([PROMPT]), cache=cache)
    nothing = torch.empty(1, llm.config.n_kv_head, 0, llm.config.d_head)
    held = [cache.update(layer, nothing, nothing) for layer in range(llm.config.n_layer)]
    one = cache_size(llm)
    assert sum(k.numel() + v.numel() for k, v in held) == len(PROMPT) * one.numbers
    assert one.bytes == 4 * one.numbers


def test_timings_are_measured_at_the_lengths_asked_for():
    found = list(timings(small(), PROMPT, [2, 9]))
    assert [one.length for one in found] == [2, 9]
    assert all(one.cached > 0 and one.plain > 0 and math.isfinite(one.plain) for one in found)
