"""What is said about the rows of a prompt, against the matrix."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from gptviz.analysis.embeddings import most_alike, neighbour_facts, one_hot_difference, row_facts, usual_size
from gptviz.analysis.similarity import cosine, nearest
from gptviz.analysis.spaces import open_space
from tests.small_models import CONFIGS, random_llm


def test_a_one_hot_vector_times_the_matrix_is_the_row(tiny):
    space = open_space(tiny)
    assert all(one_hot_difference(space, i) == 0 for i in (0, 50, 96))


def test_one_number_in_a_hundred_is_larger_than_usual():
    values = torch.arange(1.0, 1001) * torch.tensor([1, -1]).repeat(500)
    assert usual_size(values) == usual_size(values.view(10, 100))
    assert (values.abs() > usual_size(values)).sum() == 10


def test_the_most_alike_is_the_one_with_the_largest_cosine(smollm2):
    ids = smollm2.encode("cat dog car")
    best, cosines = most_alike(smollm2, ids[0], ids[1:])
    rows = smollm2.model.embed.weight
    assert best == max(ids[1:], key=lambda i: float(cosine(rows[ids[0]], rows[i])))
    assert cosines[ids[2]] == pytest.approx(float(cosine(rows[ids[0]], rows[ids[2]])))


def test_what_is_said_about_rows_is_so(smollm2):
    ids = smollm2.encode("A cat and the dog and a cat")
    row, again, alike = row_facts(smollm2, ids, 1)
    space = open_space(smollm2)
    assert row.values["length"] == pytest.approx(float(space.rows[ids[1]].norm()))
    assert again.values == {"token": "·and", "first": 2, "second": 5}
    assert alike.values["most"] == pytest.approx(
        max(float(cosine(space.rows[a], space.rows[b])) for a in ids for b in ids if a != b), abs=1e-5
    )


def test_what_is_said_about_neighbours_is_so(smollm2):
    cat = smollm2.tokenizer.id_of(" cat")
    rows = smollm2.model.embed.weight
    near = nearest(open_space(smollm2), rows[cat], 12, without=[cat])
    units = normalize(rows.double(), dim=1)
    cosines = units @ units[cat]
    others = cosines[torch.arange(len(cosines)) != cat]
    first, respelled, other = neighbour_facts(smollm2, cat, near)
    assert first.values["first"] == near[0].token
    assert first.values["sds"] == pytest.approx(
        (near[0].cosine - float(others.mean())) / float(others.std(correction=0)), rel=1e-3
    )
    assert set(respelled.values["which"]) <= {"·Cat", "Cat", "cat", "·CAT", "CAT"}
    assert other.values["first"] == "·cats"


def test_a_row_of_zeros_lies_near_nothing():
    llm = random_llm(CONFIGS["gpt2"])
    llm.model.embed.weight[3] = 0
    space = open_space(llm)
    assert nearest(space, space.rows[3], 12, [3]) == neighbour_facts(llm, 3, []) == []
