"""Colours: readable, the same everywhere."""

from __future__ import annotations

import tomllib
from itertools import pairwise

import pytest

from gptviz.figures.colours import (
    PAGE,
    ROLES,
    TOKENS,
    contrast,
    diverging,
    readable_on,
    sequential,
    shade,
    token_colour,
)
from gptviz.figures.template import template
from gptviz.paths import PACKAGE, app_file

THEMES = ("light", "dark")
AA = 4.5
CONFIG = tomllib.loads((app_file().parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("theme", THEMES)
def test_text_reaches_aa(theme):
    page = PAGE[theme]
    for background in (page["background"], page["panel"]):
        for colour in (page["ink"], page["muted"], *ROLES[theme].values()):
            assert contrast(colour, background) >= AA, (colour, background)
    streamlit = CONFIG["theme"][theme]
    for name, background in TOKENS[theme].items():
        assert contrast(page["ink"], background) >= AA
        assert contrast(streamlit["primaryColor"], background) >= AA  # the chosen chip
        assert contrast(streamlit[f"{name}TextColor"], background) >= AA  # alerts


@pytest.mark.parametrize("theme", THEMES)
def test_streamlits_theme_is_ours(theme):
    streamlit = CONFIG["theme"][theme]
    page = PAGE[theme]
    assert (streamlit["backgroundColor"], streamlit["secondaryBackgroundColor"], streamlit["textColor"]) == (
        page["background"],
        page["panel"],
        page["ink"],
    )
    assert {name: streamlit[f"{name}BackgroundColor"] for name in TOKENS[theme]} == TOKENS[theme]


def test_no_button_is_filled_with_the_primary_colour():
    # Streamlit writes on it in white, which the dark theme's primary colour, made for text, is too light for.
    sources = [*PACKAGE.rglob("*.py"), *app_file().parent.glob("pages/*.py")]
    assert not [path.name for path in sources if '"primary"' in path.read_text(encoding="utf-8")]


def test_nothing_is_fetched_or_told():
    assert CONFIG["server"]["address"] == "127.0.0.1" and not CONFIG["server"]["showEmailPrompt"]
    assert not CONFIG["browser"]["gatherUsageStats"]
    text = (app_file().parent / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "http" not in text  # fonts are the reader's own


@pytest.mark.parametrize("theme", THEMES)
def test_scales_begin_at_the_page(theme):
    assert diverging(theme)[2] == (0.5, PAGE[theme]["background"])
    assert sequential("attention", theme)[0] == (0.0, PAGE[theme]["background"])
    assert template(theme).layout.font.color == PAGE[theme]["ink"]


def test_neighbouring_tokens_differ():
    colours = [token_colour(i) for i in range(20)]
    assert all(a != b for a, b in pairwise(colours))


@pytest.mark.parametrize("theme", THEMES)
def test_a_number_on_any_shade_can_be_read(theme):
    for scale in (diverging(theme), sequential("attention", theme)):
        assert shade(scale, 0.0) == scale[0][1] and shade(scale, 1.0) == scale[-1][1]
        for step in range(101):
            background = shade(scale, step / 100)
            assert contrast(readable_on(background), background) >= AA
