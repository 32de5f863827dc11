"""The prompt bar: its examples, its tokens as chips, its limit."""

from __future__ import annotations

import re

import pytest

from gptviz.text import LANGUAGES
from gptviz.ui import chips, prompt


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
