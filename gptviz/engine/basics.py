"""What every page asks first: which model that is, and which tokens a text has there. Plain values, no view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gptviz.analysis.kept import kept
from gptviz.analysis.tokens import all_letters
from gptviz.analysis.words import text_ids, word_ids
from gptviz.llm import LLM
from gptviz.model import GPTConfig
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Number, Text

SIZES = ("n_layer", "n_head", "n_kv_head", "d_model", "d_head", "d_mlp", "vocab_size", "n_ctx", "max_tokens")


@dataclass(frozen=True)
class ModelFacts:
    """A loaded model in plain values."""

    name: str
    title: str
    config: Mapping[str, Any]
    """The fields of its GPTConfig, and `max_tokens`."""
    limit: int
    """How many tokens a text may have here."""
    has_tokenizer: bool
    letters: bool
    """Whether each of its tokens is one character."""
    bos: int | None
    eos: tuple[int, ...]

    def __getattr__(self, name: str) -> Any:
        if name in SIZES or name in GPTConfig.__dataclass_fields__:
            return self.config[name]
        raise AttributeError(name)

    @property
    def sizes(self) -> dict[str, int]:
        """What a choice may count in: see `Choice`."""
        return {name: self.config[name] for name in SIZES}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> ModelFacts:
        return cls(**{**facts, "eos": tuple(facts["eos"])})


def model_facts(llm: LLM, limit: int) -> ModelFacts:
    """What a page may know of a model."""
    return ModelFacts(
        name=llm.name,
        title=llm.checkpoint.title,
        config=asdict(llm.config) | {"max_tokens": llm.config.max_tokens},
        limit=limit,
        has_tokenizer=llm.tokenizer is not None,
        letters=llm.tokenizer is not None and all_letters(llm.tokenizer),
        bos=llm.checkpoint.bos_id,
        eos=tuple(sorted(llm.checkpoint.eos_ids)),
    )


def model(asked: Asked) -> Answer:
    """facts: the fields of ModelFacts."""
    llm, limit = asked.llm, asked.limit
    return Answer(facts=kept(llm, ("model facts", limit), lambda: asdict(model_facts(llm, limit))))


def prompt(asked: Asked) -> Answer:
    """The tokens of a text: facts ids, pieces (the first `limit`), count (of all), dropped (characters that the
    vocabulary cannot hold). Raises InputError for a text that a model without a tokenizer cannot read as ids."""
    llm, text = asked.llm, asked.choices["text"]
    every = text_ids(llm, text)
    dropped = [d.char for d in llm.tokenizer.dropped(text)] if llm.tokenizer else []
    ids = every[: asked.choices["most"] or asked.limit]
    return Answer(facts={"ids": ids, "pieces": llm.pieces(ids), "count": len(every), "dropped": dropped})


def word(asked: Asked) -> Answer:
    """The tokens of a word that somebody wants behind the prompt: facts ids. Raises InputError for one that the
    vocabulary cannot write."""
    return Answer(facts={"ids": word_ids(asked.llm, asked.ids, asked.choices["text"])})


LONGEST = 1_000_000  # characters; what the pages take is less

BASICS: dict[str, tuple[Stop, Callable[[Asked], Answer]]] = {
    "model": (Stop("model"), model),
    "prompt": (
        Stop("prompt", choices=(Choice("text", "", Text(LONGEST)), Choice("most", None, Number(1, LONGEST)))),
        prompt,
    ),
    "word": (Stop("word", choices=(Choice("text", "", Text(LONGEST)),)), word),
}
