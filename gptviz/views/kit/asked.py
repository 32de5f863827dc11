"""What a stop is asked, and what it answers: `answer(asked) -> Answer` in `gptviz/views/{stop}/answer.py`, and
`stream(asked)`, an iterator of Answers, for what comes piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from gptviz.interventions import Intervention
from gptviz.llm import LLM
from gptviz.trace import Trace

Resumed = TypeVar("Resumed")


@dataclass(frozen=True)
class Answer:
    """parts: what the view shows, by name, each packed by `kit.wire`. facts: plain values (what JSON can say), for the
    page; "look": what to look for. choices: what the view begins with, as JSON: the reader's choices, and where none
    was made the stop's own."""

    parts: Mapping[str, bytes] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)


class Run(Protocol):
    """How the engine traces, with its cache: a kept trace is shared, `copy()` before `append`."""

    def __call__(
        self,
        ids: Sequence[int],
        names: str | Iterable[str] | None = None,
        interventions: Iterable[Intervention] = (),
    ) -> Trace: ...


class Resume(Protocol):
    """How the engine keeps what can go on where it stopped: the kept one of this kind that `fits`, else a new one."""

    def __call__(
        self, kind: type[Resumed], fits: Callable[[Resumed], bool], make: Callable[[], Resumed]
    ) -> Resumed: ...


@dataclass(frozen=True)
class Asked:
    """A question as a stop gets it: the model itself, and the reader's choices, read and within what there is."""

    llm: LLM
    ids: tuple[int, ...]
    """The prompt's tokens; none for a stop that has no prompt."""
    choices: Mapping[str, Any]
    """By name, every choice of the stop."""
    limit: int
    """How many tokens a text may have here."""
    run: Run
    resume: Resume
    progress: Callable[[str, int, int], None]
    """progress(what, done, total), for what takes long."""
    interventions: tuple[Intervention, ...] = ()

    @property
    def trace(self) -> Trace:
        """Of the prompt: everything recorded, with the question's interventions."""
        return self.run(self.ids, None, self.interventions)

    def opened(self, name: str) -> bool:
        """Whether the reader has opened that part of the view, or of the page."""
        return name in self.choices.get("open", ()) or name in self.choices["depth"]

    def progress_of(self, what: str) -> Callable[[int, int], None]:
        """progress(done, total) of one thing."""
        return partial(self.progress, what)
