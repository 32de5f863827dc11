"""Positions, against the model's own."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from gptviz.analysis.positions import evenly_spaced, rotary, rotated
from gptviz.model import Rope, rotary_frequencies, rotate
from tests.small_models import CONFIGS, random_llm


@pytest.mark.parametrize("rope", [Rope(), Rope(kind="linear", factor=4.0), Rope(kind="llama3", factor=8.0)])
def test_turning_is_the_models_rotation(rope):
    x = torch.randn(3, 20, 16, generator=torch.Generator().manual_seed(0))
    positions = torch.arange(20)
    angle = positions[:, None].double() * rotary_frequencies(rope, 16).double()
    angle = torch.cat((angle, angle), -1)
    expected = rotate(x[None].double(), angle.cos(), angle.sin())[0]
    assert torch.allclose(rotated(x, positions, rotary_frequencies(rope, 16)), expected, atol=1e-12)


@pytest.mark.parametrize("model", ["llama", "smollm2"])
def test_dot_products_are_those_of_the_trace_and_depend_on_the_distance_alone(request, model):
    llm = random_llm(CONFIGS["llama"]) if model == "llama" else request.getfixturevalue("smollm2")
    trace = llm.trace(list(range(5, 17)))
    for layer in (0, llm.config.n_layer - 1):
        found = rotary(trace, layer)
        assert found.difference < 1e-5
        q, k = found.q[1], found.k[0]
        at, far = (rotated(q, positions, found.frequencies) for positions in (torch.arange(12), torch.arange(500, 512)))
        own, moved = (
            rotated(k, positions, found.frequencies) for positions in (torch.arange(12), torch.arange(500, 512))
        )
        assert torch.allclose(at @ own.T, far @ moved.T, atol=1e-9 * float((at @ own.T).abs().max()))
        scores = trace[f"blocks.{layer}.attn.scores"][1] / llm.config.scale(layer)
        assert torch.allclose((at @ own.T).float(), scores, rtol=1e-4, atol=1e-4 * float(scores.abs().max()))


def test_a_wrong_rotation_would_be_noticed():
    trace = random_llm(CONFIGS["llama"]).trace(list(range(12)))
    trace["blocks.0.attn.q"].mul_(1.01)
    assert rotary(trace, 0).difference > 1e-3


@pytest.mark.parametrize(("count", "most"), [(5, 10), (10, 10), (1024, 128), (49152, 160), (2, 2)])
def test_what_stands_for_a_row_of_many_is_even_and_holds_both_ends(count, most):
    found = evenly_spaced(count, most)
    assert found[0] == 0 and found[-1] == count - 1 and len(found) == len(set(found)) == min(count, most)
    steps = {b - a for a, b in pairwise(found)}
    assert max(steps) - min(steps) <= 1
