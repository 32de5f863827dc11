"""The spaces in which words have a place: the model's embedding matrix, its unembedding where that is another, and
classic word vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.kept import kept
from gptviz.checkpoints import vectors
from gptviz.errors import InputError
from gptviz.llm import LLM

SPACES = ("input", "output", "glove")
GLOVE = "glove-6b-50d"


@dataclass(frozen=True, eq=False)
class Word:
    """A word's place in a space. rows: its own row, or those of the pieces it is written in; pieces: what to show for
    each; vector: [D], the row, or the mean of several."""

    text: str
    rows: tuple[int, ...]
    pieces: tuple[str, ...]
    vector: Tensor

    @property
    def id(self) -> int | None:
        """Its row; None for the mean of several."""
        return self.rows[0] if len(self.rows) == 1 else None


class Space:
    """The rows of a matrix, and the words that have a place among them. A plain Space knows its rows by number alone.

    name: one of SPACES, "" for a plain one; rows: [V, D] float32; norms: [V], the Euclidean length of each row.
    """

    name = ""

    def __init__(self, rows: Tensor):
        self.rows = rows.detach().float()
        self.norms = self.rows.norm(dim=1)
        # A model's own float32 matrix, or one that is mapped from a file, takes no memory of ours.
        own = self.rows.data_ptr() != rows.data_ptr()
        self.nbytes = self.norms.nbytes + own * self.rows.nbytes

    def __len__(self) -> int:
        return len(self.rows)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """What to show for these rows."""
        return [str(i) for i in ids]

    def rows_of(self, word: str) -> tuple[int, ...]:
        """The row of a word; several for one that is written in several pieces; none for one that this space cannot
        write. "·" stands for a space."""
        number = int(word) if word.isascii() and word.isdecimal() and len(word) < 9 else len(self)
        return (number,) if number < len(self) else ()

    def find(self, word: str) -> int:
        """The row of a word. Raises InputError if it has none of its own."""
        rows = self.rows_of(word)
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise InputError("word_not_in_vocabulary", word=_shorten(word))
        pieces = " ".join(self.pieces(rows[:8])) + (" …" if len(rows) > 8 else "")
        raise InputError("word_of_several_tokens", word=_shorten(word), count=len(rows), pieces=pieces)

    def known(self, words: Iterable[str]) -> list[int]:
        """The rows of those words that have one of their own, each once, in order."""
        found = (self.rows_of(word) for word in words)
        return list(dict.fromkeys(rows[0] for rows in found if len(rows) == 1))

    def word(self, text: str, mean: bool = False) -> Word:
        """A word's place; mean: a word of several pieces has one too, the mean of their rows. Raises InputError for a
        word that has none."""
        rows = self.rows_of(text) if mean else ()
        return self.place(text, rows or (self.find(text),))

    def token(self, id: int, piece: str) -> Word:
        """The place of one of the model's tokens, shown as `piece`. Raises InputError if it has none here."""
        return self.place(piece, [id])

    def place(self, text: str, rows: Sequence[int]) -> Word:
        """What is called `text`, and lies at this row, or at the mean of these rows."""
        vector = self.rows[rows[0]] if len(rows) == 1 else self.rows[list(rows)].mean(0)
        return Word(text, tuple(rows), tuple(self.pieces(rows)), vector)


class TokenSpace(Space):
    """One of a model's matrices with a row for every token."""

    def __init__(self, llm: LLM, name: str):
        super().__init__((llm.model.embed if name == "input" else llm.model.unembed).weight)
        self.name = name
        # Not the model itself: it would be kept alive by what is kept for it.
        self._tokenizer, self._model = llm.tokenizer, llm.name

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return super().pieces(ids) if self._tokenizer is None else self._tokenizer.pieces(ids)

    def rows_of(self, word: str) -> tuple[int, ...]:
        tokenizer, word = self._tokenizer, word.replace("·", " ")
        if tokenizer is None:
            return super().rows_of(word)
        if not word:
            return ()
        # As inside a sentence, with a space before it, else as it stands.
        for form in (word,) if word.startswith(" ") else (f" {word}", word):
            if (id := tokenizer.id_of(form)) is not None:
                return (id,)
        word = word.strip()
        return () if not word or tokenizer.dropped(word) else tuple(tokenizer.encode_inside(word))

    def find(self, word: str) -> int:
        if self._tokenizer is None and not self.rows_of(word):
            raise InputError("no_tokenizer", model=self._model)
        return super().find(word)


class GloveSpace(Space):
    """GloVe's word vectors (Pennington, Socher and Manning 2014); all words are in small letters."""

    name = "glove"

    def __init__(self) -> None:
        data = vectors.load(GLOVE)
        super().__init__(torch.from_numpy(data.rows))
        self._words = data.words
        self._rows_of = {word: row for row, word in enumerate(data.words)}
        self.nbytes += 200 * len(self)  # of both, about

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [self._words[i] for i in ids]

    def rows_of(self, word: str) -> tuple[int, ...]:
        row = self._rows_of.get(word.replace("·", " ").strip().casefold())
        return () if row is None else (row,)

    def token(self, id: int, piece: str) -> Word:
        return self.word(piece)


def spaces_of(llm: LLM) -> list[str]:
    """The spaces that make sense beside this model; "glove" may have to be fetched first."""
    tokens = ["input"] if llm.config.tied else ["input", "output"]
    return tokens if llm.tokenizer is None or llm.name == "toy-sort" else [*tokens, "glove"]


def is_here(name: str) -> bool:
    """Whether a space can be opened without fetching anything."""
    return name != "glove" or vectors.is_here(GLOVE)


def open_space(llm: LLM, name: str = "input") -> Space:
    """One of SPACES; kept as long as the model is. Raises CheckpointError for GloVe that was not fetched."""
    if name == "glove":
        return kept(vectors, GLOVE, lambda: GloveSpace())  # it goes with the process
    return kept(llm.model, ("space", name), lambda: TokenSpace(llm, name))


def _shorten(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
