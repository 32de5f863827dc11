"""What the embeddings view is given."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gptviz.analysis import spaces
from gptviz.analysis.kept import forget_all
from gptviz.checkpoints import vectors
from gptviz.engine import Answer, LocalEngine, Question
from gptviz.errors import CheckpointError
from gptviz.views.embeddings import SECTIONS, STOP
from gptviz.views.embeddings.parts import SHOWN_ROWS
from gptviz.views.kit.wire import unpack
from tests.small_models import CONFIGS, random_llm

EVERYTHING = {"token": 1, "open": SECTIONS}


def ask(llm, text, **choices) -> Answer:
    engine = LocalEngine(lambda name, progress: llm, through_bytes=True)
    return engine.ask(Question("embeddings", "any", tuple(llm.encode(text)), choices=EVERYTHING | choices))


def parts(llm, text, **choices):
    return {name: unpack(part) for name, part in ask(llm, text, **choices).parts.items()}


def test_the_rows_are_those_of_the_matrix(smollm2):
    made = parts(smollm2, "The cat sees the cat")
    header, arrays = made["text"]
    weight = smollm2.model.embed.weight
    assert header["different"] == list(dict.fromkeys(header["ids"])) and len(header["different"]) == 4
    np.testing.assert_array_equal(arrays["rows"], weight[header["different"]].numpy())
    np.testing.assert_array_equal(arrays["sample"], weight[header["sample"]].numpy())
    assert len(header["sample"]) == SHOWN_ROWS
    for place, id in enumerate(header["different"]):
        assert header["around"][place] == list(range(id - 2, id + 3))
        np.testing.assert_array_equal(arrays["near"][place], weight[id - 2 : id + 3, :6].numpy())
    id = header["ids"][1]
    one_hot = torch.zeros(len(weight))
    one_hot[id] = 1
    assert made["product"][0] == {"id": id, "difference": float((one_hot @ weight - weight[id]).abs().max())}


def test_ends_of_the_matrix_have_no_rows_beyond():
    header, arrays = parts(random_llm(CONFIGS["gpt2"]), [0, 96], token=0)["text"]
    assert header["around"] == [[None, None, 0, 1, 2], [94, 95, 96, None, None]]
    assert np.isnan(arrays["near"][0, :2]).all() and np.isnan(arrays["near"][1, 3:]).all()


def test_only_what_is_open_is_computed():
    llm = random_llm(CONFIGS["llama"])
    assert set(parts(llm, [1, 2, 3], open=[])) == {"text"}
    assert set(parts(llm, [1, 2, 3], open=["position"])) == {"text", "rotary"}
    assert set(parts(random_llm(CONFIGS["gpt2"]), [1, 2, 3], open=["position"])) == {"text", "learned"}


def test_learned_positions_are_the_models():
    llm = random_llm(CONFIGS["gpt2"])
    header, arrays = parts(llm, [1, 2, 3])["learned"]
    weight = llm.model.pos_embed.weight
    np.testing.assert_array_equal(arrays["rows"], weight[header["positions"]].numpy())
    np.testing.assert_array_equal(arrays["own"], weight[:3].numpy())


def test_neighbours_of_a_word_of_several_tokens_an_unknown_one_and_an_absent_space(smollm2, monkeypatch):
    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    asked = {"open": ["neighbours"]}
    header, _ = parts(smollm2, "The cat", near="unbelievable", **asked)["neighbours"]
    assert len(header["ids"]) > 1 and not set(header["ids"]) & {n["id"] for n in header["found"]["cosine"]}
    assert parts(smollm2, "The cat", near="\x06", **asked)["neighbours"][0]["trouble"] == "unknown"
    absent = ask(smollm2, "The cat", space="glove", **asked)
    assert unpack(absent.parts["neighbours"])[0]["trouble"] == "absent" and absent.facts["absent"] == "glove"


def test_a_space_that_cannot_be_opened_says_why(smollm2, monkeypatch):
    def damaged():
        raise CheckpointError("vectors_damaged", name="glove", folder="somewhere")

    monkeypatch.setattr(vectors, "is_here", lambda name: True)
    forget_all()
    monkeypatch.setattr(spaces, "GloveSpace", damaged)
    answer = ask(smollm2, "The cat", space="glove", open=["neighbours"])
    header, _ = unpack(answer.parts["neighbours"])
    assert header["error"] == {"code": "vectors_damaged", "details": {"name": "glove", "folder": "somewhere"}}
    assert answer.facts["absent"] is None and "glove" in spaces.spaces_of(smollm2)


def test_what_a_reader_has_not_chosen_the_stop_chooses(tiny):
    answer = ask(tiny, [1, 2, 3], token=None, open=[])
    begun = {name: answer.choices[name] for name in ("token", "layer", "head", "key", "positions", "near", "space")}
    assert begun == {"token": 2, "layer": 0, "head": 0, "key": None, "positions": None, "near": None, "space": "input"}
    assert answer.choices.keys() == STOP.by_name.keys()


@pytest.mark.parametrize(
    ("asked", "begun"),
    [
        ({"token": 1, "key": 2}, {"key": 1}),
        ({"positions": [3, 9]}, {"positions": None}),
        ({"positions": [10**5, 3]}, {"positions": None}),
        ({"positions": [9, 3]}, {"positions": [9, 3]}),
        ({"space": "output"}, {"space": "input"}),
    ],
)
def test_what_cannot_be_is_not_begun_with(tiny, asked, begun):
    choices = ask(tiny, [1, 2, 3], open=[], **asked).choices
    assert {name: choices[name] for name in begun} == begun


def test_depths_are_answered_where_they_are_open(smollm2):
    assert ask(smollm2, "The cat sees the dog", open=[]).facts.keys() == {"look", "absent"}
    facts = ask(smollm2, "The cat sees the dog", depth=["open", "test", "notes"]).facts
    row, weight = facts["open"], smollm2.model.embed.weight.double()
    cat, other = smollm2.tokenizer.id_of(" cat"), smollm2.pieces(range(len(weight))).index(row["other"])
    assert row["first"] == weight[cat, :8].tolist()
    assert row["dot"] == pytest.approx(float(weight[cat] @ weight[other]), rel=1e-5)
    assert row["cosine"] == pytest.approx(row["dot"] / row["length"] / row["other_length"], rel=1e-5)
    question = facts["test"]
    assert [option["position"] for option in question["options"]] == [0, 2, 3, 4]
    best = max(question["options"], key=lambda option: option["cosine"])
    assert question["best"] == best["id"]
    assert ask(smollm2, "The cat", depth=["test"]).facts["test"] is None  # too little to choose from


def test_another_matrix_for_the_output_is_searched_on_its_own_rows():
    from dataclasses import replace

    llm = random_llm(replace(CONFIGS["llama"], tied=False))
    header, _ = parts(llm, [1, 2, 3], open=["neighbours"], space="output")["neighbours"]
    cosines = torch.nn.functional.cosine_similarity(llm.model.unembed.weight, llm.model.unembed.weight[2:3], dim=1)
    cosines[2] = -2
    assert [n["id"] for n in header["found"]["cosine"][:5]] == cosines.topk(5).indices.tolist()


def test_a_zero_row_is_told():
    llm = random_llm(CONFIGS["gpt2"], seed=5)
    llm.model.embed.weight.data[2] = 0
    header, _ = parts(llm, [1, 2, 3])["neighbours"]
    assert header["found"]["cosine"] == [] and header["norm"] == 0
