"""How alike vectors are: the cosine and two other measures, what lies nearest by them, and what chance gives.

Every number for "near" on any page is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gptviz.analysis.kept import kept
from gptviz.analysis.spaces import Space

MEASURES = ("cosine", "dot", "distance")
"""cosine: x·y / (|x|·|y|); dot: x·y; distance: |x − y|, the one in which a small number means alike."""

_SEED = 0


def cosine(first: Tensor, second: Tensor) -> Tensor:
    """The cosine of two vectors [D], in float64: 1 same direction, 0 at right angles, -1 opposite; 0 if one is zero."""
    first, second = first.double(), second.double()
    lengths = first.norm() * second.norm()
    return first @ second / lengths if lengths > 0 else lengths


def cosines(space: Space, vectors: Tensor) -> Tensor:
    """The cosine of a vector [D], or of each of several [N, D], with every row: [V] or [N, V], float32; 0 where a row
    or the vector is zero and the angle means nothing. Several cost hardly more than one: the matrix is read once."""
    vectors = vectors.to(space.rows)
    lengths = vectors.norm(dim=-1, keepdim=True) * space.norms
    dots = (space.rows @ vectors.t()).t()  # twice as fast as vectors @ space.rows.t()
    return torch.where(lengths > 0, dots / lengths, 0.0)


def rank(values: Tensor, id: int, without: Sequence[int] = ()) -> int:
    """1 if no row but those `without` has a larger value (a cosine, say) than row `id`, 2 if one has, and so on."""
    larger = values > values[id]
    return int(larger.sum()) - int(larger[list(without)].sum()) + 1


# ------------------------------------------------------------------------------------------ neighbours

_SPARE = 32  # candidates beyond those asked for, so that rounding cannot lose one at the edge


@dataclass(frozen=True)
class Neighbour:
    """A row, what to show for it, and how alike it is to the vector asked about; norm: its length. cosine: None where
    one of the two is zero."""

    id: int
    token: str
    cosine: float | None
    dot: float
    distance: float
    norm: float


def neighbours(
    space: Space, vector: Tensor, count: int, without: Sequence[int] = (), measures: Sequence[str] = MEASURES
) -> dict[str, list[Neighbour]]:
    """For each measure the `count` rows most alike to `vector` [D], the most alike first. Among equals, the smallest
    id first. A zero vector has no cosine with anything: that list is empty.

    The candidates come from one product with the whole matrix; their own numbers are then computed in float64, the
    distance from the difference itself, which |x|² + |y|² − 2x·y would lose to rounding for rows that lie close.
    """
    vector = vector.detach()
    dots = space.rows @ vector.to(space.rows)
    keys = {
        "cosine": lambda: torch.where(space.norms > 0, dots / space.norms, -torch.inf),
        "dot": dots.clone,
        "distance": lambda: 2 * dots - space.norms.square(),
    }
    chosen: dict[str, list[int]] = {}
    for name in measures:
        key = keys[name]()
        key[list(without)] = -torch.inf
        ids = key.topk(min(len(key), count + _SPARE)).indices
        chosen[name] = ids[key[ids] > -torch.inf].tolist()
    if "cosine" in chosen and not vector.norm() > 0:
        chosen["cosine"] = []
    known = {near.id: near for near in exactly(space, vector, sorted({i for ids in chosen.values() for i in ids}))}

    def order(name: str, near: Neighbour) -> tuple[float, int]:
        return (near.distance if name == "distance" else -getattr(near, name), near.id)

    return {name: sorted((known[i] for i in ids), key=partial(order, name))[:count] for name, ids in chosen.items()}


def nearest(space: Space, vector: Tensor, count: int, without: Sequence[int] = ()) -> list[Neighbour]:
    """The `count` rows with the largest cosine with `vector` [D], largest first."""
    return neighbours(space, vector, count, without, ["cosine"])["cosine"]


def exactly(space: Space, vector: Tensor, ids: Sequence[int]) -> list[Neighbour]:
    """`vector` [D] beside some rows, in float64."""
    rows, vector = space.rows[list(ids)].double(), vector.to(space.rows.device).double()
    dots, norms = rows @ vector, rows.norm(dim=1)
    lengths, distances = norms * vector.norm(), (rows - vector).norm(dim=1)
    columns = (column.tolist() for column in (dots, lengths, distances, norms))
    return [
        Neighbour(id, token, dot / length if length > 0 else None, dot, distance, norm)
        for id, token, dot, length, distance, norm in zip(ids, space.pieces(ids), *columns, strict=True)
    ]


# -------------------------------------------------------------------------------------- what chance gives

_BUDGET = 5e10  # multiplications a baseline may cost: about a second on two cores; smollm2's matrix takes a third
PAIRS = 20_000
"""How many random pairs stand for all pairs of rows, where there are more."""


@dataclass(frozen=True)
class Baseline:
    """What a cosine has to be read against: all pairs of two different rows out of `n_rows`, or a vector and each of
    so many rows.

    `whole`: these are all rows that were asked about, so mean and sd are exact; else a random sample of them."""

    mean: float
    sd: float
    n_rows: int
    whole: bool

    def sds_above(self, cosine: float) -> float:
        """By how many standard deviations `cosine` exceeds what random pairs have on average."""
        return (cosine - self.mean) / self.sd


def pair_baseline(rows: Tensor) -> Baseline:
    """Mean and standard deviation of the cosine over all pairs of different rows of `rows` [N, D], N at least 2.

    Over every pair at once, without forming them: with unit rows U, the cosines are the entries of U·Uᵀ, whose sum
    is |ΣU|² and whose squares add up to |Uᵀ·U|²; the N on the diagonal are taken off. A matrix so large that this
    would take seconds is represented by a random sample of its rows.
    """
    n, d = rows.shape
    limit = max(2, int(_BUDGET / d**2))
    if n > limit:
        sample = torch.randperm(n, generator=torch.Generator().manual_seed(_SEED))[:limit]
        rows = rows[sample.to(rows.device)]
    total, squares = _moments(rows)
    m = len(rows)
    mean = (total @ total - m) / (m * (m - 1))
    variance = (squares.square().sum() - m) / (m * (m - 1)) - mean**2
    return Baseline(float(mean), float(variance.clamp_min(0).sqrt()), m, m == n)


def space_baseline(space: Space) -> Baseline:
    """`pair_baseline` of a whole space."""
    return kept(space, "pair baseline", lambda: pair_baseline(space.rows))


def vector_baseline(space: Space, vector: Tensor, without: Sequence[int] = ()) -> Baseline:
    """The cosine of a vector [D] with every row but those `without`. Vectors differ in this: in smollm2's matrix
    common words lie apart from the mass of rare tokens, whose cosines dominate the baseline of all pairs."""
    others = torch.ones(len(space), dtype=torch.bool)
    others[list(without)] = False
    found = cosines(space, vector).cpu()[others].double()
    return Baseline(float(found.mean()), float(found.std(correction=0)), len(found), True)


def vector_baselines(space: Space, vectors: Tensor, rows: Sequence[int | None]) -> Tensor:
    """[N, 2]: mean and standard deviation of the cosine of each of many `vectors` [N, D] with the rows of a space;
    where the vector is one of them (its place in `rows`), with all others. NaN for a zero vector.

    From the moments of the unit rows U: with a unit vector x the cosines are U·x, whose mean is x·mean(U) and whose
    mean square is xᵀ·(UᵀU/V)·x."""
    total, squares = (moment.cpu() for moment in kept(space, "moments", lambda: _moments(space.rows)))
    x = vectors.double().cpu()
    x = x / x.norm(dim=1, keepdim=True)
    itself = torch.tensor([float(row is not None) for row in rows], dtype=torch.float64)
    n = len(space) - itself
    mean = (x @ total - itself) / n
    return torch.stack((mean, (((x @ squares * x).sum(1) - itself) / n - mean**2).clamp_min(0).sqrt()), dim=1)


def _moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Of the unit rows U: their sum [D] and UᵀU [D, D], float64."""
    units = normalize(rows, dim=1)
    return units.double().sum(0), (units.T @ units).double()


