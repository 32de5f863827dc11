"""Sums of rows: what lies near them, and what the families come to, against the matrix."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.analysis.analogies import families, gallery, notes_claim, parallelogram, solve, suggestion, verdict
from gptviz.analysis.common_words import common_words
from gptviz.analysis.similarity import cosine
from gptviz.analysis.spaces import open_space
from gptviz.analysis.words import formula_words
from gptviz.errors import GptvizError, InputError


@pytest.fixture
def space(smollm2):
    return open_space(smollm2)


def rows(space, *words):
    return space.rows[[space.find(word) for word in words]].double()


def plain_cosines(rows: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    units = torch.nn.functional.normalize(rows.double(), dim=1)
    return units @ torch.nn.functional.normalize(vector.double(), dim=0)


@given(st.text(alphabet="kingma +-=·<{}\n女👩", max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_formula_is_solved_or_refused(smollm2, text):
    try:
        assert solve(open_space(smollm2), text).answer.token
    except GptvizError as error:
        assert error.text("en") and error.text("zh")


def test_king_minus_man_plus_woman(smollm2):
    tokenizer, rows = smollm2.tokenizer, smollm2.model.embed.weight
    king, man, woman, queen = (tokenizer.encode(f" {word}")[0] for word in ("king", "man", "woman", "queen"))
    cosines = plain_cosines(rows, rows[king] - rows[man] + rows[woman])
    result = solve(open_space(smollm2), "king - man + woman", 5)
    assert [n.id for n in result.results] == cosines.topk(5).indices.tolist()
    assert [n.cosine for n in result.results] == pytest.approx(cosines.topk(5).values.tolist(), abs=1e-5)
    assert result.answer == result.first and result.answer.id == queen and not result.predicted
    assert (result.rank, result.rank_kept) == (1, 1)
    # Without the subtraction, as a neighbour of king, and of woman.
    sums = [rows[king] + rows[woman], rows[king], rows[woman]]
    for simpler, vector in zip(result.simpler, sums, strict=True):
        expected = plain_cosines(rows, vector)
        assert simpler.cosine == pytest.approx(float(expected[queen]), abs=1e-5)
        larger = {i for i in (expected > expected[queen]).nonzero()[:, 0].tolist()} - {king, man, woman}
        assert simpler.rank == len(larger) + 1
    a, b, c, d = (rows[i].double() for i in (king, man, woman, queen))
    assert result.sides == pytest.approx((float(cosine(a - b, d - c)), float(cosine(a - d, b - c))))
    # The notes' formula: the second pair of sides.
    claim = notes_claim(smollm2)
    assert claim[0] == pytest.approx(result.sides[1])
    assert claim[1] == pytest.approx(float(((a - d) - (b - c)).norm() / (a - d).norm()), rel=1e-5)


def test_a_prediction_is_ranked_with_and_without_the_formulas_words(smollm2):
    result = solve(open_space(smollm2), "Paris - France + Italy = Rome")
    rows, tokenizer = smollm2.model.embed.weight, smollm2.tokenizer
    paris, france, italy, rome = (tokenizer.encode(f" {w}")[0] for w in ("Paris", "France", "Italy", "Rome"))
    cosines = plain_cosines(rows, rows[paris] - rows[france] + rows[italy])
    assert result.predicted and result.answer.id == rome
    assert result.rank_kept == int((cosines > cosines[rome]).sum()) + 1
    assert result.rank == result.rank_kept - sum(bool(cosines[i] > cosines[rome]) for i in (paris, france, italy))
    assert result.rank > 10  # the failure the page shows


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("king - king", "formula_zero"),
        ("king + man - king - man", "formula_zero"),
        ("antidisestablishment - man", "word_of_several_tokens"),
        ("king - man = king", "formula_answer_is_input"),
        ("\x06 + king", "word_not_in_vocabulary"),
    ],
)
def test_formulas_that_lead_nowhere_are_refused(smollm2, formula, code):
    with pytest.raises(InputError) as raised:
        solve(open_space(smollm2), formula)
    assert raised.value.code == code


def test_factors_weigh(space):
    king, man, woman = rows(space, "king", "man", "woman")
    vector = 2 * king - 0.5 * man + woman
    result = solve(space, "2 king - 0.5 man + woman", 8)
    cosines = torch.nn.functional.cosine_similarity(space.rows.double(), vector[None])
    assert [near.id for near in result.results] == cosines.topk(8).indices.tolist()
    assert result.sides is None and parallelogram(space, result) is None


def test_a_word_alone_needs_no_factor(smollm2):
    result = solve(open_space(smollm2), "2*king - man + 3 woman")
    assert [part.terms[0].factor for part in result.simpler if len(part.terms) == 1] == [1.0, 1.0]


def test_a_word_of_several_tokens_only_as_a_mean_and_only_if_asked(space, smollm2):
    with pytest.raises(InputError) as caught:
        solve(space, "antidisestablishment - man")
    assert caught.value.code == "word_of_several_tokens"
    result = solve(space, "antidisestablishment - man", mean=True)
    ids = smollm2.tokenizer.encode(" antidisestablishment")
    assert result.terms[0].word.id is None and len(result.terms[0].word.pieces) == len(ids)
    torch.testing.assert_close(result.terms[0].word.vector, space.rows[ids].mean(0))


def test_the_pieces_of_a_word_are_words_of_the_formula(smollm2):
    result = solve(open_space(smollm2), "unbelievable - man + woman", mean=True)
    pieces = set(smollm2.tokenizer.encode(" unbelievable"))
    assert len(pieces) > 1 and pieces <= result.inputs and result.answer.id not in pieces


def test_a_model_without_a_tokenizer_has_rows_but_no_words(tiny):
    assert notes_claim(tiny) is None
    with pytest.raises(InputError) as raised:
        solve(open_space(tiny), suggestion(tiny))
    assert raised.value.code == "no_tokenizer"


def test_the_parallelogram_lies_in_the_plane_that_best_holds_it(space):
    result = solve(space, "king - man + woman")
    points = torch.stack([*rows(space, "king", "man", "woman"), space.rows[result.answer.id].double()])
    drawn = parallelogram(space, result)
    centred = points - points.mean(0)
    sizes = torch.linalg.svdvals(centred)
    assert drawn.held == pytest.approx(float(sizes[:2].square().sum() / sizes.square().sum()), rel=1e-4)
    flat = drawn.points.double()
    lengths = (flat[:, None] - flat).norm(dim=-1)
    assert (lengths <= (points[:, None] - points).norm(dim=-1) + 1e-4).all(), "a shadow is never longer"


def test_every_verdict_follows_from_the_ranks(space):
    found = gallery(space)
    assert found is gallery(space) and found.keys() == families().keys()
    for examples in found.values():
        for one in examples:
            assert one.result is not None, one.formula
            best = min(part.rank for part in one.result.simpler)
            expected = ("free" if best == 1 else "earned") if one.result.rank == 1 else one.verdict
            assert one.verdict == expected == verdict(one.result)
            assert (one.verdict == "near") == (1 < one.result.rank <= 10)
            assert one.chance == (one.result.sides[0] <= common_words(space).arrows.p99)
            assert formula_words(one.formula)[-1] == one.formula.split(" = ")[1]
    verdicts = [one.verdict for examples in found.values() for one in examples]
    assert {"earned", "free", "near", "fails"} <= set(verdicts), "the page shows failures too"
