"""Tokens and Embeddings: what they say is what the tokenizer and the matrix say."""

from __future__ import annotations

import numpy as np
import pytest

from gptviz.analysis.embeddings import candidates
from gptviz.analysis.nearness import nearest_by
from gptviz.analysis.spaces import open_space
from gptviz.text import LANGUAGES, say
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import MODELS, UNEXPECTED, address, visit, words

TEXT = "The cat sits on the mat, unbelievably."


def check(app, text: str, guess: int | None):
    """What pressing the form's button leaves behind: after switch_page, AppTest loses the click itself."""
    app.session_state["tokens.checked"] = (text, guess)
    return app.run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_are_shown_with_their_ids(smollm2, language):
    values, parts = shown(visit("tokens", text=TEXT, language=language))
    header = parts["text"][0]
    assert parts.keys() == {"text"} and header["language"] == language
    assert [token["id"] for token in header["tokens"]] == smollm2.encode(TEXT)
    pieces = [token["piece"] for token in header["tokens"]]
    assert values["open"] == [] and len(pieces[values["token"]]) == max(map(len, pieces))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_the_tokens_view_opens(language, model):
    app = visit("tokens", language=language, model=model, cuts="merges,vocabularies,vocabulary,long", find="/a+/")
    values, parts = shown(app)
    assert parts.keys() == {"text", "merges", "vocabularies", "vocabulary"} and values["find"] == "/a+/"
    assert not app.exception and not app.error


@pytest.mark.parametrize("text", ["", "\x06", "<|im_end|>", "👩‍🚀 שלום <script>", "床前明月光", "a" * 4000])
def test_any_prompt_can_be_cut(text):
    app = visit("tokens", text=text, cuts="merges,vocabularies")
    assert not app.exception and UNEXPECTED not in words(app)


def test_an_example_replaces_the_text():
    app = visit("tokens", text=TEXT)
    app.button("tokens.example.numbers").click().run()
    assert "1969" in address(app)["text"]


def test_a_guess_of_the_count_is_checked(smollm2):
    app = visit("tokens", depth="test")
    own = "hello tokenizers"
    n = len(smollm2.encode(own))
    check(app, own, n)
    assert say("en", "tokens.test.exact", count=n) in words(app)
    check(app, own, n + 3)
    assert say("en", "tokens.test.off", count=n, guess=n + 3) in words(app)


@pytest.mark.parametrize("text", ["", "   ", "\x06", "<|im_end|>", "[x](y) $a$ :cat: `b`", "床前明月光", "a" * 4000])
def test_any_text_may_be_tried(text):
    app = visit("tokens", depth="test")
    check(app, text, None)
    assert not app.exception and not app.error and UNEXPECTED not in words(app)


def test_a_cut_text_is_followed_as_far_as_it_goes(monkeypatch, smollm2):
    monkeypatch.setenv("GPTVIZ_MAX_TOKENS", "4")
    app = visit("tokens", text=TEXT, depth="open,test,notes")
    assert f"[:4]\n# {smollm2.encode(TEXT)[:4]}" in app.code[0].value


def test_the_rows_that_are_looked_up_are_the_rows_of_the_matrix(smollm2):
    values, parts = shown(visit("embeddings", text=TEXT, token="1"))
    header, arrays = parts["text"]
    ids = smollm2.encode(TEXT)
    np.testing.assert_array_equal(arrays["rows"].reshape(len(ids), -1), smollm2.model.embed.weight[ids].float())
    assert parts.keys() == {"text", "row"} and values["token"] == 1
    assert parts["row"][0]["id"] == ids[1] and parts["row"][0]["difference"] == 0
    assert header["rotary"] and header["rows"] == smollm2.config.vocab_size


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_the_embeddings_opens(language, model):
    app = visit("embeddings", language=language, model=model, rows="alike,near,position", depth="open,test,notes")
    _, parts = shown(app)
    assert not app.exception and not app.error
    kind = "learned" if model == "toy-sort" else "rotary"
    assert parts["position"][0]["kind"] == kind and len(parts["near"][0]["near"]) > 5


def test_neighbours_of_a_word_of_ones_own(smollm2):
    _, parts = shown(visit("embeddings", text=TEXT, rows="near", near="dog", measure="distance"))
    where = open_space(smollm2, "input")
    dog = where.find("dog")
    expected = nearest_by(where, "distance", where.space.rows[dog], 40, [dog])
    assert [one["id"] for one in parts["near"][0]["near"]] == [one.id for one in expected]


def test_the_question_names_the_nearest(smollm2):
    cat = smollm2.tokenizer.id_of(" cat")
    offered = candidates(smollm2, cat)
    best = max(range(3), key=lambda n: offered[n].cosine)
    for answer in range(3):
        said = words(visit("embeddings", text=TEXT, token="1", depth="test", nearest=str(answer)))
        assert ("**Yes**" in said) == (answer == best) and f"{offered[best].cosine:.2f}" in said


def test_notes_count_both_matrices(smollm2):
    table = visit("embeddings", depth="notes").table[0].value
    assert list(table.iloc[2, 1:]) == [f"{smollm2.model.embed.weight.numel():,}", f"{50257 * 12288:,}"]
