"""The embedding matrix as points in space: how alike two rows are, which lie nearest, what random pairs give, and
the plane that shows most of a set of rows."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.model import GPT

# Multiplications one baseline may cost: about a second on two cores. The default model's matrix takes a third.
_BUDGET = 5e10
_SEED = 0


@dataclass(frozen=True)
class Baseline:
    """What a cosine has to be read against: all pairs of two different rows out of `n_rows`, or one row and each of
    the others.

    `whole`: these are all rows that were asked about, so mean and sd are exact; else a random sample of them."""

    mean: float
    sd: float
    n_rows: int
    whole: bool

    def sds_above(self, cosine: float) -> float:
        """By how many standard deviations `cosine` exceeds what random pairs have on average."""
        return (cosine - self.mean) / self.sd


@dataclass(frozen=True)
class Near:
    """A token and the cosine of its row with the vector asked about."""

    id: int
    token: str
    cosine: float


class Space:
    """The rows of a matrix, ready to be compared. Made by `space_of`; norms are computed once.

    rows: [V, D] float32; norms: [V], the Euclidean length of each row.
    """

    def __init__(self, rows: Tensor):
        self.rows = rows.detach().float()
        self.norms = self.rows.norm(dim=1)

    def __len__(self) -> int:
        return len(self.rows)

    def cosines(self, vector: Tensor) -> Tensor:
        """cos(vector, row) = vector·row / (|vector|·|row|) for every row: [D] -> [V]; 0 where a row or the vector
        is zero and the angle means nothing."""
        vector = vector.to(self.rows)
        lengths = self.norms * vector.norm()
        return torch.where(lengths > 0, self.rows @ vector / lengths, 0.0)

    def cosine(self, first: int, second: int) -> float:
        """The cosine of two rows."""
        return float(cosine(self.rows[first], self.rows[second]))

    @cached_property
    def baseline(self) -> Baseline:
        """Mean and sd of the cosine over all pairs of rows."""
        return pair_baseline(self.rows)


def token_baseline(space: Space, row: int) -> Baseline:
    """The cosine of one row with each of the others. Rows differ in this: in the default model's matrix, common
    words lie apart from the mass of rare tokens, whose cosines dominate the baseline of all pairs."""
    cosines = space.cosines(space.rows[row]).double()
    others = torch.cat((cosines[:row], cosines[row + 1 :]))
    return Baseline(float(others.mean()), float(others.std(correction=0)), len(space), True)


_spaces: weakref.WeakKeyDictionary[GPT, Space] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def space_of(llm: LLM) -> Space:
    """The rows of the model's embedding matrix: one Space a model, kept as long as the model is."""
    with _lock:
        if llm.model not in _spaces:
            _spaces[llm.model] = Space(llm.model.embed.weight)
        return _spaces[llm.model]


def cosine(first: Tensor, second: Tensor) -> Tensor:
    """The cosine of two vectors [D], in float64: 1 same direction, 0 at right angles, -1 opposite; 0 if one is zero."""
    first, second = first.double(), second.double()
    lengths = first.norm() * second.norm()
    return first @ second / lengths if lengths > 0 else lengths


def pair_baseline(rows: Tensor) -> Baseline:
    """Mean and standard deviation of the cosine over all pairs of different rows of `rows` [N, D], N at least 2.

    Over every pair at once, without forming them: with unit rows U, the cosines are the entries of U·Uᵀ, whose sum
    is |ΣU|² and whose squares add up to |Uᵀ·U|²; the N on the diagonal are taken off. A matrix so large that this
    would take seconds is represented by a random sample of its rows.
    """
    n, d = rows.shape
    limit = max(2, int(_BUDGET / d**2))
    if n > limit:
        chosen = torch.randperm(n, generator=torch.Generator().manual_seed(_SEED))[:limit]
        units = torch.nn.functional.normalize(rows[chosen.to(rows.device)], dim=1)
    else:
        units = torch.nn.functional.normalize(rows, dim=1)
    m = len(units)
    total = units.double().sum(0)
    squares = (units.T @ units).double().square().sum()
    mean = (total @ total - m) / (m * (m - 1))
    variance = (squares - m) / (m * (m - 1)) - mean**2
    return Baseline(float(mean), float(variance.clamp_min(0).sqrt()), m, m == n)


