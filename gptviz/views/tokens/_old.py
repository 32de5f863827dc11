"""The tokens view: the pieces a model reads, in place, and where they come from. It is fed in parts:

text           the tokens with ids, bytes and the merge that made each; the same text in words and characters
merges         each chunk of the text, from bytes to tokens, merge by merge
vocabularies   the same text under other vocabularies; one paragraph in two languages under each
vocabulary     every entry of one vocabulary, to be searched
long           a long text of the reader's own, in tokens
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import numpy as np

from gptviz.analysis.tokens import CLASSICS, Cut, all_letters, classic_cut, made
from gptviz.errors import InputError
from gptviz.paths import asset
from gptviz.text import file
from gptviz.tokenizer import Chunk, Tokenizer, classic, visible
from gptviz.views.kit.wire import pack

SECTIONS = ("merges", "vocabularies", "vocabulary", "long")
"""The parts of the view that unfold."""

VOCABULARIES = ("own", *CLASSICS)
"""The loaded model's, and those of OpenAI's models."""

LONGEST = 200_000
"""Characters of the reader's own long text."""


def tokens_parts(
    name: str, tokenizer: Tokenizer, text: Cut, values: Mapping[str, Any], language: str, long: str | None
) -> dict[str, bytes]:
    """The parts that the reader's choices need. values: see `view.js`. name: of the model."""
    parts = {"text": text_part(name, tokenizer, text, language)}
    if "merges" in values["open"]:
        parts["merges"] = merges_part(tokenizer, text.text)
    if "vocabularies" in values["open"]:
        parts["vocabularies"] = vocabularies_part(tokenizer, text)
    if "vocabulary" in values["open"]:
        parts["vocabulary"] = vocabulary_part(tokenizer, values["vocabulary"])
    if "long" in values["open"] and long is not None:
        parts["long"] = long_part(tokenizer, long, values["cuts"])
    return parts


def text_part(name: str, tokenizer: Tokenizer, text: Cut, language: str) -> bytes:
    """The tokens, and the text in words and in characters. lost: the characters before a token, and behind the last,
    that no token can write."""
    merges = _made(tokenizer, text.text)
    tokens = [
        {
            "id": token.id,
            "piece": token.piece,
            "bytes": tokenizer.token_bytes(token.id).hex(" ").upper(),
            "special": token.id in tokenizer.special,
            "lost": [],
            "made": merges[n] if n < len(merges) else None,
        }
        for n, token in enumerate(text.tokens)
    ]
    lost_last: list[str] = []
    for dropped in text.dropped:
        behind = next((n for n, token in enumerate(text.tokens) if token.start > dropped.index), None)
        (lost_last if behind is None else tokens[behind]["lost"]).append(f"U+{ord(dropped.char):04X}")
    header = {
        "language": language,
        "labels": file(language, "tokens_view"),
        "model": name,
        "size": tokenizer.vocab_size,
        "letters": all_letters(tokenizer),
        "tokens": tokens,
        "words": [_shown(word) for word in text.words],
        "characters": [_shown(char) for char in text.characters],
        "bytes": len(text.text.encode("utf-8", "surrogatepass")),
        "kept": len(text.text) - len(text.dropped),
        "dropped": [f"U+{ord(d.char):04X}" for d in text.dropped],
        "lost_last": lost_last,
        "longest": LONGEST,
    }
    return pack(header, {})


def _shown(text: str) -> str:
    return visible(text.encode("utf-8", "surrogatepass"))


def _chunks(tokenizer: Tokenizer, text: str) -> list[Chunk] | None:
    try:
        return tokenizer.merge_steps(text)
    except InputError:  # not made by merging
        return None


def _made(tokenizer: Tokenizer, text: str) -> list[list[Any] | None]:
    """For each token of the text the merge that made it, [rank, left, right]; None for one that was there at first."""
    done = [token for chunk in _chunks(tokenizer, text) or () for token in made(chunk)]
    return [None if token.rank is None else [token.rank, token.left, token.right] for token in done]


def merges_part(tokenizer: Tokenizer, text: str) -> bytes:
    """The chunks of the text: what each begins as, and its merges [rank, start, middle, end, id, piece]."""
    chunks = _chunks(tokenizer, text)
    if chunks is None:
        return pack({"chunks": None, "pattern": None}, {})
    shown = [
        {
            "text": _shown(text[chunk.start : chunk.end]),
            "pieces": chunk.pieces,
            "merges": [[m.rank, m.start, m.middle, m.end, m.id, m.piece] for m in chunk.merges],
            "ids": chunk.ids,
        }
        for chunk in chunks
    ]
    return pack({"chunks": shown, "pattern": tokenizer.split_pattern, "digits": tokenizer.splits_digits}, {})


