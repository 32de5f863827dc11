"""The numbers in the attention, MLP and comparison charts are the trace's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gptviz.analysis import heads, neurons
from gptviz.figures import attention, labels, mlp
from gptviz.figures.compare import next_words
from gptviz.figures.vectors import strips

TITLES = ("rows", "columns", "values")


@pytest.fixture
def trace(tiny):
    return tiny.trace([3, 1, 4, 1, 5, 9])


@pytest.mark.parametrize("stage", ["dot", "scaled", "masked"])
def test_scores_are_the_stage(trace, stage):
    values = getattr(trace.attention(1), stage)[2]
    figure = attention.scores(trace.tokens, values, titles=TITLES)
    shown = np.asarray(figure.data[0].z)
    if stage == "masked":
        future = np.triu(np.ones((6, 6), bool), 1)
        assert np.isnan(shown[future]).all(), "no colour stands for -inf"
        assert [a.text for a in figure.layout.annotations] == ["−∞"] * int(future.sum())
        shown = np.where(future, -math.inf, shown)
    np.testing.assert_array_equal(shown, values.numpy())
    assert figure.data[0].zmin == -figure.data[0].zmax


def test_the_scale_of_scores_leaves_the_first_token_out():
    values = torch.tensor([[900.0, 0, 0], [-500, 2, 1], [400, -3, -math.inf]])
    assert attention.score_bound(values) == 3
    assert attention.score_bound(torch.tensor([[7.0]])) == 7


def test_pattern_is_the_pattern(trace):
    values = trace["blocks.0.attn.pattern"][1]
    figure = attention.pattern(trace.tokens, values, titles=TITLES, query=3)
    shown = np.asarray(figure.data[0].z)
    np.testing.assert_array_equal(np.nan_to_num(shown), values.numpy())
    np.testing.assert_allclose(np.nansum(shown, axis=1), 1, rtol=1e-5)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0, 1)
    [frame] = figure.layout.shapes
    assert (frame.y0, frame.y1) == (2.5, 3.5)

    without = attention.pattern(trace.tokens, values, titles=TITLES, first=False).data[0]
    assert np.isnan(np.asarray(without.z)[:, 0]).all()
    assert without.zmax == pytest.approx(float(values[:, 1:].max()))


@pytest.mark.parametrize("n_tokens", [1, 8, 32, 256])
def test_every_length_has_a_label_for_every_token(n_tokens):
    tokens = ["<b>$x$&amp;"] * n_tokens
    figure = attention.scores(tokens, torch.randn(n_tokens, n_tokens), titles=TITLES)
    assert len(set(figure.data[0].x)) == n_tokens
    assert "<" not in figure.data[0].x[0]
    assert labels.escape("<b>&") == "&lt;b&gt;&amp;"


def test_small_maps_show_each_head(trace):
    patterns = trace["blocks.0.attn.pattern"]
    names = [str(head) for head in range(len(patterns))]
    figure = attention.head_maps(patterns, names, chosen=1)
    maps = [t for t in figure.data if t.type == "heatmap"]
    for values, shown in zip(patterns, maps, strict=True):
        np.testing.assert_allclose(np.asarray(shown.z, dtype=float) / 255, values.numpy(), atol=1 / 255)
    big = attention.head_maps(torch.rand(2, 200, 200), ["a", "b"], chosen=0)
    assert np.asarray(big.data[0].z).shape == (48, 48)


def test_lines_are_as_thick_as_the_weights(trace):
    weights = trace["blocks.0.attn.pattern"]
    figure = attention.lines(trace.tokens, [("0.1", weights[1]), ("0.2", weights[2])])
    drawn = [line for line in figure.data if line.mode == "lines"]
    for line in drawn:
        i, j = int(line.y[0]), int(line.y[-1])
        head = int(line.name.split(".")[1])
        assert line.line.width == pytest.approx(9 * float(weights[head, i, j]))
    assert len(drawn) == int((weights[1:3] >= 0.01).sum())


def test_one_number_for_each_head(trace):
    scores = heads.head_scores(trace).sink
    np.testing.assert_array_equal(attention.all_heads(scores, title="sink").data[0].z, scores.T.numpy())


def test_products_add_up(trace):
    query, key = trace["blocks.2.attn.q"][0, 5], trace["blocks.2.attn.k"][0, 2]
    figure = attention.dot_product(query, key, titles=TITLES)
    assert float(np.sum(figure.data[2].y)) == pytest.approx(float(trace.attention(2).dot[0, 5, 2]), rel=1e-4, abs=1e-5)


def test_strips_are_the_vectors():
    short, long = torch.randn(4), torch.randn(9)
    figure = strips([("a", short), ("b", long)])
    np.testing.assert_array_equal(figure.data[0].z[0], short.numpy())
    np.testing.assert_array_equal(figure.data[1].z[0], long.numpy())


def test_mlp_charts_show_the_trace(tiny, trace):
    found = neurons.neurons_at(tiny, trace, 1, 5, neurons.strongest(tiny, trace, 1, 5, 4))
    bars = mlp.neuron_bars(found, found[0].index, title="size").data[0]
    assert list(bars.x) == [n.size for n in found]
    pre = trace["blocks.1.mlp.pre"][5]
    curve = mlp.activation_curve(tiny.config.activation, pre, [(3, float(pre[3]))], titles=TITLES[:2])
    np.testing.assert_array_equal(curve.data[1].x, pre.numpy())
    pushes = neurons.layer_pushes(tiny, trace, 5)
    np.testing.assert_array_equal(mlp.layer_bars(pushes, 0, titles=TITLES[:2]).data[0].y, pushes.numpy())


def test_before_and_after_share_an_axis():
    figure = next_words(["<a>", "b"], [("before", [0.5, 0.1]), ("after", [0.25, 0.2])])
    assert [list(bar.x) for bar in figure.data] == [[0.5, 0.1], [0.25, 0.2]]
    assert figure.layout.yaxis.ticktext[0] == "&lt;a&gt;"
    assert list(figure.data[0].text) == ["50\u00a0%", "10\u00a0%"]
