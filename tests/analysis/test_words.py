"""What readers type, read."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.analysis.spaces import open_space
from gptviz.analysis.words import parse, split_words, typed_word, typed_words, word_ids
from gptviz.errors import InputError
from tests.small_models import CONFIGS, random_llm


def test_lists_of_words():
    assert split_words("cat, dog;cat\n mouse、bird") == ["cat", "dog", "mouse", "bird"]
    assert len(split_words(" ".join(map(str, range(10_000))))) == 200


def test_words_are_one_token_or_the_mean_of_several_or_not_there(smollm2):
    space, tokenizer = open_space(smollm2), smollm2.tokenizer
    (one, several), troubles = typed_words(space, "dog, unbelievable \x06 dog")
    assert one.rows == (tokenizer.id_of(" dog"),) and one.text == "dog"
    assert len(several.rows) > 1 and tokenizer.decode(several.rows) == " unbelievable"
    assert torch.equal(several.vector, smollm2.model.embed.weight[list(several.rows)].mean(0))
    assert troubles == [("\x06", "unknown"), ("dog", "twice")]
    assert typed_words(space, "dog", known=one.rows) == ([], [("dog", "twice")])
    assert typed_words(space, " , ") == ([], [])
    taken, (twice, more) = typed_words(space, "a b c d e f g h i j k a" + " a" * 88)
    assert len(taken) == 11 and twice == ("a", "twice") and more == ("88", "beyond")


def test_a_number_names_a_row(smollm2):
    space = open_space(smollm2)
    assert typed_word(space, "#17").rows == (17,)
    assert typed_word(space, "·Cat").rows == (smollm2.tokenizer.id_of(" Cat"),)
    for unknown in ("#49152", "", "\x06"):
        with pytest.raises(InputError):
            typed_word(space, unknown)


def test_without_a_tokenizer_words_are_ids():
    space = open_space(random_llm(CONFIGS["gpt2"]))
    words, troubles = typed_words(space, "5 96 97 cat -1")
    assert [word.rows for word in words] == [(5,), (96,)] and [word.pieces for word in words] == [("5",), ("96",)]
    assert troubles == [("97", "unknown"), ("cat", "unknown"), ("-1", "unknown")]


def test_a_word_of_ones_own(smollm2):
    encode = smollm2.tokenizer.encode
    text = encode("The cat sits on")
    assert word_ids(smollm2, text, "the") == encode(" the"), "a space is put before it where that is likelier"
    assert word_ids(smollm2, text, " the") == encode(" the")
    assert word_ids(smollm2, encode("un"), "believable") == smollm2.tokenizer.encode_part("believable")
    with pytest.raises(InputError) as caught:
        word_ids(smollm2, text, "")
    assert caught.value.code == "empty_word"


def test_a_word_without_a_tokenizer_is_a_row_of_ids():
    llm = random_llm(CONFIGS["llama"])
    assert word_ids(llm, [3, 1], "5, 7") == [5, 7]
    for wrong in ("five", "5 -1", str(llm.config.vocab_size)):
        with pytest.raises(InputError):
            word_ids(llm, [3, 1], wrong)


def test_formulas_are_read():
    assert parse("king - man + woman") == ([(1, "king"), (-1, "man"), (1, "woman")], None)
    assert parse("king−man+woman=queen") == ([(1, "king"), (-1, "man"), (1, "woman")], "queen")
    assert parse(" cat ") == ([(1, "cat")], None)
    assert parse("-cat＋dog") == ([(-1, "cat"), (1, "dog")], None)


def test_factors():
    assert parse("2 king - 0.5*man + woman = queen") == ([(2, "king"), (-0.5, "man"), (1, "woman")], "queen")
    assert parse("- 3d + 2 + 1.5 cat") == ([(-1, "3d"), (1, "2"), (1.5, "cat")], None)
    for wrong in ("99999 cat", "a + " * 40 + "a"):
        with pytest.raises(InputError):
            parse(wrong)


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


@given(st.text(alphabet="0123456789.*× kingma+-=", max_size=24))
@settings(max_examples=300)
def test_numbers_never_break_a_formula(text):
    try:
        terms, _ = parse(text)
    except InputError as error:
        assert error.text("en") and error.text("zh")
    else:
        assert all(word.strip() and abs(factor) <= 1000 for factor, word in terms)
