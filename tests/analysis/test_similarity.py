"""How alike vectors are, and what chance gives, against plain computations."""

from __future__ import annotations

import pytest
import torch

from gptviz.analysis.similarity import (
    MEASURES,
    arrow_baseline,
    chance,
    cosine,
    cosines,
    nearest,
    neighbours,
    pair_baseline,
    rank,
    space_baseline,
    vector_baseline,
    vector_baselines,
)
from gptviz.analysis.spaces import Space, open_space
from tests.small_models import CONFIGS, random_llm


def plain(rows: torch.Tensor, vector: torch.Tensor) -> dict[str, torch.Tensor]:
    rows, vector = rows.double(), vector.double()
    return {
        "cosine": torch.nn.functional.cosine_similarity(rows, vector[None], dim=1),
        "dot": (rows * vector).sum(1),
        "distance": torch.sqrt(((rows - vector) ** 2).sum(1)),
    }


def test_cosines_and_the_nearest_are_those_of_a_plain_computation(tiny):
    space, rows = open_space(tiny), tiny.model.embed.weight
    expected = plain(rows, rows[5])["cosine"]
    assert torch.allclose(cosines(space, rows[5]).double(), expected, atol=1e-6)
    near = nearest(space, rows[5], 10)
    assert [n.id for n in near] == expected.topk(10).indices.tolist() and near[0].id == 5
    assert [n.token for n in near] == tiny.pieces([n.id for n in near])
    without = nearest(space, rows[5], 10_000, without=[5, 7])
    assert len(without) == len(rows) - 2 and {n.id for n in without}.isdisjoint({5, 7})
    assert rank(expected, near[3].id) == 4
    assert rank(expected, near[3].id, without=[5, near[1].id]) == 2


def test_a_zero_row_has_no_direction():
    space = Space(torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    assert cosines(space, torch.tensor([1.0, 0.0])).tolist() == pytest.approx([0, 1, 0.5**0.5])
    assert cosines(space, torch.zeros(2)).tolist() == [0, 0, 0]
    assert cosine(torch.zeros(2), torch.ones(2)) == 0


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("model", ["gpt2", "smollm2"])
def test_neighbours_are_those_of_a_plain_computation(request, model, measure):
    llm = random_llm(CONFIGS[model]) if model in CONFIGS else request.getfixturevalue(model)
    space = open_space(llm)
    for id in (3, len(space) // 2, len(space) - 1):
        found = neighbours(space, space.rows[id], 20, without=[id])[measure]
        expected = plain(space.rows, space.rows[id])
        own = expected[measure].clone()
        own[id] = torch.inf if measure == "distance" else -torch.inf
        order = own.argsort(descending=measure != "distance", stable=True)[:20]
        assert [n.id for n in found] == order.tolist()
        for near in found:
            for name in MEASURES:
                assert getattr(near, name) == pytest.approx(float(expected[name][near.id]), rel=1e-9)
            assert near.norm == pytest.approx(float(space.rows[near.id].double().norm()))


def test_rows_so_close_that_squares_would_lose_the_difference_are_told_apart():
    rows = torch.randn(50, 16, generator=torch.Generator().manual_seed(0)) + 1000
    rows[7], rows[9] = rows[3] + 2e-3, rows[3] + 1e-3
    assert [n.id for n in neighbours(Space(rows), rows[3], 2, without=[3])["distance"]] == [9, 7]


def test_a_zero_vector_has_no_cosine_and_zero_rows_are_nobodys_neighbour_by_it():
    rows = torch.randn(40, 8, generator=torch.Generator().manual_seed(1))
    rows[5] = 0
    space = Space(rows)
    found = neighbours(space, rows[5], 50, without=[5])
    assert found["cosine"] == [] and len(found["dot"]) == len(found["distance"]) == 39
    assert all(n.cosine is None and n.dot == 0 for n in found["dot"])
    assert 5 not in [n.id for n in neighbours(space, rows[0], 50)["cosine"]]
    assert len(chance(space)["cosine"].values) == 39 * 38 // 2 and len(chance(space)["dot"].values) == 40 * 39 // 2
    assert torch.isnan(vector_baselines(space, rows[5:6], [5])).all()


def test_the_baseline_is_the_mean_and_sd_over_all_pairs(tiny):
    rows = tiny.model.embed.weight
    pairs = torch.stack([plain(rows, row)["cosine"] for row in rows])[~torch.eye(len(rows), dtype=torch.bool)]
    found = pair_baseline(rows)
    assert found.whole and found.n_rows == len(rows)
    assert found.mean == pytest.approx(float(pairs.mean()), abs=1e-6)
    assert found.sd == pytest.approx(float(pairs.std(correction=0)), abs=1e-6)


def test_a_large_matrix_is_represented_by_some_of_its_rows(monkeypatch):
    torch.manual_seed(0)
    rows = torch.randn(2000, 20) + 0.5
    whole = pair_baseline(rows)
    monkeypatch.setattr("gptviz.analysis.similarity._BUDGET", 500 * 20**2)
    some = pair_baseline(rows)
    assert (some.n_rows, some.whole) == (500, False)
    assert some.mean == pytest.approx(whole.mean, abs=0.02) and some.sd == pytest.approx(whole.sd, abs=0.02)
    assert some == pair_baseline(rows)


def test_the_scale_of_a_vector_is_its_cosine_with_every_other_row(tiny):
    space = open_space(tiny)
    vectors = torch.stack((space.rows[4], space.rows[[1, 2]].mean(0)))
    found = vector_baselines(space, vectors, [4, None])
    first, second = (plain(space.rows, vector)["cosine"] for vector in vectors)
    first = torch.cat((first[:4], first[5:]))
    expected = torch.stack([torch.stack((c.mean(), c.std(correction=0))) for c in (first, second)])
    assert torch.allclose(found, expected, atol=1e-6)
    alone = vector_baseline(space, vectors[0], [4])
    assert (alone.mean, alone.sd) == pytest.approx(expected[0].tolist(), abs=1e-6) and alone.n_rows == len(space) - 1


def test_chance_is_all_pairs_of_a_small_space_and_close_to_all_of_a_large_one(smollm2):
    rows = torch.randn(30, 8, generator=torch.Generator().manual_seed(2))
    found = chance(Space(rows))
    first, second = torch.triu_indices(30, 30, 1)
    for name in MEASURES:
        expected = torch.stack([plain(rows[j][None], rows[i])[name][0] for i, j in zip(first, second, strict=True)])
        assert found[name].whole and torch.allclose(found[name].values, expected.sort().values, atol=1e-6)
    space = open_space(smollm2)
    sampled = chance(space)["cosine"]
    assert not sampled.whole and sampled.mean == pytest.approx(space_baseline(space).mean, abs=0.01)
    assert sampled.sd == pytest.approx(space_baseline(space).sd, abs=0.01)


def test_random_arrows_have_no_direction():
    torch.manual_seed(0)
    found = arrow_baseline(torch.randn(300, 64))
    # Directions in 64 dimensions: the cosine's variance is 1/64.
    assert found.sd == pytest.approx(64**-0.5, rel=0.05)
    assert found.p99 == pytest.approx(2.33 * 64**-0.5, rel=0.1)
