"""Lessons and sentences: both languages say the same things."""

from __future__ import annotations

import re
import string

import pytest

from gptviz.paths import asset
from gptviz.text import LANGUAGES, table
from gptviz.ui import chips, lessons, prompt


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_sentences():
    english, chinese = table("en"), table("zh")
    assert english.keys() == chinese.keys()
    assert all(sentence.strip() for sentence in (*english.values(), *chinese.values()))
    different = [key for key in english if placeholders(english[key]) != placeholders(chinese[key])]
    assert not different


def test_both_languages_have_the_same_lessons():
    names = {language: {p.name for p in asset("lessons", language).glob("*.md")} for language in LANGUAGES}
    assert names["en"] == names["zh"]
    for name in sorted(names["en"]):
        page = name.removesuffix(".md")
        found = {
            language: {
                section: set(re.findall(r"\{\{(\w+)\}\}", body))
                for section, body in lessons.sections(language, page).items()
            }
            for language in LANGUAGES
        }
        assert found["en"] == found["zh"], page


def test_a_lesson_takes_values_and_leaves_formulas_alone(monkeypatch):
    monkeypatch.setattr(lessons, "sections", lambda language, page: {"open": r"$\sqrt{d}$ with d = {{d_head}}"})
    assert lessons.lesson("en", "attention", "open", d_head=64) == r"$\sqrt{d}$ with d = 64"
    with pytest.raises(KeyError):
        lessons.lesson("en", "attention", "open")


def test_examples_are_named_in_both_languages():
    for model in ("smollm2-135m", "toy-sort", "gpt2"):
        groups = prompt.examples(model)
        assert all(group[language] and group["texts"] for group in groups for language in LANGUAGES)
    assert prompt.default_text("toy-sort") != prompt.default_text("smollm2-135m") == prompt.default_text("gpt2")


@pytest.mark.parametrize("text", ["*a*", "[x](y)", "$x$", ":cat:", "`", "<b>", "a_b_c", "\\", "# x", "1. x", "~~x~~"])
def test_a_chip_shows_its_piece_and_not_markup(text):
    escaped = chips.plain(text)
    assert re.sub(r"\\(.)", r"\1", escaped).replace("\u2060", "") == text
    assert not re.search(r"(?<!\\)[*_`$<>\[\]~#]", escaped.replace("\\\\", ""))


@pytest.mark.parametrize(("value", "expected"), [("", 256), ("64", 64), ("0", 256), ("-3", 256), ("many", 256)])
def test_the_token_limit_can_be_set(monkeypatch, value, expected):
    monkeypatch.setenv("GPTVIZ_MAX_TOKENS", value)
    assert prompt.max_tokens() == expected
