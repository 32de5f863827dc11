"""Overview and Output: what they say is what the model computed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gptviz.numbers import percent
from gptviz.text import LANGUAGES, say
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import address, visit, words

TEXT = "The capital of France is"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_given_away_before_a_guess(language):
    app = visit(text=TEXT, language=language)
    first_choice = say(language, "overview.first_choice", token="·Paris", percent="", vocab_size="")[:6]
    assert first_choice not in words(app)
    app.text_input("overview.guess").set_value("Lyon").run()
    assert "·Lyon" in words(app) and "·Paris" in words(app)
    assert address(app)["overview.guess"] == "Lyon"


def test_a_guess_is_rated_by_the_model(smollm2):
    p = smollm2.trace(TEXT).logits[-1].double().softmax(-1)
    lyon = smollm2.tokenizer.encode(" Lyon")[0]
    rank = int((p > p[lyon]).sum()) + 1
    said = words(visit(text=TEXT, guess="Lyon"))
    assert f"number {rank} of 49,152, at {percent(float(p[lyon]))}" in said
    said = words(visit(text=TEXT, guess="Paris"))
    assert f"same as the model's first choice, at {percent(float(p.max()))}" in said


def test_giving_up_shows_the_answer():
    app = visit(text=TEXT)
    next(b for b in app.button if b.label == say("en", "overview.reveal")).click().run()
    assert "·Paris" in words(app)


def test_words_are_added_taken_back_and_kept_in_the_address(smollm2):
    app = visit(text=TEXT, guess="")
    expected = [step.id for step in smollm2.generate(TEXT, 6, temperature=0)]

    def press(key):
        next(b for b in app.button if b.label == say("en", f"overview.{key}")).click().run()

    press("add_one")
    assert address(app)["overview.added"] == str(expected[0])
    press("add_five")
    assert address(app)["overview.added"] == ".".join(map(str, expected))
    press("take_back")
    assert address(app)["overview.added"] == ".".join(map(str, expected[:-1]))
    press("start_over")
    assert "overview.added" not in address(app)


def test_added_tokens_that_do_not_exist_are_not_followed():
    app = visit(text=TEXT, guess="", added="7042.999999")
    assert not app.error and not app.exception


def test_a_place_that_is_not_there_is_named():
    app = visit("output", text="The cat", cell="blocks.99.resid_post:0", open="lens")
    assert "blocks.99.resid_post:0" in app.info[0].value


def test_swapping_a_word_compares_two_runs(smollm2):
    said = words(visit(text=TEXT, token="3", depth="test", swap="Germany"))
    berlin = smollm2.trace("The capital of Germany is").logits[-1].double().softmax(-1).max()
    assert f":gray-background[·Berlin] ({percent(float(berlin))})" in said
    assert "is **0.0**" in said, "rows before the swap are the same to the last bit"


@pytest.mark.parametrize("at", [0, 3])
def test_output_says_what_came_next(smollm2, at):
    trace = smollm2.trace(TEXT)
    p = trace.logits[at].double().softmax(-1)
    came = trace.ids[at + 1]
    values, parts = shown(visit("output", text=TEXT, token=str(at)))
    assert values["token"] == at and parts.keys() == {"words", "text", "logits"}
    _, arrays = parts["text"]
    assert arrays["bits"][at + 1] == pytest.approx(-math.log2(p[came]), abs=1e-4)
    assert arrays["ranks"][at + 1] == int((p > p[came]).sum()) + 1


def test_the_dot_product_adds_up_to_the_logit(smollm2):
    trace = smollm2.trace(TEXT)
    values, parts = shown(visit("output", text=TEXT, open="number,lens"))
    assert values["open"] == ["number", "lens"] and "lens" in parts
    header, arrays = parts["logits"]
    np.testing.assert_array_equal(arrays["logits"], trace.logits[-1].numpy())
    first = header["named"][0]
    assert arrays["opened"][0] == first == int(trace.logits[-1].argmax())
    products = arrays["rows"].reshape(len(arrays["opened"]), -1)[0] * arrays["h"]
    assert products.sum() == pytest.approx(float(trace.logits[-1].max()), abs=1e-3)


def test_a_start_token_comes_before_the_text(smollm2):
    plain, with_start = (shown(visit("output", text=TEXT, **query))[1]["text"] for query in ({}, {"start": "on"}))
    (name,) = smollm2.pieces([smollm2.checkpoint.bos_id])
    assert plain[0]["start"] == with_start[0]["start"] == with_start[0]["tokens"][0] == name
    assert with_start[0]["tokens"][1:] == plain[0]["tokens"]
    assert np.isnan(plain[1]["bits"][0]) and with_start[1]["bits"][1] > 0
    values, parts = shown(visit("output", text=TEXT, start="at"))
    assert values["start"] == "at" and parts["logits"][0]["position"] == 0
    expected = smollm2.trace([smollm2.checkpoint.bos_id, *smollm2.tokenizer.encode(TEXT)]).logits[0]
    np.testing.assert_allclose(parts["logits"][1]["logits"], expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_replace_the_text(language):
    app = visit("output", text=TEXT, language=language)
    app.button("output.example.toss").click().run()
    assert address(app)["text"].startswith("A spider")
    assert not app.exception


def test_a_link_sets_every_slider():
    filters = {"top_k": "5", "top_p": "0.9", "min_p": "0.1", "repetition_penalty": "1.2"}
    values, _ = shown(visit("output", text=TEXT, temperature="inf", seed="3", **filters))
    assert values["temperature"] == "inf"
    assert [values[name] for name in ("top_k", "top_p", "min_p", "repetition_penalty", "seed")] == [5, 0.9, 0.1, 1.2, 3]


def test_the_temperature_question(smollm2):
    top = smollm2.trace(TEXT).logits[-1].double().topk(2).values
    root = float(torch.exp((top[0] - top[1]) / 2))
    for answer, verdict in (("half", "No"), ("root", "Yes")):
        said = words(visit("output", text=TEXT, depth="test", answer=answer))
        assert f"{verdict}" in said and f"**{root:,.3g}**" in said


def test_a_guess_that_does_not_fit_costs_nothing_but_itself():
    said = words(visit(model="toy-sort", text="hgfedcbahgfedc", guess="ab"))
    assert say("en", "overview.loop") in said and say("en", "overview.map_caption") in said


def test_a_model_without_a_tokenizer_is_followed_by_ids(toy, tmp_path, monkeypatch):
    import shutil

    for name in ("config.json", "model.safetensors"):
        shutil.copy(toy.checkpoint.folder / name, tmp_path / name)
    monkeypatch.setattr("gptviz.ui.state.folders_allowed", lambda: True)
    app = visit(model=str(tmp_path), text="3 1 2", guess="dog")
    assert not app.error and say("en", "overview.map_caption") in words(app)
    app = visit(model=str(tmp_path), text="The cat")
    assert app.error[0].value == say("en", "errors.ids_expected", vocab_size=toy.config.vocab_size)


def test_a_guess_of_several_tokens_is_named_whole():
    said = words(visit(text=TEXT, guess="巴黎"))
    assert "Your **巴黎** takes" in said


def test_once_words_are_added_the_question_is_closed_and_the_rest_is_labelled():
    app = visit(text=TEXT, guess="Lyon", added="7042")
    assert not [field for field in app.text_input if field.key == "overview.guess"]
    assert say("en", "overview.own_text") in words(app)


def test_dropped_letters_are_shown_as_letters():
    assert "Left out" in (said := words(visit(model="toy-sort", text="Hi =dog"))) and "H i U+0020 o" in said
