"""A question of plain values, and how it and its answer cross to another process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from gptviz.views.kit.asked import Answer
from gptviz.views.kit.wire import pack, unpack


@dataclass(frozen=True)
class Question:
    """What is asked of the engine, in values that JSON can say.

    stop: whose answer is wanted: one of `gptviz.views.stops.STOPS`, or of `gptviz.engine.basics.BASICS`.
    model: as `gptviz.load` takes it.
    ids: the prompt's tokens.
    interventions: what is replaced on the way, each as `Intervention.to_plain` writes it.
    choices: the reader's, by name, as JSON; what is left out is at its default.
    language: only where the model's input depends on it.
    """

    stop: str
    model: str
    ids: tuple[int, ...] = ()
    interventions: tuple[Mapping[str, Any], ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Question:
        values = json.loads(text)
        values["ids"], values["interventions"] = tuple(values["ids"]), tuple(values["interventions"])
        return cls(**values)


def to_bytes(answer: Answer) -> bytes:
    """An answer as it travels."""
    header = {"facts": answer.facts, "choices": answer.choices}
    return pack(header, {name: np.frombuffer(part, np.uint8) for name, part in answer.parts.items()})


def from_bytes(data: bytes) -> Answer:
    """What `to_bytes` wrote."""
    header, parts = unpack(data)
    return Answer({name: part.tobytes() for name, part in parts.items()}, header["facts"], header["choices"])