@cache
def _paragraphs() -> dict[str, str]:
    return tomllib.loads(asset("paragraphs.toml").read_text(encoding="utf-8"))


def vocabularies_part(tokenizer: Tokenizer, text: Cut) -> bytes:
    """The text under every vocabulary: ids, pieces, and where in its bytes each token ends; and how many tokens the
    same paragraph takes in English and in Chinese."""
    kept = tokenizer.kept(text.text)
    found = []
    for name in VOCABULARIES:
        if name == "own":
            rows = [(token.id, token.piece) for token in text.tokens if token.start < token.end]
            lengths = [len(tokenizer.token_bytes(id)) for id, _ in rows]
        else:
            rows = classic_cut(name, kept)
            lengths = [len(classic(name).decode_single_token_bytes(id)) for id, _ in rows]
        found.append(
            {
                "name": name,
                "size": tokenizer.vocab_size if name == "own" else sum(map(bool, _classic_entries(name)[1])),
                "ids": [id for id, _ in rows],
                "pieces": [piece for _, piece in rows],
                "ends": np.cumsum(lengths).tolist(),
            }
        )
    return pack({"vocabularies": found, "characters": len(kept), "paragraphs": compare(tokenizer)}, {})


@lru_cache(8)
def compare(tokenizer: Tokenizer) -> dict[str, dict[str, Any]]:
    """One paragraph in English and in Chinese: its text, its characters and bytes, and its tokens under every
    vocabulary; None where a vocabulary cannot write all of it."""
    return {
        language: {
            "text": text,
            "characters": len(text),
            "bytes": len(text.encode()),
            "tokens": {
                name: _count(tokenizer, text) if name == "own" else len(classic_cut(name, text))
                for name in VOCABULARIES
            },
        }
        for language, text in _paragraphs().items()
    }


def _count(tokenizer: Tokenizer, text: str) -> int | None:
    return None if tokenizer.dropped(text) else len(tokenizer.encode_part(text))


@lru_cache(8)
def vocabulary_part(tokenizer: Tokenizer, name: str) -> bytes:
    """Every entry of a vocabulary: its id, what to show for it, how many bytes it has; which are special, and which are
    nothing but space. ids: numbers that no token has are left out. Made once."""
    if name == "own":
        data = [tokenizer.token_bytes(id) for id in range(tokenizer.vocab_size)]
        pieces = tokenizer.pieces(range(tokenizer.vocab_size))
        special = set(tokenizer.special)
    else:
        data, pieces, special = _classic_entries(name)
    ids = [id for id, piece in enumerate(data) if piece or id in special]
    space = [n for n, id in enumerate(ids) if data[id] and not data[id].strip(b" \t\r\n\f\v")]
    header = {
        "name": name,
        "pieces": [pieces[id] for id in ids],
        "special": [n for n, id in enumerate(ids) if id in special],
        "space": space,
    }
    lengths = np.array([len(data[id]) for id in ids], np.uint16)
    return pack(header, {"ids": np.array(ids, np.uint32), "lengths": lengths})


@cache
def _classic_entries(name: str) -> tuple[list[bytes], list[str], set[int]]:
    encoding = classic(name)
    names = {encoding.encode_single_token(token): token for token in encoding.special_tokens_set}
    data = []
    for id in range(encoding.n_vocab):
        try:
            data.append(b"" if id in names else encoding.decode_single_token_bytes(id))
        except KeyError:  # a number that no token has
            data.append(b"")
    pieces = [names.get(id) or visible(piece) for id, piece in enumerate(data)]
    return data, pieces, set(names)


@lru_cache(2)
def long_part(tokenizer: Tokenizer, text: str, cuts: int) -> bytes:
    """A long text in tokens: ids, and what to show for each that occurs; how many every vocabulary takes for what this
    one can write. Made once. cuts: the view's, so that it knows an answer to the same text again."""
    text = text[:LONGEST]
    kept = tokenizer.kept(text)
    ids = tokenizer.encode_part(text)
    unique = sorted(set(ids))
    header = {
        "cuts": cuts,
        "empty": not text,
        "characters": len(text),
        "kept": len(kept),
        "pieces": dict(zip(map(str, unique), tokenizer.pieces(unique), strict=True)),
        "counts": {name: len(ids) if name == "own" else len(classic_cut(name, kept)) for name in VOCABULARIES},
        "dropped": len(text) - len(kept),
    }
    return pack(header, {"ids": np.array(ids, np.uint32)})
