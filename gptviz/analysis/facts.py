"""What an analysis has to say: the name of a sentence, and its values. Pages say it in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Share(float):
    """Said as a percentage."""


class Position(int):
    """A token of the prompt, by its position."""


class HeadName(NamedTuple):
    """An attention head."""

    layer: int
    head: int


@dataclass(frozen=True)
class Fact:
    """One observation. Values: strings are pieces of text as shown for a token (a tuple: several), floats are
    rounded when they are said, whole numbers are said as they are; the kinds above are said in their own way."""

    name: str
    values: Mapping[str, str | tuple[str, ...] | HeadName | int | float] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "values": {k: (v if isinstance(v, (int, float, str)) else list(v)) for k, v in self.values.items()},
        }
