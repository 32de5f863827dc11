"""Rows of a space seen flat: along a direction of words, on their principal components, along two axes, by t-SNE."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize, pad

from gptviz.analysis.common_words import common_words
from gptviz.analysis.similarity import nearest
from gptviz.analysis.spaces import Space
from gptviz.analysis.words import parse, split_words, terms_of, total
from gptviz.errors import InputError
from gptviz.extras import require

# ------------------------------------------------------------------------------------------ directions


@dataclass(frozen=True)
class Placed:
    """A word on a direction: `at` is 0 at the mean of the first set and 1 at that of the second. side: which set it
    is of, "first", "second", or "other"."""

    word: str
    piece: str
    at: float
    side: str


@dataclass(frozen=True)
class Direction:
    """placed: the words along it; missing: those that have no row of their own; agree: the mean cosine of the
    differences between pairs of words of the two sets with the direction; apart: how many of the sets' words lie on
    their own side of the middle, and how many there are; vector: [D]."""

    vector: Tensor
    placed: tuple[Placed, ...]
    missing: tuple[str, ...]
    agree: float
    apart: tuple[int, int]


def direction(space: Space, first: Sequence[str], second: Sequence[str], others: Sequence[str]) -> Direction:
    """From the mean of one set of words to that of another, and where words lie along it (each projected onto the
    line through both means). Raises InputError for a set without a known word, or two sets with the same mean."""
    sets, missing = {}, []
    for name, words in (("first", first), ("second", second), ("other", others)):
        sets[name] = {word: row for word in words for row in space.known([word])}
        missing += [word for word in words if word not in sets[name]]
        if name != "other" and not sets[name]:
            raise InputError("set_empty", which="A" if name == "first" else "B")
    take = {name: space.rows[list(found.values())].double() for name, found in sets.items()}
    means = take["first"].mean(0), take["second"].mean(0)
    vector = means[1] - means[0]
    length = vector.norm()
    if length <= 1e-6 * (means[0].norm() + means[1].norm()):
        raise InputError("set_same")
    placed = []
    for name, found in sets.items():
        along = ((take[name] - means[0]) @ vector / length**2).tolist() if found else []
        pieces = space.pieces(list(found.values()))
        placed += [Placed(word, piece, at, name) for word, piece, at in zip(found, pieces, along, strict=True)]
    differences = (take["second"][None] - take["first"][:, None]).flatten(0, 1)
    lengths = differences.norm(dim=1)
    cosines = (differences @ vector)[lengths > 0] / (lengths[lengths > 0] * length)
    own = [one for one in placed if one.side != "other"]
    apart = sum((one.at > 0.5) == (one.side == "second") for one in own)
    return Direction(vector.float(), tuple(placed), tuple(missing), float(cosines.mean()), (apart, len(own)))


# ----------------------------------------------------------------------------------------- projections


@dataclass(frozen=True)
class Cloud:
    """Rows to be laid flat. ids [N]; group: of each, by number in `names`; flat: [N, 3], their first three principal
    components; explained: the share of their variance along each; near: [N, NEAREST], of each row those of the cloud
    with the largest cosine in the whole space, by their place in it; missing: words that have no row of their own."""

    ids: tuple[int, ...]
    groups: tuple[int, ...]
    names: tuple[str, ...]
    flat: Tensor
    explained: tuple[float, ...]
    near: Tensor
    missing: tuple[str, ...] = ()


LEAST_POINTS = 5
COMMON = 3000  # rows of the cloud of common ones
AROUND = 60  # rows of a neighbourhood
CLOUDS = ("words", "prompt", "near", "common", "own")
NEAREST = 4


def cloud(space: Space, kind: str, prompt: Sequence[int], at: int, listed: str = "") -> Cloud:
    """One of CLOUDS: common words by what they name; the prompt's tokens among these; the rows nearest to row `at`;
    the most common few thousand rows (the lowest ids: pieces were merged, or words counted, in that order); or the
    words `listed`, in groups with semicolons between them, each group named by its first words.

    prompt: rows of the prompt's tokens. Raises InputError for too few points.
    """
    missing: list[str] = []
    if kind in ("words", "prompt"):
        groups = common_words(space).groups
        found = {id: n for n, ids in enumerate(groups.values()) for id in ids}
        names = list(groups)
        if kind == "prompt":
            found |= dict.fromkeys(prompt, len(names))
            names.append("prompt")
    elif kind == "near":
        near = nearest(space, space.rows[at], AROUND, without=[at])
        found, names = {at: 0} | {one.id: 1 for one in near}, ["chosen", "near"]
    elif kind == "own":
        found, names, missing = _listed(space, listed)
    else:
        start = 0 if space.name == "glove" else 256  # single bytes and special tokens come first
        end = min(len(space), start + COMMON)
        ids = range(start, end) if end - start >= LEAST_POINTS else range(len(space))
        found, names = dict.fromkeys(ids, 0), ["common"]
    if len(found) < LEAST_POINTS:
        if missing:
            raise InputError("few_points_missing", count=len(found), least=LEAST_POINTS, words=", ".join(missing[:20]))
        raise InputError("few_points", count=len(found), least=LEAST_POINTS)
    rows = space.rows[list(found)]
    flat, explained = principal_components(rows, 3)
    units = normalize(rows, dim=1)
    near = (units @ units.T).fill_diagonal_(-torch.inf).topk(min(NEAREST, len(rows) - 1)).indices
    return Cloud(tuple(found), tuple(found.values()), tuple(names), flat, explained, near, tuple(missing))


def _listed(space: Space, text: str) -> tuple[dict[int, int], list[str], list[str]]:
    """The rows of listed words, each with its group's number; the groups' names; and the words without a row."""
    found: dict[int, int] = {}
    names, missing = [], []
    for group in re.split("[;；\n]", text):
        words = split_words(group)
        rows = {word: space.known([word]) for word in words}
        missing += [word for word, ids in rows.items() if not ids]
        here = {ids[0]: len(names) for ids in rows.values() if ids and ids[0] not in found}
        if here:
            found |= here
            names.append(" ".join(words[:2]) + (" …" if len(words) > 2 else ""))
    return found, names, missing


@dataclass(frozen=True)
class Axes:
    """Rows along two directions of the reader's own. flat: [N, 2], how far each row lies along each, in the units of
    the space; shares: of the rows' variance along each; between: the cosine of the two directions."""

    flat: Tensor
    shares: tuple[float, float]
    between: float


