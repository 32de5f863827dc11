"""Head scores on patterns made by hand, and on heads that are known."""

from __future__ import annotations

import math

import pytest
import torch

from gptviz.analysis import cell as cells
from gptviz.analysis import heads
from gptviz.analysis.direct import direct_logits, direct_push
from gptviz.interventions import Set
from gptviz.model import causal_mask
from tests.small_models import CONFIGS, random_llm

IDS = [5, 6, 7, 6, 7, 5]  # 6 and 7 come twice, and 5; the first 5 is the first token, which counts for nothing


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
        ("previous", [0, 0, 1, 2, 3, 4]),
        ("current", [0, 1, 2, 3, 4, 5]),
        ("duplicate", [0, 0, 0, 1, 2, 0]),
        ("induction", [0, 0, 0, 2, 3, 1]),
    ],
)
def test_a_head_that_does_one_thing_gets_that_name(kind, looks_at):
    scores = heads.head_scores(with_pattern(pattern(looks_at)))
    assert scores.kinds[kind][1, 0] == 1
    assert scores.kind(1, 0) == kind
    if kind != "current":
        assert heads.clear_head(scores) == (1, 0)
        assert heads.clear_head(scores, layer=1) == (1, 0)


def test_scores_are_means_over_rows_that_have_something_to_look_at():
    flat = torch.tril(torch.ones(6, 6)) / torch.arange(1, 7)[:, None]
    scores = heads.head_scores(with_pattern(flat))
    assert scores.rows == {"previous": 4, "induction": 3, "duplicate": 2, "current": 5}
    at = {kind: float(values[1, 0]) for kind, values in scores.kinds.items()}
    assert at["previous"] == pytest.approx((1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 4)
    assert at["current"] == pytest.approx((1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 5)
    assert at["duplicate"] == pytest.approx((1 / 4 + 1 / 5) / 2)
    assert at["induction"] == pytest.approx((1 / 4 + 1 / 5 + 1 / 6) / 3)
    assert float(scores.sink[1, 0]) == pytest.approx((1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 5)
    assert float(scores.entropy[1, 0]) == pytest.approx(sum(math.log2(n) for n in range(2, 7)) / 5, rel=1e-5)
    assert float(scores.distance[1, 0]) == pytest.approx((0.5 + 1 + 1.5 + 2 + 2.5) / 5)
    assert float(scores.peak[1, 0]) == pytest.approx(at["current"])
    assert scores.kind(1, 0) is None


def test_the_first_token_is_a_parking_place_and_no_name():
    scores = heads.head_scores(with_pattern(pattern([0] * 6)))
    assert scores.sink[1, 0] == 1
    assert scores.kind(1, 0) is None
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
    assert cells.strongest_key(trace, 0, 0, len(ids) - 1) == len(ids) - 1


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
    effects = direct_logits(tiny, trace, 3, torch.stack(written))
    bias = 0 if tiny.model.ln_final.rms else tiny.model.unembed(tiny.model.ln_final.bias)
    logits = trace.logits[3] - bias
    torch.testing.assert_close(effects.sum(0), logits - logits.mean(), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        direct_push(tiny, trace, 3, torch.stack(written), 7), effects[:, 7], rtol=1e-3, atol=1e-3
    )


def test_control_is_the_head_nearest_in_size(tiny):
    trace = tiny.trace([1, 2, 3, 4])
    sizes = heads.head_outputs(tiny, trace, 1, 3).norm(dim=-1)
    other = heads.similar_head(tiny, trace, 1, 0, 3)
    assert other != 0
    assert all(abs(sizes[other] - sizes[0]) <= abs(sizes[h] - sizes[0]) for h in range(1, tiny.config.n_head))


def test_a_cell_leads_to_the_pattern(tiny):
    trace = tiny.trace([3, 1, 4, 1, 5, 9])
    for layer in range(3):
        for head in range(tiny.config.n_head):
            it = cells.cell(trace, layer, head, 4, 2)
            assert float(it.query @ it.key) == pytest.approx(it.dot, rel=1e-4, abs=1e-4)
            assert it.dot * it.scale == pytest.approx(it.scaled, rel=1e-4, abs=1e-5)
            assert it.exponential / it.total == pytest.approx(it.weight, rel=1e-4)
            assert it.weight == float(trace[f"blocks.{layer}.attn.pattern"][head, 4, 2])


def test_heads_that_share_a_key(tiny):
    trace = tiny.trace([1, 2])
    shared = cells.sharing(trace, 4) if tiny.config.n_kv_head < tiny.config.n_head else None
    if shared:
        assert shared == [3, 4, 5] and cells.key_head(trace, 4) == 1
    else:
        assert cells.sharing(trace, 2) == [2]


def test_sharpness_without_scaling_is_that_of_the_raw_products(tiny):
    trace = tiny.trace([1, 2, 3, 4])
    as_it_is, unscaled = cells.sharpness(trace, 0, 1)
    dot = trace.attention(0).dot[1].masked_fill(~causal_mask(4, 4), -math.inf)
    assert as_it_is == pytest.approx(float(trace["blocks.0.attn.pattern"][1, 1:].amax(-1).mean()))
    assert unscaled == pytest.approx(float(dot.softmax(-1)[1:].amax(-1).mean()))


def test_known_heads_of_the_default_model(smollm2):
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(300, 49_000, (40,), generator=generator).tolist() * 2
    scores = heads.head_scores(smollm2.trace(ids))
    assert heads.best(scores.kinds["previous"]) == (16, 0)
    assert scores.kinds["previous"][16, 0] == pytest.approx(0.9, abs=0.03)
    assert scores.kind(18, 6) == scores.kind(17, 4) == "induction"
    assert scores.kind(14, 3) == scores.kind(8, 0) == "duplicate"


def test_the_capital_head_of_the_default_model(smollm2):
    trace = smollm2.trace("The capital of France is")
    scores = heads.head_scores(trace)
    assert heads.clear_head(scores) == (16, 0)
    assert 166 <= scores.parked <= 234
    look = heads.helping_look(smollm2, trace, 4)
    assert (look.layer, look.head, trace.tokens[look.key]) == (23, 4, "·France")
    assert look.weight == pytest.approx(0.9, abs=0.01) and look.push == pytest.approx(2.9, abs=0.1)
