"""What an analysis has to say: the name of a sentence, and its values. What kind a value is decides how it is said, in
the reader's language, by a page (gptviz/ui/facts.py) or a view (gptviz/views/kit/facts.js)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Share(float):
    """A probability or another part of one whole: 77 %."""


class Length(float):
    """Of a vector, or a ratio of two: three digits, for it may be huge or tiny."""


class Push(float):
    """What is added to a logit: two decimals, with its sign."""


class Rounded(NamedTuple):
    """A number with so many decimals; a plain float is said with two."""

    value: float
    digits: int


class Id(int):
    """Of a token; unlike a count it is said as it is, and not with its thousands apart."""


class Position(int):
    """A token of the text, by its position."""


class Text(str):
    """Said as it is; a plain string is a piece of text as shown for a token."""


class HeadName(NamedTuple):
    """An attention head."""

    layer: int
    head: int


Value = str | float | Rounded | HeadName | tuple[str, ...] | tuple[tuple["Value", ...], ...]
"""One of the above; a whole number is a count. A tuple: several pieces, or several groups of values."""


@dataclass(frozen=True)
class Fact:
    """One observation: the sentence `look.{name}` of its stop, with values to fill in."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it: each value with the name of its kind."""
        return {"name": self.name, "values": {name: _plain(value) for name, value in self.values.items()}}


def _plain(value: Value) -> dict[str, Any]:
    match value:
        case HeadName():
            return {"head": list(value)}
        case Rounded():
            return {"number": value.value, "digits": value.digits}
        case Share():
            return {"share": float(value)}
        case Length():
            return {"length": float(value)}
        case Push():
            return {"push": float(value)}
        case float():
            return {"number": value, "digits": 2}
        case Position():
            return {"token": int(value)}
        case Id():
            return {"id": int(value)}
        case int():
            return {"count": value}
        case Text():
            return {"text": str(value)}
        case str():
            return {"piece": value}
    if all(isinstance(piece, str) for piece in value):
        return {"pieces": list(value)}
    return {"list": [[_plain(part) for part in group] for group in value]}
