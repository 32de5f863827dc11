"""What a space of words can be asked: families of analogies, directions from one set of words to another, and where
sets of words lie when the space is laid flat."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gptviz.analysis.arithmetic import VERDICTS, Arithmetic, parse, solve, verdict
from gptviz.analysis.landmarks import Landmarks, landmarks_in
from gptviz.analysis.spaces import WordSpace
from gptviz.errors import InputError
from gptviz.extras import require
from gptviz.paths import asset

LEAST_POINTS, COMMON = 5, 3000  # of a projection; tokens of the cloud of common ones
MOST_WORDS = 200  # of a set
AROUND = 60  # rows of a neighbourhood

# ------------------------------------------------------------------------------------------- families


@dataclass(frozen=True)
class Example:
    """One analogy of a family: what became of it (`verdict` of analysis/arithmetic.py), or "unknown" where a word is
    not one row of this space (`missing`). chance: its arrows are no more alike than 99 of 100 random ones."""

    formula: str
    verdict: str
    result: Arithmetic | None
    missing: str | None = None
    chance: bool = False


@cache
def families() -> dict[str, list[str]]:
    """The formulas of assets/families.toml, by family."""
    return tomllib.loads(asset("families.toml").read_text(encoding="utf-8"))


_measured: WeakKeyDictionary[WordSpace, dict[str, list[Example]]] = WeakKeyDictionary()


def gallery(where: WordSpace, progress: Callable[[int, int], None] = lambda *_: None) -> dict[str, list[Example]]:
    """Every family, measured; kept as long as the space is. progress(done, total)."""
    if where not in _measured:
        limit, total = landmarks_in(where).arrows.p99, sum(map(len, families().values()))
        done, found = 0, {}
        for name, formulas in families().items():
            found[name] = []
            for formula in formulas:
                found[name].append(_example(where, formula, limit))
                done += 1
                progress(done, total)
        _measured[where] = found
    return _measured[where]


def _example(where: WordSpace, formula: str, limit: float) -> Example:
    try:
        result = solve(where, formula)
    except InputError as error:
        missing = str(error.details.get("word", ""))
        return Example(formula, "unknown", None, missing)
    chance = result.sides is not None and result.sides[0] <= limit
    return Example(formula, verdict(result), result, chance=chance)


def tally(examples: dict[str, list[Example]]) -> dict[str, int]:
    """How many examples came to each verdict; "unknown" among them."""
    verdicts = [one.verdict for family in examples.values() for one in family]
    return {name: verdicts.count(name) for name in (*VERDICTS, "unknown")}


def formula_words(formula: str) -> list[str]:
    """The words of a formula, its prediction last."""
    terms, expected = parse(formula)
    return [word for _, word in terms] + ([expected] if expected else [])


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


def split_words(text: str) -> list[str]:
    """Words of a list, with commas, spaces or line breaks between them; the first few hundred."""
    for sign in ",;，、；\n\t":
        text = text.replace(sign, " ")
    return list(dict.fromkeys(text.split()))[:MOST_WORDS]


def direction(where: WordSpace, first: Sequence[str], second: Sequence[str], others: Sequence[str]) -> Direction:
    """From the mean of one set of words to that of another, and where words lie along it (each projected onto the
    line through both means). Raises InputError for a set without a known word, or two sets with the same mean."""
    sets, missing = {}, []
    for name, words in (("first", first), ("second", second), ("other", others)):
        sets[name] = {}
        for word in words:
            try:
                sets[name][word] = where.find(word)
            except InputError:
                missing.append(word)
        if name != "other" and not sets[name]:
            raise InputError("set_empty", which="A" if name == "first" else "B")
    rows = where.space.rows.double() if len(where.space) < 60_000 else where.space.rows
    take = {name: rows[list(found.values())].double() for name, found in sets.items()}
    means = take["first"].mean(0), take["second"].mean(0)
    vector = means[1] - means[0]
    length = vector.norm()
    if length <= 1e-6 * (means[0].norm() + means[1].norm()):
        raise InputError("set_same")
    placed = []
    for name, found in sets.items():
        along = ((take[name] - means[0]) @ vector / length**2).tolist() if found else []
        pieces = where.pieces(list(found.values()))
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


CLOUDS = ("words", "prompt", "near", "common", "own")
NEAREST = 4


def cloud(where: WordSpace, kind: str, prompt: Sequence[int], at: int, listed: str = "") -> Cloud:
    """One of CLOUDS: common words by what they name; the prompt's tokens among these; the rows nearest to row `at`;
    the most common few thousand rows (the lowest ids: pieces were merged, or words counted, in that order); or the
    words `listed`, in groups with semicolons between them, each group named by its first words.

    prompt: rows of the prompt's tokens. Raises InputError for too few points.
    """
    missing: list[str] = []
    marks = landmarks_in(where)
    if kind in ("words", "prompt"):
        found = {id: n for n, ids in enumerate(marks.groups.values()) for id in ids}
        names = list(marks.groups)
        if kind == "prompt":
            found |= dict.fromkeys(prompt, len(names))
            names.append("prompt")
    elif kind == "near":
        near = where.nearest(where.space.rows[at], AROUND, without=[at])
        found, names = {at: 0} | {one.id: 1 for one in near}, ["chosen", "near"]
    elif kind == "own":
        found, names = {}, []
        for group in re.split("[;；\n]", listed):
            words = split_words(group)
            rows = {word: where.known([word]) for word in words}
            missing += [word for word, ids in rows.items() if not ids]
            here = {ids[0]: len(names) for ids in rows.values() if ids and ids[0] not in found}
            if here:
                found |= here
                names.append(" ".join(words[:2]) + (" …" if len(words) > 2 else ""))
    else:
        start = 0 if where.name == "glove" else 256  # single bytes and special tokens come first
        end = min(len(where.space), start + COMMON)
        ids = range(start, end) if end - start >= LEAST_POINTS else range(len(where.space))
        found, names = dict.fromkeys(ids, 0), ["common"]
    if len(found) < LEAST_POINTS:
        if missing:
            raise InputError("few_points_missing", count=len(found), least=LEAST_POINTS, words=", ".join(missing[:20]))
        raise InputError("few_points", count=len(found), least=LEAST_POINTS)
    rows = where.space.rows[list(found)]
    flat, explained = principal_components(rows, 3)
    units = torch.nn.functional.normalize(rows, dim=1)
    near = (units @ units.T).fill_diagonal_(-torch.inf).topk(min(NEAREST, len(rows) - 1)).indices
    return Cloud(tuple(found), tuple(found.values()), tuple(names), flat, explained, near, tuple(missing))


@dataclass(frozen=True)
class Axes:
    """Rows along two directions of the reader's own. flat: [N, 2], how far each row lies along each, in the units of
    the space; shares: of the rows' variance along each; between: the cosine of the two directions."""

    flat: Tensor
    shares: tuple[float, float]
    between: float


