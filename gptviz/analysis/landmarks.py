"""A few hundred common words, the same for every prompt: what a map of the prompt's tokens is drawn among, and what
its numbers are compared with."""

from __future__ import annotations

import threading
import tomllib
import weakref
from dataclasses import dataclass

import torch

from gptviz.analysis.arithmetic import ArrowBaseline, arrow_baseline
from gptviz.analysis.geometry import (
    Baseline,
    Plane,
    neighbours_kept,
    pair_baseline,
    principal_plane,
    single_tokens,
    space_of,
)
from gptviz.llm import LLM
from gptviz.model import GPT
from gptviz.paths import asset

_ENOUGH = 100  # fewer common words than this in a vocabulary, and its own tokens serve instead
_AT_MOST = 400


@dataclass(frozen=True)
class Landmarks:
    """Tokens by group, and what was measured on their rows of the embedding matrix.

    groups: name in assets/words.toml -> ids; a single group "vocabulary" where the vocabulary has too few of those
    words. plane: their principal plane; flat: [N, 2], where each falls on it, in the order of `ids`; kept: how many
    have the same nearest neighbour on the plane as in the whole space; id_order: rank correlation (Spearman) of the
    plane's first axis with the id.
    """

    groups: dict[str, list[int]]
    plane: Plane
    flat: torch.Tensor
    kept: int
    id_order: float
    pairs: Baseline
    arrows: ArrowBaseline

    @property
    def ids(self) -> list[int]:
        return [i for group in self.groups.values() for i in group]


_landmarks: weakref.WeakKeyDictionary[GPT, Landmarks] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def landmarks_of(llm: LLM) -> Landmarks:
    """The landmarks of a model, measured once and kept as long as the model is."""
    with _lock:
        if llm.model not in _landmarks:
            _landmarks[llm.model] = _measure(llm)
        return _landmarks[llm.model]


def _measure(llm: LLM) -> Landmarks:
    groups = _groups(llm)
    ids = [i for group in groups.values() for i in group]
    rows = space_of(llm).rows[ids]
    plane = principal_plane(rows)
    flat = plane.project(rows)
    order = torch.stack((_ranks(flat[:, 0]), _ranks(torch.tensor(ids))))
    return Landmarks(
        groups=groups,
        plane=plane,
        flat=flat,
        kept=neighbours_kept(rows, flat),
        id_order=float(torch.corrcoef(order)[0, 1]),
        pairs=pair_baseline(rows),
        arrows=arrow_baseline(rows),
    )


def _groups(llm: LLM) -> dict[str, list[int]]:
    words = tomllib.loads(asset("words.toml").read_text(encoding="utf-8"))
    groups = {name: single_tokens(llm, line.split()) for name, line in words.items()}
    if sum(map(len, groups.values())) >= _ENOUGH:
        return {name: ids for name, ids in groups.items() if ids}
    size = llm.config.vocab_size
    # All of a small vocabulary, or tokens evenly spread over a large one.
    return {"vocabulary": list(range(0, size, -(-size // _AT_MOST)))}


def _ranks(values: torch.Tensor) -> torch.Tensor:
    return values.argsort().argsort().double()
