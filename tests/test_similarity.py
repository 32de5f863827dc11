"""How alike vectors are, against plain computations."""

from __future__ import annotations

import pytest
import torch

from gptviz.analysis.geometry import Space, space_of
from gptviz.analysis.similarity import MEASURES, chance, mean_of, neighbours, own_scale, place_of, word_of, words_of
from gptviz.analysis.spaces import open_space
from tests.small_models import CONFIGS, random_llm


def plain(rows: torch.Tensor, vector: torch.Tensor) -> dict[str, torch.Tensor]:
    rows, vector = rows.double(), vector.double()
    return {
        "cosine": torch.nn.functional.cosine_similarity(rows, vector[None], dim=1),
        "dot": (rows * vector).sum(1),
        "distance": torch.sqrt(((rows - vector) ** 2).sum(1)),
    }


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("model", ["gpt2", "smollm2"])
def test_neighbours_are_those_of_a_plain_computation(request, model, measure):
    llm = random_llm(CONFIGS[model]) if model in CONFIGS else request.getfixturevalue(model)
    space = space_of(llm)
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
    assert torch.isnan(own_scale(space, rows[5:6], [5])).all()


def test_chance_is_all_pairs_of_a_small_space_and_close_to_all_of_a_large_one(smollm2):
    rows = torch.randn(30, 8, generator=torch.Generator().manual_seed(2))
    found = chance(Space(rows))
    first, second = torch.triu_indices(30, 30, 1)
    for name in MEASURES:
        expected = torch.stack([plain(rows[j][None], rows[i])[name][0] for i, j in zip(first, second, strict=True)])
        assert found[name].whole and torch.allclose(found[name].values, expected.sort().values, atol=1e-6)
    space = space_of(smollm2)
    sampled = chance(space)["cosine"]
    assert not sampled.whole and sampled.mean == pytest.approx(space.baseline.mean, abs=0.01)
    assert sampled.sd == pytest.approx(space.baseline.sd, abs=0.01)


def test_the_scale_of_a_vector_is_its_cosine_with_every_other_row(tiny):
    space = space_of(tiny)
    vectors = torch.stack((space.rows[4], space.rows[[1, 2]].mean(0)))
    found = own_scale(space, vectors, [4, None])
    first, second = (plain(space.rows, vector)["cosine"] for vector in vectors)
    first = torch.cat((first[:4], first[5:]))
    expected = torch.stack([torch.stack((c.mean(), c.std(correction=0))) for c in (first, second)])
    assert torch.allclose(found, expected, atol=1e-6)


def test_words_are_one_token_or_the_mean_of_several_or_not_there(smollm2):
    one, several, gone, again = words_of(smollm2, "dog, unbelievable \x06 dog")
    assert one.ids == (smollm2.tokenizer.id_of(" dog"),) and not one.trouble
    assert len(several.ids) > 1 and smollm2.tokenizer.decode(several.ids) == " unbelievable"
    rows = smollm2.model.embed.weight
    assert torch.equal(mean_of(space_of(smollm2), several.ids), rows[list(several.ids)].mean(0))
    assert gone.trouble == "unknown" and again.trouble == "twice"
    assert words_of(smollm2, "dog", known=one.ids)[0].trouble == "twice"
    assert words_of(smollm2, " , ") == [] and word_of(smollm2, "").trouble == "unknown"
    assert word_of(smollm2, "#17").ids == (17,) and word_of(smollm2, "#49152").trouble == "unknown"
    assert word_of(smollm2, "·Cat").ids == (smollm2.tokenizer.id_of(" Cat"),)
    *taken, more = words_of(smollm2, "a " * 100)
    assert len(taken) == 12 and (more.text, more.trouble) == ("88", "beyond")


def test_without_a_tokenizer_words_are_ids():
    llm = random_llm(CONFIGS["gpt2"])
    assert [w.ids for w in words_of(llm, "5 96")] == [(5,), (96,)]
    assert [w.trouble for w in words_of(llm, "97 cat -1")] == ["unknown"] * 3
    assert place_of(llm, open_space(llm, "input"), "#5", chosen=True).text == "5"
