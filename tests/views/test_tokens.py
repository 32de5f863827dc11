"""The parts of the tokens view, against the tokenizer."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.analysis.tokens import CLASSICS, classic_cut, cut
from gptviz.llm import load
from gptviz.tokenizer import classic
from gptviz.views.kit.wire import unpack
from gptviz.views.tokens import SECTIONS, VOCABULARIES, compare, tokens_parts

ALL = {"open": list(SECTIONS), "vocabulary": "own", "cuts": 1}
TEXT = "Unbelievably, 2026 猫 <|im_end|> 👩‍🚀"


def parts(tokenizer, text, long=None, **values):
    made = tokens_parts("model", tokenizer, cut(tokenizer, text), ALL | values, "en", long)
    return {name: unpack(part) for name, part in made.items()}


def after(chunk, done):
    """The pieces of a chunk after some merges, as the view has them."""
    spans = {i: (piece, i + 1) for i, piece in enumerate(chunk["pieces"])}
    for _, start, middle, end, _, piece in chunk["merges"][:done]:
        assert spans.pop(middle)[1] == end and spans[start][1] == middle
        spans[start] = (piece, end)
    return [spans[start][0] for start in sorted(spans)]


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_merges_lead_from_bytes_to_the_tokens_of_any_text(smollm2, text):
    found = parts(smollm2.tokenizer, text or "a", open=["merges"])
    header, tokens = found["merges"][0], found["text"][0]["tokens"]
    pieces = [piece for chunk in header["chunks"] for piece in after(chunk, len(chunk["merges"]))]
    assert [token["piece"] for token in tokens] == pieces
    assert [token["id"] for token in tokens] == [id for chunk in header["chunks"] for id in chunk["ids"]]
    for chunk in header["chunks"]:
        ranks = [merge[0] for merge in chunk["merges"]]
        assert ranks == sorted(ranks), "lowest first, in a chunk as in the whole text"
    assert "�" not in "".join(pieces) or "�" in text


def test_what_made_each_token_is_its_last_merge(smollm2):
    tokens = parts(smollm2.tokenizer, TEXT, open=[])["text"][0]["tokens"]
    merged = [token for token in tokens if token["made"]]
    assert [token["piece"] for token in tokens].count("2") == 2, "digits stand alone"
    whole = [token for token in merged if not any("⟨" in piece for piece in (*token["made"][1:], token["piece"]))]
    assert len(whole) >= 3 and all(token["made"][1] + token["made"][2] == token["piece"] for token in whole)
    assert all(bytes.fromhex(token["bytes"]) == smollm2.tokenizer.token_bytes(token["id"]) for token in tokens)
    assert [token["id"] for token in tokens if token["special"]] == [2]


def test_vocabularies_side_by_side(smollm2):
    text = "Unbelievably, 2026 猫"
    found = parts(smollm2.tokenizer, text, open=["vocabularies"])["vocabularies"][0]
    assert [it["name"] for it in found["vocabularies"]] == list(VOCABULARIES)
    for it in found["vocabularies"]:
        assert it["ends"][-1] == len(text.encode()) and len(it["ends"]) == len(it["ids"]) == len(it["pieces"])
        if it["name"] != "own":
            assert it["ids"] == classic(it["name"]).encode_ordinary(text)
    for name in CLASSICS:
        for language, paragraph in compare(smollm2.tokenizer).items():
            assert paragraph["tokens"][name] == len(classic_cut(name, paragraph["text"])), language


def test_a_dropped_character_does_not_shift_the_others(smollm2):
    found = parts(smollm2.tokenizer, "a\x06b", open=["vocabularies"])
    assert found["text"][0]["dropped"] == ["U+0006"]
    apart = parts(smollm2.tokenizer, "a\x06 cat", open=[])["text"][0]
    assert [token["lost"] for token in apart["tokens"]] == [[], ["U+0006"]], "shown where it stood"
    assert parts(smollm2.tokenizer, "a\x06", open=[])["text"][0]["lost_last"] == ["U+0006"]
    assert all(it["ends"][-1] == 2 for it in found["vocabularies"][0]["vocabularies"])


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_entry_of_a_vocabulary(smollm2, name):
    header, arrays = parts(smollm2.tokenizer, "a", open=["vocabulary"], vocabulary=name)["vocabulary"]
    known = smollm2.tokenizer.vocab_size
    if name != "own":
        known = len(classic(name).token_byte_values()) + len(classic(name).special_tokens_set)
    assert len(header["pieces"]) == len(arrays["lengths"]) == len(arrays["ids"]) == known and all(header["pieces"])
    assert "�" not in "".join(header["pieces"])
    for at in header["space"][:50]:
        assert not any(char.isalnum() for char in re.sub("⟨.*?⟩", "", header["pieces"][at]))
    assert header["special"]


def test_a_long_text_travels_as_ids(smollm2):
    text = "The cat sits on the mat. 猫坐在垫子上。\n" * 2500
    header, arrays = parts(smollm2.tokenizer, "a", long=text, open=["long"])["long"]
    ids = smollm2.tokenizer.encode(text)
    np.testing.assert_array_equal(arrays["ids"], ids)
    assert header["pieces"].keys() == set(map(str, ids)) and header["characters"] == len(text)
    assert header["counts"]["r50k_base"] == len(classic_cut("r50k_base", text))
    assert "long" not in parts(smollm2.tokenizer, "a", long=None, open=["long"])
    assert parts(smollm2.tokenizer, "a", long="", open=["long"])["long"][0]["empty"]


def test_letters_are_looked_up():
    tokenizer = load("toy-sort").tokenizer
    found = parts(tokenizer, "dbaca=", long="abc", open=list(SECTIONS))
    assert found["text"][0]["letters"] and all(token["made"] is None for token in found["text"][0]["tokens"])
    chunks = found["merges"][0]["chunks"]
    assert chunks is None or not any(chunk["merges"] for chunk in chunks)
    tokens = found["vocabularies"][0]["paragraphs"]["zh"]["tokens"]
    assert tokens["own"] is None and tokens["o200k_base"] > 10, "what cannot be written is not counted"
