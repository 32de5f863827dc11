"""The spaces in which words have a place: the model's embedding matrix, its unembedding where that is another, and
classic word vectors."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary, ref

import torch
from torch import Tensor

from gptviz.analysis.geometry import Near, Space, single_tokens, space_of, token_of
from gptviz.checkpoints import vectors
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.model import GPT

SPACES = ("input", "output", "glove")
GLOVE = "glove-6b-50d"


@dataclass(frozen=True)
class Word:
    """A word's place. id: its row, None for the mean of several; pieces: what it was made of, as shown; rows: which
    rows those are."""

    text: str
    id: int | None
    vector: Tensor
    pieces: tuple[str, ...]
    rows: tuple[int, ...]


class WordSpace:
    """A Space whose rows have names, and in which words can be looked up."""

    name: str
    space: Space

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """What to show for these rows."""
        raise NotImplementedError

    def find(self, word: str) -> int:
        """The row of a word. Raises InputError if it has none of its own."""
        raise NotImplementedError

    def parts(self, word: str) -> list[int]:
        """The rows that a word is made of, if it has none of its own; empty where that cannot be."""
        return []

    def known(self, words: Iterable[str]) -> list[int]:
        """The rows of those words that have one of their own, each once, in order."""
        raise NotImplementedError

    def word(self, text: str, mean: bool = False) -> Word:
        """A word's place; mean: that of a word of several tokens is the mean of their rows. Raises InputError."""
        try:
            id = self.find(text)
            return Word(text, id, self.space.rows[id], tuple(self.pieces([id])), (id,))
        except InputError as error:
            parts = self.parts(text) if mean and error.code == "word_of_several_tokens" else []
            if not parts:
                raise
            return Word(text, None, self.space.rows[parts].mean(0), tuple(self.pieces(parts)), tuple(parts))

    def nearest(self, vector: Tensor, count: int, without: Sequence[int] = ()) -> list[Near]:
        """The `count` rows with the largest cosine with `vector` [D], largest first."""
        cosines = self.space.cosines(vector)
        cosines[list(without)] = -torch.inf
        top = cosines.topk(min(count, len(cosines) - len(set(without))))
        ids = top.indices.tolist()
        return [Near(i, t, c) for i, t, c in zip(ids, self.pieces(ids), top.values.tolist(), strict=True)]


class TokenSpace(WordSpace):
    """One of a model's matrices with a row for every token."""

    def __init__(self, llm: LLM, name: str):
        self.name, self._llm = name, ref(llm)  # the model is not kept alive by what is kept for it
        self.space = space_of(llm) if name == "input" else Space(llm.model.unembed.weight)

    @property
    def llm(self) -> LLM:
        llm = self._llm()
        assert llm is not None, "a space is used while its model is"
        return llm

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return self.llm.pieces(ids)

    def find(self, word: str) -> int:
        return token_of(self.llm, word)

    def parts(self, word: str) -> list[int]:
        return [] if self.llm.tokenizer is None else self.llm.tokenizer.encode_inside(word)

    def known(self, words: Iterable[str]) -> list[int]:
        return single_tokens(self.llm, list(words))


class GloveSpace(WordSpace):
    """GloVe's word vectors (Pennington, Socher and Manning 2014); all words are in small letters."""

    name = "glove"

    def __init__(self) -> None:
        self._data = vectors.load(GLOVE)
        self.space = Space(torch.from_numpy(self._data.rows))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [self._data.words[i] for i in ids]

    def find(self, word: str) -> int:
        place = self._data.place.get(word.strip().casefold())
        if place is None:
            raise InputError("word_not_in_vocabulary", word=word[:40])
        return place

    def known(self, words: Iterable[str]) -> list[int]:
        found = (self._data.place.get(word.casefold()) for word in words)
        return list(dict.fromkeys(i for i in found if i is not None))


_open: WeakKeyDictionary[GPT, dict[str, WordSpace]] = WeakKeyDictionary()
_glove: list[GloveSpace] = []
_lock = threading.RLock()


def spaces_of(llm: LLM) -> list[str]:
    """The spaces that make sense beside this model; "glove" may have to be fetched first."""
    tokens = ["input"] if llm.config.tied else ["input", "output"]
    return tokens if llm.tokenizer is None or llm.name == "toy-sort" else [*tokens, "glove"]


def is_here(name: str) -> bool:
    """Whether a space can be opened without fetching anything."""
    return name != "glove" or vectors.is_here(GLOVE)


def open_space(llm: LLM, name: str) -> WordSpace:
    """One of SPACES; kept as long as the model is. Raises CheckpointError for GloVe that was not fetched,
    or was damaged."""
    with _lock:
        if name == "glove":
            if not _glove:
                _glove.append(GloveSpace())
            return _glove[0]
        opened = _open.setdefault(llm.model, {})
        if name not in opened:
            opened[name] = TokenSpace(llm, name)
        return opened[name]
