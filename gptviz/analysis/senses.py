"""Which sense a word has in a sentence, judged by its nearest neighbours among sentences whose sense is known.

The sentences are those of assets/senses.toml; each ends with its word, which has then seen all of them. How far such
a judgement can be trusted is measured on the sentences themselves, each against the others (leave-one-out).
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gptviz.analysis.context import Place, stream
from gptviz.analysis.kept import kept
from gptviz.llm import LLM
from gptviz.paths import asset

_NAMES = ("blocks.0.resid_pre", "blocks.*.resid_post")
_EQUAL = 1e-9  # cosines that differ by less are equal


@dataclass(frozen=True)
class Reference:
    """A sentence, and which of the word's senses it has there: an index into `References.senses`."""

    text: str
    ids: tuple[int, ...]
    sense: int


@dataclass(frozen=True)
class Match:
    """A reference, and the cosine of its word's vector with the one asked about."""

    reference: Reference
    cosine: float


@dataclass(frozen=True)
class References:
    """The reference sentences of one word on one model.

    senses: each one's name by language; units: [N, P, D], the word's stream in each sentence, every vector scaled to
    length 1."""

    senses: tuple[dict[str, str], ...]
    sentences: tuple[Reference, ...]
    units: Tensor

    def cosines(self, place: Place, point: int) -> Tensor:
        """With every sentence, [N]; NaN for a sentence that is the place's own, word for word up to the word."""
        found = self.units[:, point] @ normalize(place.stream[point], dim=0)
        own = tuple(place.trace.ids[: place.at + 1])
        same = torch.tensor([sentence.ids == own for sentence in self.sentences])
        return found.masked_fill(same, torch.nan)

    def nearest(self, place: Place, point: int, count: int) -> list[Match]:
        """The `count` sentences with the largest cosine, largest first."""
        found = self.cosines(place, point).nan_to_num(nan=-torch.inf)
        top = found.topk(min(count, int(found.isfinite().sum())))
        pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        return [Match(self.sentences[i], cosine) for i, cosine in pairs]

    def majority(self, near: Sequence[Match]) -> tuple[int, int]:
        """The sense that most of `near` have, and how many do; of two equally many, that of the nearest."""
        found = Counter(it.reference.sense for it in near)
        return found.most_common(1)[0]

    def accuracy(self) -> Tensor:
        """[P]: for how many of the sentences the nearest other one has the same sense, as a share. Where several are
        equally near, such as before the first layer, where all are the same row, their share among these."""
        sense = torch.tensor([sentence.sense for sentence in self.sentences])
        same = sense[:, None] == sense
        units = self.units.transpose(0, 1)  # [P, N, D]
        alike = units @ units.transpose(1, 2)  # [P, N, N]
        alike.diagonal(dim1=1, dim2=2).fill_(-torch.inf)
        nearest = alike >= alike.amax(-1, keepdim=True) - _EQUAL
        return ((nearest & same).sum(-1) / nearest.sum(-1)).double().mean(-1)


@cache
def _words() -> dict[str, tuple[dict, ...]]:
    """The senses of each word, as the file has them."""
    file = tomllib.loads(asset("senses.toml").read_text(encoding="utf-8"))
    return {entry["word"]: tuple(entry["sense"]) for entry in file["word"]}


def words(llm: LLM) -> dict[int, str]:
    """The words that have reference sentences, by id: those that are one token of this vocabulary, with the space
    before them."""
    if llm.tokenizer is None:
        return {}
    found = {llm.tokenizer.id_of(f" {word}"): word for word in _words()}
    return {id: word for id, word in found.items() if id is not None}


def references(llm: LLM, word: str) -> References:
    """The reference sentences of one of `words`, run through the model once."""
    return kept(llm.model, ("senses", word), lambda: _measure(llm, word))


def _measure(llm: LLM, word: str) -> References:
    senses = _words()[word]
    texts = [(text, which) for which, sense in enumerate(senses) for text in sense["sentences"]]
    sentences = tuple(Reference(text, tuple(llm.encode(text)), which) for text, which in texts)
    streams = [stream(llm.trace(sentence.ids, names=_NAMES), len(sentence.ids) - 1) for sentence in sentences]
    names = tuple({language: name for language, name in sense.items() if language != "sentences"} for sense in senses)
    return References(names, sentences, normalize(torch.stack(streams), dim=-1))
