"""What cutting a text into tokens does to it: beside its characters and words, and beside other vocabularies."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from gptviz.analysis.facts import Fact, Id
from gptviz.analysis.kept import kept
from gptviz.analysis.openai_encodings import classic_cut
from gptviz.tokenizer import Chunk, Dropped, Tokenizer

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
    def most_split(self) -> SplitWord | None:
        """The word that takes most tokens, if any takes more than one."""
        return max(self.split_words, key=lambda w: len(w.pieces), default=None)

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


def text_facts(tokenizer: Tokenizer, text: Cut) -> list[Fact]:
    """What stands out in this text, the most telling first."""
    n, longest, size = len(text.tokens), text.longest, tokenizer.vocab_size
    length = longest.end - longest.start
    said = []
    if all_letters(tokenizer):
        said.append(Fact("letters", {"characters": len(text.text) - len(text.dropped), "tokens": n, "size": size}))
    elif not text.n_han:
        per_word, per_token = n / max(1, len(text.words)), len(text.text) / n
        counts = {"characters": len(text.text), "words": len(text.words), "tokens": n}
        said.append(Fact("ratio", counts | {"per_word": per_word, "per_token": per_token}))
    if text.n_han:
        other = len(classic_cut("o200k_base", text.text))
        counts = {"characters": text.n_han, "tokens": text.n_han_tokens, "own": n, "other": other}
        said.append(Fact("han", counts | {"ratio": text.n_han_tokens / text.n_han}))
        half = next((t.piece for t in text.tokens if _is_part(tokenizer.token_bytes(t.id))), None)
        if half:
            said.append(Fact("half", {"token": half}))
    elif not all_letters(tokenizer):
        if most := text.most_split:
            values = {"word": most.word, "count": len(most.pieces), "pieces": most.pieces[:12]}
            said.append(Fact("split", values))
        else:
            said.append(Fact("whole", {"size": size}))
        said.append(Fact("longest", {"token": longest.piece, "characters": length, "id": Id(longest.id)}))
        said += _space(tokenizer, text)
    if text.dropped:
        said.append(dropped_fact(text))
    return said


def _is_part(data: bytes) -> bool:
    """Whether these bytes are not whole characters."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def dropped_fact(text: Cut) -> Fact:
    """Which characters the vocabulary could not hold."""
    which = dict.fromkeys(f"U+{ord(d.char):04X}" for d in text.dropped[:20])
    return Fact("dropped", {"which": tuple(which)})


def _space(tokenizer: Tokenizer, text: Cut) -> list[Fact]:
    """One word of the text that is a token with a space before it, and another token without."""
    for token in text.tokens:
        word = text.text[token.start : token.end].strip()
        if word.isalpha() and token.piece == f"·{word}":
            bare = tokenizer.id_of(word)
            if bare is not None:
                with_space = {"with_space": token.piece, "with_id": Id(token.id)}
                return [Fact("space", with_space | {"without": word, "without_id": Id(bare)})]
    return []


def all_letters(tokenizer: Tokenizer) -> bool:
    """Whether each token of the vocabulary, those without text aside, is a single character."""

    def look() -> bool:
        ordinary = (i for i in range(tokenizer.vocab_size) if i not in tokenizer.special)
        return all(len(tokenizer.token_bytes(i).decode("utf-8", "replace")) <= 1 for i in ordinary)

    return kept(tokenizer, "all letters", look)


@dataclass(frozen=True)
class MergedToken:
    """A token of a chunk: what to show for it, and the merge that made it, with its two halves; None, "" and "" for
    one that was there from the beginning."""

    piece: str
    rank: int | None = None
    left: str = ""
    right: str = ""


def merged_tokens(chunk: Chunk) -> list[MergedToken]:
    """What a chunk ends in, each token with the merge that made it."""
    # By span, counted in first pieces.
    pieces = {(i, i + 1): MergedToken(piece) for i, piece in enumerate(chunk.pieces)}
    for merge in chunk.merges:
        left, right = pieces.pop((merge.start, merge.middle)), pieces.pop((merge.middle, merge.end))
        pieces[merge.start, merge.end] = MergedToken(merge.piece, merge.rank, left.piece, right.piece)
    return [pieces[span] for span in sorted(pieces)]
