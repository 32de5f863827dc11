"""King - man + woman: sums of embedding rows, what lies near them, and what would have lain there anyway."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from gptviz.analysis.common_words import common_words
from gptviz.analysis.kept import kept
from gptviz.analysis.projections import principal_components
from gptviz.analysis.similarity import Neighbour, cosine, cosines, exactly, nearest, rank
from gptviz.analysis.spaces import Space, open_space
from gptviz.analysis.words import Term, parse, terms_of, total
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.paths import asset


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
    results: tuple[Neighbour, ...]
    inputs: frozenset[int]
    first: Neighbour
    answer: Neighbour
    rank: int
    rank_kept: int
    predicted: bool
    simpler: tuple[Simpler, ...]
    sides: tuple[float, float] | None


def solve(space: Space, formula: str, count: int = 10, mean: bool = False) -> Arithmetic:
    """Add and subtract the rows of a formula's words and look what lies near, by cosine, beside what lies there
    without the arithmetic (why that comparison is needed: Linzen 2016, "Issues in evaluating semantic spaces using
    word analogies"). mean: words of several tokens are the mean of their rows.

    Raises InputError for a formula that cannot be read, a word that is not one row, or a sum that is zero.
    """
    parsed, expected = parse(formula)
    terms = terms_of(space, parsed, mean)
    inputs = sorted({row for term in terms for row in term.word.rows})
    vector = total(terms)
    near = nearest(space, vector, max(count, len(inputs) + 1))
    first = next((one for one in near if one.id not in inputs), None)
    if first is None:
        raise InputError("formula_everything")
    added = tuple(t for t in terms if t.factor > 0)
    parts = [added] if 1 < len(added) < len(terms) else []
    if len(terms) > 1:
        # Alone a word needs no factor: a cosine asks for no length.
        parts += [(replace(t, factor=1.0),) for t in {t.word.text: t for t in added}.values()]
    alike, *others = cosines(space, torch.stack([vector, *map(total, parts)]))
    answer = first
    if expected is not None:
        row = space.find(expected)
        if row in inputs:
            raise InputError("formula_answer_is_input", word=expected)
        answer = replace(*exactly(space, vector, [row]), cosine=float(alike[row]))  # 0 for a row of zeros
    return Arithmetic(
        terms=terms,
        results=tuple(near[:count]),
        inputs=frozenset(inputs),
        first=first,
        answer=answer,
        rank=rank(alike, answer.id, without=inputs),
        rank_kept=rank(alike, answer.id),
        predicted=expected is not None,
        simpler=tuple(
            Simpler(part, rank(one, answer.id, without=inputs), float(one[answer.id]))
            for part, one in zip(parts, others, strict=True)
        ),
        sides=_sides(space, terms, answer.id),
    )


def _sides(space: Space, terms: Sequence[Term], answer: int) -> tuple[float, float] | None:
    if [t.factor for t in terms] != [1, -1, 1] or len({t.word.text for t in terms}) < 3:
        return None
    a, b, c = (t.word.vector for t in terms)
    d = space.rows[answer]
    return float(cosine(a - b, d - c)), float(cosine(a - d, b - c))


def suggestion(llm: LLM) -> str:
    """A formula to begin with: of words where the vocabulary has them, else of its first four letters."""
    words = "king - man + woman"
    if llm.tokenizer is None or len(open_space(llm).known(["king", "man", "woman"])) == 3:
        return words
    pieces = sorted(piece for piece in llm.pieces(range(llm.config.vocab_size)) if len(piece) == 1 and piece.isalpha())
    return "{1} - {0} + {2} = {3}".format(*pieces) if len(pieces) >= 4 else words


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


def parallelogram(space: Space, result: Arithmetic) -> Parallelogram | None:
    """None for a formula of another form than a - b + c."""
    if result.sides is None:
        return None
    rows = torch.stack([*(t.word.vector for t in result.terms), space.rows[result.answer.id]])
    points, explained = principal_components(rows, 2)
    return Parallelogram(points, sum(explained))


def notes_claim(llm: LLM) -> tuple[float, float] | None:
    """E(king) - E(queen) ≈ E(man) - E(woman)? The cosine of the two sides, and the length of their difference as a
    multiple of the left side's. None for a vocabulary without these words."""
    space = open_space(llm)
    ids = space.known(["king", "queen", "man", "woman"])
    if len(ids) < 4:
        return None
    king, queen, man, woman = space.rows[ids]
    left, right = king - queen, man - woman
    return float(cosine(left, right)), float((left - right).norm() / left.norm())


# ------------------------------------------------------------------------------------------- families


@dataclass(frozen=True)
class Example:
    """One analogy of a family: what became of it (`verdict`), or "unknown" where a word is not one row of this space
    (`missing`). chance: its arrows are no more alike than 99 of 100 random ones."""

    formula: str
    verdict: str
    result: Arithmetic | None
    missing: str | None = None
    chance: bool = False


@cache
def families() -> dict[str, list[str]]:
    """The formulas of assets/families.toml, by family."""
    return tomllib.loads(asset("families.toml").read_text(encoding="utf-8"))


def gallery(space: Space, progress: Callable[[int, int], None] = lambda *_: None) -> dict[str, list[Example]]:
    """Every family, measured. progress(done, total)."""
    return kept(space, "gallery", lambda: _measure(space, progress))


def _measure(space: Space, progress: Callable[[int, int], None]) -> dict[str, list[Example]]:
    limit, count = common_words(space).arrows.p99, sum(map(len, families().values()))
    found: dict[str, list[Example]] = {name: [] for name in families()}
    formulas = [(name, formula) for name, formulas in families().items() for formula in formulas]
    for done, (name, formula) in enumerate(formulas, 1):
        found[name].append(_example(space, formula, limit))
        progress(done, count)
    return found


def _example(space: Space, formula: str, limit: float) -> Example:
    try:
        result = solve(space, formula)
    except InputError as error:
        missing = str(error.details.get("word", ""))
        return Example(formula, "unknown", None, missing)
    chance = result.sides is not None and result.sides[0] <= limit
    return Example(formula, verdict(result), result, chance=chance)


def tally(examples: dict[str, list[Example]]) -> dict[str, int]:
    """How many examples came to each verdict; "unknown" among them."""
    verdicts = [one.verdict for family in examples.values() for one in family]
    return {name: verdicts.count(name) for name in (*VERDICTS, "unknown")}
