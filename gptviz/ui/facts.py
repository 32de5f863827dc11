"""Observations in words."""

from __future__ import annotations

from gptviz.analysis.facts import Fact
from gptviz.ui.chips import word
from gptviz.ui.page import Page


def sentence(page: Page, fact: Fact) -> str:
    """A fact as markdown: the page's sentence `look.{name}`, which may also use {size}, the size of the vocabulary."""
    values = {"size": f"{page.llm.config.vocab_size:,}"}
    for name, value in fact.values.items():
        match value:
            case str():
                values[name] = word(value)
            case tuple():
                values[name] = " ".join(map(word, value))
            case float():
                values[name] = f"{value:.2f}"
            case int() if not name.endswith("id"):
                values[name] = f"{value:,}"
            case _:
                values[name] = value
    return page.t(f"look.{fact.name}", **values)
