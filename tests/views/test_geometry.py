"""The parts of the geometry view, against the analysis."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gptviz.analysis.analogies import families, parallelogram, solve
from gptviz.analysis.similarity import nearest
from gptviz.analysis.spaces import open_space
from gptviz.text import LANGUAGES
from gptviz.views.geometry import CLOUDS, SECTIONS, geometry_parts, picture_news, rows_name
from gptviz.views.kit.wire import unpack

VALUES = {
    "formula": "king - man + woman", "mean": False, "open": list(SECTIONS), "first": "man", "second": "woman",
    "others": "nurse", "cloud": "words", "listed": "cat dog cow; one two zzzzqx", "axes": True,
    "axis_x": "woman - man", "axis_y": "old - young",
}  # fmt: skip


def parts(llm, space="input", language="en", **values):
    about = {"model": llm.name, "spaces": ["input", "glove"], "prompt": [5, 6], "at": 5}
    about["beside"] = [open_space(llm, "input")]
    made = geometry_parts(open_space(llm, space), VALUES | values, language, **about)
    return {name: unpack(part) for name, part in made.items()}


def test_the_formula_part_is_the_result(smollm2):
    found = parts(smollm2)
    assert found.keys() == {"text", "formula", "axes", *SECTIONS} - {"results"}
    header, arrays = found["formula"]
    where = open_space(smollm2, "input")
    result = solve(where, VALUES["formula"], 22)
    assert [one["id"] for one in header["results"]] == [near.id for near in result.results]
    assert {one["id"] for one in header["results"] if one["own"]} <= result.inputs
    np.testing.assert_allclose(arrays["points"].reshape(4, 2), parallelogram(where, result).points, atol=1e-6)
    assert header["sides"] == list(result.sides) and header["verdict"] == "free"
    assert {family: len(examples) for family, examples in found["gallery"][0]["families"].items()} == {
        family: len(formulas) for family, formulas in families().items()
    }


@pytest.mark.parametrize("formula", ["", "king - king", "xyzzyplugh + a", "<b> + king", "antidisestablishment + a"])
def test_a_formula_that_leads_nowhere_becomes_a_sentence(smollm2, formula):
    for language in LANGUAGES:
        header, arrays = parts(smollm2, language=language, formula=formula, open=[])["formula"]
        assert header["trouble"] and not arrays
    assert header["several"] == (formula.count(" + ") == 1)  # such words have several tokens, and might be a mean


def test_sets_that_lead_nowhere_become_a_sentence(smollm2):
    header, _ = parts(smollm2, first="", open=["direction"])["direction"]
    assert "A" in header["trouble"]


@pytest.mark.parametrize("kind", CLOUDS)
def test_clouds_travel_whole(smollm2, kind):
    header, arrays = parts(smollm2, cloud=kind, open=["cloud"])["cloud"]
    assert len(header["pieces"]) == len(arrays["group"]) == len(arrays["ids"]) == len(arrays["flat"].reshape(-1, 3))
    assert header["pieces"][:5] == smollm2.pieces(arrays["ids"][:5].tolist())


def test_the_nearest_of_a_dot_are_those_of_the_space(smollm2):
    header, arrays = parts(smollm2, cloud="own", open=["cloud"])["cloud"]
    assert header["pieces"] == ["·cat", "·dog", "·cow", "·one", "·two"] and header["missing"] == ["zzzzqx"]
    assert header["names"] == ["cat dog …", "one two …"] and arrays["group"].tolist() == [0, 0, 0, 1, 1]
    rows = open_space(smollm2).rows[arrays["ids"].tolist()].double()
    cosines = torch.nn.functional.cosine_similarity(rows[:, None], rows[None], dim=-1).fill_diagonal_(-1)
    assert arrays["near"].reshape(5, 4).tolist() == cosines.argsort(descending=True)[:, :4].tolist()


def test_axes_are_projections(smollm2):
    header, arrays = parts(smollm2, cloud="own", open=["cloud"])["axes"]
    where = open_space(smollm2, "input")
    rows = where.rows.double()
    axes = [rows[where.find(a)] - rows[where.find(b)] for a, b in (("woman", "man"), ("old", "young"))]
    axes = torch.stack([axis / axis.norm() for axis in axes])
    ids = [where.find(word) for word in ("cat", "dog", "cow", "one", "two")]
    np.testing.assert_allclose(arrays["flat"].reshape(5, 2), rows[ids] @ axes.T, atol=1e-5)
    assert header["between"] == pytest.approx(float(axes[0] @ axes[1]), abs=1e-6)
    assert 0 < sum(header["shares"]) < 1


@pytest.mark.parametrize("axis", ["", "king - king", "a b", "cat = dog", "antidisestablishment - man"])
def test_an_axis_that_leads_nowhere_becomes_a_sentence(smollm2, axis):
    for language in LANGUAGES:
        header, arrays = parts(smollm2, language=language, open=["cloud"], axis_x=axis)["axes"]
        assert header["trouble"] and not arrays


def test_every_space_answers_for_itself(smollm2):
    (column,) = parts(smollm2, open=["spaces"])["spaces"][0]["columns"]
    where = open_space(smollm2, "input")
    king = where.find("king")
    near = nearest(where, where.rows[king], 6, without=[king])
    assert column["near"] == [one.token for one in near] and column["word"] == "king"
    assert sum(column["tally"].values()) == sum(map(len, families().values()))
    (column,) = parts(smollm2, open=["spaces"], formula="king - king")["spaces"][0]["columns"]
    assert column["trouble"] and "result" not in column


def test_pictures_are_news(smollm2):
    where = open_space(smollm2, "input")
    of = rows_name(where, [1, 2, 3])
    header, arrays = unpack(picture_news(of, 20, torch.ones(3, 2), 500))
    assert header == {"rows": of, "iteration": 20, "total": 500}
    assert len({of, rows_name(where, [1, 3, 2]), rows_name(where, [1, 2])}) == 3
    assert arrays["flat"].shape == (3, 2)
