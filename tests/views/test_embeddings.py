"""What the embeddings view is given."""

from __future__ import annotations

import numpy as np
import torch

from gptviz.views.embeddings import SECTIONS, SHOWN_ROWS, embeddings_parts
from gptviz.views.kit.wire import unpack
from tests.small_models import CONFIGS, random_llm

VALUES = {"token": 1, "open": SECTIONS, "words": "", "query": None, "space": "input", "layer": 0}


def parts(llm, text, **values):
    made = embeddings_parts(llm, llm.trace(text), {**VALUES, **values}, "en")
    return {name: unpack(part) for name, part in made.items()}


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


def test_neighbours_of_a_word_of_several_tokens_an_unknown_one_and_an_absent_space(smollm2):
    asked = {"open": ["neighbours"]}
    header, _ = parts(smollm2, "The cat", query="unbelievable", **asked)["neighbours"]
    assert len(header["ids"]) > 1 and not set(header["ids"]) & {n["id"] for n in header["near"]["cosine"]}
    assert parts(smollm2, "The cat", query="\x06", **asked)["neighbours"][0]["trouble"] == "unknown"
    assert parts(smollm2, "The cat", space="glove", **asked)["neighbours"][0]["trouble"] == "absent"


def test_another_matrix_for_the_output_is_searched_on_its_own_rows():
    from dataclasses import replace

    llm = random_llm(replace(CONFIGS["llama"], tied=False))
    header, _ = parts(llm, [1, 2, 3], open=["neighbours"], space="output")["neighbours"]
    cosines = torch.nn.functional.cosine_similarity(llm.model.unembed.weight, llm.model.unembed.weight[2:3], dim=1)
    cosines[2] = -2
    assert [n["id"] for n in header["near"]["cosine"][:5]] == cosines.topk(5).indices.tolist()


def test_a_zero_row_is_told():
    llm = random_llm(CONFIGS["gpt2"], seed=5)
    llm.model.embed.weight.data[2] = 0
    header, _ = parts(llm, [1, 2, 3])["neighbours"]
    assert header["near"]["cosine"] == [] and header["norm"] == 0
