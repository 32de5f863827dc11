"""The numbers in the charts are those of the matrix."""

from __future__ import annotations

import numpy as np
import pytest

from gptviz.analysis.geometry import nearest, space_of, token_baseline
from gptviz.analysis.landmarks import landmarks_of
from gptviz.figures.embeddings import Point, lookup_strip, neighbours, rows_heatmap, word_map


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_heatmap_holds_the_rows(smollm2, theme):
    ids = smollm2.encode("The cat sits on the mat")
    rows = smollm2.model.embed.weight[ids]
    figure = rows_heatmap(rows, smollm2.pieces(ids), limit=0.3, x_title="x", chosen=2, theme=theme)
    heat = figure.data[0]
    assert np.array_equal(np.array(heat.z), rows.numpy())
    assert (heat.zmin, heat.zmid, heat.zmax) == (-0.3, 0, 0.3)
    assert list(figure.layout.yaxis.ticktext) == smollm2.pieces(ids)
    box = figure.layout.shapes[0]
    assert (box.y0, box.y1) == (1.5, 2.5)


def test_many_rows_stay_on_one_screen(smollm2):
    ids = list(range(256))
    figure = rows_heatmap(smollm2.model.embed.weight[ids], smollm2.pieces(ids), limit=1, x_title="x")
    assert figure.layout.height < 2000 and len(figure.layout.yaxis.tickvals) <= 40


def test_neighbours_stand_at_their_cosines_beside_the_band(smollm2):
    cat = smollm2.tokenizer.id_of(" cat")
    space = space_of(smollm2)
    near = nearest(smollm2, space.rows[cat], 8, without=[cat])
    own, pairs = token_baseline(space, cat), space.baseline
    figure = neighbours(near, own, pairs, labels=("own", "pairs"), x_title="x")
    assert list(figure.data[0].x) == [n.cosine for n in near]
    for shape, base in zip(figure.layout.shapes, (own, pairs), strict=True):
        assert (shape.x0, shape.x1) == (base.mean - base.sd, base.mean + base.sd)


def test_the_map_shows_each_token_once_where_it_falls(smollm2):
    marks = landmarks_of(smollm2)
    pieces = smollm2.pieces(marks.ids)
    own = [Point("·cat", 0.0, 0.0, "text", 1)]
    others = [Point(p, x, y, "g") for p, (x, y) in zip(pieces, marks.flat.tolist(), strict=True)]
    figure = word_map([*own, *others], highlighted=None, x_title="x", y_title="y", chosen=1)
    dots = figure.data[0]
    assert np.allclose(np.stack([dots.x, dots.y], 1), marks.flat.numpy())
    labels = [text for text in dots.text if text]
    assert 20 < len(labels) < len(others)
    assert figure.layout.annotations[0].text == "·cat"


def test_a_highlighted_group_has_its_own_layer():
    points = [Point(c, n, n * n, "a" if n % 2 else "b") for n, c in enumerate("uvwxyz")]
    figure = word_map(points, highlighted="a", x_title="x", y_title="y")
    assert [p[0] for p in figure.data[1].customdata] == ["v", "x", "z"]


def test_threads_lead_from_tokens_to_their_rows():
    ids = [5, 9, 5, 70]
    figure = lookup_strip(ids, ["<b>", "b", "<b>", "d"], 97, x_title="x", chosen=2)
    assert [trace.x[-1] for trace in figure.data] == [9, 5, 70]
    assert {shape.x0 for shape in figure.layout.shapes if shape.type == "line"} == {5, 9, 70}
    # A token that looks like markup is shown, not obeyed.
    assert "&lt;b&gt;" in [a.text for a in figure.layout.annotations]


def test_a_strip_names_as_many_tokens_as_fit():
    figure = lookup_strip(list(range(50)), [str(i) for i in range(50)], 97, x_title="x", chosen=30)
    assert len(figure.data) == 8 and "30" in [a.text for a in figure.layout.annotations]
