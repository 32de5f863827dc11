"""Rows of a space seen flat, against the matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gptviz.analysis.projections import cloud, direction, principal_components, tsne
from gptviz.analysis.similarity import nearest
from gptviz.analysis.spaces import open_space, spaces_of
from gptviz.errors import InputError
from gptviz.llm import load
from tests.small_models import CONFIGS, random_llm


@pytest.fixture
def space(smollm2):
    return open_space(smollm2)


def rows(space, *words):
    return space.rows[[space.find(word) for word in words]].double()


def test_a_direction_places_its_own_means_at_0_and_1(space):
    found = direction(space, ["man", "king"], ["woman", "queen"], ["nurse", "zzzzqx", "man"])
    at = {(placed.word, placed.side): placed.at for placed in found.placed}
    assert (at["man", "first"] + at["king", "first"]) / 2 == pytest.approx(0, abs=1e-6)
    assert (at["woman", "second"] + at["queen", "second"]) / 2 == pytest.approx(1, abs=1e-6)
    first, second = rows(space, "man", "king").mean(0), rows(space, "woman", "queen").mean(0)
    vector = second - first
    expected = float((rows(space, "nurse")[0] - first) @ vector / vector.square().sum())
    assert at["nurse", "other"] == pytest.approx(expected, abs=1e-5)
    assert found.missing == ("zzzzqx",) and found.apart == (4, 4)


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [([], ["man"], "set_empty"), (["man"], ["zzzzqx"], "set_empty"), (["man", "king"], ["king", "man"], "set_same")],
)
def test_sets_without_a_direction(space, first, second, code):
    with pytest.raises(InputError) as caught:
        direction(space, first, second, ["cat"])
    assert caught.value.code == code and caught.value.text("zh")


def test_the_plane_is_that_of_the_largest_eigenvalues_of_the_covariance():
    torch.manual_seed(1)
    points = torch.randn(60, 7, dtype=torch.float64) * torch.tensor([5.0, 3, 1, 1, 1, 0.5, 0.1]) + 2
    flat, explained = principal_components(points, 2)
    values, vectors = torch.linalg.eigh(torch.cov(points.T))
    assert explained == pytest.approx([float(values[-1] / values.sum()), float(values[-2] / values.sum())])
    along = (points - points.mean(0)) @ vectors[:, [-1, -2]]
    assert torch.allclose(flat.abs(), along.abs().float(), atol=1e-5), "a sign is arbitrary"
    assert flat.mean(0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert flat.var(0)[0] == pytest.approx(float(values[-1]), rel=1e-4)
    # A projection only ever brings points closer: what the page says about it.
    assert (torch.pdist(flat) <= torch.pdist(points).float() + 1e-4).all()


@pytest.mark.parametrize("n", [200, 7, 5])
def test_principal_components_are_those_of_a_singular_value_decomposition(n):
    points = torch.randn(n, 7, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 8)
    flat, explained = principal_components(points, 3)
    centred = points.double() - points.double().mean(0)
    _, sizes, axes = torch.linalg.svd(centred, full_matrices=False)
    shares = sizes.square() / sizes.square().sum()
    np.testing.assert_allclose(explained, shares[:3], rtol=1e-6)
    np.testing.assert_allclose(flat.abs(), (centred @ axes[:3].T).abs(), atol=1e-4)


def test_fewer_dimensions_than_asked_for_are_filled_with_zeros():
    flat, explained = principal_components(torch.tensor([[0.0, 0.0], [2.0, 1.0]]), 3)
    assert flat.shape == (2, 3) and explained == pytest.approx((1, 0, 0))
    assert flat[:, 1:].abs().max() < 1e-9 and float(flat[:, 0].diff().abs()) == pytest.approx(5**0.5)


@pytest.mark.parametrize("listed", ["", "cat dog cow", "zzzzqx; zzzzqy", ";;;"])
def test_too_few_words_of_ones_own(space, listed):
    with pytest.raises(InputError) as caught:
        cloud(space, "own", [], 0, listed)
    missing = "zzzz" in listed
    assert caught.value.code == ("few_points_missing" if missing else "few_points")
    assert ("zzzz" in caught.value.text("zh")) == missing


def test_a_word_in_two_groups_is_one_dot(space):
    found = cloud(space, "own", [], 0, "cat dog; dog cow; cat; one two")
    assert space.pieces(found.ids) == ["·cat", "·dog", "·cow", "·one", "·two"] and found.groups == (0, 0, 1, 2, 2)


@pytest.mark.parametrize("kind", ["words", "prompt", "near", "common"])
def test_clouds(space, smollm2, kind):
    prompt = list(dict.fromkeys(smollm2.encode("The cat sat on the mat")))
    found = cloud(space, kind, prompt, prompt[1])
    assert len(found.ids) == len(set(found.ids)) == len(found.groups) == len(found.flat)
    assert max(found.groups) < len(found.names) and 0 < sum(found.explained) < 1
    expected, _ = principal_components(space.rows[list(found.ids)], 3)
    torch.testing.assert_close(found.flat, expected)
    if kind == "prompt":
        own = {id for id, group in zip(found.ids, found.groups, strict=True) if found.names[group] == "prompt"}
        assert own == set(prompt)
    if kind == "near":
        assert found.ids[0] == prompt[1]
        assert set(found.ids[1:]) == {near.id for near in nearest(space, space.rows[prompt[1]], 60, [prompt[1]])}


def test_a_tiny_vocabulary_has_pictures_too():
    llm = random_llm(CONFIGS["gpt2"])
    assert spaces_of(llm) == ["input", "output"] or spaces_of(llm) == ["input"]
    assert len(cloud(open_space(llm), "common", [], 0).ids) == 97
    toy = load("toy-sort")
    for kind in ("words", "prompt", "near", "common"):
        assert len(cloud(open_space(toy), kind, [1, 2], 1).ids) >= 5


def test_tsne_comes_in_slices(space):
    points = space.rows[300:360]
    heard = list(tsne(points, iterations=200, every=30))
    assert [n for n, _ in heard] == [30, 60, 90, 120, 125, 155, 185, 200]
    assert all(picture.shape == (60, 2) and torch.isfinite(picture).all() for _, picture in heard)
    # In slices it is what it is in one piece.
    (_, whole), *_ = [last for last in tsne(points, iterations=200, every=200)][-1:]
    torch.testing.assert_close(heard[-1][1], whole, atol=1e-6, rtol=1e-6)