def rank(cosines: Tensor, token_id: int, without: Sequence[int] = ()) -> int:
    """1 if no row but those `without` has a larger cosine than `token_id`, 2 if one has, and so on."""
    larger = cosines > cosines[token_id]
    return int(larger.sum()) - int(larger[list(without)].sum()) + 1


# ---------------------------------------------------------------------------------------------- words


def one_token(llm: LLM, word: str) -> int | None:
    """The one token that `word` is: as inside a sentence, with a space before it, else as it stands; "·" stands for
    a space. None for a word of several tokens, or of none."""
    word = word.replace("·", " ")
    forms = (word,) if word.startswith(" ") else (f" {word}", word)
    return next((found for form in forms if (found := llm.tokenizer.id_of(form)) is not None), None)


def token_of(llm: LLM, word: str) -> int:
    """`one_token`, for those who need one. Raises InputError for a word of several tokens, or with characters the
    vocabulary lacks."""
    if llm.tokenizer is None:
        raise InputError("no_tokenizer", model=llm.name)
    found = one_token(llm, word)
    if found is not None:
        return found
    word = word.replace("·", " ")
    if llm.tokenizer.dropped(word) or not word.strip():
        raise InputError("word_not_in_vocabulary", word=word)
    pieces = llm.pieces(llm.tokenizer.encode_inside(word))
    shown = " ".join(pieces[:8]) + (" …" if len(pieces) > 8 else "")
    raise InputError("word_of_several_tokens", word=_shorten(word), count=len(pieces), pieces=shown)


def single_tokens(llm: LLM, words: Sequence[str]) -> list[int]:
    """The ids of those `words` that are one token of this vocabulary with a space before them, in order."""
    if llm.tokenizer is None:
        return []
    ids = (llm.tokenizer.id_of(f" {word}") for word in words)
    return list(dict.fromkeys(i for i in ids if i is not None))


def _shorten(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True)
class Spread:
    """How large the numbers of some rows are: the extremes, and `limit`, which 99 of 100 stay below in size."""

    lowest: float
    highest: float
    limit: float


def spread(values: Tensor) -> Spread:
    """The Spread of a tensor of any shape."""
    sizes = values.float().abs().flatten()
    return Spread(float(values.min()), float(values.max()), float(sizes.kthvalue(-(-99 * len(sizes) // 100)).values))


def one_hot_difference(space: Space, row: int) -> float:
    """The largest difference between row `row` and the product of a one-hot vector with the matrix."""
    one_hot = torch.zeros(len(space), device=space.rows.device)
    one_hot[row] = 1
    return float((one_hot @ space.rows - space.rows[row]).abs().max())


# ----------------------------------------------------------------------------------------- projection


@dataclass(frozen=True)
class Plane:
    """The plane in which a cloud of points spreads most. origin: [D], the cloud's mean; axes: [2, D], orthonormal;
    explained: the share of the cloud's variance that lies along each axis, and `total` along both."""

    origin: Tensor
    axes: Tensor
    explained: tuple[float, float]

    @property
    def total(self) -> float:
        return sum(self.explained)

    def project(self, points: Tensor) -> Tensor:
        """[N, D] -> [N, 2]: where each point falls on the plane."""
        return (points.float() - self.origin) @ self.axes.T


def principal_plane(points: Tensor) -> Plane:
    """The first two principal components (Pearson 1901) of `points` [N, D], N at least 3 and D at least 2."""
    points = points.float()
    origin = points.mean(0)
    _, sizes, axes = torch.linalg.svd(points - origin, full_matrices=False)
    axes = axes[:2]
    # A component's sign is arbitrary: fix it, so that the map never flips.
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    shares = sizes.double().square() / sizes.double().square().sum()
    return Plane(origin, axes, (float(shares[0]), float(shares[1])))
