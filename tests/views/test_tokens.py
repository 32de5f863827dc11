"""The parts of the tokens view, against the tokenizer."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.analysis.openai_encodings import CLASSICS, classic, classic_cut
from gptviz.errors import InputError
from gptviz.llm import load
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.kit.kinds import clean
from gptviz.views.kit.wire import unpack
from gptviz.views.tokens import SECTIONS, STOP, VOCABULARIES
from gptviz.views.tokens.answer import answer
from gptviz.views.tokens.parts import compare

TEXT = "Unbelievably, 2026 猫 <|im_end|> 👩‍🚀"


def answer_of(llm, text, **chosen) -> Answer:
    text = clean(text)
    choices = STOP.defaults() | STOP.from_json({"text": text} | chosen)
    return answer(Asked(llm, tuple(llm.tokenizer.encode(text)), choices, 256, None, None, None))


def parts(llm, text, **chosen):
    return {name: unpack(part) for name, part in answer_of(llm, text, **chosen).parts.items()}


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
    text = clean(text)
    found = parts(smollm2, text if smollm2.encode(text) else "a", open=["merges"])
    header, tokens = found["merges"][0], found["text"][0]["tokens"]
    pieces = [piece for chunk in header["chunks"] for piece in after(chunk, len(chunk["merges"]))]
    assert [token["piece"] for token in tokens] == pieces
    assert [token["id"] for token in tokens] == [id for chunk in header["chunks"] for id in chunk["ids"]]
    for chunk in header["chunks"]:
        ranks = [merge[0] for merge in chunk["merges"]]
        assert ranks == sorted(ranks), "lowest first, in a chunk as in the whole text"
    assert "�" not in "".join(pieces) or "�" in text


def test_what_made_each_token_is_its_last_merge(smollm2):
    tokens = parts(smollm2, TEXT, open=[])["text"][0]["tokens"]
    merged = [token for token in tokens if token["made"]]
    assert [token["piece"] for token in tokens].count("2") == 2, "digits stand alone"
    whole = [token for token in merged if not any("⟨" in piece for piece in (*token["made"][1:], token["piece"]))]
    assert len(whole) >= 3 and all(token["made"][1] + token["made"][2] == token["piece"] for token in whole)
    assert all(bytes.fromhex(token["bytes"]) == smollm2.tokenizer.token_bytes(token["id"]) for token in tokens)
    assert [token["id"] for token in tokens if token["special"]] == [2]


def test_vocabularies_side_by_side(smollm2):
    text = "Unbelievably, 2026 猫"
    found = parts(smollm2, text, open=["vocabularies"])["vocabularies"][0]
    assert [it["name"] for it in found["vocabularies"]] == list(VOCABULARIES)
    for it in found["vocabularies"]:
        assert it["ends"][-1] == len(text.encode()) and len(it["ends"]) == len(it["ids"]) == len(it["pieces"])
        if it["name"] != "own":
            assert it["ids"] == classic(it["name"]).encode_ordinary(text)
    for name in CLASSICS:
        for language, paragraph in compare(smollm2.tokenizer).items():
            assert paragraph["tokens"][name] == len(classic_cut(name, paragraph["text"])), language


def test_a_dropped_character_does_not_shift_the_others(smollm2):
    found = parts(smollm2, "a\x06b", open=["vocabularies"])
    assert found["text"][0]["dropped"] == ["U+0006"]
    apart = parts(smollm2, "a\x06 cat", open=[])["text"][0]
    assert [token["lost"] for token in apart["tokens"]] == [[], ["U+0006"]], "shown where it stood"
    assert parts(smollm2, "a\x06", open=[])["text"][0]["lost_last"] == ["U+0006"]
    assert all(it["ends"][-1] == 2 for it in found["vocabularies"][0]["vocabularies"])


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_entry_of_a_vocabulary(smollm2, name):
    header, arrays = parts(smollm2, "a", open=["vocabulary"], vocabulary=name)["vocabulary"]
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
    header, arrays = parts(smollm2, "a", long=text, open=["long"])["long"]
    ids = smollm2.tokenizer.encode(text)
    np.testing.assert_array_equal(arrays["ids"], ids)
    assert header["pieces"].keys() == set(map(str, ids)) and header["characters"] == len(text)
    assert header["counts"]["r50k_base"] == len(classic_cut("r50k_base", text))
    assert "long" not in parts(smollm2, "a", long=None, open=["long"])
    assert parts(smollm2, "a", long="", open=["long"])["long"][0]["empty"]


def test_letters_are_looked_up():
    found = parts(load("toy-sort"), "dbaca=", long="abc", open=list(SECTIONS))
    assert found["text"][0]["letters"] and all(token["made"] is None for token in found["text"][0]["tokens"])
    chunks = found["merges"][0]["chunks"]
    assert chunks is None or not any(chunk["merges"] for chunk in chunks)
    tokens = found["vocabularies"][0]["paragraphs"]["zh"]["tokens"]
    assert tokens["own"] is None and tokens["o200k_base"] > 10, "what cannot be written is not counted"


def test_the_longest_token_is_chosen_until_the_reader_chooses(smollm2):
    text = "A cat unbelievably sat"
    pieces = smollm2.pieces(smollm2.encode(text))
    longest = max(range(len(pieces)), key=lambda at: len(pieces[at]))
    assert answer_of(smollm2, text).choices["token"] == longest
    assert answer_of(smollm2, text, token=0).choices["token"] == 0


def test_a_long_text_given_again_is_another_answer_and_cut_once(smollm2, monkeypatch):
    first = answer_of(smollm2, "a", long="The cat sits.", given=1, open=["long"]).parts["long"]
    monkeypatch.setattr(smollm2.tokenizer, "encode_part", None)
    again = answer_of(smollm2, "a", long="The cat sits.", given=2, open=["long"]).parts["long"]
    assert first != again and unpack(again)[0] == unpack(first)[0] | {"given": 2}


def test_a_text_of_the_readers_own_is_counted_when_the_test_is_open(smollm2):
    own = "Unbelievably\x06 long"
    assert "test" not in answer_of(smollm2, "a", tried=own).facts
    assert "test" not in answer_of(smollm2, "a", depth=["test"]).facts
    test = answer_of(smollm2, "a", tried=own, depth=["test"]).facts["test"]
    assert test["pieces"] == smollm2.pieces(smollm2.encode(own)) and test["limit"] is None
    assert test["most"]["word"] == "Unbelievably" and test["dropped"]["name"] == "dropped"
    long = answer_of(smollm2, "a", tried="a " * 2000, depth=["test"]).facts["test"]
    assert len(long["pieces"]) == long["limit"] == 2000


def test_a_text_without_tokens_is_refused(smollm2):
    with pytest.raises(InputError):
        answer_of(smollm2, "\x06")


def test_a_model_without_a_tokenizer_has_nothing_to_cut(tiny):
    found = answer(Asked(tiny, (5, 6), STOP.defaults(), 256, None, None, None))
    assert not found.parts and found.choices.keys() == STOP.by_name.keys()
