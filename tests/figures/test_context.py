"""The charts of the context page: labels that do not touch, ticks that exist, text that stays text."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from gptviz.figures import context as figures

NAMES = figures.points(30, "emb.")


def lines(*ends: float) -> list[figures.Curve]:
    return [figures.Curve(f"n{i}", f"l{i}", torch.linspace(1, end, 31), control=i == 0) for i, end in enumerate(ends)]


@pytest.mark.parametrize("ends", [(0.87, 0.635, 0.633), (0.5, 0.5, 0.5), (0.99, 0.2, 0.9)])
def test_labels_at_the_ends_keep_apart(ends):
    figure = figures.curves(lines(*ends), NAMES, titles=("x", "y"), chosen=3)
    low, high = figure.layout.yaxis.range
    places = sorted((a.y - low) / (high - low) * 250 + a.yshift for a in figure.layout.annotations)
    assert all(after - before >= figures._APART - 1e-6 for before, after in pairwise(places))
    assert [trace.line.dash for trace in figure.data] == ["dash", "solid", "solid"]
    assert len({trace.marker.symbol for trace in figure.data}) == 3, "colour is not the only sign"


@pytest.mark.parametrize("n_layer", [1, 2, 3, 12, 30, 100])
def test_ticks_name_points_that_exist(n_layer):
    names = figures.points(n_layer, "emb.")
    curve = [figures.Curve("a", "a", torch.linspace(1, 0.5, n_layer + 1))]
    axis = figures.curves(curve, names, titles=("x", "y"), chosen=None).layout.xaxis
    assert axis.tickvals[0] == 0 and axis.tickvals[-1] == n_layer
    assert list(axis.ticktext) == [names[p] for p in axis.tickvals]
    assert all(before < after for before, after in pairwise(axis.tickvals))


def test_grids_share_a_scale_centred_at_zero():
    first, second = torch.zeros(3, 4), torch.zeros(3, 4)
    first[2, 1], second[0, 0] = 0.5, -0.8
    figure = figures.head_grid([("a", first), ("b", second)], titles=("x", "y", "z"), framed=[(2, 1)])
    assert all((trace.zmin, trace.zmax) == pytest.approx((-0.8, 0.8)) for trace in figure.data)
    assert figure.data[0].z[1][2] == 0.5 and figure.data[0].text[1][2] == "2.1"


def test_reference_sentences_stay_text():
    texts = ["<b>a</b>", "c & d"]
    cosines = torch.tensor([0.5, float("nan")])
    figure = figures.reference_dots([("A", cosines)], [0, 1], ["one", "two"], texts, title="x")
    assert [trace.customdata[0] for trace in figure.data] == ["&lt;b&gt;a&lt;/b&gt;", "c &amp; d"]
