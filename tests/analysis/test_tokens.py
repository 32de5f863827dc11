"""A text cut in characters, words and tokens, and what is said about it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.analysis.tokens import cut, merged_tokens, text_facts


def test_the_notes_sentence_in_words_is_the_notes_list(smollm2):
    text = cut(smollm2.tokenizer, "The cat sits on the mat.")
    assert text.words == ("The", "cat", "sits", "on", "the", "mat", ".")
    assert [t.id for t in text.tokens] == smollm2.tokenizer.encode("The cat sits on the mat.")
    assert text.split_words == () and text.longest.piece == "·sits"


def test_words_that_take_several_tokens_are_found(smollm2):
    text = cut(smollm2.tokenizer, "an Antidisestablishmentarian isn't easy")
    split = {word.word: word.pieces for word in text.split_words}
    assert set(split) == {"Antidisestablishmentarian", "isn't"}
    assert "".join(split["isn't"]).lstrip("·") == "isn't"
    assert text.most_split.word == "Antidisestablishmentarian"


def test_chinese_characters_and_their_tokens_are_counted(smollm2):
    text = cut(smollm2.tokenizer, "In 法国 ok")
    ids = smollm2.tokenizer.encode(" 法国")
    assert text.n_han == 2 and text.n_han_tokens in (len(ids), len(ids) - 1)  # the space may stand alone
    names = [fact.name for fact in text_facts(smollm2.tokenizer, text)]
    assert "han" in names and "ratio" not in names


def test_only_the_tokens_that_are_followed_are_cut(smollm2):
    text = cut(smollm2.tokenizer, "The cat sits on the mat.", limit=3)
    assert text.text == "The cat sits" and len(text.tokens) == 3


def test_what_the_vocabulary_cannot_hold_is_said(smollm2):
    text = cut(smollm2.tokenizer, "a\x06b")
    assert [d.index for d in text.dropped] == [1]
    assert text_facts(smollm2.tokenizer, text)[-1].values == {"which": ("U+0006",)}


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_cut_and_spoken_of(smollm2, text):
    tokenizer = smollm2.tokenizer
    done = cut(tokenizer, text)
    assert [t.id for t in done.tokens] == tokenizer.encode(text)
    if done.tokens:
        assert text_facts(tokenizer, done)


@given(st.text(alphabet="abcdeéthe 法国了👩\n", max_size=60))
@settings(max_examples=200, deadline=None)
def test_merges_end_in_the_tokens_each_by_its_own_merge(smollm2, text):
    for chunk in smollm2.tokenizer.merge_steps(text):
        tokens = merged_tokens(chunk)
        assert len(tokens) == len(chunk.pieces) - len(chunk.merges)
        assert [token.piece for token in tokens] == smollm2.pieces(chunk.ids)
        last = {merge.id: merge.rank for merge in chunk.merges}
        for token, id in zip(tokens, chunk.ids, strict=True):
            assert token.rank == last.get(id) and (token.rank is None) == (token.left == token.right == "")