def along(where: WordSpace, ids: Sequence[int], formulas: Sequence[str]) -> Axes:
    """Rows projected onto two directions, each a sum of words such as "woman - man". Raises InputError for one that
    cannot be read, or is the zero vector."""
    units = []
    for formula in formulas:
        if not formula.strip():
            raise InputError("axis_empty")
        terms, expected = parse(formula)
        if expected is not None:
            raise InputError("axis_equals")
        vectors = [factor * where.word(word).vector.double() for factor, word in terms]
        vector = torch.stack(vectors).sum(0)
        if vector.norm() <= 1e-5 * sum(v.norm() for v in vectors):
            raise InputError("formula_zero")
        units.append(vector / vector.norm())
    rows = where.space.rows[list(ids)].double()
    flat = rows @ torch.stack(units).T
    shares = flat.var(0) / rows.var(0).sum().clamp_min(1e-300)
    return Axes(flat.float(), (float(shares[0]), float(shares[1])), float(units[0] @ units[1]))


def principal_components(rows: Tensor, count: int) -> tuple[Tensor, tuple[float, ...]]:
    """The first `count` principal components (Pearson 1901) of rows [N, D]: where each row lies along them, [N, count],
    and the share of the variance along each. By the D × D covariance: quick for many rows."""
    centred = rows.double() - rows.double().mean(0)
    values, axes = torch.linalg.eigh(centred.T @ centred)
    values, axes = values.flip(0).clamp_min(0), axes.flip(1)[:, :count]
    # A component's sign is arbitrary: fix it, so that the picture never flips.
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    flat = centred @ axes
    if flat.shape[1] < count:
        flat = torch.nn.functional.pad(flat, (0, count - flat.shape[1]))
    shares = (values / values.sum().clamp_min(1e-300))[:count].tolist()
    return flat.float(), (*shares, *([0.0] * (count - len(shares))))


ITERATIONS, EARLY = 500, 125  # of t-SNE; the first of them, in which clusters are exaggerated


def tsne(rows: Tensor, iterations: int = ITERATIONS, every: int = 20) -> Iterator[tuple[int, Tensor]]:
    """t-SNE (van der Maaten and Hinton 2008) of rows [N, D] by cosine distance, as openTSNE computes it: after every
    few iterations their number and the picture [N, 2]. Nothing is computed before it is asked for."""
    require("openTSNE", extra="app")
    from openTSNE import TSNE

    perplexity = min(30.0, max(2.0, (len(rows) - 1) / 3))
    work = TSNE(perplexity=perplexity, metric="cosine", random_state=0, n_jobs=1, negative_gradient_method="bh")
    embedding = work.prepare_initial(torch.nn.functional.normalize(rows, dim=1).cpu().numpy())
    done = 0
    while done < iterations:
        early = done < EARLY
        steps = min(every, (EARLY if early else iterations) - done)
        # openTSNE keeps momentum and gains between these: many short ones are one long one.
        embedding.optimize(steps, exaggeration=12 if early else None, momentum=0.5 if early else 0.8, inplace=True)
        done += steps
        yield done, torch.tensor(embedding[:])


def knows(marks: Landmarks) -> bool:
    """Whether a space has the common words, so that questions about meaning make sense."""
    return "vocabulary" not in marks.groups
