"""A few hundred common words, the same for every prompt: what a picture of a space shows, and what numbers about words
are compared with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from gptviz.analysis.kept import kept
from gptviz.analysis.similarity import ArrowBaseline, Baseline, arrow_baseline, pair_baseline
from gptviz.analysis.spaces import Space
from gptviz.paths import asset

_ENOUGH = 100  # fewer common words than this in a vocabulary, and its own tokens serve instead
_AT_MOST = 400  # of its own tokens


@dataclass(frozen=True)
class CommonWords:
    """Rows of a space by group, and what was measured on them: cosines of pairs, and of differences.

    groups: name in assets/words.toml -> rows; a single group "vocabulary" where the space has too few of those words.
    """

    groups: dict[str, list[int]]
    pairs: Baseline
    arrows: ArrowBaseline

    @property
    def ids(self) -> list[int]:
        return [i for group in self.groups.values() for i in group]

    @property
    def are_words(self) -> bool:
        """Whether the space has these words, so that questions about meaning make sense in it."""
        return "vocabulary" not in self.groups


def common_words(space: Space) -> CommonWords:
    """The common words of a space."""
    return kept(space, "common words", lambda: _measure(space))


def _measure(space: Space) -> CommonWords:
    groups = _groups(space)
    rows = space.rows[[i for group in groups.values() for i in group]]
    return CommonWords(groups, pair_baseline(rows), arrow_baseline(rows))


def _groups(space: Space) -> dict[str, list[int]]:
    words = tomllib.loads(asset("words.toml").read_text(encoding="utf-8"))
    groups = {name: space.known(line.split()) for name, line in words.items()}
    if sum(map(len, groups.values())) >= _ENOUGH:
        return {name: ids for name, ids in groups.items() if ids}
    # All of a small vocabulary, or tokens evenly spread over a large one.
    return {"vocabulary": list(range(0, len(space), -(-len(space) // _AT_MOST)))}
