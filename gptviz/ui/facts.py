"""Observations in words."""

from __future__ import annotations

from gptviz.analysis.facts import Fact
from gptviz.ui.chips import word
from gptviz.ui.page import Page


def numeral(value: float, form: str = ".2f") -> str:
    """A number with a minus sign, where Python writes a hyphen."""
    return format(value, form).replace("-", "−")


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
                values[name] = numeral(value)
            case int() if not name.endswith("id"):
                values[name] = f"{value:,}"
            case _:
                values[name] = value
    return page.t(f"look.{fact.name}", **values)
