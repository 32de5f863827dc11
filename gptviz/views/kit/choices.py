"""What a reader may set, declared once: see `Choice` and `Stop`.

A stop (a page with its view) declares its choices in `gptviz/views/{stop}/__init__.py`:

    STOP = Stop("attention", shared={"layer": True, "head": ("asking", "values"), "token": True}, choices=(
        Choice("order", "layer", OneOf(ORDERS)),
        Choice("last", None, Text(60), reset_by=("text",), asks=True),
    ))

All else follows from that: how it is read from the address and written there (`attention.order=push`), what takes it
back, what the view begins with and how its report is read, the defaults, limits and lists that the browser gets, the
sentence for what a link asked for in vain, and random states for the tests.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gptviz.analysis.spaces import SPACES
from gptviz.views.kit.kinds import Beyond, Index, Kind, ModelName, Number, OneOf, Subset, Text

Asks = bool | tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """One thing that a reader may set.

    name: the same in Python, in the address, in JavaScript and in the texts.
    default: None where the page decides until the reader does.
    reset_by: which other choices, changed, take this one back to its default: names of choices of the same stop or of
        BASE; "letters": from a model of words to one of letters, or back.
    together: what a reader who sets this has chosen with it, though it stays what the page had chosen: a head is one
        of its layer.
    asks: whether the engine has something new to say when it changes, so that the view reports it at once and not
        when the reader settles; or the open parts of the view for which it has.
    wish: the view reports it once, and nothing (None) from then on; it is never given it back.
    address: whether a link carries it; what it does not carry stays in the session.
    """

    name: str
    default: Any
    kind: Kind
    reset_by: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    asks: Asks = False
    wish: bool = False
    address: bool = True

    def to_json(self, value: Any) -> Any:
        return None if value is None else self.kind.to_json(value)

    def from_json(self, value: Any) -> Any:
        """The value that a view reports. Raises ValueError for one that cannot be."""
        if value is None:
            if self.default is None or self.wish:
                return None
            raise ValueError(f"{self.name} cannot be nothing")
        try:
            return self.kind.from_json(value)
        except (TypeError, KeyError, IndexError, OverflowError) as error:
            raise ValueError(value) from error


DEPTHS = ("open", "test", "notes")
"""The parts of a page that go deeper, in order."""

MAX_CHARS = 4000  # of the text: percent-encoded Chinese at this length still fits what web servers take as an address


@dataclass(frozen=True)
class Stop:
    """A page with its view. shared: which of BASE it uses, and whether the engine has something new to say when they
    change (see `Choice.asks`); choices: its own."""

    name: str
    shared: Mapping[str, Asks] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    own: Mapping[str, Choice] = field(init=False, repr=False, compare=False)
    by_name: Mapping[str, Choice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        depth = Choice("depth", (), Subset(DEPTHS))
        object.__setattr__(self, "choices", (*self.choices, depth))
        own = {choice.name: choice for choice in self.choices}
        shared = {name: replace(BASE[name], asks=asks) for name, asks in self.shared.items()}
        object.__setattr__(self, "own", own)
        object.__setattr__(self, "by_name", shared | own)
        assert len(self.by_name) == len(self.shared) + len(self.choices), f"{self.name}: a name stands twice"

    def address(self, name: str) -> str:
        """What a choice of this stop, or one that stops share, is called in the address: its own have the stop's name
        in front. Raises KeyError for a name that nobody declares."""
        return f"{self.name}.{name}" if name in self.own else BASE[name].name

    def about(self) -> dict[str, dict[str, Any]]:
        """The declaration as the browser gets it: by name its default, limits, and what it follows."""
        return {
            name: {
                "default": choice.to_json(choice.default),
                "reset_by": choice.reset_by,
                "asks": choice.asks,
                "wish": choice.wish,
                **choice.kind.about(),
            }
            for name, choice in self.by_name.items()
            if name != "depth"
        }

    def defaults(self) -> dict[str, Any]:
        """The value of every choice before anything is chosen."""
        return {name: choice.default for name, choice in self.by_name.items()}

    def any(self, rng: random.Random) -> dict[str, Any]:
        """A random value for every choice, for tests."""
        return {name: choice.kind.any(rng) for name, choice in self.by_name.items()}

    def from_json(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a view reports, read; names that are not declared are left out. Raises ValueError."""
        return {name: self.by_name[name].from_json(value) for name, value in values.items() if name in self.by_name}

    def to_json(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as a view is given them."""
        return {name: self.by_name[name].to_json(value) for name, value in values.items()}

    def within(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[dict[str, Any], dict[str, Beyond]]:
        """Values that this model and text have, by their sizes; and what was asked for in vain, by name."""
        fitting, beyond = dict(values), {}
        for name, value in values.items():
            if value is not None:
                fitting[name], gone = self.by_name[name].kind.within(value, sizes)
                if gone:
                    beyond[name] = gone
        return fitting, beyond


def _steps(low: float, high: float, by: float) -> tuple[float, ...]:
    """From `low` to `high`."""
    return tuple(round(low + by * n, 6) for n in range(round((high - low) / by) + 1))


# What sliders offer: finer where more happens.
_PENALTIES = _steps(0.5, 2.0, 0.05)
_TOP_K = (*range(1, 21), 25, 30, 40, 50, 75, 100, 200, 500, 1000)
_TOP_P = (*_steps(0.05, 0.95, 0.05), 0.97, 0.98, 0.99, 0.995, 0.999, 1.0)
_MIN_P = (0.0, 0.001, 0.002, 0.005, *_steps(0.01, 0.1, 0.01), *_steps(0.15, 1.0, 0.05))

BASE: dict[str, Choice] = {
    choice.name: choice
    for choice in (
        Choice("language", None, OneOf(("en", "zh"))),
        Choice("model", None, ModelName()),
        Choice("text", None, Text(MAX_CHARS), reset_by=("letters",)),
        Choice("layer", None, Index("n_layer"), reset_by=("model",), together=("head",)),
        Choice("head", None, Index("n_head"), reset_by=("model",), together=("layer",)),
        Choice("token", None, Index("n_tokens"), reset_by=("text",)),
        Choice("key", None, Index("n_tokens"), reset_by=("text", "token", "layer", "head")),
        Choice("space", "input", OneOf(SPACES)),
        Choice("repetition_penalty", None, Number(0.01, 100.0, offered=_PENALTIES, begins=1.3)),
        Choice("temperature", 1.0, Number(0.0, 5.0, least=1e-6, endless=True)),
        Choice("top_k", None, Number(1, 10**6, offered=_TOP_K, begins=10)),
        Choice("top_p", None, Number(1e-6, 1.0, offered=_TOP_P, begins=0.9)),
        Choice("min_p", None, Number(0.0, 1.0, offered=_MIN_P, begins=0.05)),
        Choice("seed", 0, Number(0, 999_999)),
    )
}
"""What all stops share once a reader has chosen it."""

SAMPLING = ("repetition_penalty", "temperature", "top_k", "top_p", "min_p", "seed")
"""Those of them that say how the next token is drawn, in the order in which they work: see `gptviz.sampling`."""


def changed_by(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """What happened between two sets of choices, as `Choice.reset_by` names it. Another model is another text, too."""
    events = {name for name, value in after.items() if before.get(name) != value}
    if "model" in events:
        events.add("text")
        if "toy-sort" in (before.get("model"), after.get("model")):
            events.add("letters")
    return events
