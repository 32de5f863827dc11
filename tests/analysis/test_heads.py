"""Head scores on patterns made by hand, and on heads that are known."""

from __future__ import annotations

import math

import pytest
import torch

from gptviz.analysis import heads
from gptviz.analysis.attribution import logit_attribution, word_attribution
from gptviz.interventions import Set
from tests.small_models import CONFIGS, random_llm

# 6, 7 and 8 come twice, and 5; the first 5 is the first token, which counts for nothing.
IDS = [5, 6, 7, 8, 6, 7, 8, 5]


def pattern(looks_at: list[int]) -> torch.Tensor:
    """Each row's whole weight on one token."""
    return torch.eye(len(looks_at))[looks_at]


def with_pattern(rows: torch.Tensor):
    """The trace of a model whose head 1.0 has that pattern."""
    llm = random_llm(CONFIGS["gpt2"])
    return llm.trace(IDS, interventions=[Set("blocks.1.attn.pattern", rows, heads=0)])


@pytest.mark.parametrize(
    ("kind", "looks_at"),
    [
        ("previous", [0, 0, 1, 2, 3, 4, 5, 6]),
        ("current", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("duplicate", [0, 0, 0, 0, 1, 2, 3, 0]),
        ("induction", [0, 0, 0, 0, 2, 3, 4, 1]),
    ],
)
def test_a_head_that_does_one_thing_gets_that_name(kind, looks_at):
    scores = heads.head_scores(with_pattern(pattern(looks_at)))
    assert scores.kinds[kind][1, 0] == 1
    if kind != "current":
        assert heads.clear_head(scores) == (1, 0)
        assert heads.clear_head(scores, layer=1) == (1, 0)


def test_scores_are_means_over_rows_that_have_something_to_look_at():
    flat = torch.tril(torch.ones(8, 8)) / torch.arange(1, 9)[:, None]
    scores = heads.head_scores(with_pattern(flat))
    assert scores.rows == {"previous": 6, "induction": 4, "duplicate": 3, "current": 7}
    at = {kind: float(values[1, 0]) for kind, values in scores.kinds.items()}
    assert at["previous"] == pytest.approx(sum(1 / n for n in range(3, 9)) / 6)
    assert at["current"] == pytest.approx(sum(1 / n for n in range(2, 9)) / 7)
    assert at["duplicate"] == pytest.approx((1 / 5 + 1 / 6 + 1 / 7) / 3)
    assert at["induction"] == pytest.approx((1 / 5 + 1 / 6 + 1 / 7 + 1 / 8) / 4)
    assert float(scores.sink[1, 0]) == pytest.approx(at["current"])
    # Row i gives i of its i + 1 equal weights to others than the first: that much it counts.
    mass = [i / (i + 1) for i in range(1, 8)]
    entropy = sum(m * math.log2(i) for m, i in zip(mass, range(1, 8), strict=True)) / sum(mass)
    distance = sum(m * (i - 1) / 2 for m, i in zip(mass, range(1, 8), strict=True)) / sum(mass)
    assert float(scores.entropy[1, 0]) == pytest.approx(entropy, rel=1e-5)
    assert float(scores.distance[1, 0]) == pytest.approx(distance)
    assert float(scores.peak[1, 0]) == pytest.approx(at["current"])


def test_two_rows_are_too_few_for_a_habit():
    llm = random_llm(CONFIGS["gpt2"])
    rows = pattern([0, 0, 0, 1, 2, 0])
    looking = Set("blocks.1.attn.pattern", rows, heads=0)
    trace = llm.trace([5, 6, 7, 6, 7, 5], interventions=[looking])
    scores = heads.head_scores(trace)
    assert scores.rows["duplicate"] == 2 and scores.kinds["duplicate"][1, 0] == 1
    assert "duplicate" not in {fact.name for fact in heads.observations(llm, trace, 5)}


def test_the_first_token_is_a_parking_place_and_no_name():
    scores = heads.head_scores(with_pattern(pattern([0] * 8)))
    assert scores.sink[1, 0] == 1
    assert all(scores.kinds[kind][1, 0] == 0 for kind in heads.KINDS)
    assert scores.parked >= 1
    assert heads.clear_head(scores) != (1, 0)


def test_scores_follow_a_trace_that_grows(tiny):
    trace = tiny.trace([1, 2, 3])
    assert heads.head_scores(trace) is heads.head_scores(trace)
    trace.append(2)
    fresh = heads.head_scores(tiny.trace([1, 2, 3, 2]))
    torch.testing.assert_close(heads.head_scores(trace).sink, fresh.sink)
    assert heads.head_scores(trace).rows == fresh.rows


@pytest.mark.parametrize("ids", [[1], [1, 2]])
def test_texts_too_short_for_habits(tiny, ids):
    trace = tiny.trace(ids)
    scores = heads.head_scores(trace)
    assert scores.rows["previous"] == 0 and scores.kinds["previous"].isnan().all()
    layer, head = heads.clear_head(scores)
    assert 0 <= layer < 3 and 0 <= head < tiny.config.n_head
    assert heads.helping_look(tiny, trace, 0) is None
    assert heads.strongest_key(trace, 0, 0, len(ids) - 1) == len(ids) - 1


def test_heads_outputs_add_up_to_what_attention_adds(tiny):
    trace = tiny.trace([1, 2, 3, 4])
    whole = heads.head_outputs(tiny, trace, 1, 3).sum(0)
    bias = tiny.model.blocks[1].attn.W_O.bias
    torch.testing.assert_close(
        whole + (0 if bias is None else bias), trace["blocks.1.attn_out"][3], rtol=1e-4, atol=1e-4
    )


def test_direct_effects_of_all_that_was_written_are_the_logits(tiny):
    """The stream is the sum of what was written, so their direct effects add up to the logits, up to the final
    norm's bias and the mean, which is taken off."""
    trace = tiny.trace([1, 2, 3, 4])
    layers = range(tiny.config.n_layer)
    written = [trace[f"blocks.{layer}.{name}"][3] for layer in layers for name in ("attn_out", "mlp_out")]
    written.append(trace["blocks.0.resid_pre"][3])
    effects = logit_attribution(tiny, trace, 3, torch.stack(written))
    bias = 0 if tiny.model.ln_final.rms else tiny.model.unembed(tiny.model.ln_final.bias)
    logits = trace.logits[3] - bias
    torch.testing.assert_close(effects.sum(0), logits - logits.mean(), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        word_attribution(tiny, trace, 3, torch.stack(written), 7), effects[:, 7], rtol=1e-3, atol=1e-3
    )


def test_known_heads_of_the_default_model(smollm2):
    scores = heads.random_scores(smollm2)
    assert scores is heads.random_scores(smollm2)
    assert scores.rows == {"previous": 78, "induction": 40, "duplicate": 39, "current": 79}
    assert heads.best(scores.kinds["previous"]) == (16, 0)
    assert scores.kinds["previous"][16, 0] == pytest.approx(0.9, abs=0.03)
    for kind, known in (("induction", ((18, 6), (17, 4))), ("duplicate", ((14, 3), (8, 0)))):
        for head in known:
            assert max(heads.KINDS, key=lambda name: scores.kinds[name][head]) == kind
            assert scores.kinds[kind][head] > heads.MOST
    habits = torch.stack([scores.kinds[kind] for kind in heads.KINDS]).amax(0)
    assert int((habits > heads.MOST).sum()) < 30, "most heads have none"


def test_random_tokens_on_small_models(tiny, toy):
    for llm in (tiny, toy):
        scores = heads.random_scores(llm)
        assert scores.kinds["previous"].shape == (llm.config.n_layer, llm.config.n_head)
        assert all(bool(s.isfinite().all()) for s in (*scores.kinds.values(), scores.sink))


def test_what_is_said_is_about_heads_that_do_it(smollm2):
    text = "The password is kiwi. Remember: the password is"
    trace = smollm2.trace(text)
    facts = {fact.name: fact.values for fact in heads.observations(smollm2, trace, len(trace.ids) - 1)}
    scores = heads.head_scores(trace)
    assert facts["previous_always"]["head"] == heads.best(scores.kinds["previous"])
    assert facts["previous_always"]["share"] == pytest.approx(float(scores.kinds["previous"].max()))
    layer, head = facts["induction_always"]["head"]
    assert facts["induction_always"]["share"] == pytest.approx(float(scores.kinds["induction"].max()))
    assert heads.random_scores(smollm2).kinds["induction"][layer, head] > heads.MOST
    assert facts["sink"]["parked"] == scores.parked


def test_helpers_are_the_heads_that_push_the_word_most(smollm2):
    trace = smollm2.trace("The capital of France is")
    found = heads.helpers(smollm2, trace, 4, 5)
    assert found[0] == (23, 4) and len(found) == 5
    word = int(trace.logits[4].argmax())
    pushes = [
        float(word_attribution(smollm2, trace, 4, heads.head_outputs(smollm2, trace, layer, 4)[head], word))
        for layer, head in found
    ]
    assert pushes == sorted(pushes, reverse=True) and pushes[0] == pytest.approx(2.87, abs=0.05)


def test_the_capital_head_of_the_default_model(smollm2):
    trace = smollm2.trace("The capital of France is")
    scores = heads.head_scores(trace)
    assert heads.clear_head(scores) == (16, 0)
    assert 166 <= scores.parked <= 234
    look, push = heads.helping_look(smollm2, trace, 4)
    assert (look.layer, look.head, trace.tokens[look.key]) == (23, 4, "·France")
    assert look.weight == pytest.approx(0.9, abs=0.01) and push == pytest.approx(2.9, abs=0.1)
