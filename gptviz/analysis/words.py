"""From what a reader types to rows of a space, and to tokens: a word, words of a list, a formula of words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.spaces import Space, Word
from gptviz.errors import InputError
from gptviz.llm import LLM

LISTED = 200  # words of a list that are taken

# ---------------------------------------------------------------------------------------------- words


def split_words(text: str) -> list[str]:
    """The different words of a list, with spaces, commas, semicolons or line breaks between them; the first few
    hundred."""
    return list(dict.fromkeys(_split(text, ",，、;；")))[:LISTED]


def _split(text: str, signs: str) -> list[str]:
    return re.sub(f"[{signs}]", " ", text).split()


def typed_word(space: Space, text: str) -> Word:
    """All of `text` as one word, the mean of its pieces where it has several; "#" and a number are a row of the space.
    Raises InputError for what has no place in it."""
    text = text.strip()
    number = text.removeprefix("#")
    if number == text or not number.isdecimal():
        return space.word(text, mean=True)
    row = Space.rows_of(space, number)
    if not row:
        raise InputError("word_not_in_vocabulary", word=text)
    return space.place(text, row)


def typed_words(
    space: Space, text: str, known: Sequence[int] = (), most: int = 12
) -> tuple[list[Word], list[tuple[str, str]]]:
    """The words of a list, with spaces or commas between them, at most so many, each as `typed_word` has it; and those
    that cannot be had, each with the reason: "unknown" (not in the space), "twice" (asked for before), "beyond" (how
    many more were asked for).

    known: rows that are there already."""
    words, troubles = [], []
    taken: set[tuple[int, ...]] = {(row,) for row in known}
    texts = _split(text, ",，、")
    for one in texts[:most]:
        try:
            word = typed_word(space, one)
        except InputError:
            troubles.append((one, "unknown"))
            continue
        if word.rows in taken:
            troubles.append((one, "twice"))
        else:
            words.append(word)
        taken.add(word.rows)
    if len(texts) > most:
        troubles.append((str(len(texts) - most), "beyond"))
    return words, troubles


# -------------------------------------------------------------------------------- words behind a text


def ids_behind(llm: LLM, word: str, logits: Callable[[], Tensor]) -> list[int]:
    """The tokens of a word that comes behind a text, with a space before it or without: as the model finds likelier to
    go on. logits(): [V], what it says behind that text, asked for if need be. Empty for a word that the vocabulary
    cannot write."""
    tokenizer = llm.tokenizer
    if tokenizer is None:
        raise InputError("no_tokenizer", model=llm.name)
    plain, spaced = tokenizer.encode_part(word), tokenizer.encode_inside(word)
    if not plain or plain[0] == spaced[0]:
        return plain
    found = logits()
    return max((spaced, plain), key=lambda ids: float(found[ids[0]]))


def text_ids(llm: LLM, text: str) -> list[int]:
    """The ids of all of a text; for a model without a tokenizer the text is ids, written as numbers. Raises InputError
    for one that cannot be read so."""
    if llm.tokenizer is not None:
        return llm.tokenizer.encode(text) if text else []
    words = _split(text, ",，、")
    if not all(word.isascii() and word.isdecimal() for word in words):
        raise InputError("ids_expected", vocab_size=llm.config.vocab_size)
    return llm.check_ids(map(int, words))


def word_ids(llm: LLM, ids: Sequence[int], word: str) -> list[int]:
    """The tokens of a word that a reader wants behind the text `ids`: see `ids_behind`; a space in front of it stays,
    and without a tokenizer it is a row of ids. Raises InputError for one that the vocabulary cannot write."""
    if not word.strip() and (not word or llm.tokenizer is None):
        raise InputError("empty_word")
    if llm.tokenizer is None:
        return text_ids(llm, word)
    plain = llm.tokenizer.encode_part(word)
    if not plain:
        raise InputError("word_not_in_vocabulary", word=word)
    if word[0].isspace() or (len(plain) == 1 and plain[0] in llm.tokenizer.special):
        return plain
    return ids_behind(llm, word, lambda: next(iter(llm.generate(list(ids), 1, temperature=0))).logits)


# ------------------------------------------------------------------------------------------- formulas

MOST_TERMS = 24
_SIGNS = str.maketrans({"−": "-", "–": "-", "－": "-", "＋": "+", "＝": "="})
_FACTOR = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*[*×·]?\s*(?=\S)")


@dataclass(frozen=True)
class Term:
    """One word of a formula, with its factor."""

    factor: float
    word: Word


def parse(formula: str) -> tuple[list[tuple[float, str]], str | None]:
    """Read `2 king - 0.5*man + woman = queen` as [(2, "king"), (-0.5, "man"), (1, "woman")] and "queen".

    Words and signs in turn, a number before a word is its factor; "= word" may follow. Raises InputError for anything
    else.
    """
    if found := re.search(r"[()\[\]{}/^]", formula):
        raise InputError("formula_brackets", sign=found[0])
    left, equals, right = formula.translate(_SIGNS).partition("=")
    expected = right.strip() or None
    if equals and (expected is None or re.search(r"[-+=\s]", expected)):
        raise InputError("formula_answer")
    parts = [part.strip() for part in re.split(r"([-+])", left)]
    if not any(parts):
        raise InputError("formula_empty")
    parts = ["+", *parts] if parts[0] else parts[1:]
    if len(parts) > 2 * MOST_TERMS:
        raise InputError("formula_long", count=len(parts) // 2, limit=MOST_TERMS)
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


def formula_words(formula: str) -> list[str]:
    """The words of a formula, its prediction last."""
    terms, expected = parse(formula)
    return [word for _, word in terms] + ([expected] if expected else [])


def terms_of(space: Space, terms: Sequence[tuple[float, str]], mean: bool = False) -> tuple[Term, ...]:
    """The terms that `parse` read, with their words' places; mean: see `Space.word`. Raises InputError."""
    return tuple(Term(factor, space.word(word, mean)) for factor, word in terms)


def total(terms: Sequence[Term]) -> Tensor:
    """Their sum: [D], float64. Raises InputError if it is zero."""
    vectors = [term.factor * term.word.vector.double() for term in terms]
    vector = torch.stack(vectors).sum(0)
    # Rounding leaves a little of a + b - a - b.
    if vector.norm() <= 1e-5 * sum(v.norm() for v in vectors):
        raise InputError("formula_zero")
    return vector


def written(terms: Sequence[Term]) -> str:
    """Terms as a formula: "2 king − man"."""
    signs = ("−" if term.factor < 0 else "+" for term in terms)
    factors = ("" if abs(term.factor) == 1 else f"{abs(term.factor):g} " for term in terms)
    parts = (f"{sign} {factor}{term.word.text}" for sign, factor, term in zip(signs, factors, terms, strict=True))
    return " ".join(parts).removeprefix("+ ")
