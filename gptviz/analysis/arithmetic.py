"""King - man + woman: sums of embedding rows, what lies near them, and what would have lain there anyway."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gptviz.analysis.geometry import Near, Space, cosine, principal_plane, rank, single_tokens, space_of
from gptviz.analysis.spaces import Word, WordSpace
from gptviz.errors import InputError
from gptviz.llm import LLM

_DASHES = str.maketrans({"−": "-", "–": "-", "－": "-", "＋": "+", "＝": "="})


@dataclass(frozen=True)
class Term:
    """One word of a formula, with its factor, and its place in the space: `Word.id` is None for a mean of pieces."""

    factor: float
    word: Word

    @property
    def id(self) -> int | None:
        return self.word.id


@dataclass(frozen=True)
class Simpler:
    """How near the answer lies to something simpler than the formula, the sum of `terms` alone: its rank, the
    formula's own words set aside, and its cosine."""

    terms: tuple[Term, ...]
    rank: int
    cosine: float


@dataclass(frozen=True)
class Arithmetic:
    """What a formula of words leads to.

    results: the nearest tokens, the formula's own (`inputs`) among them. first: the nearest that is not one of its
    own. answer: the word that the formula was said to equal (then it was `predicted`), or else `first`. rank,
    rank_kept: the answer's place with the formula's own words set aside, and with them in. simpler: the formula
    without its subtractions, and each added word alone. sides: for a - b + c = d, the cosine of (a - b) with (d - c),
    and of (a - d) with (b - c): 1 and 1 in a perfect parallelogram; None for a formula of another form.
    """

    terms: tuple[Term, ...]
    results: tuple[Near, ...]
    inputs: frozenset[int]
    first: Near
    answer: Near
    rank: int
    rank_kept: int
    predicted: bool
    simpler: tuple[Simpler, ...]
    sides: tuple[float, float] | None


_FACTOR = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*[*×·]?\s*(?=\S)")
MOST_WORDS = 24


