"""The spaces in which words can be compared: the two matrices of a model, and classic word vectors."""

from __future__ import annotations

import threading
import weakref

import numpy as np
import torch

from gptviz.analysis.geometry import Space, space_of
from gptviz.checkpoints import vectors
from gptviz.checkpoints.store import Progress
from gptviz.llm import LLM
from gptviz.model import GPT

MODEL, UNEMBEDDING, GLOVE = "model", "unembedding", "glove-6b-50d"
SPACES = (MODEL, UNEMBEDDING, GLOVE)

_unembeddings: weakref.WeakKeyDictionary[GPT, Space] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def spaces_of(llm: LLM) -> tuple[str, ...]:
    """The names of the spaces that there are beside a model: the unembedding only where it is a matrix of its own."""
    return tuple(name for name in SPACES if name != UNEMBEDDING or not llm.config.tied)


def unembedding_of(llm: LLM) -> Space:
    """The rows of the matrix that gives the scores: that of `space_of` where the two are one."""
    if llm.config.tied:
        return space_of(llm)
    with _lock:
        if llm.model not in _unembeddings:
            _unembeddings[llm.model] = Space.of_tokens(llm.model.unembed.weight, llm.tokenizer)
        return _unembeddings[llm.model]


def load_vectors(name: str, *, progress: Progress | None = None) -> Space:
    """Classic word vectors as a Space, fetched first if need be; `find` takes a word in any case, for these vectors
    know small letters only. The matrix stays memory-mapped. Raises CheckpointError."""
    matrix, words = vectors.load(name, progress=progress)
    row_of = dict(zip(words, range(len(words)), strict=True))

    def find(word: str) -> int | None:
        word = word.replace("·", " ").strip()
        return row_of.get(word, row_of.get(word.lower()))

    def names(rows):
        return [words[row] for row in rows]

    return Space(torch.from_numpy(np.asarray(matrix)), names, find)
