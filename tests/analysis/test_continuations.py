"""What is known of every text of a tree, greedy writing, and answers."""

from __future__ import annotations

import pytest

from gptviz.analysis.branches import with_text
from gptviz.analysis.continuations import LIKELIEST, answer, first_words, greedy, known, rate, repetition
from gptviz.analysis.kept import kept_bytes
from gptviz.errors import InputError
from gptviz.sampling import Options, distribution
from tests.small_models import CONFIGS, random_llm

PROMPT = [3, 1, 4, 1]


def small(seed: int = 0):
    return random_llm(CONFIGS["llama"], seed)


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
    assert text.ids == tuple(step.id for step in llm.generate(PROMPT, 6, temperature=0))
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


def test_an_answer_is_the_next_token(smollm2):
    found = answer(smollm2, "hot->cold, big->small, up->", ["down"])
    p = smollm2.trace("hot->cold, big->small, up->").logits[-1].double().softmax(-1)
    assert found.pieces[0] == "down" and found.probabilities[0] == pytest.approx(float(p.max()), abs=1e-4)
    assert found.labels[0] == pytest.approx(found.probabilities[0])


def test_what_is_known_of_a_prompt_is_kept_with_its_model_and_counted():
    llm = small()
    found = known(llm, PROMPT, Options())
    before = kept_bytes()
    rate(llm, PROMPT, with_text((), [5, 6, 7])[0], Options())
    assert known(llm, PROMPT, Options()) is found and len(found) == 4 and kept_bytes() > before
    assert known(llm, PROMPT, Options(0.0)) is not found and known(small(), PROMPT, Options()) is not found
