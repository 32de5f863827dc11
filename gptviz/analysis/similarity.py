"""How alike vectors are, in three measures: what lies nearest, what chance gives, and which words can be asked."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from gptviz.analysis.geometry import Space, one_token
from gptviz.analysis.spaces import TokenSpace, WordSpace
from gptviz.llm import LLM

MEASURES = ("cosine", "dot", "distance")
"""cosine: x·y / (|x|·|y|); dot: x·y; distance: |x − y|, the one in which a small number means alike."""

PAIRS = 20_000
"""How many random pairs stand for all pairs of rows, where there are more."""

_SEED = 0
_SPARE = 32  # candidates beyond those asked for, so that rounding cannot lose one at the edge


@dataclass(frozen=True)
class Neighbour:
    """A row, and how alike it is to the vector asked about. cosine: None where one of the two is zero."""

    id: int
    cosine: float | None
    dot: float
    distance: float
    norm: float


def neighbours(space: Space, vector: Tensor, count: int, without: Sequence[int] = ()) -> dict[str, list[Neighbour]]:
    """For each measure the `count` rows most alike to `vector` [D], the most alike first. Among equals, the smallest
    id first. A zero vector has no cosine with anything: that list is empty.

    The candidates come from one product with the whole matrix; their own numbers are then computed in float64, the
    distance from the difference itself, which |x|² + |y|² − 2x·y would lose to rounding for rows that lie close.
    """
    vector = vector.detach().to(space.rows)
    dots = space.rows @ vector
    length = vector.norm()
    keys = {
        "cosine": torch.where(space.norms > 0, dots / space.norms, -torch.inf),
        "dot": dots.clone(),
        "distance": 2 * dots - space.norms.square(),
    }
    chosen: dict[str, list[int]] = {}
    for name, key in keys.items():
        key[list(without)] = -torch.inf
        ids = key.topk(min(len(key), count + _SPARE)).indices
        chosen[name] = ids[key[ids] > -torch.inf].tolist()
    if not length > 0:
        chosen["cosine"] = []
    known = {near.id: near for near in exactly(space, vector, sorted({i for ids in chosen.values() for i in ids}))}

    def order(name: str, near: Neighbour) -> tuple[float, int]:
        return (near.distance if name == "distance" else -getattr(near, name), near.id)

    return {name: sorted((known[i] for i in ids), key=partial(order, name))[:count] for name, ids in chosen.items()}


def exactly(space: Space, vector: Tensor, ids: Sequence[int]) -> list[Neighbour]:
    """`vector` [D] beside some rows, in float64."""
    rows, vector = space.rows[list(ids)].double(), vector.double()
    dots, norms = rows @ vector, rows.norm(dim=1)
    lengths, distances = norms * vector.norm(), (rows - vector).norm(dim=1)
    cosines = [
        dot / length if length > 0 else None for dot, length in zip(dots.tolist(), lengths.tolist(), strict=True)
    ]
    columns = (cosines, dots.tolist(), distances.tolist(), norms.tolist())
    return [Neighbour(id, *values) for id, *values in zip(ids, *columns, strict=True)]


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


_chances: weakref.WeakKeyDictionary[Space, dict[str, Chance]] = weakref.WeakKeyDictionary()
_moments: weakref.WeakKeyDictionary[Space, tuple[Tensor, Tensor]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def chance(space: Space) -> dict[str, Chance]:
    """By measure; measured once a space. Pairs with a zero row have no cosine and are left out of that one."""
    with _lock:
        if space not in _chances:
            _chances[space] = _measure(space)
        return _chances[space]


def _measure(space: Space) -> dict[str, Chance]:
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


def own_scale(space: Space, vectors: Tensor, rows: Sequence[int | None]) -> Tensor:
    """[N, 2]: mean and standard deviation of the cosine of each of `vectors` [N, D] with the rows of a space; where
    the vector is one of them (its place in `rows`), with all others. NaN for a zero vector.

    From the moments of the unit rows U: with a unit vector x the cosines are U·x, whose mean is x·mean(U) and whose
    mean square is xᵀ·(UᵀU/V)·x."""
    with _lock:
        if space not in _moments:
            units = torch.nn.functional.normalize(space.rows, dim=1)
            _moments[space] = (units.double().sum(0).cpu(), (units.T @ units).double().cpu())
    total, squares = _moments[space]
    x = vectors.double().cpu()
    x = x / x.norm(dim=1, keepdim=True)
    itself = torch.tensor([float(row is not None) for row in rows], dtype=torch.float64)
    n = len(space) - itself
    mean = (x @ total - itself) / n
    return torch.stack((mean, (((x @ squares * x).sum(1) - itself) / n - mean**2).clamp_min(0).sqrt()), dim=1)


# ---------------------------------------------------------------------------------------------- words


@dataclass(frozen=True)
class Word:
    """What a reader typed, as a vector of the embedding matrix: the row of one token, or the mean of several rows.

    trouble: why there is none: "unknown" (characters that the vocabulary lacks), "twice" (asked for before), "beyond"
    (so many more were asked for than are taken)."""

    text: str
    ids: tuple[int, ...] = ()
    trouble: str | None = None


def words_of(llm: LLM, text: str, known: Sequence[int] = (), most: int = 12) -> list[Word]:
    """The words of `text`, apart at spaces and commas; at most so many. "·" stands for a space. A word is the token
    with a space before it, as inside a sentence, or else the one without, or else its several pieces. A model without
    a tokenizer knows ids alone. known: ids that are there already."""
    found: list[Word] = []
    taken = {(i,) for i in known}
    names = text.replace(",", " ").replace("，", " ").replace("、", " ").split()
    for name in names[:most]:
        word = word_of(llm, name)
        found.append(replace(word, trouble="twice") if word.ids in taken and not word.trouble else word)
        taken.add(word.ids)
    if len(names) > most:
        found.append(Word(str(len(names) - most), trouble="beyond"))
    return found


def word_of(llm: LLM, text: str) -> Word:
    """All of `text` as one word: see `words_of`. "#" and a number name a token by its id."""
    ids = _ids_of(llm, text.strip())
    return Word(text, ids, None if ids else "unknown")


def _ids_of(llm: LLM, word: str) -> tuple[int, ...]:
    tokenizer = llm.tokenizer
    if tokenizer is None or word.startswith("#"):
        id = _number(word.removeprefix("#"))
        if id is not None:
            return (id,) if id < llm.config.vocab_size else ()
    if tokenizer is None or not word:
        return ()
    found = one_token(llm, word)
    if found is not None:
        return (found,)
    spoken = word.replace("·", " ")
    if tokenizer.dropped(spoken):
        return ()
    return tuple(tokenizer.encode_inside(spoken.strip()))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None


def place_of(llm: LLM, where: WordSpace, text: str, chosen: bool = False) -> Word:
    """What the reader typed, as rows of a space. chosen: `text` is "#" and the id of one of the model's tokens; else
    "#" and a number mean a row of this space."""
    if isinstance(where, TokenSpace):
        word = word_of(llm, text)
        return replace(word, text=llm.pieces(word.ids)[0]) if len(word.ids) == 1 else word
    if chosen:
        text = llm.pieces([int(text[1:])])[0]
    row = _number(text[1:]) if text.startswith("#") else None
    if row is not None and row < len(where.space):
        return Word(where.pieces([row])[0], (row,))
    known = where.known([text.replace("·", " ").strip()])
    return Word(text, tuple(known), None if known else "unknown")


def mean_of(space: Space, ids: Sequence[int]) -> Tensor:
    """[D]: the row of a single id, the mean of several."""
    return space.rows[ids[0]] if len(ids) == 1 else space.rows[list(ids)].mean(0)
