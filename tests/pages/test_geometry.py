"""The page Meaning as geometry."""

from __future__ import annotations

import pytest

from gptviz.analysis.meaning import gallery
from gptviz.analysis.spaces import open_space
from gptviz.checkpoints import vectors
from gptviz.text import LANGUAGES, say
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import MODELS, address, visit, words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", MODELS)
def test_every_part_opens_for_every_model(language, model):
    app = visit("geometry", language=language, model=model, corners="gallery,direction,cloud", depth="open,test,notes")
    values, parts = shown(app)
    assert not app.exception and not app.error
    assert {"text", "formula", "direction", "cloud"} <= parts.keys()
    assert ("gallery" in parts) == parts["text"][0]["words"] == (model != "toy-sort")
    assert values["open"] == ["gallery", "direction", "cloud"]


def test_a_link_brings_the_formula_and_its_space():
    formula = "Paris - France + Italy = Rome"
    values, parts = shown(visit("geometry", analogy=formula, without="1", dims="3", cloud="near"))
    assert (values["formula"], values["without"], values["dims"]) == (formula, True, 3)
    assert parts["formula"][0]["verdict"] == "fails" and parts["formula"][0]["rank"] > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_glove_the_page_works_and_offers_it(monkeypatch, language):
    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    app = visit("geometry", space="glove", language=language)
    values, _ = shown(app)
    assert values["space"] == "input" and len(app.info) == 1
    assert say(language, "geometry.glove.button") in [button.label for button in app.button]


def test_the_question_is_answered_by_the_families(smollm2):
    examples = [one for family in gallery(open_space(smollm2, "input")).values() for one in family]
    earned = sum(one.verdict == "earned" for one in examples)
    app = visit("geometry", depth="test", share="most")
    said = words(app)
    assert f"{earned} of {len(examples)}" in said
    assert say("en", "geometry.test.wrong", earned="", count="", free="")[:7] in said
    assert address(app)["share"] == "most"
