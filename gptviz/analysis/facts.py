"""What an analysis has to say: the name of a sentence, and its values. Pages say it in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fact:
    """One observation. Values: strings are pieces of text as shown for a token (a tuple: several), floats are
    rounded when they are said, whole numbers are said as they are."""

    name: str
    values: dict[str, str | tuple[str, ...] | int | float] = field(default_factory=dict)
