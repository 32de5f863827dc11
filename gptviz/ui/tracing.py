"""For the pages that still hold a Trace, until they ask as the others do: Overview, Context, MLP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from gptviz.engine import engine
from gptviz.interventions import Intervention
from gptviz.llm import LLM
from gptviz.trace import Trace
from gptviz.ui import chips, state
from gptviz.ui.page import Page, start
from gptviz.views.kit.kinds import Beyond


class TracingPage(Page):
    """A page with the model itself."""

    @property
    def llm(self) -> LLM:
        return engine().models.get(state.model())

    @property
    def trace(self) -> Trace:
        """The prompt's trace, with everything recorded and nothing replaced."""
        return self.run()

    def run(
        self,
        ids: Sequence[int] | None = None,
        names: str | Iterable[str] | None = None,
        interventions: Iterable[Intervention] = (),
    ) -> Trace:
        """A trace of the prompt, or of other ids; cached. Show it, do not change it."""
        with self.working():
            return engine().trace(self.llm, self.prompt.ids if ids is None else ids, names, interventions)

    @property
    def token(self) -> int:
        """The chosen position; the last one, from which the next token is predicted, until another is chosen."""
        chosen = self.chosen["token"]
        return len(self.prompt.ids) - 1 if chosen is None else chosen

    def pick(self, name: str, default: int) -> int:
        """A choice, or what the page chooses until the reader does."""
        return default if self.chosen[name] is None else self.chosen[name]

    def pick_within(self, name: str, size: int, default: int) -> int:
        """The same for an index below a size that the declaration does not know; said on the page if the link asked for
        more."""
        value = self.pick(name, default)
        if value < size:
            return value
        self.say_beyond(name, Beyond(str(value), size - 1))
        return size - 1

    def chips(self, label: str | None = None) -> int:
        """The prompt's tokens as chips, one of them chosen; returns its position."""
        return chips.choose(label or self.say("ui.choose_token"), self.prompt.pieces, self.token)

    def chip(self, position: int) -> str:
        """Markdown for one of the prompt's tokens."""
        return self.token_chip(self.prompt.pieces, position)


start_tracing = partial(start, page=TracingPage)
