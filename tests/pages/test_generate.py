"""The page Generate: what its view is fed with, and what it says about the text."""

from __future__ import annotations

import math

import pytest

from gptviz.analysis import branches
from gptviz.analysis.continuations import first_words, greedy, repetition
from gptviz.text import LANGUAGES, say
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import address, visit, words

TEXT = "The cat sits on"


def tree_of(llm, *texts: str) -> str:
    tree = ()
    for text in texts:
        tree, _ = branches.with_text(tree, llm.tokenizer.encode(text))
    return branches.write(tree)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_begins_with_nothing_written(language, smollm2):
    app = visit("generate", text=TEXT, language=language)
    values, parts = shown(app)
    assert parts.keys() == {"words", "job", "text", "tree"} and values["tree"] == [] and values["goal"] is None
    _header, arrays = parts["tree"]
    top = smollm2.trace(TEXT).logits[-1].topk(8).indices.tolist()
    assert arrays["next_ids"][0].tolist() == top
    assert say(language, "generate.look.begin") in words(app)


def test_a_tree_comes_back_from_a_link_with_its_numbers(smollm2):
    tree = tree_of(smollm2, " the mat, and", " the floor.")
    app = visit("generate", text=TEXT, tree=tree, leaf="1", place="1", way="beams", search="-", open="cache,choice")
    values, parts = shown(app)
    assert (values["leaf"], values["place"], values["search"], values["open"]) == (1, 1, [], ["choice", "cache"])
    assert parts.keys() == {"words", "job", "text", "tree", "beams", "cache"}
    assert parts["tree"][1]["id"].size == 1 + branches.size(branches.read(tree))
    assert not app.exception and not app.error
    totals = []
    for text in (" the mat, and", " the floor."):
        ids = smollm2.tokenizer.encode(text)
        logp = smollm2.trace([*smollm2.tokenizer.encode(TEXT), *ids]).logits.double().log_softmax(-1)
        totals.append(sum(float(logp[3 + n, id]) for n, id in enumerate(ids)))
    key = "look.best" if totals[1] > totals[0] else "look.not_best"
    assert say("en", f"generate.{key}", count=2) in words(app)


def test_what_does_not_fit_is_left_out_of_the_tree(smollm2):
    app = visit("generate", text=TEXT, tree="5.99999.7", leaf="9", search="99999", way="beams")
    values, _parts = shown(app)
    assert values["tree"] == [[-1, 0, [5]]] and values["leaf"] == 0 and values["search"] is None
    told = [info.value for info in app.info]
    assert len(told) == 2 and all("99999" in sentence for sentence in told), "the page says what it left out"
    assert not app.exception and not app.error


@pytest.mark.parametrize("text", ["", "a", "👩‍🚀 שלום <script>"])
def test_odd_texts(text):
    app = visit("generate", text=text)
    assert not app.exception


def test_a_prompt_that_fills_the_page_says_so():
    app = visit("generate", text="word " * 400, depth="test")
    assert not app.exception and say("en", "generate.test.no_room") in [info.value for info in app.info]
    shown(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_questions_are_answered_by_the_model(language, smollm2):
    app = visit("generate", text=TEXT, language=language, depth="test", repeats="yes", overtakes="none")
    said = words(app)
    prompt = smollm2.tokenizer.encode(TEXT)
    written = greedy(smollm2, prompt, 60)
    found = repetition(written.ids)
    verdict = say(language, f"generate.test.{'right' if found else 'wrong'}")
    key = "does_repeat" if found else "ended" if written.ended else "does_not_repeat"
    values = {"period": found and found.period, "count": len(written.ids)}
    assert f"{verdict} {say(language, f'generate.test.{key}', **values)}" in said
    texts = first_words(smollm2, prompt, 8, 12)
    better = sum(text.total > texts[0].total for text in texts[1:])
    key = "better_none" if better == 0 else "better_one" if better == 1 else "better"
    assert say(language, f"generate.test.{key}", count=better, first=7) in said
    assert math.isfinite(texts[0].total)


def test_toy_sort_writes_letters_and_has_no_tasks():
    _values, parts = shown(visit("generate", model="toy-sort", text="dbaca="))
    assert parts["text"][0]["tasks"] is False and len(parts["tree"][1]["next_ids"][0]) == 8


def test_an_infinite_temperature_stays_in_the_address():
    app = visit("generate", text=TEXT, temperature="inf")
    values, _ = shown(app)
    assert values["temperature"] == "inf" and address(app)["temperature"] == "inf"
