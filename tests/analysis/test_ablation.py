"""Heads switched off, and their controls."""

from __future__ import annotations

import pytest
import torch

from gptviz.analysis import ablation
from gptviz.interventions import Scale


def test_a_head_that_is_off_hands_on_nothing(tiny):
    heads = [(1, 2), (0, 1), (1, 0), (1, 2)]
    trace = tiny.trace([1, 2, 3], interventions=ablation.without(heads))
    for layer, head in heads:
        assert not trace[f"blocks.{layer}.attn.z"][head].any()
    assert trace["blocks.1.attn.z"][1].any()
    single = tiny.trace([1, 2, 3], interventions=ablation.without([(2, 0)]))
    assert torch.equal(
        single.logits, tiny.trace([1, 2, 3], interventions=[Scale("blocks.2.attn.z", 0, heads=0)]).logits
    )


def test_only_what_changes_is_computed(tiny, smollm2):
    for llm, text, heads in ((tiny, [5, 6, 7, 6], [(1, 0), (2, 2)]), (smollm2, "The capital of France is", [(23, 4)])):
        trace = llm.trace(text)
        for token in (1, 3):
            whole = llm.trace(trace.ids, "logits", ablation.without(heads)).logits[token]
            torch.testing.assert_close(ablation.logits_without(llm, trace, heads, token), whole, rtol=0, atol=1e-4)


def test_controls_are_others_of_the_same_layers(tiny):
    off = [(0, 1), (2, 0)]
    drawn = {tuple(ablation.control(tiny.config, off, seed)) for seed in range(20)}
    assert len(drawn) > 3, "another draw gives others"
    for control in drawn:
        assert [layer for layer, _ in control] == [0, 2] and not set(control) & set(off)
    assert ablation.control(tiny.config, off, 3) == ablation.control(tiny.config, off, 3)
    all_of_a_layer = [(0, head) for head in range(tiny.config.n_head)]
    assert ablation.control(tiny.config, all_of_a_layer) is None


def test_the_capital_head(smollm2):
    """The numbers that the page's experiment is about."""
    for text, word, before, after in (
        ("The capital of France is", " Paris", 0.77, 0.14),
        ("The capital of Germany is", " Berlin", 0.80, 0.15),
        ("The chemical symbol for gold is", " Au", 0.96, 0.94),
    ):
        (i,) = smollm2.tokenizer.encode(word)
        p = [
            float(smollm2.trace(text, "logits", interventions).logits[-1].softmax(-1)[i])
            for interventions in ([], ablation.without([(23, 4)]))
        ]
        assert p == pytest.approx([before, after], abs=0.02), text
