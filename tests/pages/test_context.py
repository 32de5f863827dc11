"""The context page: what it compares, what it says about it, and what it does with sentences that do not fit."""

from __future__ import annotations

import shutil

import pytest

from gptviz.analysis import context
from gptviz.numbers import percent, significant
from gptviz.text import LANGUAGES, say
from tests.pages.test_attention_mlp import choose
from tests.pages.test_pages import MODELS, UNEXPECTED, address, visit, words

EVERYTHING = "open,test,notes"
PARTS = ("heads", "sum", "nearest")
BANK = ("She opened a savings account at the bank", "He borrowed a loan from the bank")
RIVER = "We walked along the river and sat on the bank"


@pytest.fixture(scope="module")
def bank(smollm2) -> context.Comparison:
    texts = dict(zip("ABC", (*BANK, RIVER), strict=True))
    traces = {letter: smollm2.trace(text, names=context.NAMES) for letter, text in texts.items()}
    return context.Comparison({letter: context.Place(trace, len(trace.ids) - 1) for letter, trace in traces.items()})


def chosen(app) -> list[int]:
    """The position of the word in each sentence."""
    return [group.value for letter in "abc" for group in app.get("button_group") if group.key == f"context.at_{letter}"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_the_model_computed(language, bank, smollm2):
    app = visit("context", language=language)
    said = words(app)
    assert chosen(app) == [7, 6, 9]
    assert say(language, "context.look.begin_same", token=":gray-background[·bank]") in said
    for pair in ("AB", "AC", "BC"):
        assert f"{pair[0]}–{pair[1]} **{float(bank.cosines[pair][-1]):.2f}**" in said
    effects = context.patching_effects(smollm2, bank.far, smollm2.config.n_layer)
    [(layer, head)] = context.largest(effects, 1)
    assert f"**{layer}.{head}**" in said and percent(float(effects[layer, head]), 1) in said
    look = context.hardest_look(bank.far)
    assert f"**{look.layer}.{look.head}**" in said and percent(look.weight) in said


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_opens(model, language):
    app = visit("context", model=model, language=language, depth=EVERYTHING)
    for part in PARTS:
        if part != "heads":
            choose(app, "context.part", part)
        assert not app.exception and not app.error and UNEXPECTED not in words(app)


def test_the_sum_is_whole():
    assert "Together 1.000000 of the whole" in words(visit("context", depth="open", part="sum", after="10"))


def test_neighbours_and_how_far_to_trust_them():
    said = words(visit("context", depth="open", part="nearest", after="10"))
    for letter, sense in zip("ABC", ("money", "money", "riverside"), strict=True):
        assert say("en", "context.nearest.count", letter=letter, most=5, count=5, sense=f"**{sense}**") in said
    assert "right for **100\u00a0%** of them" in said and "a draw is right 45\u00a0% of the time" in said


def test_a_word_without_reference_sentences():
    said = words(visit("context", depth="open", part="nearest", at_a="3", at_b="3", at_c="4"))
    assert say("en", "context.nearest.unknown", token=":yellow-background[·river]", words="|").split("|")[0] in said
    assert "spring" in said


def test_a_link_brings_everything_back():
    texts = {"a": "The red bat flew", "b": "A small bat sat", "c": "My old bat broke"}
    query = {**texts, "at_a": "1", "at_c": "3", "after": "8", "depth": "open", "part": "sum"}
    app = visit("context", **query)
    assert [app.text_input(f"context.{letter}").value for letter in "abc"] == list(texts.values())
    assert chosen(app) == [1, 2, 3]
    assert app.select_slider("context.after").value == 8
    assert address(app) == {f"context.{name}": value for name, value in query.items()}


def test_the_shared_word_is_found_and_another_can_be_chosen():
    app = visit("context", a="The spring was early", b="Spring: in the spring it rains", c="A spring of the watch")
    assert chosen(app) == [1, 4, 1]
    app.text_input("context.c").set_value("On the watch, a spring").run()
    assert chosen(app) == [1, 4, 5] and address(app)["context.c"] == "On the watch, a spring"
    choose(app, "context.at_b", 3)
    assert address(app)["context.at_b"] == "3"
    assert say("en", "context.look.begin_other", words="|", values="").split("|")[0] in words(app)


def test_examples_and_pairs_fill_the_fields():
    app = visit("context", depth="test")
    app.button("context.example.1").click().run()
    assert app.text_input("context.c").value == "She lit the fire with a match"
    app.button("context.compare.notes").click().run()
    assert app.text_input("context.a").value == "The bank is by the river."
    assert app.text_input("context.c").value == ""
    assert say("en", "context.no_control") in [info.value for info in app.info]


def test_two_sentences_are_compared_without_a_control_and_one_is_not_enough():
    app = visit("context", b="", depth=EVERYTHING)
    assert not app.error and say("en", "context.no_control") in [info.value for info in app.info]
    app.text_input("context.c").set_value("").run()
    assert app.error[0].value == say("en", "errors.two_sentences")
    assert app.text_input("context.a").value == BANK[0]


@pytest.mark.parametrize(
    "text",
    ["x" * 100_000, "👩‍🚀🇨🇳", "<script>alert(1)</script>", "a\0b\x04", "$$ ** :cat: [x](y)", "bank", "法国的首都"],
)
def test_any_sentence(text):
    for part in PARTS:
        app = visit("context", depth=EVERYTHING, part=part)
        app.text_input("context.b").set_value(text).run()
        assert not app.exception and not app.error and UNEXPECTED not in words(app)
    if len(text) > 500:
        assert say("en", "ui.prompt.cut_chars", limit=500) in words(app)


def test_the_same_sentence_twice_leaves_nothing_to_explain():
    app = visit("context", a=RIVER, b=RIVER, c=f"{RIVER} again", depth="open", after="20")
    assert not app.error and UNEXPECTED not in words(app)
    assert say("en", "context.nothing", layer=20, far="C", near="A and B") in words(app)
    app = visit("context", a=RIVER, b=RIVER, depth="open", c=BANK[0])  # nothing in the control alone
    assert not app.error and UNEXPECTED not in words(app)


def test_the_first_token_is_said_to_have_no_context():
    app = visit("context", at_a="0")
    assert say("en", "context.first_token", letter="A", token=":blue-background[She]") in app.info[0].value


def test_what_stands_behind_changes_nothing(smollm2):
    app = visit("context", depth="test")
    assert "through the model: **0.0**" in words(app)
    longer = "of England and of many other countries, where it keeps a great deal of money"
    app.text_input("context.behind").set_value(longer).run()
    texts = ("The bank is by the river.", f"The bank {longer}")
    own, new = (context.stream(smollm2.trace(text, names=context.NAMES), 1) for text in texts)
    difference = context.largest_difference(own, new)
    assert difference < 1e-5
    said = f"they differ by {significant(difference, 1)}" if difference else "through the model: **0.0**"
    assert said in words(app) and address(app)["context.behind"] == longer
    app.text_input("context.behind").set_value("").run()
    assert not app.error and UNEXPECTED not in words(app)


def test_the_notes_pair_is_measured(smollm2):
    said = words(visit("context", depth="test"))
    texts = ("The bank is by the river.", "I need to go to the bank to deposit money.")
    id = smollm2.tokenizer.id_of(" bank")
    first, second = (context.last_place(smollm2.trace(text, names=context.NAMES), id) for text in texts)
    end = float(context.cosines(first.stream, second.stream)[-1])
    assert end == pytest.approx(0.82, abs=0.01) and f"**{end:.2f}**" in said
    assert "with the sense **money**" in said and "with the sense **riverside**" in said


def test_what_a_link_asks_for_in_vain_is_said():
    app = visit("context", after="99", at_a="99")
    assert len([info for info in app.info if "99" in info.value]) == 2 and not app.error


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_without_a_tokenizer_is_told_so(toy, tmp_path, monkeypatch, language):
    for name in ("config.json", "model.safetensors"):
        shutil.copy(toy.checkpoint.folder / name, tmp_path / name)
    monkeypatch.setattr("gptviz.ui.state.folders_allowed", lambda: True)
    app = visit("context", model=str(tmp_path), text="3 1 2", language=language)
    assert not app.error and app.info[0].value == say(language, "context.needs_texts")


def test_letters_are_compared_on_the_toy():
    app = visit("context", model="toy-sort", depth=EVERYTHING)
    assert chosen(app) == [5, 5, 5]
    assert "through the model: **0.0**" in words(app)
    choose(app, "context.part", "nearest")
    assert say("en", "context.nearest.none") in words(app)
