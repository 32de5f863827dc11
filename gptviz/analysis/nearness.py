"""What lies near a vector, by three measures, and what each gives by chance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gptviz.analysis.geometry import Baseline, Near
from gptviz.analysis.spaces import WordSpace

MEASURES = ("cosine", "dot", "distance")
"""The angle alone; the angle and both lengths; how far apart the tips are (Euclidean)."""


def nearness(where: WordSpace, measure: str, vector: Tensor) -> Tensor:
    """The measure between `vector` [D] and every row: [V]."""
    space = where.space
    vector = vector.to(space.rows)
    if measure == "cosine":
        return space.cosines(vector)
    if measure == "dot":
        return space.rows @ vector
    # |x - v|² = |x|² + |v|² - 2 x·v, in float64, which rounding does not spoil for near rows.
    squares = space.norms.double().square() + vector.double().square().sum() - 2 * (space.rows @ vector).double()
    return squares.clamp_min(0).sqrt().float()


def nearest_by(where: WordSpace, measure: str, vector: Tensor, count: int, without: Sequence[int] = ()) -> list[Near]:
    """The `count` nearest rows, nearest first: the largest cosine or dot product, the smallest distance. `Near.cosine`
    is the measure's value. Distances are computed again exactly for those that are returned."""
    values = nearness(where, measure, vector)
    order = -values if measure == "distance" else values
    order = order.clone()
    order[list(without)] = -torch.inf
    ids = order.topk(min(count, len(order) - len(set(without)))).indices.tolist()
    if measure == "distance":
        exact = (where.space.rows[ids].double() - vector.double()).norm(dim=1).tolist()
        ids, found = map(list, zip(*sorted(zip(ids, exact, strict=True), key=lambda pair: pair[1]), strict=True))
    else:
        found = values[ids].tolist()
    return [Near(i, t, v) for i, t, v in zip(ids, where.pieces(ids), found, strict=True)]


def baseline(where: WordSpace, measure: str, vector: Tensor, without: Sequence[int] = ()) -> Baseline:
    """Mean and standard deviation of the measure between `vector` and all rows but those `without`."""
    values = nearness(where, measure, vector).double()
    kept = torch.ones(len(values), dtype=torch.bool)
    kept[list(without)] = False
    values = values[kept]
    return Baseline(float(values.mean()), float(values.std(correction=0)), len(values), True)
