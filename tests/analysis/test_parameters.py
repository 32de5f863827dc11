"""Parameter counts."""

from __future__ import annotations

from gptviz.analysis.parameters import GPT3, count_parameters


def test_parameter_counts(tiny):
    assert sum(count_parameters(tiny.config).values()) == sum(p.numel() for p in tiny.model.parameters())


def test_gpt3_has_175_billion():
    counts = count_parameters(GPT3)
    assert 174e9 < sum(counts.values()) < 176e9
    # The figure of 175,181,291,520 counts the tied matrix twice and leaves out positions, biases and norms.
    assert counts["embed"] * 2 + 96 * 4 * 12288 * 128 * 96 + 96 * 2 * 4 * 12288**2 == 175_181_291_520
