"""Spaces of words: what their directions, families and pictures say, against the matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.analysis.arithmetic import parallelogram, parse, solve, verdict
from gptviz.analysis.landmarks import landmarks_in
from gptviz.analysis.meaning import (
    cloud,
    direction,
    families,
    formula_words,
    gallery,
    principal_components,
    split_words,
    tsne,
)
from gptviz.analysis.spaces import open_space, spaces_of
from gptviz.errors import InputError
from gptviz.llm import load
from tests.small_models import CONFIGS, random_llm


@pytest.fixture
def where(smollm2):
    return open_space(smollm2, "input")


def rows(where, *words):
    return where.space.rows[[where.find(word) for word in words]].double()


def test_factors():
    assert parse("2 king - 0.5*man + woman = queen") == ([(2, "king"), (-0.5, "man"), (1, "woman")], "queen")
    assert parse("- 3d + 2 + 1.5 cat") == ([(-1, "3d"), (1, "2"), (1.5, "cat")], None)
    for wrong in ("99999 cat", "a + " * 40 + "a"):
        with pytest.raises(InputError):
            parse(wrong)


@given(st.text(alphabet="0123456789.*× kingma+-=", max_size=24))
@settings(max_examples=300)
def test_numbers_never_break_a_formula(text):
    try:
        terms, _ = parse(text)
    except InputError as error:
        assert error.text("en") and error.text("zh")
    else:
        assert all(word.strip() and abs(factor) <= 1000 for factor, word in terms)


def test_factors_weigh(where):
    king, man, woman = rows(where, "king", "man", "woman")
    vector = 2 * king - 0.5 * man + woman
    result = solve(where, "2 king - 0.5 man + woman", 8)
    cosines = torch.nn.functional.cosine_similarity(where.space.rows.double(), vector[None])
    assert [near.id for near in result.results] == cosines.topk(8).indices.tolist()
    assert result.sides is None and parallelogram(where, result) is None


def test_a_word_of_several_tokens_only_as_a_mean_and_only_if_asked(where, smollm2):
    with pytest.raises(InputError) as caught:
        solve(where, "antidisestablishment - man")
    assert caught.value.code == "word_of_several_tokens"
    result = solve(where, "antidisestablishment - man", mean=True)
    ids = smollm2.tokenizer.encode(" antidisestablishment")
    assert result.terms[0].id is None and len(result.terms[0].word.pieces) == len(ids)
    torch.testing.assert_close(result.terms[0].word.vector, where.space.rows[ids].mean(0))


def test_the_parallelogram_lies_in_the_plane_that_best_holds_it(where):
    result = solve(where, "king - man + woman")
    points = torch.stack([*rows(where, "king", "man", "woman"), where.space.rows[result.answer.id].double()])
    drawn = parallelogram(where, result)
    centred = points - points.mean(0)
    sizes = torch.linalg.svdvals(centred)
    assert drawn.held == pytest.approx(float(sizes[:2].square().sum() / sizes.square().sum()), rel=1e-4)
    flat = drawn.points.double()
    lengths = (flat[:, None] - flat).norm(dim=-1)
    assert (lengths <= (points[:, None] - points).norm(dim=-1) + 1e-4).all(), "a shadow is never longer"


def test_every_verdict_follows_from_the_ranks(where):
    found = gallery(where)
    assert found is gallery(where) and found.keys() == families().keys()
    for examples in found.values():
        for one in examples:
            assert one.result is not None, one.formula
            best = min(part.rank for part in one.result.simpler)
            expected = ("free" if best == 1 else "earned") if one.result.rank == 1 else one.verdict
            assert one.verdict == expected == verdict(one.result)
            assert (one.verdict == "near") == (1 < one.result.rank <= 10)
            assert one.chance == (one.result.sides[0] <= landmarks_in(where).arrows.p99)
            assert formula_words(one.formula)[-1] == one.formula.split(" = ")[1]
    verdicts = [one.verdict for examples in found.values() for one in examples]
    assert {"earned", "free", "near", "fails"} <= set(verdicts), "the page shows failures too"


def test_a_direction_places_its_own_means_at_0_and_1(where):
    found = direction(where, ["man", "king"], ["woman", "queen"], ["nurse", "zzzzqx", "man"])
    at = {(placed.word, placed.side): placed.at for placed in found.placed}
    assert (at["man", "first"] + at["king", "first"]) / 2 == pytest.approx(0, abs=1e-6)
    assert (at["woman", "second"] + at["queen", "second"]) / 2 == pytest.approx(1, abs=1e-6)
    first, second = rows(where, "man", "king").mean(0), rows(where, "woman", "queen").mean(0)
    vector = second - first
    expected = float((rows(where, "nurse")[0] - first) @ vector / vector.square().sum())
    assert at["nurse", "other"] == pytest.approx(expected, abs=1e-5)
    assert found.missing == ("zzzzqx",) and found.apart == (4, 4)


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [([], ["man"], "set_empty"), (["man"], ["zzzzqx"], "set_empty"), (["man", "king"], ["king", "man"], "set_same")],
)
def test_sets_without_a_direction(where, first, second, code):
    with pytest.raises(InputError) as caught:
        direction(where, first, second, ["cat"])
    assert caught.value.code == code and caught.value.text("zh")


def test_lists_of_words():
    assert split_words("cat, dog;cat\n mouse、bird") == ["cat", "dog", "mouse", "bird"]
    assert len(split_words(" ".join(map(str, range(10_000))))) == 200


def test_principal_components_are_those_of_a_singular_value_decomposition():
    points = torch.randn(200, 7, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 8)
    flat, explained = principal_components(points, 3)
    centred = points.double() - points.double().mean(0)
    _, sizes, axes = torch.linalg.svd(centred, full_matrices=False)
    shares = sizes.square() / sizes.square().sum()
    np.testing.assert_allclose(explained, shares[:3], rtol=1e-6)
    np.testing.assert_allclose(flat.abs(), (centred @ axes[:3].T).abs(), atol=1e-4)


@pytest.mark.parametrize("listed", ["", "cat dog cow", "zzzzqx; zzzzqy", ";;;"])
def test_too_few_words_of_ones_own(where, listed):
    with pytest.raises(InputError) as caught:
        cloud(where, "own", [], 0, listed)
    missing = "zzzz" in listed
    assert caught.value.code == ("few_points_missing" if missing else "few_points")
    assert ("zzzz" in caught.value.text("zh")) == missing


def test_a_word_in_two_groups_is_one_dot(where):
    found = cloud(where, "own", [], 0, "cat dog; dog cow; cat; one two")
    assert where.pieces(found.ids) == ["·cat", "·dog", "·cow", "·one", "·two"] and found.groups == (0, 0, 1, 2, 2)


@pytest.mark.parametrize("kind", ["words", "prompt", "near", "common"])
def test_clouds(where, smollm2, kind):
    prompt = list(dict.fromkeys(smollm2.encode("The cat sat on the mat")))
    found = cloud(where, kind, prompt, prompt[1])
    assert len(found.ids) == len(set(found.ids)) == len(found.groups) == len(found.flat)
    assert max(found.groups) < len(found.names) and 0 < sum(found.explained) < 1
    expected, _ = principal_components(where.space.rows[list(found.ids)], 3)
    torch.testing.assert_close(found.flat, expected)
    if kind == "prompt":
        own = {id for id, group in zip(found.ids, found.groups, strict=True) if found.names[group] == "prompt"}
        assert own == set(prompt)
    if kind == "near":
        assert found.ids[0] == prompt[1]
        assert set(found.ids[1:]) == {near.id for near in where.nearest(where.space.rows[prompt[1]], 60, [prompt[1]])}


def test_a_tiny_vocabulary_has_pictures_too():
    llm = random_llm(CONFIGS["gpt2"])
    assert spaces_of(llm) == ["input", "output"] or spaces_of(llm) == ["input"]
    assert len(cloud(open_space(llm, "input"), "common", [], 0).ids) == 97
    toy = load("toy-sort")
    for kind in ("words", "prompt", "near", "common"):
        assert len(cloud(open_space(toy, "input"), kind, [1, 2], 1).ids) >= 5


def test_tsne_comes_in_slices(where):
    points = where.space.rows[300:360]
    heard = list(tsne(points, iterations=200, every=30))
    assert [n for n, _ in heard] == [30, 60, 90, 120, 125, 155, 185, 200]
    assert all(picture.shape == (60, 2) and torch.isfinite(picture).all() for _, picture in heard)
    # In slices it is what it is in one piece.
    (_, whole), *_ = [last for last in tsne(points, iterations=200, every=200)][-1:]
    torch.testing.assert_close(heard[-1][1], whole, atol=1e-6, rtol=1e-6)


def test_the_unembedding_is_a_space_of_its_own_where_it_is_untied():
    llm = random_llm(CONFIGS["gpt2"])
    if not llm.config.tied:
        output = open_space(llm, "output")
        torch.testing.assert_close(output.space.rows, llm.model.unembed.weight.float())
    assert open_space(llm, "input") is open_space(llm, "input")
