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
)
from gptviz.analysis.spaces import WordSpace, open_space
from gptviz.llm import LLM
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


_landmarks: weakref.WeakKeyDictionary[WordSpace, Landmarks] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def landmarks_of(llm: LLM) -> Landmarks:
    """The landmarks of a model's embedding matrix."""
    return landmarks_in(open_space(llm, "input"))


def landmarks_in(where: WordSpace) -> Landmarks:
    """The landmarks of a space, measured once and kept as long as the space is."""
    with _lock:
        if where not in _landmarks:
            _landmarks[where] = _measure(where)
        return _landmarks[where]


def _measure(where: WordSpace) -> Landmarks:
    groups = _groups(where)
    ids = [i for group in groups.values() for i in group]
    rows = where.space.rows[ids]
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


def _groups(where: WordSpace) -> dict[str, list[int]]:
    words = tomllib.loads(asset("words.toml").read_text(encoding="utf-8"))
    groups = {name: where.known(line.split()) for name, line in words.items()}
    if sum(map(len, groups.values())) >= _ENOUGH:
        return {name: ids for name, ids in groups.items() if ids}
    size = len(where.space)
    # All of a small vocabulary, or tokens evenly spread over a large one.
    return {"vocabulary": list(range(0, size, -(-size // _AT_MOST)))}


def _ranks(values: torch.Tensor) -> torch.Tensor:
    return values.argsort().argsort().double()
