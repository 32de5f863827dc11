"""A few hundred common words, the same for every prompt: what a map of the prompt's tokens is drawn among, and what
its numbers are compared with."""

from __future__ import annotations

import threading
import tomllib
import weakref
from dataclasses import dataclass

from gptviz.analysis.arithmetic import ArrowBaseline, arrow_baseline
from gptviz.analysis.geometry import (
    Baseline,
    pair_baseline,
)
from gptviz.analysis.spaces import WordSpace
from gptviz.paths import asset

_ENOUGH = 100  # fewer common words than this in a vocabulary, and its own tokens serve instead
_AT_MOST = 400


@dataclass(frozen=True)
class Landmarks:
    """Tokens by group, and what was measured on their rows: cosines of pairs, and of differences.

    groups: name in assets/words.toml -> ids; a single group "vocabulary" where the vocabulary has too few of those
    words.
    """

    groups: dict[str, list[int]]
    pairs: Baseline
    arrows: ArrowBaseline

    @property
    def ids(self) -> list[int]:
        return [i for group in self.groups.values() for i in group]


_landmarks: weakref.WeakKeyDictionary[WordSpace, Landmarks] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def landmarks_in(where: WordSpace) -> Landmarks:
    """The landmarks of a space, measured once and kept as long as the space is."""
    with _lock:
        if where not in _landmarks:
            _landmarks[where] = _measure(where)
        return _landmarks[where]


def _measure(where: WordSpace) -> Landmarks:
    groups = _groups(where)
    rows = where.space.rows[[i for group in groups.values() for i in group]]
    return Landmarks(groups, pair_baseline(rows), arrow_baseline(rows))


def _groups(where: WordSpace) -> dict[str, list[int]]:
    words = tomllib.loads(asset("words.toml").read_text(encoding="utf-8"))
    groups = {name: where.known(line.split()) for name, line in words.items()}
    if sum(map(len, groups.values())) >= _ENOUGH:
        return {name: ids for name, ids in groups.items() if ids}
    size = len(where.space)
    # All of a small vocabulary, or tokens evenly spread over a large one.
    return {"vocabulary": list(range(0, size, -(-size // _AT_MOST)))}