@dataclass(frozen=True)
class Chance:
    """What two different rows drawn at random give in one measure. values: sorted, float64; whole: they are all pairs
    that exist, not a sample."""

    values: Tensor
    whole: bool

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        return float(self.values.std(correction=0))


def chance(space: Space) -> dict[str, Chance]:
    """By measure. Pairs with a zero row have no cosine and are left out of that one."""
    return kept(space, "chance", lambda: _random_pairs(space))


def _random_pairs(space: Space) -> dict[str, Chance]:
    n = len(space)
    whole = n * (n - 1) // 2 <= PAIRS
    if whole:
        first, second = torch.triu_indices(n, n, 1)
    else:
        generator = torch.Generator().manual_seed(_SEED)
        first = torch.randint(n, (PAIRS,), generator=generator)
        # Any other row, each as likely.
        second = (first + 1 + torch.randint(n - 1, (PAIRS,), generator=generator)) % n
    x, y = space.rows[first], space.rows[second]
    dots = (x * y).sum(1).double()
    lengths = space.norms[first].double() * space.norms[second].double()
    values = {"cosine": (dots / lengths)[lengths > 0], "dot": dots, "distance": (x - y).norm(dim=1).double()}
    return {name: Chance(found.sort().values.cpu(), whole) for name, found in values.items()}


@dataclass(frozen=True)
class ArrowBaseline:
    """Cosines of random differences: standard deviation (the mean is 0 by symmetry), 99th percentile, how many."""

    sd: float
    p99: float
    n_pairs: int


def arrow_baseline(rows: Tensor, n_pairs: int = 10_000) -> ArrowBaseline:
    """The cosine of (w - x) with (y - z) for `n_pairs` draws of four different rows out of `rows` [N, D], N at
    least 4; always the same draws."""
    generator = torch.Generator().manual_seed(_SEED)
    # The four largest of N random numbers: four different rows, each as likely as any other.
    draws = torch.stack([torch.rand(len(rows), generator=generator).topk(4).indices for _ in range(n_pairs)])
    # Differences of rows through their dot products: 4 [N, N] look-ups instead of 40,000 rows.
    dots = (rows.double() @ rows.double().T).cpu()
    w, x, y, z = draws.T
    products = dots[w, y] - dots[w, z] - dots[x, y] + dots[x, z]
    lengths = (dots[w, w] + dots[x, x] - 2 * dots[w, x]).sqrt() * (dots[y, y] + dots[z, z] - 2 * dots[y, z]).sqrt()
    found = products / lengths
    return ArrowBaseline(float(found.std()), float(found.quantile(0.99)), n_pairs)