def along(space: Space, ids: Sequence[int], formulas: Sequence[str]) -> Axes:
    """Rows projected onto two directions, each a sum of words such as "woman - man". Raises InputError for one that
    cannot be read, or is the zero vector."""
    units = []
    for formula in formulas:
        if not formula.strip():
            raise InputError("axis_empty")
        parsed, expected = parse(formula)
        if expected is not None:
            raise InputError("axis_equals")
        vector = total(terms_of(space, parsed))
        units.append(vector / vector.norm())
    rows = space.rows[list(ids)].double()
    flat = rows @ torch.stack(units).T
    shares = flat.var(0) / rows.var(0).sum().clamp_min(1e-300)
    return Axes(flat.float(), (float(shares[0]), float(shares[1])), float(units[0] @ units[1]))


def principal_components(rows: Tensor, count: int) -> tuple[Tensor, tuple[float, ...]]:
    """The first `count` principal components (Pearson 1901) of rows [N, D]: where each row lies along them, [N, count],
    and the share of the variance along each."""
    centred = rows.double() - rows.double().mean(0)
    if 2 * len(rows) < rows.shape[1]:
        _, sizes, axes = torch.linalg.svd(centred, full_matrices=False)
        values, axes = sizes.square(), axes.T
    else:  # by the D × D covariance: quick for many rows
        values, axes = torch.linalg.eigh(centred.T @ centred)
        values, axes = values.flip(0).clamp_min(0), axes.flip(1)
    axes = axes[:, :count]
    # A component's sign is arbitrary: fix it, so that the picture never flips.
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    flat = centred @ axes
    shares = (values / values.sum().clamp_min(1e-300))[:count].tolist()
    missing = count - len(shares)  # fewer rows or dimensions than that
    return pad(flat, (0, missing)).float(), (*shares, *([0.0] * missing))


ITERATIONS, EARLY = 500, 125  # of t-SNE; the first of them, in which clusters are exaggerated


def tsne(rows: Tensor, iterations: int = ITERATIONS, every: int = 20) -> Iterator[tuple[int, Tensor]]:
    """t-SNE (van der Maaten and Hinton 2008) of rows [N, D] by cosine distance, as openTSNE computes it: after every
    few iterations their number and the picture [N, 2]. Nothing is computed before it is asked for."""
    require("openTSNE", extra="app")
    from openTSNE import TSNE

    perplexity = min(30.0, max(2.0, (len(rows) - 1) / 3))
    settings = {"metric": "cosine", "random_state": 0, "n_jobs": 1, "negative_gradient_method": "bh"}
    work = TSNE(perplexity=perplexity, **settings)  # pyright: ignore[reportArgumentType] - any number will do
    embedding = work.prepare_initial(normalize(rows, dim=1).cpu().numpy())
    done = 0
    while done < iterations:
        early = done < EARLY
        steps = min(every, (EARLY if early else iterations) - done)
        # openTSNE keeps momentum and gains between these: many short ones are one long one.
        embedding.optimize(steps, exaggeration=12 if early else None, momentum=0.5 if early else 0.8, inplace=True)
        done += steps
        yield done, torch.tensor(embedding[:])
