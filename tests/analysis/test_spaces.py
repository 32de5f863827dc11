"""Spaces, and the words that have a place in them."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest
import torch

from gptviz.analysis.spaces import Space, open_space
from gptviz.errors import InputError
from tests.small_models import CONFIGS, random_llm


def test_words_get_their_space(smollm2):
    tokenizer, space = smollm2.tokenizer, open_space(smollm2)
    assert space.find("cat") == space.find("·cat") == tokenizer.id_of(" cat")
    assert space.known(["cat", "antidisestablishment", "cat", "dog"]) == [
        tokenizer.id_of(" cat"),
        tokenizer.id_of(" dog"),
    ]
    assert space.rows_of("·") == (tokenizer.id_of(" "),), "a space is a token too"


def test_a_word_of_several_pieces_is_their_mean_if_asked(smollm2):
    space, rows = open_space(smollm2), smollm2.model.embed.weight
    assert space.rows_of("unbelievable") == tuple(smollm2.tokenizer.encode_inside("unbelievable"))
    with pytest.raises(InputError) as caught:
        space.word("unbelievable")
    assert caught.value.code == "word_of_several_tokens"
    word = space.word("unbelievable", mean=True)
    assert word.id is None and "".join(word.pieces) == "·unbelievable"
    assert torch.equal(word.vector, rows[list(word.rows)].mean(0))
    one = space.word("cat", mean=True)
    assert one.id == space.find("cat") and torch.equal(one.vector, rows[one.id])


def test_what_a_vocabulary_cannot_write_has_no_row(smollm2):
    space = open_space(smollm2)
    for word in ("\x06", "", "a\x06"):
        assert space.rows_of(word) == ()
        with pytest.raises(InputError) as caught:
            space.word(word, mean=True)
        assert caught.value.code == "word_not_in_vocabulary"


def test_letters_are_words_of_a_model_that_has_only_letters(toy):
    assert open_space(toy).known(["a", "b", "ab"]) == [toy.tokenizer.id_of("a"), toy.tokenizer.id_of("b")]


def test_rows_without_words_have_numbers():
    space = Space(torch.eye(3))
    assert space.pieces([2]) == ["2"] and space.find("2") == 2 and space.rows_of("3") == space.rows_of("x") == ()


def test_the_unembedding_is_a_space_of_its_own_where_it_is_untied():
    llm = random_llm(replace(CONFIGS["gpt2"], tied=False))
    assert torch.equal(open_space(llm, "output").rows, llm.model.unembed.weight)
    assert torch.equal(open_space(llm, "input").rows, llm.model.embed.weight)
    assert open_space(llm) is open_space(llm, "input") is not open_space(llm, "output")


def test_a_space_goes_with_its_model():
    llm = random_llm(CONFIGS["gpt2"])
    model = weakref.ref(llm.model)
    open_space(llm)
    del llm
    gc.collect()
    assert model() is None
