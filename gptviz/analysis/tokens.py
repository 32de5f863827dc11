"""What cutting a text into tokens does to it: beside its characters and words, and beside other vocabularies."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from gptviz.tokenizer import Dropped, Tokenizer, classic, visible

# The encodings that OpenAI's models used, oldest first.
CLASSICS = ("r50k_base", "cl100k_base", "o200k_base")

# Letters and digits that stand together, or one other sign: splitting at spaces, punctuation apart.
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")
# Chinese characters (also used in Japanese and Korean): CJK Unified Ideographs and their extensions.
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class Token:
    """A token of a text: its id, what to show for it, and its span in the text (start == end: no text)."""

    id: int
    piece: str
    start: int
    end: int


@dataclass(frozen=True)
class SplitWord:
    """A word of the simplified split and the tokens it is spread over."""

    word: str
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """A text cut three ways, and what the vocabulary could not hold.

    tokens: the model's own; words: the simplified split, at spaces and with punctuation apart; characters: Unicode
    code points. split_words: the words that take more than one token. n_han: how many characters are Chinese, and
    n_han_tokens: how many tokens hold them, whole or in part.
    """

    text: str
    tokens: tuple[Token, ...]
    words: tuple[str, ...]
    split_words: tuple[SplitWord, ...]
    n_han: int
    n_han_tokens: int
    dropped: tuple[Dropped, ...]

    @property
    def characters(self) -> tuple[str, ...]:
        return tuple(self.text)

    @property
    def longest(self) -> Token:
        """The token that stands for most characters, the first of equals."""
        return max(self.tokens, key=lambda t: t.end - t.start)


def cut(tokenizer: Tokenizer, text: str, limit: int | None = None) -> Cut:
    """`text` in characters, words and tokens; only as much of it as the first `limit` tokens hold."""
    encoded = tokenizer.encode_with_spans(text)
    if limit is not None and len(encoded) > limit:
        encoded = encoded[:limit]
        text = text[: max(end for _, (_, end) in encoded)]
    pieces = tokenizer.pieces([i for i, _ in encoded])
    tokens = tuple(Token(i, p, *span) for (i, span), p in zip(encoded, pieces, strict=True))
    words = list(_WORD.finditer(text))
    han = {m.start() for m in _HAN.finditer(text)}
    return Cut(
        text=text,
        tokens=tokens,
        words=tuple(word[0] for word in words),
        split_words=tuple(_split(words, tokens)),
        n_han=len(han),
        n_han_tokens=sum(not han.isdisjoint(range(t.start, t.end)) for t in tokens),
        dropped=tuple(tokenizer.dropped(text)),
    )


def _split(words: list[re.Match[str]], tokens: tuple[Token, ...]) -> Iterator[SplitWord]:
    """The words that overlap with several tokens; both come in the order of the text."""
    textual = [t for t in tokens if t.start < t.end]
    starts, ends = [t.start for t in textual], [t.end for t in textual]
    for word in words:
        within = textual[bisect_right(ends, word.start()) : bisect_left(starts, word.end())]
        if len(within) > 1:
            yield SplitWord(word[0], tuple(t.piece for t in within))


def classic_cut(name: str, text: str) -> list[tuple[int, str]]:
    """`text` under one of OpenAI's encodings: (id, what to show) for each token. Names of special tokens are read as
    ordinary text. Half a surrogate pair, which is no text, is left out."""
    encoding = classic(name)
    ids = encoding.encode_ordinary(text.encode("utf-8", "ignore").decode())
    return [(i, visible(encoding.decode_single_token_bytes(i))) for i in ids]
