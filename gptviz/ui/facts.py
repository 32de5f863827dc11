"""Observations in words, as markdown: `sentence` of gptviz/views/kit/facts.js says the same in a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gptviz.numbers import count, fixed, percent, signed, significant
from gptviz.text import say
from gptviz.ui.chips import numbered_chip, plain, word


def sentence(fact: Mapping[str, Any], tokens: Sequence[str], language: str, stop: str) -> str:
    """A fact, as `Fact.plain` in gptviz/analysis/facts.py makes it. tokens: those of the text, to be named by their
    positions. Heads are called what the sentence `head` of the stop calls them; `ui.comma` stands between groups."""

    def phrase(value: Mapping[str, Any]) -> str:
        match value:
            case {"share": share}:
                return percent(share)
            case {"length": length}:
                return significant(length, 3)
            case {"push": push}:
                return signed(push, 2)
            case {"number": number, "digits": digits}:
                return fixed(number, digits)
            case {"count": number}:
                return count(number)
            case {"id": id}:
                return str(id)
            case {"token": position}:
                return numbered_chip(tokens, position, language)
            case {"head": [layer, head]}:
                return say(language, f"{stop}.head", name=f"{layer}.{head}")
            case {"text": text}:
                return plain(text)
            case {"piece": piece}:
                return word(piece)
            case {"pieces": pieces}:
                return " ".join(map(word, pieces))
            case {"list": groups}:
                return say(language, "ui.comma").join(" ".join(map(phrase, group)) for group in groups)
        raise ValueError(f"a value of no kind that is known: {value}")

    return say(
        language, f"{stop}.look.{fact['name']}", **{name: phrase(value) for name, value in fact["values"].items()}
    )
