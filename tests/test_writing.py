"""Writing on, word by word, and what is known of every text of a tree."""

from __future__ import annotations

import math

import pytest
import torch

from gptviz.analysis.branches import with_text
from gptviz.analysis.continuations import LIKELIEST, answer, first_words, greedy, rate, repetition
from gptviz.analysis.writing import Writer, cache_size, timings, word_ids
from gptviz.errors import InputError
from gptviz.model import KVCache
from gptviz.sampling import Options, distribution
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


@pytest.mark.parametrize("options", [Options(0.0), Options(1.3, top_k=5)])
def test_every_token_of_a_tree_is_rated_as_by_a_trace_of_its_text(options):
    llm = small(seed=3)
    tree = ()
    for text in ([5, 6, 7], [5, 6, 9, 9], [8], [5, 2]):
        tree, _ = with_text(tree, text)
    found = rate(llm, PROMPT, tree, options)
    for text in ((), (5,), (5, 6), (5, 6, 7), (5, 6, 9), (5, 6, 9, 9), (8,), (5, 2)):
        logits = llm.trace([*PROMPT, *text]).logits[-1]
        p, drawn = logits.softmax(-1), distribution(logits, options, [*PROMPT, *text])
        assert found[text].ids == tuple(logits.topk(LIKELIEST).indices.tolist())
        assert found[text].left == int((drawn > 0).sum())
        for id, given in found[text].given.items():
            assert given.probability == pytest.approx(float(p[id]), abs=1e-5)
            assert given.drawn == pytest.approx(float(drawn[id]), abs=1e-4)
            assert given.rank == int((logits > logits[id]).sum()) + 1
    assert {6, 2} <= found[(5,)].given.keys() and 9 in found[(5, 6)].given
    with pytest.raises(InputError):
        rate(llm, PROMPT, with_text((), [llm.config.vocab_size])[0], options)


def test_greedy_and_first_words():
    llm = small(seed=1)
    text = greedy(llm, PROMPT, 6)
    assert text.ids == tuple(ids(llm.generate(PROMPT, 6, temperature=0)))
    logp = llm.trace([*PROMPT, *text.ids]).logits.double().log_softmax(-1)
    total = sum(float(logp[len(PROMPT) - 1 + n, id]) for n, id in enumerate(text.ids))
    assert text.total == pytest.approx(total, abs=1e-4)
    found = first_words(llm, PROMPT, 3, 6)
    assert found[0].ids == text.ids and found[0].total == pytest.approx(text.total, abs=1e-4)
    assert [one.ids[0] for one in found] == llm.trace(PROMPT).logits[-1].topk(3).indices.tolist()


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([], None),
        ([1, 2, 3], None),
        ([1, 1], None),  # a text may say "no, no"
        ([1, 1, 1], (1, 0)),
        ([9, 1, 2, 3, 4, 1, 2, 3, 4], (4, 1)),
        ([9, 1, 2, 1, 2, 1, 2], (2, 1)),
        ([1, 2, 3, 4, 1, 2, 3, 4, 5], None),
    ],
)
def test_going_in_circles(ids, expected):
    found = repetition(ids)
    assert (found and (found.period, found.since)) == expected


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


def test_a_word_of_ones_own(smollm2):
    encode = smollm2.tokenizer.encode
    text = encode("The cat sits on")
    assert word_ids(smollm2, text, "the") == encode(" the"), "a space is put before it where that is likelier"
    assert word_ids(smollm2, text, " the") == encode(" the")
    assert word_ids(smollm2, encode("un"), "believable") == smollm2.tokenizer.encode_part("believable")
    with pytest.raises(InputError) as caught:
        word_ids(smollm2, text, "")
    assert caught.value.code == "empty_word"


def test_a_word_without_a_tokenizer_is_a_row_of_ids():
    llm = small()
    assert word_ids(llm, PROMPT, "5, 7") == [5, 7]
    for wrong in ("five", "5 -1", str(llm.config.vocab_size)):
        with pytest.raises(InputError):
            word_ids(llm, PROMPT, wrong)


def test_an_answer_is_the_next_token(smollm2):
    found = answer(smollm2, "hot->cold, big->small, up->", ["down"])
    p = smollm2.trace("hot->cold, big->small, up->").logits[-1].double().softmax(-1)
    assert found.pieces[0] == "down" and found.probabilities[0] == pytest.approx(float(p.max()), abs=1e-4)
    assert found.labels[0] == pytest.approx(found.probabilities[0])
