"""The engine in this process: models, traces, the threads that compute, and what may be kept of it all."""

from __future__ import annotations

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from gptviz import memory
from gptviz.analysis import kept
from gptviz.checkpoints import vectors
from gptviz.checkpoints.catalogue import vectors as known_vectors
from gptviz.engine.basics import BASICS, SIZES
from gptviz.engine.models import Models, Progress, load_as_configured
from gptviz.engine.questions import Question, from_bytes, to_bytes
from gptviz.engine.traces import Traces
from gptviz.errors import InputError
from gptviz.interventions import Intervention
from gptviz.llm import LLM
from gptviz.trace import Trace
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.kit.choices import Stop
from gptviz.views.stops import STOPS

Found = TypeVar("Found")
Resumed = TypeVar("Resumed")

DEFAULT_MAX_TOKENS = 256
RESUMABLE = 24  # things that can go on where they stopped


def max_tokens() -> int:
    """How many tokens of a text are followed, from GPTVIZ_MAX_TOKENS: a positive whole number, else 256."""
    value = os.environ.get("GPTVIZ_MAX_TOKENS", "")
    return int(value) if value.isdecimal() and int(value) > 0 else DEFAULT_MAX_TOKENS


class LocalEngine:
    """Answers questions in this process.

    All computing is done by a few threads of its own: each thread that ever computed keeps memory, and those of
    Streamlit come and go with every click. through_bytes: pass every question through JSON and every answer through
    bytes, as an engine elsewhere would; the tests do.
    """

    def __init__(self, load_model: Callable[..., LLM] = load_as_configured, *, through_bytes: bool = False):
        self.models = Models(load_model, came=self._came, left=self._left)
        self.vectors = Models(vectors.fetch, keep=0)  # on the disk they may go, and be fetched again
        self.traces = Traces()
        self._through_bytes = through_bytes
        self._pool = ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 1)), thread_name_prefix="compute")
        self._resumable: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()
        self.loads = 0
        """Rises whenever a model has come or gone."""

    # -- models

    def ready(self, name: str) -> bool:
        """Whether a model, or word vectors, can be asked at once."""
        if name in known_vectors():
            return vectors.is_here(name)
        return self.models.has(name)

    def load(self, name: str, progress: Progress | None = None) -> None:
        """Make a model ready, or fetch word vectors. progress(stage, done, total). Raises CheckpointError."""
        (self.vectors if name in known_vectors() else self.models).get(name, progress)

    # -- questions

    def ask(self, question: Question, progress: Callable[[str, int, int], None] | None = None) -> Answer:
        """The answer. progress(what, done, total) hears how far it is, if it takes long. Raises GptvizError for what
        a person can put right."""
        question = self._carried(question)
        answer = self._compute(lambda hear: self._answer(question, hear), progress)
        return from_bytes(to_bytes(answer)) if self._through_bytes else answer

    def stream(self, question: Question) -> Generator[Answer]:
        """Answers that come one after the other, for what takes time or comes piece by piece; close it to end that.
        Raises GptvizError."""
        question = self._carried(question)
        answers = self._compute(lambda _: self._module(question.stop, "stream").stream(self._asked(question)))
        with closing(answers):
            while (answer := self._compute(lambda _: next(answers, None))) is not None:
                yield from_bytes(to_bytes(answer)) if self._through_bytes else answer

    # -- for what still runs a model beside the questions (see the import contract)

    def trace(
        self,
        llm: LLM,
        ids: Sequence[int],
        names: str | Iterable[str] | None = None,
        interventions: Iterable[Intervention] = (),
    ) -> Trace:
        """A kept trace: see `Traces.get`."""
        return self._compute(lambda _: self.traces.get(llm, ids, names, interventions))

    # -- memory

    def rest(self) -> None:
        """Nobody reads: keep the models, and nothing that was computed with them."""
        self.traces.forget()
        with self._lock:
            self._resumable.clear()
        kept.forget_all()
        memory.give_back()

    def _came(self, llm: LLM) -> None:
        self.loads += 1

    def _left(self, llm: LLM) -> None:
        """What was made of a model goes with it."""
        self.loads += 1
        self.traces.forget(llm)
        with self._lock:
            for number, one in list(self._resumable.items()):
                if getattr(one, "llm", None) is llm:
                    del self._resumable[number]

    # -- inside

    def _carried(self, question: Question) -> Question:
        return Question.from_json(question.to_json()) if self._through_bytes else question

    def _compute(
        self,
        work: Callable[[Callable[[str, int, int], None]], Found],
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Found:
        heard: queue.SimpleQueue[tuple[str, int, int] | None] = queue.SimpleQueue()
        future = self._pool.submit(work, lambda *at: heard.put(at))
        future.add_done_callback(lambda _: heard.put(None))
        while (at := heard.get()) is not None:
            if progress:
                progress(*at)
        return future.result()

    def _module(self, stop: str, what: str = "answer") -> Any:
        """Where a stop's questions are answered. Raises InputError for one that answers none, or none of this kind."""
        module = f"gptviz.views.{stop}.answer"
        if stop not in STOPS or find_spec(module) is None or not hasattr(found := import_module(module), what):
            raise InputError("no_such_question", stop=stop)
        return found

    def _answer(self, question: Question, hear: Callable[[str, int, int], None]) -> Answer:
        answer = BASICS[question.stop][1] if question.stop in BASICS else self._module(question.stop).answer
        return answer(self._asked(question, hear))

    def _asked(self, question: Question, hear: Callable[[str, int, int], None] = lambda *at: None) -> Asked:
        stop = BASICS[question.stop][0] if question.stop in BASICS else STOPS[question.stop]
        llm = self.models.get(question.model)
        ids = tuple(llm.check_ids(question.ids))
        if not ids and question.stop in STOPS:
            raise InputError("no_tokens")
        sizes = {name: getattr(llm.config, name) for name in SIZES} | {"n_tokens": len(ids)}
        choices, _ = stop.within(stop.defaults() | _read(stop, question.choices), sizes)
        return Asked(
            llm=llm,
            ids=ids,
            choices=choices,
            limit=min(max_tokens(), llm.config.max_tokens),
            run=lambda ids, names=None, interventions=(): self.traces.get(llm, ids, names, interventions),
            resume=self._resume,
            progress=hear,
            interventions=tuple(Intervention.from_plain(plain) for plain in question.interventions),
        )

    def _resume(self, kind: type[Resumed], fits: Callable[[Resumed], bool], make: Callable[[], Resumed]) -> Resumed:
        with self._lock:
            for number, one in self._resumable.items():
                if isinstance(one, kind) and fits(one):
                    self._resumable.move_to_end(number)
                    return one
        made = make()
        with self._lock:
            self._resumable[id(made)] = made
            while len(self._resumable) > RESUMABLE:
                self._resumable.popitem(last=False)
        return made


def _read(stop: Stop, choices: Mapping[str, Any]) -> dict[str, Any]:
    """The choices of a question. Raises InputError for a value that cannot be, by the choice's name."""
    read = {}
    for name, value in choices.items():
        try:
            read |= stop.from_json({name: value})
        except ValueError as error:
            raise InputError("choice_refused", name=name, value=f"{value!r:.60}") from error
    return read
