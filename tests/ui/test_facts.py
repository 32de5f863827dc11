"""What a page says of a fact: every kind of value in its own way."""

from __future__ import annotations

import json

import pytest

from gptviz import text
from gptviz.analysis.facts import Fact, HeadName, Id, Length, Position, Push, Rounded, Share, Text
from gptviz.engine import LocalEngine, Question
from gptviz.text import LANGUAGES
from gptviz.ui import facts

TOKENS = ["The", "·cat", "·and", "·the", "·cat"]
WORDS = {"some.head": "Head {{name}}", "ui.comma": ", "}

# Of each kind: a value, how JSON has it, and the markdown that says it.
KINDS = [
    (Share(0.7749), {"share": 0.7749}, "77\u00a0%"),
    (Length(25123.4), {"length": 25123.4}, "25,123"),
    (Length(0.01234), {"length": 0.01234}, "0.0123"),
    (Push(-0.503), {"push": -0.503}, "−0.50"),
    (Rounded(12345.67, 1), {"number": 12345.67, "digits": 1}, "12,345.7"),
    (-0.001, {"number": -0.001, "digits": 2}, "0.00"),
    (49152, {"count": 49152}, "49,152"),
    (Id(49151), {"id": 49151}, "49151"),
    (Position(3), {"token": 3}, ":violet-background[·the]"),
    (HeadName(11, 3), {"head": [11, 3]}, "Head 11.3"),
    (Text("2*3"), {"text": "2*3"}, r"2\*3"),
    ("·a*b", {"piece": "·a*b"}, r":gray-background[·a\*b]"),
    (("·a", "b"), {"pieces": ["·a", "b"]}, ":gray-background[·a] :gray-background[b]"),
    (
        (("·a", Push(0.5)), (Text("A–B"), 0.25)),
        {"list": [[{"piece": "·a"}, {"push": 0.5}], [{"text": "A–B"}, {"number": 0.25, "digits": 2}]]},
        ":gray-background[·a] +0.50, A–B 0.25",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("value", "plain", "markdown"), KINDS)
def test_every_kind_of_value_is_said_in_its_own_way(monkeypatch, value, plain, markdown):
    fact = Fact("told", {"value": value}).plain()
    assert fact == {"name": "told", "values": {"value": plain}} == json.loads(json.dumps(fact))
    known = {f"some.{key}": template for key, template in WORDS.items()}
    monkeypatch.setattr(text, "table", lambda language: {"some.look.told": "**{{value}}**!", **WORDS, **known})
    assert facts.sentence(fact, TOKENS, "en", "some") == f"**{markdown}**!"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_token_that_stands_twice_is_told_by_its_position(language):
    fact = Fact("certain", {"token": Position(4), "other": Position(0)}).plain()
    said = facts.sentence(fact, TOKENS, language, "output")
    assert (
        text.say(language, "ui.position", position=4) in said
        and text.say(language, "ui.position", position=0) not in said
    )


def test_a_kind_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="no kind"):
        facts.sentence({"name": "repeats", "values": {"period": {"weight": 3}}}, TOKENS, "en", "generate")


@pytest.mark.parametrize("model", ["smollm2", "toy"])
@pytest.mark.parametrize("stop", ["tokens", "embeddings", "attention", "output", "generate", "geometry"])
def test_what_a_stop_has_to_say_fits_its_sentences(request, model, stop):
    llm = request.getfixturevalue(model)
    ids = tuple(llm.encode("dbaca=" if model == "toy" else "The cat sat on the mat, and the cat"))
    engine = LocalEngine(lambda name, progress: llm, through_bytes=True)
    answer = engine.ask(Question(stop, llm.name, ids))
    assert answer.facts["look"]
    for fact in answer.facts["look"]:
        said = [facts.sentence(fact, llm.pieces(ids), language, stop) for language in LANGUAGES]
        assert all(said) and not any("{" in sentence for sentence in said)
