"""Tokens and Embeddings: what they say is what the tokenizer and the matrix say."""

from __future__ import annotations

import numpy as np
import pytest

from gptviz.analysis.embeddings import most_alike
from gptviz.analysis.similarity import neighbours
from gptviz.analysis.spaces import open_space
from gptviz.text import LANGUAGES, say
from gptviz.views.embeddings.parts import NEIGHBOURS
from gptviz.views.stops import STOPS
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import MODELS, UNEXPECTED, address, visit, words

TEXT = "The cat sits on the mat, unbelievably."


def check(app, text: str, guess: int | None):
    """What pressing the form's button leaves behind: after switch_page, AppTest loses the click itself."""
    session = app.session_state["gptviz"]
    session.state = session.state.with_({"tokens.tried": text, "tokens.guess": guess})
    return app.run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_are_shown_with_their_ids(smollm2, language):
    values, parts = shown(visit("tokens", text=TEXT, language=language))
    header = parts["text"][0]
    assert parts.keys() == {"words", "text"} and parts["words"][0]["language"] == language
    assert [token["id"] for token in header["tokens"]] == smollm2.encode(TEXT)
    pieces = [token["piece"] for token in header["tokens"]]
    assert values["open"] == [] and len(pieces[values["token"]]) == max(map(len, pieces))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_the_tokens_view_opens(language, model):
    opened = {"tokens.open": ",".join(STOPS["tokens"].own["open"].kind.options), "tokens.find": "/a+/"}
    app = visit("tokens", language=language, model=model, **opened)
    values, parts = shown(app)
    assert parts.keys() == {"words", "text", "merges", "vocabularies", "vocabulary"} and values["find"] == "/a+/"
    assert not app.exception and not app.error


@pytest.mark.parametrize("text", ["", "\x06", "<|im_end|>", "👩‍🚀 שלום <script>", "床前明月光", "a" * 4000])
def test_any_prompt_can_be_cut(text):
    app = visit("tokens", text=text, **{"tokens.open": "merges,vocabularies"})
    assert not app.exception and UNEXPECTED not in words(app)


def test_an_example_replaces_the_text():
    app = visit("tokens", text=TEXT)
    app.button("tokens.example.numbers").click().run()
    assert "1969" in address(app)["text"]


def test_a_guess_of_the_count_is_checked(smollm2):
    app = visit("tokens", **{"tokens.depth": "test"})
    own = "hello tokenizers"
    n = len(smollm2.encode(own))
    check(app, own, n)
    assert say("en", "tokens.test.exact", count=n) in words(app)
    check(app, own, n + 3)
    assert say("en", "tokens.test.off", count=n, guess=n + 3) in words(app)


@pytest.mark.parametrize("text", ["", "   ", "\x06", "<|im_end|>", "[x](y) $a$ :cat: `b`", "床前明月光", "a" * 4000])
def test_any_text_may_be_tried(text):
    app = visit("tokens", **{"tokens.depth": "test"})
    check(app, text, None)
    assert not app.exception and not app.error and UNEXPECTED not in words(app)


def test_a_cut_text_is_followed_as_far_as_it_goes(monkeypatch, smollm2):
    monkeypatch.setenv("GPTVIZ_MAX_TOKENS", "4")
    app = visit("tokens", text=TEXT, **{"tokens.depth": "open,test,notes"})
    assert f"[:4]\n# {smollm2.encode(TEXT)[:4]}" in app.code[0].value


def test_the_rows_that_are_looked_up_are_the_rows_of_the_matrix(smollm2):
    values, parts = shown(visit("embeddings", text=TEXT, token="1"))
    header, arrays = parts["text"]
    np.testing.assert_array_equal(arrays["rows"], smollm2.model.embed.weight[header["different"]].float())
    assert parts.keys() == {"words", "text"} and values["token"] == 1 and header["ids"] == smollm2.encode(TEXT)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_the_embeddings_opens(language, model):
    opened = "product,similarity,neighbours,position"
    query = {"embeddings.open": opened, "embeddings.depth": "open,test,notes"}
    app = visit("embeddings", language=language, model=model, **query)
    _, parts = shown(app)
    assert not app.exception and not app.error and UNEXPECTED not in words(app)
    kind = "learned" if model == "toy-sort" else "rotary"
    assert parts.keys() == {"words", "text", "product", "compared", "chance", "neighbours", kind}
    assert len(parts["neighbours"][0]["found"]["dot"]) > 5


def test_neighbours_of_a_word_of_ones_own(smollm2):
    query = {"embeddings.open": "neighbours", "embeddings.near": "dog", "embeddings.measure": "distance"}
    _, parts = shown(visit("embeddings", text=TEXT, **query))
    space, dog = open_space(smollm2), smollm2.tokenizer.id_of(" dog")
    expected = neighbours(space, space.rows[dog], NEIGHBOURS, [dog])["distance"]
    assert [one["id"] for one in parts["neighbours"][0]["found"]["distance"]] == [one.id for one in expected]


@pytest.mark.parametrize(
    "asked",
    [
        {"embeddings.near": "\x06"},
        {"embeddings.near": "#999999"},
        {"embeddings.near": "<b>$x$</b>"},
        {"embeddings.words": "cat cat \x06 unbelievable ,,"},
        {"embeddings.pair": "99.99"},
        {"embeddings.positions": "3.9"},
        {"embeddings.alike": "49151"},
        {"key": "77", "layer": "99", "head": "99"},
        {"text": "a"},
    ],
)
def test_what_leads_nowhere_breaks_nothing(asked):
    opened = {"embeddings.open": "similarity,neighbours,position", "embeddings.depth": "test"}
    link = {"text": TEXT} | opened | asked
    app = visit("embeddings", **link)
    assert not app.exception and not app.error and UNEXPECTED not in words(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guess_who_is_alike_is_judged_by_the_cosine(smollm2, language):
    ids = smollm2.encode(TEXT)
    others = [i for i in dict.fromkeys(ids) if i != ids[1]][:6]
    best, cosines = most_alike(smollm2, ids[1], others)
    for guess in others[:3]:
        asked = {"token": "1", "embeddings.depth": "test", "embeddings.alike": str(guess)}
        said = words(visit("embeddings", text=TEXT, language=language, **asked))
        right = say(language, "embeddings.test.right", best="", cosine="")[:2]
        assert f"{cosines[best]:.2f}" in said
        assert (f"\n{right}" in said) == (guess == best)


def test_notes_count_both_matrices(smollm2):
    table = visit("embeddings", **{"embeddings.depth": "notes"}).table[0].value
    assert list(table.iloc[2, 1:]) == [f"{smollm2.model.embed.weight.numel():,}", f"{50257 * 12288:,}"]
