"""Tokens and Embeddings: what they say is what the tokenizer and the matrix say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gptviz.analysis.arithmetic import solve
from gptviz.analysis.geometry import nearest, space_of, token_baseline
from gptviz.text import LANGUAGES, say
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import MODELS, UNEXPECTED, address, visit, words

TEXT = "The cat sits on the mat, unbelievably."


def chart(app, key: str) -> dict:
    """A Plotly chart as it went to the browser."""
    found = [e for e in app.get("plotly_chart") if key in e.proto.id]
    return json.loads(found[0].proto.spec)


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


def test_the_rows_in_the_picture_are_the_rows_of_the_matrix(smollm2):
    app = visit("embeddings", text=TEXT)
    z = chart(app, "embeddings.rows")["data"][0]["z"]
    ids = smollm2.encode(TEXT)
    if isinstance(z, dict):
        import base64

        z = np.frombuffer(base64.b64decode(z["bdata"]), z["dtype"]).reshape(len(ids), -1)
    assert np.allclose(np.array(z, dtype=np.float32), smollm2.model.embed.weight[ids].numpy())


def test_neighbours_of_the_chosen_token_are_its_own(smollm2):
    app = visit("embeddings", text=TEXT, token="1")
    app.segmented_control("embeddings.picture").set_value("neighbours").run()
    labels = chart(app, "embeddings.neighbours")["layout"]["yaxis"]["ticktext"]
    cat = smollm2.tokenizer.id_of(" cat")
    expected = nearest(smollm2, space_of(smollm2).rows[cat], 12, without=[cat])
    assert labels == [n.token for n in expected]
    own = token_baseline(space_of(smollm2), cat)
    assert f"{own.mean:.2f} ± {own.sd:.2f}" in words(app)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", ["rows", "neighbours", "map"])
def test_every_view_opens_for_every_model(view, language, model):
    app = visit("embeddings", language=language, model=model)
    app.segmented_control("embeddings.picture").set_value(view).run()
    assert not app.exception and not app.error
    assert chart(app, f"embeddings.{view}")["data"]


def test_a_group_can_be_marked_on_the_map(smollm2):
    app = visit("embeddings", text=TEXT)
    app.segmented_control("embeddings.picture").set_value("map").run()
    app.button_group("embeddings.group").set_value("numbers").run()
    marked = chart(app, "embeddings.map")["data"][1]["customdata"]
    assert "·seven" in [token for token, _ in marked]


@pytest.mark.parametrize("language", LANGUAGES)
def test_word_arithmetic_is_said_as_it_is(smollm2, language):
    app = visit("embeddings", language=language, depth="test", analogy="Paris - France + Italy = Rome")
    result = solve(smollm2, "Paris - France + Italy = Rome")
    said = words(app)
    assert result.rank > 1 and f" {result.rank}" in said.replace("**", "")
    assert app.table[0].value.iloc[0, 1] == ":gray-background[·Paris]"
    app.toggle("embeddings.without").set_value(True).run()
    assert app.table[0].value.iloc[0, 1] == f":gray-background[{result.first.token}]"


@pytest.mark.parametrize(
    "formula", ["", "king - king", "king man", "xyzzyplugh + a", "king =", "<b> + king", "$x$", "a - b + " * 20]
)
def test_a_formula_that_leads_nowhere_gets_a_sentence(formula):
    app = visit("embeddings", depth="test")
    app.text_input("embeddings.analogy").set_value(formula).run()
    assert not app.exception and not app.error
    assert len(app.info) == 1 and UNEXPECTED not in words(app)
    assert app.text_input("embeddings.analogy").value == formula[:200]


def test_an_example_becomes_the_formula():
    app = visit("embeddings", depth="test")
    app.button_group("embeddings.examples.analogy").set_value("uncle - man + woman = aunt").run()
    assert app.text_input("embeddings.analogy").value == "uncle - man + woman = aunt"
    assert app.query_params["analogy"] in ("uncle - man + woman = aunt", ["uncle - man + woman = aunt"])


def test_notes_count_both_matrices(smollm2):
    table = visit("embeddings", depth="notes").table[0].value
    assert list(table.iloc[2, 1:]) == [f"{smollm2.model.embed.weight.numel():,}", f"{50257 * 12288:,}"]
