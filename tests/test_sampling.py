"""Temperature, filters and generation against transformers, on random logits and on random models."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.errors import InputError
from gptviz.sampling import Options, distribution
from tests.small_models import CONFIGS, random_llm


def theirs(logits: torch.Tensor, options: Options, ids: list[int]) -> torch.Tensor:
    from transformers.generation import logits_process as lp

    scores = logits[None].double()  # so that neither's rounding decides what a filter keeps
    processors = [lp.TemperatureLogitsWarper(float(options.temperature))] if options.temperature != 1 else []
    if options.top_k is not None:
        processors.append(lp.TopKLogitsWarper(options.top_k))
    if options.top_p is not None and options.top_p < 1:
        processors.append(lp.TopPLogitsWarper(options.top_p))
    if options.min_p is not None:
        processors.append(lp.MinPLogitsWarper(options.min_p))
    if options.repetition_penalty is not None:
        processors.insert(0, lp.RepetitionPenaltyLogitsProcessor(options.repetition_penalty))
    for processor in processors:
        scores = processor(torch.tensor([ids]), scores)
    return scores[0].softmax(-1).float()


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.sampled_from([2, 50, 3000]),
    temperature=st.sampled_from([0.1, 0.5, 1.0, 1.7, 5.0, math.inf]),
    top_k=st.sampled_from([None, 1, 5, 40, 10_000]),
    top_p=st.sampled_from([None, 0.05, 0.5, 0.9, 0.999, 1.0]),
    min_p=st.sampled_from([None, 0.0, 0.05, 0.5, 1.0]),
    penalty=st.sampled_from([None, 1.0, 1.3, 0.7, 5.0]),
)
def test_filters_equal_transformers(seed, size, temperature, top_k, top_p, min_p, penalty):
    logits = torch.randn(size, generator=torch.Generator().manual_seed(seed)) * 4
    options = Options(temperature, top_k, top_p, min_p, penalty)
    ids = [0, size - 1, int(logits.argmax()), 0]
    ours, reference = distribution(logits, options, ids), theirs(logits, options, ids)
    assert torch.equal(ours > 0, reference > 0)
    torch.testing.assert_close(ours, reference, atol=1e-6, rtol=1e-5)


def test_extremes():
    logits = torch.tensor([1.0, 3.0, 3.0 + 1e-3, -2.0])
    assert distribution(logits, Options(temperature=0)).tolist() == [0, 0, 1, 0]
    for tiny in (1e-30, 1e-46, 1e-320):
        assert distribution(logits, Options(temperature=tiny)).tolist() == [0, 0, 1, 0]
    torch.testing.assert_close(distribution(logits, Options(temperature=1e30)), torch.full((4,), 0.25))
    torch.testing.assert_close(distribution(torch.zeros(4), Options()), torch.full((4,), 0.25))
    for broken in (math.nan, math.inf, -math.inf):
        with pytest.raises(InputError, match="not numbers"):
            distribution(torch.tensor([1.0, broken]), Options())


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -0.1},
        {"temperature": math.nan},
        {"temperature": -math.inf},
        {"top_k": 0},
        {"top_k": -3},
        {"top_k": 2.5},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"min_p": -0.1},
        {"min_p": 2.0},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": -1.2},
        {"repetition_penalty": math.nan},
        {"max_new_tokens": 0},
        {"max_new_tokens": 62},
        {"max_new_tokens": 2.5},
        {"seed": 2**70},
        {"seed": 2.5},
        {"seed": None},
    ],
)
def test_what_cannot_be_is_refused_at_once(tiny, options):
    with pytest.raises(InputError):
        tiny.generate([1, 2, 3], **options)


def test_greedy_equals_choosing_the_largest_logit_each_time(tiny):
    ids = [1, 2, 3]
    steps = list(tiny.generate(ids, 20, temperature=0))
    for step in steps:
        logits = tiny.model(torch.tensor([ids]))[0, -1]
        torch.testing.assert_close(step.logits, logits, atol=1e-4, rtol=1e-4)
        assert step.id == int(logits.argmax())
        assert step.probability == pytest.approx(float(logits.softmax(-1).max()), abs=1e-5)
        ids = [*ids, step.id]
    assert len(steps) == 20


def test_a_seed_writes_the_same_again(tiny):
    def write(seed):
        return [s.id for s in tiny.generate([1, 2, 3], 30, temperature=2.0, seed=seed)]

    assert write(1) == write(1)
    assert len({tuple(write(seed)) for seed in range(5)}) > 1


def test_the_end_token_ends():
    llm = random_llm(CONFIGS["llama"])
    free = [s.id for s in llm.generate([1, 2, 3], 10, temperature=0)]
    llm.checkpoint.eos_ids = frozenset({free[4]})
    assert [s.id for s in llm.generate([1, 2, 3], 10, temperature=0)] == free[: free.index(free[4]) + 1]


def test_leaving_early_frees_the_lock(tiny):
    steps = tiny.generate([1, 2], 10)
    next(steps)
    assert tiny.model.lock.acquire(blocking=False)
    tiny.model.lock.release()
    steps.close()


def test_draws_follow_the_distribution(tiny):
    """Chi-squared over 4,000 draws of one step, seeded."""
    from gptviz.sampling import draw

    logits = torch.randn(8, generator=torch.Generator().manual_seed(3))
    p = distribution(logits, Options(temperature=1.3))
    generator = torch.Generator().manual_seed(0)
    counts = torch.bincount(torch.tensor([draw(p, generator) for _ in range(4000)]), minlength=8)
    chi2 = float(((counts - 4000 * p) ** 2 / (4000 * p)).sum())
    assert chi2 < 24.3  # 0.1 % of fair samples exceed this at 7 degrees of freedom