def parse(formula: str) -> tuple[list[tuple[float, str]], str | None]:
    """Read `2 king - 0.5*man + woman = queen` as [(2, "king"), (-0.5, "man"), (1, "woman")] and "queen".

    Words and signs in turn, a number before a word is its factor; "= word" may follow. Raises InputError for anything
    else.
    """
    if found := re.search(r"[()\[\]{}/^]", formula):
        raise InputError("formula_brackets", sign=found[0])
    left, equals, right = formula.translate(_DASHES).partition("=")
    expected = right.strip() or None
    if equals and (expected is None or re.search(r"[-+=\s]", expected)):
        raise InputError("formula_answer")
    parts = [part.strip() for part in re.split(r"([-+])", left)]
    if not any(parts):
        raise InputError("formula_empty")
    parts = ["+", *parts] if parts[0] else parts[1:]
    if len(parts) > 2 * MOST_WORDS:
        raise InputError("formula_long", count=len(parts) // 2, limit=MOST_WORDS)
    terms = []
    for sign, word in zip(parts[::2], parts[1::2], strict=True):
        if not word:
            raise InputError("formula_sign", sign=sign)
        number = _FACTOR.match(word)
        # A number alone, or glued to letters, is a word: "2", "3d".
        glued = number and number.end() < len(word) and not re.search(r"[\s*×·]", number[0])
        factor = float(number[1]) if number and not glued else 1.0
        if number and not glued:
            word = word[number.end() :]
        if not math.isfinite(factor) or factor > 1000:
            raise InputError("formula_number", number=number[1][:20] if number else factor)
        if re.search(r"\s", word):
            raise InputError("formula_two_words", words=word if len(word) <= 40 else word[:39] + "…")
        terms.append((factor if sign == "+" else -factor, word))
    return terms, expected


def solve(where: WordSpace, formula: str, count: int = 10, mean: bool = False) -> Arithmetic:
    """Add and subtract the rows of a formula's words and look what lies near, by cosine, beside what lies there
    without the arithmetic (why that comparison is needed: Linzen 2016, "Issues in evaluating semantic spaces using
    word analogies"). mean: words of several tokens are the mean of their rows.

    Raises InputError for a formula that cannot be read, a word that is not one row, or a sum that is zero.
    """
    parsed, expected = parse(formula)
    terms = tuple(Term(factor, where.word(word, mean)) for factor, word in parsed)
    space, inputs = where.space, sorted({row for term in terms for row in term.word.rows})
    vector = _sum(terms)
    # Rounding leaves a little of a + b - a - b.
    if vector.norm() <= 1e-5 * sum(abs(term.factor) * term.word.vector.norm() for term in terms):
        raise InputError("formula_zero")
    cosines = space.cosines(vector)
    if len(inputs) == len(space):
        raise InputError("formula_everything")
    answer = first = where.nearest(vector, 1, without=inputs)[0]
    if expected is not None:
        i = where.find(expected)
        if i in inputs:
            raise InputError("formula_answer_is_input", word=expected)
        answer = Near(i, where.pieces([i])[0], float(cosines[i]))
    added = tuple(t for t in terms if t.factor > 0)
    parts = [added] if 1 < len(added) < len(terms) else []
    if len(terms) > 1:
        # Alone a word needs no factor: a cosine asks for no length.
        parts += [(replace(t, factor=1.0),) for t in {t.word.text: t for t in added}.values()]
    return Arithmetic(
        terms=terms,
        results=tuple(where.nearest(vector, count)),
        inputs=frozenset(inputs),
        first=first,
        answer=answer,
        rank=rank(cosines, answer.id, without=inputs),
        rank_kept=rank(cosines, answer.id),
        predicted=expected is not None,
        simpler=tuple(_simpler(space, part, answer.id, inputs) for part in parts),
        sides=_sides(space, terms, answer.id),
    )


def suggestion(llm: LLM) -> str:
    """A formula to begin with: of words where the vocabulary has them, else of its first four letters."""
    words = "king - man + woman"
    if llm.tokenizer is None or all(llm.tokenizer.id_of(f" {word}") is not None for word in ("king", "man", "woman")):
        return words
    pieces = sorted(piece for piece in llm.pieces(range(llm.config.vocab_size)) if len(piece) == 1 and piece.isalpha())
    return "{1} - {0} + {2} = {3}".format(*pieces) if len(pieces) >= 4 else words


def _sum(terms: Sequence[Term]) -> Tensor:
    return torch.stack([t.factor * t.word.vector for t in terms]).sum(0)


def _simpler(space: Space, terms: tuple[Term, ...], answer: int, inputs: list[int]) -> Simpler:
    cosines = space.cosines(_sum(terms))
    return Simpler(terms, rank(cosines, answer, without=inputs), float(cosines[answer]))


def _sides(space: Space, terms: Sequence[Term], answer: int) -> tuple[float, float] | None:
    if [t.factor for t in terms] != [1, -1, 1] or len({t.word.text for t in terms}) < 3:
        return None
    a, b, c = (t.word.vector for t in terms)
    d = space.rows[answer]
    return float(cosine(a - b, d - c)), float(cosine(a - d, b - c))


def written(terms: Sequence[Term]) -> str:
    """Terms as a formula: "2 king − man"."""
    signs = ("−" if term.factor < 0 else "+" for term in terms)
    factors = ("" if abs(term.factor) == 1 else f"{abs(term.factor):g} " for term in terms)
    parts = (f"{sign} {factor}{term.word.text}" for sign, factor, term in zip(signs, factors, terms, strict=True))
    return " ".join(parts).removeprefix("+ ")


VERDICTS = ("earned", "free", "near", "fails")


def verdict(result: Arithmetic) -> str:
    """What became of a prediction: "earned", first, and nothing simpler puts it first; "free", first, but so it is
    without the arithmetic; "near", among the ten nearest; "fails"."""
    if result.rank == 1:
        return "free" if any(part.rank == 1 for part in result.simpler) else "earned"
    return "near" if result.rank <= 10 else "fails"


@dataclass(frozen=True)
class Parallelogram:
    """a - b + c and its answer d in the plane that best holds a, b, c and d: `points` [4, 2] in that order, and the
    share of the four points' spread that lies in it."""

    points: Tensor
    held: float


def parallelogram(where: WordSpace, result: Arithmetic) -> Parallelogram | None:
    """None for a formula of another form than a - b + c."""
    if result.sides is None:
        return None
    rows = torch.stack([*(t.word.vector for t in result.terms), where.space.rows[result.answer.id]])
    plane = principal_plane(rows)
    return Parallelogram(plane.project(rows), plane.total)


def notes_claim(llm: LLM) -> tuple[float, float] | None:
    """E(king) - E(queen) ≈ E(man) - E(woman)? The cosine of the two sides, and the length of their difference as a
    multiple of the left side's. None for a vocabulary without these words."""
    ids = single_tokens(llm, ["king", "queen", "man", "woman"])
    if len(ids) < 4:
        return None
    king, queen, man, woman = space_of(llm).rows[ids]
    left, right = king - queen, man - woman
    return float(cosine(left, right)), float((left - right).norm() / left.norm())


@dataclass(frozen=True)
class ArrowBaseline:
    """Cosines of random differences: standard deviation (the mean is 0 by symmetry), 99th percentile, how many."""

    sd: float
    p99: float
    n_pairs: int


def arrow_baseline(rows: Tensor, n_pairs: int = 10_000) -> ArrowBaseline:
    """The cosine of (w - x) with (y - z) for `n_pairs` draws of four different rows out of `rows` [N, D], N at
    least 4; always the same draws."""
    generator = torch.Generator().manual_seed(0)
    # The four largest of N random numbers: four different rows, each as likely as any other.
    draws = torch.stack([torch.rand(len(rows), generator=generator).topk(4).indices for _ in range(n_pairs)])
    # Differences of rows through their dot products: 4 [N, N] look-ups instead of 40,000 rows.
    dots = (rows.double() @ rows.double().T).cpu()
    w, x, y, z = draws.T
    products = dots[w, y] - dots[w, z] - dots[x, y] + dots[x, z]
    lengths = (dots[w, w] + dots[x, x] - 2 * dots[w, x]).sqrt() * (dots[y, y] + dots[z, z] - 2 * dots[y, z]).sqrt()
    cosines = products / lengths
    return ArrowBaseline(float(cosines.std()), float(cosines.quantile(0.99)), n_pairs)
