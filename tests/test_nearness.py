"""Neighbours by three measures, against a plain computation."""

from __future__ import annotations

import pytest
import torch

from gptviz.analysis.nearness import MEASURES, baseline, nearest_by, nearness
from gptviz.analysis.spaces import open_space
from tests.small_models import CONFIGS, random_llm


def plain(measure, vector, rows):
    rows, vector = rows.double(), vector.double()
    if measure == "dot":
        return torch.stack([row @ vector for row in rows])
    if measure == "distance":
        return torch.stack([(row - vector).norm() for row in rows])
    return torch.stack([row @ vector / (row.norm() * vector.norm()) for row in rows])


@pytest.mark.parametrize("measure", MEASURES)
def test_neighbours_are_those_of_a_plain_computation(measure):
    llm = random_llm(CONFIGS["llama"], seed=4)
    where = open_space(llm, "input")
    rows = where.space.rows
    for vector, own in ((rows[5], [5]), (rows[3] - 2 * rows[7], [])):
        values = plain(measure, vector, rows)
        # A distance near 0 is a small difference of large squares: those that are returned are computed exactly.
        torch.testing.assert_close(nearness(where, measure, vector).double(), values, atol=2e-3, rtol=1e-4)
        order = values.argsort(descending=measure != "distance").tolist()
        found = nearest_by(where, measure, vector, 10, own)
        assert [near.id for near in found] == [i for i in order if i not in own][:10]
        assert [near.cosine for near in found] == pytest.approx([float(values[near.id]) for near in found], abs=1e-4)
        scale = baseline(where, measure, vector, own)
        kept = torch.tensor([float(values[i]) for i in range(len(values)) if i not in own])
        assert scale.mean == pytest.approx(float(kept.mean()), abs=1e-4)
        assert scale.sd == pytest.approx(float(kept.std(correction=0)), abs=1e-4)


def test_the_measures_differ_where_lengths_do(smollm2):
    where = open_space(smollm2, "input")
    cat = where.find("cat")
    first = {measure: nearest_by(where, measure, where.space.rows[cat], 30, [cat]) for measure in MEASURES}
    mean = float(where.space.norms.mean())
    lengths = {name: sum(float(where.space.norms[n.id]) for n in near) / 30 for name, near in first.items()}
    assert lengths["distance"] < lengths["cosine"] < lengths["dot"] and lengths["distance"] < mean


def test_a_zero_vector_has_no_direction(smollm2):
    where = open_space(smollm2, "input")
    assert not nearness(where, "cosine", torch.zeros(smollm2.config.d_model)).any()
