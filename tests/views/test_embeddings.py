"""The parts of the embeddings view, against the matrix and the model's own rotation."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from gptviz.analysis.spaces import open_space
from gptviz.llm import load
from gptviz.paths import PACKAGE
from gptviz.text import LANGUAGES
from gptviz.views.embeddings import SECTIONS, embeddings_parts, labels
from gptviz.views.wire import unpack
from tests.small_models import CONFIGS, random_llm

VALUES = {
    "token": 2, "open": list(SECTIONS), "word": None, "measure": "cosine", "mean": False,
    "layer": 1, "head": 3, "key": 1,
}  # fmt: skip


def parts(llm, ids, language="en", **values):
    where = open_space(llm, "input")
    made = embeddings_parts(llm, ids, llm.trace(ids), VALUES | values, language, where)
    return {name: unpack(part) for name, part in made.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_view_has_a_label_for_everything_it_says(language):
    said = labels(language)
    code = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "views/embeddings").glob("*.js"))
    named = set(re.findall(rf'"((?:{"|".join({key.split(".")[0] for key in said})})\.\w+)"', code))
    assert named and named <= said.keys()
    built = {f"near.scale_{measure}" for measure in ("cosine", "dot", "distance")}
    built |= {f"near.{space}" for space in ("input", "output", "glove")}
    words = set(re.findall(r"\w+", code))
    assert {k for k in said if k not in named | built and k.split(".")[1] not in words} == set()  # none is left over


def turn(vector, angles, position):
    half = len(angles)
    cos, sin = np.cos(position * angles), np.sin(position * angles)
    a, b = vector[:half], vector[half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin])


def test_turned_as_the_model_turns_them():
    llm = random_llm(CONFIGS["llama"], seed=1)
    ids = [5, 9, 2, 7]
    header, arrays = parts(llm, ids)["position"]
    trace = llm.trace(ids)
    q, k, angles = (arrays[name].astype(np.float64) for name in ("q", "k", "angles"))
    np.testing.assert_array_equal(arrays["q"], trace["blocks.1.attn.q_pre"][3, 2])
    np.testing.assert_allclose(turn(q, angles, 2), trace["blocks.1.attn.q"][3, 2], atol=1e-5)
    np.testing.assert_allclose(turn(k, angles, 1), trace["blocks.1.attn.k"][1, 1], atol=1e-5)
    score = turn(q, angles, 2) @ turn(k, angles, 1)
    assert header["scale"] * score == pytest.approx(float(trace["blocks.1.attn.scores"][3, 2, 1]), abs=1e-4)
    assert turn(q, angles, 32) @ turn(k, angles, 31) == pytest.approx(score), "only the distance counts"


def test_learned_positions_are_the_models_rows():
    toy = load("toy-sort")
    header, arrays = parts(toy, toy.encode("dbaca="), layer=0, head=0)["position"]
    assert header["kind"] == "learned"
    expected = toy.model.pos_embed.weight[: header["shown"]].float()
    np.testing.assert_array_equal(arrays["rows"].reshape(expected.shape), expected)


def test_a_word_of_several_tokens_is_a_mean_only_if_asked(smollm2):
    ids = smollm2.encode("The cat sat")
    header, _ = parts(smollm2, ids, word="antidisestablishment", open=["near"])["near"]
    assert header["several"] and header["trouble"]
    header, _ = parts(smollm2, ids, word="antidisestablishment", mean=True, open=["near"])["near"]
    pieces = smollm2.tokenizer.encode(" antidisestablishment")
    mean = smollm2.model.embed.weight[pieces].float().mean(0)
    assert len(header["pieces"]) == len(pieces) and header["length"] == pytest.approx(float(mean.norm()), rel=1e-5)
    cosines = torch.nn.functional.cosine_similarity(smollm2.model.embed.weight.float(), mean[None])
    assert header["near"][0]["value"] == pytest.approx(float(cosines.max()), abs=1e-5)


@pytest.mark.parametrize("word", ["\x06", "   x  y", "<script>"])
def test_words_that_cannot_be_become_sentences(smollm2, word):
    for language in LANGUAGES:
        header, _ = parts(smollm2, smollm2.encode("The cat sat"), language, word=word, open=["near"])["near"]
        assert header["trouble"]
