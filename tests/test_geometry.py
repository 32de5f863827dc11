"""The embedding matrix as geometry, against plain computations."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.analysis.arithmetic import arrow_baseline, notes_claim, parse, solve, suggestion
from gptviz.analysis.embeddings import most_alike, neighbour_facts, row_facts
from gptviz.analysis.geometry import (
    Space,
    cosine,
    one_hot_difference,
    pair_baseline,
    principal_plane,
    rank,
    single_tokens,
    space_of,
    spread,
    token_of,
)
from gptviz.analysis.landmarks import landmarks_in
from gptviz.analysis.spaces import open_space
from gptviz.errors import GptvizError, InputError


def plain_cosines(rows: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    units = torch.nn.functional.normalize(rows.double(), dim=1)
    return units @ torch.nn.functional.normalize(vector.double(), dim=0)


def test_cosines_and_neighbours_are_those_of_a_plain_computation(tiny):
    rows = tiny.model.embed.weight
    expected = plain_cosines(rows, rows[5])
    assert torch.allclose(space_of(tiny).cosines(rows[5]).double(), expected, atol=1e-6)
    near = open_space(tiny, "input").nearest(rows[5], 10)
    assert [n.id for n in near] == expected.topk(10).indices.tolist() and near[0].id == 5
    without = open_space(tiny, "input").nearest(rows[5], 10_000, without=[5, 7])
    assert len(without) == len(rows) - 2 and {n.id for n in without}.isdisjoint({5, 7})
    assert rank(expected, near[3].id) == 4
    assert rank(expected, near[3].id, without=[5, near[1].id]) == 2


def test_a_zero_row_has_no_direction():
    space = Space(torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    assert space.cosines(torch.tensor([1.0, 0.0])).tolist() == pytest.approx([0, 1, 0.5**0.5])
    assert space.cosines(torch.zeros(2)).tolist() == [0, 0, 0]
    assert cosine(torch.zeros(2), torch.ones(2)) == 0


def test_the_baseline_is_the_mean_and_sd_over_all_pairs(tiny):
    rows = tiny.model.embed.weight
    cosines = torch.stack([plain_cosines(rows, row) for row in rows])
    pairs = cosines[~torch.eye(len(rows), dtype=torch.bool)]
    found = pair_baseline(rows)
    assert found.whole and found.n_rows == len(rows)
    assert found.mean == pytest.approx(float(pairs.mean()), abs=1e-6)
    assert found.sd == pytest.approx(float(pairs.std(correction=0)), abs=1e-6)


def test_a_large_matrix_is_represented_by_some_of_its_rows(monkeypatch):
    torch.manual_seed(0)
    rows = torch.randn(2000, 20) + 0.5
    whole = pair_baseline(rows)
    monkeypatch.setattr("gptviz.analysis.geometry._BUDGET", 500 * 20**2)
    some = pair_baseline(rows)
    assert (some.n_rows, some.whole) == (500, False)
    assert some.mean == pytest.approx(whole.mean, abs=0.02) and some.sd == pytest.approx(whole.sd, abs=0.02)
    assert some == pair_baseline(rows)


def test_the_plane_is_that_of_the_largest_eigenvalues_of_the_covariance():
    torch.manual_seed(1)
    points = torch.randn(60, 7, dtype=torch.float64) * torch.tensor([5.0, 3, 1, 1, 1, 0.5, 0.1]) + 2
    plane = principal_plane(points)
    values, vectors = torch.linalg.eigh(torch.cov(points.T))
    assert plane.explained == pytest.approx([float(values[-1] / values.sum()), float(values[-2] / values.sum())])
    assert plane.total == pytest.approx(sum(plane.explained))
    for axis, vector in zip(plane.axes, (vectors[:, -1], vectors[:, -2]), strict=True):
        assert abs(float(axis.double() @ vector)) == pytest.approx(1, abs=1e-5)
    flat = plane.project(points)
    assert flat.mean(0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert flat.var(0)[0] == pytest.approx(float(values[-1]), rel=1e-4)
    # A projection only ever brings points closer: what the page says about it.
    assert (torch.pdist(flat) <= torch.pdist(points).float() + 1e-4).all()


def test_a_one_hot_vector_times_the_matrix_is_the_row(tiny):
    space = space_of(tiny)
    assert all(one_hot_difference(space, i) == 0 for i in (0, 50, 96))


def test_spread_leaves_one_number_in_a_hundred_beyond_its_limit():
    values = torch.arange(1.0, 1001) * torch.tensor([1, -1]).repeat(500)
    assert spread(values) == spread(values.view(10, 100))
    assert (values.abs() > spread(values).limit).sum() == 10
    assert (spread(values).lowest, spread(values).highest) == (-1000, 999)


# ------------------------------------------------------------------------------------------- formulas


def test_formulas_are_read():
    assert parse("king - man + woman") == ([(1, "king"), (-1, "man"), (1, "woman")], None)
    assert parse("king−man+woman=queen") == ([(1, "king"), (-1, "man"), (1, "woman")], "queen")
    assert parse(" cat ") == ([(1, "cat")], None)
    assert parse("-cat＋dog") == ([(-1, "cat"), (1, "dog")], None)


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("", "formula_empty"),
        ("   ", "formula_empty"),
        ("= queen", "formula_empty"),
        ("+", "formula_sign"),
        ("king +", "formula_sign"),
        ("king - - man", "formula_sign"),
        ("king man", "formula_two_words"),
        ("(king - man) + woman", "formula_brackets"),
        ("king/2", "formula_brackets"),
        ("1000000000*king", "formula_number"),
        ("king - man =", "formula_answer"),
        ("king - man = a b", "formula_answer"),
        ("king = queen = x", "formula_answer"),
    ],
)
def test_what_cannot_be_read_is_said(formula, code):
    with pytest.raises(InputError) as raised:
        parse(formula)
    assert raised.value.code == code
    assert raised.value.text("zh") and raised.value.text("en")


@given(st.text(max_size=60))
@settings(max_examples=500)
def test_any_text_is_a_formula_or_an_error_of_ours(text):
    try:
        terms, expected = parse(text)
    except InputError as error:
        assert error.text("en") and error.text("zh")
    else:
        assert terms and all(math.isfinite(factor) and word for factor, word in terms)
        assert expected is None or expected


@given(st.text(alphabet="kingma +-=·<{}\n女👩", max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_formula_is_solved_or_refused(smollm2, text):
    try:
        assert solve(open_space(smollm2, "input"), text).answer.token
    except GptvizError as error:
        assert error.text("en") and error.text("zh")


def test_king_minus_man_plus_woman(smollm2):
    tokenizer, rows = smollm2.tokenizer, smollm2.model.embed.weight
    king, man, woman, queen = (tokenizer.encode(f" {word}")[0] for word in ("king", "man", "woman", "queen"))
    cosines = plain_cosines(rows, rows[king] - rows[man] + rows[woman])
    result = solve(open_space(smollm2, "input"), "king - man + woman", 5)
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
    result = solve(open_space(smollm2, "input"), "Paris - France + Italy = Rome")
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
        solve(open_space(smollm2, "input"), formula)
    assert raised.value.code == code


def test_the_pieces_of_a_word_are_words_of_the_formula(smollm2):
    result = solve(open_space(smollm2, "input"), "unbelievable - man + woman", mean=True)
    pieces = set(smollm2.tokenizer.encode(" unbelievable"))
    assert len(pieces) > 1 and pieces <= result.inputs and result.answer.id not in pieces


def test_a_word_alone_needs_no_factor(smollm2):
    result = solve(open_space(smollm2, "input"), "2*king - man + 3 woman")
    assert [part.terms[0].factor for part in result.simpler if len(part.terms) == 1] == [1.0, 1.0]


def test_words_get_their_space(smollm2):
    tokenizer = smollm2.tokenizer
    assert token_of(smollm2, "cat") == token_of(smollm2, "·cat") == tokenizer.id_of(" cat")
    assert single_tokens(smollm2, ["cat", "antidisestablishment", "cat", "dog"]) == [
        tokenizer.id_of(" cat"),
        tokenizer.id_of(" dog"),
    ]


def test_a_model_without_a_tokenizer_has_rows_but_no_words(tiny):
    assert single_tokens(tiny, ["king"]) == [] and notes_claim(tiny) is None
    with pytest.raises(InputError) as raised:
        solve(open_space(tiny, "input"), suggestion(tiny))
    assert raised.value.code == "no_tokenizer"


def test_random_arrows_have_no_direction():
    torch.manual_seed(0)
    found = arrow_baseline(torch.randn(300, 64))
    # Directions in 64 dimensions: the cosine's variance is 1/64.
    assert found.sd == pytest.approx(64**-0.5, rel=0.05)
    assert found.p99 == pytest.approx(2.33 * 64**-0.5, rel=0.1)


# ------------------------------------------------------------------------------ landmarks and sentences


def test_landmarks_of_the_default_model_are_common_words(smollm2):
    marks = landmarks_in(open_space(smollm2, "input"))
    assert marks is landmarks_in(open_space(smollm2, "input"))
    assert len(marks.ids) == len(set(marks.ids)) > 300
    assert "·cat" in smollm2.pieces(marks.groups["animals"])
    rows = smollm2.model.embed.weight[marks.ids]
    assert marks.pairs == pair_baseline(rows)


def test_a_small_vocabulary_is_its_own_landmark(tiny):
    marks = landmarks_in(open_space(tiny, "input"))
    assert marks.groups == {"vocabulary": list(range(97))}


def test_the_most_alike_is_the_one_with_the_largest_cosine(smollm2):
    ids = smollm2.encode("cat dog car")
    best, cosines = most_alike(smollm2, ids[0], ids[1:])
    rows = smollm2.model.embed.weight
    assert best == max(ids[1:], key=lambda i: float(cosine(rows[ids[0]], rows[i])))
    assert cosines[ids[2]] == pytest.approx(float(cosine(rows[ids[0]], rows[ids[2]])))


def test_what_is_said_about_rows_is_so(smollm2):
    ids = smollm2.encode("A cat and the dog and a cat")
    row, again, alike = row_facts(smollm2, ids, 1)
    space = space_of(smollm2)
    assert row.values["length"] == pytest.approx(float(space.rows[ids[1]].norm()))
    assert again.values == {"token": "·and", "first": 2, "second": 5}
    assert alike.values["most"] == pytest.approx(
        max(float(cosine(space.rows[a], space.rows[b])) for a in ids for b in ids if a != b), abs=1e-5
    )


def test_what_is_said_about_neighbours_is_so(smollm2):
    cat = smollm2.tokenizer.id_of(" cat")
    near = open_space(smollm2, "input").nearest(smollm2.model.embed.weight[cat], 12, without=[cat])
    cosines = plain_cosines(smollm2.model.embed.weight, smollm2.model.embed.weight[cat])
    others = cosines[torch.arange(len(cosines)) != cat]
    first, respelled, other = neighbour_facts(smollm2, cat, near)
    assert first.values["first"] == near[0].token
    assert first.values["sds"] == pytest.approx(
        (near[0].cosine - float(others.mean())) / float(others.std(correction=0)), rel=1e-3
    )
    assert set(respelled.values["which"]) <= {"·Cat", "Cat", "cat", "·CAT", "CAT"}
    assert other.values["first"] == "·cats"
