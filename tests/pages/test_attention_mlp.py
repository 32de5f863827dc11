"""The attention and MLP pages: what they open on, what they say, and what their tests compute."""

from __future__ import annotations

import pytest

from gptviz.figures.predictions import percent
from gptviz.interventions import Scale, Set
from gptviz.text import LANGUAGES, say
from tests.pages.test_pages import address, visit, words

EVERYTHING = "open,test,notes"
CAPITAL = "The capital of France is"


def choose(app, key: str, value: object):
    """Choose in a segmented control."""
    return app.get("button_group")[[g.key for g in app.get("button_group")].index(key)].set_value(value).run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_attention_opens_on_a_head_that_does_something(language, smollm2):
    app = visit("attention", text=CAPITAL, language=language)
    assert (app.selectbox("attention.layer").value, app.selectbox("attention.head").value) == (16, 0)
    rows = smollm2.trace(CAPITAL, names="blocks.16.attn.pattern")["blocks.16.attn.pattern"][0]
    share = percent(float(rows.diagonal(-1)[1:].mean()))
    assert say(language, "attention.habit.previous", name="16.0", share=share, rows=3) in words(app)
    assert "228" in words(app) and "270" in words(app)


def test_a_sentence_leads_to_its_head():
    app = visit("attention", text=CAPITAL)
    app.button("attention.show.23.4").click().run()
    assert (app.selectbox("attention.layer").value, app.selectbox("attention.head").value) == (23, 4)
    assert address(app) == {"text": CAPITAL, "layer": "23", "head": "4"}


@pytest.mark.parametrize("model", ["smollm2-135m", "toy-sort"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_both_pages_opens(model, language):
    app = visit("attention", model=model, language=language, depth=EVERYTHING)
    for stage in ("scaled", "masked", "pattern"):
        choose(app, "attention.stage", stage)
        assert not app.exception and not app.error
    app.toggle("attention.hide").set_value(True).run()
    for part in ("cell", "heads", "code"):
        choose(app, "attention.attention_part", part)
        assert not app.exception and not app.error
    app = visit("mlp", model=model, language=language, depth=EVERYTHING)
    for part in ("curve", "neuron", "layers", "code"):
        choose(app, "mlp.mlp_part", part)
        assert not app.exception and not app.error


@pytest.mark.parametrize("text", ["Hi", "Hi there", "<img src=x onerror=alert(1)> $x$ **b** 👩‍🚀 法国", "a " * 300])
def test_any_text(text):
    for page in ("attention", "mlp"):
        app = visit(page, text=text, depth=EVERYTHING)
        assert not app.exception and not app.error
        app = visit(page, text=text, depth=EVERYTHING, token="0")
        assert not app.exception and not app.error


def test_cell_shows_the_traces_numbers(smollm2):
    app = visit("attention", text=CAPITAL, layer="23", head="4", depth="open")
    choose(app, "attention.attention_part", "cell")
    stages = smollm2.trace(CAPITAL).attention(23)
    for values in (stages.dot, stages.scaled, stages.pattern):
        assert f"{float(values[4, 4, 3]):.4f}" in words(app)


def test_switching_a_head_off_is_the_model_without_it(smollm2):
    app = visit("attention", text=CAPITAL, layer="23", head="4", depth="test")
    app.toggle("attention.off").set_value(True).run()
    paris = smollm2.tokenizer.id_of(" Paris")
    off = smollm2.trace(CAPITAL, names="logits", interventions=[Scale("blocks.23.attn.z", 0.0, heads=4)])
    assert f"**{percent(float(off.logits[-1].softmax(-1)[paris]))}**" in words(app)


def test_mlp_opens_where_it_helps_and_silences_neurons(smollm2):
    app = visit("mlp", text=CAPITAL, depth="test")
    assert app.selectbox("mlp.layer").value == 24
    assert "24.1005" in words(app)
    app.toggle("mlp.silent").set_value(True).run()
    paris = smollm2.tokenizer.id_of(" Paris")
    silent = [Set("blocks.24.mlp.post", 0.0, positions=4, neurons=1005)]
    after = smollm2.trace(CAPITAL, names="logits", interventions=silent).logits[-1].softmax(-1)[paris]
    assert f"**{percent(float(after))}**" in words(app)


def test_first_token_is_said_to_be_special_only_where_it_is():
    special = say("en", "mlp.first_token", stream="|", median="|").split("|")[0]
    assert special in words(visit("mlp", text=CAPITAL, token="0", layer="12"))
    assert special not in words(visit("mlp", text=CAPITAL, token="3", layer="12"))
    assert special not in words(visit("mlp", model="toy-sort", token="0", layer="1"))
