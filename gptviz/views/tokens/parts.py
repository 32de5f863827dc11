"""The parts of the tokens view, each as bytes: see `gptviz.views.tokens`."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
from tiktoken import Encoding

from gptviz.analysis.kept import kept
from gptviz.analysis.openai_encodings import classic, classic_cut
from gptviz.analysis.tokens import Cut, all_letters, merged_tokens
from gptviz.errors import InputError
from gptviz.paths import asset
from gptviz.tokenizer import Chunk, Tokenizer, visible
from gptviz.views.kit.wire import pack
from gptviz.views.tokens import VOCABULARIES


def text_part(name: str, tokenizer: Tokenizer, text: Cut) -> bytes:
    """The tokens, and the text in words and in characters. name: of the model. lost: the characters before a token, and
    behind the last, that no token can write."""
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
    done = [token for chunk in _chunks(tokenizer, text) or () for token in merged_tokens(chunk)]
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


def vocabularies_part(tokenizer: Tokenizer, text: Cut) -> bytes:
    """The text under every vocabulary: ids, pieces, and where in its bytes each token ends; and how many tokens the
    same paragraph takes in English and in Chinese."""
    writable = tokenizer.kept(text.text)
    found = []
    for name in VOCABULARIES:
        if name == "own":
            rows = [(token.id, token.piece) for token in text.tokens if token.start < token.end]
            lengths = [len(tokenizer.token_bytes(id)) for id, _ in rows]
        else:
            rows = classic_cut(name, writable)
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
    return pack({"vocabularies": found, "characters": len(writable), "paragraphs": compare(tokenizer)}, {})


def compare(tokenizer: Tokenizer) -> dict[str, dict[str, Any]]:
    """One paragraph in English and in Chinese: its text, its characters and bytes, and its tokens under every
    vocabulary; None where a vocabulary cannot write all of it."""
    return kept(tokenizer, "paragraphs", lambda: _compare(tokenizer))


def _compare(tokenizer: Tokenizer) -> dict[str, dict[str, Any]]:
    paragraphs = tomllib.loads(asset("paragraphs.toml").read_text(encoding="utf-8"))
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
        for language, text in paragraphs.items()
    }


def _count(tokenizer: Tokenizer, text: str) -> int | None:
    return None if tokenizer.dropped(text) else len(tokenizer.encode_part(text))


def vocabulary_part(tokenizer: Tokenizer, name: str) -> bytes:
    """Every entry of a vocabulary: its id, what to show for it, how many bytes it has; which are special, and which are
    nothing but space. ids: numbers that no token has are left out. Made once."""
    owner = tokenizer if name == "own" else classic(name)
    return kept(owner, "vocabulary part", lambda: _vocabulary_part(tokenizer, name))


def _vocabulary_part(tokenizer: Tokenizer, name: str) -> bytes:
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


def _classic_entries(name: str) -> tuple[list[bytes], list[str], set[int]]:
    """Of one of OpenAI's vocabularies, by id: its bytes (none for a number that no token has), what to show for it, and
    which are special."""
    encoding = classic(name)
    return kept(encoding, "entries", lambda: _read_entries(encoding))


def _read_entries(encoding: Encoding) -> tuple[list[bytes], list[str], set[int]]:
    names = {encoding.encode_single_token(token): token for token in encoding.special_tokens_set}
    data = []
    for id in range(encoding.n_vocab):
        try:
            data.append(b"" if id in names else encoding.decode_single_token_bytes(id))
        except KeyError:  # a number that no token has
            data.append(b"")
    pieces = [names.get(id) or visible(piece) for id, piece in enumerate(data)]
    return data, pieces, set(names)


def long_part(tokenizer: Tokenizer, text: str, given: int) -> bytes:
    """A long text in tokens: ids, and what to show for each that occurs; how many every vocabulary takes for what this
    one can write. given: how often the view has given one, so that it knows an answer to the same text again."""
    header, ids = kept(tokenizer, ("long text", text), lambda: _cut_long(tokenizer, text))
    return pack({**header, "given": given}, {"ids": ids})


def _cut_long(tokenizer: Tokenizer, text: str) -> tuple[dict[str, Any], np.ndarray]:
    writable = tokenizer.kept(text)
    ids = tokenizer.encode_part(text)
    unique = sorted(set(ids))
    header = {
        "empty": not text,
        "characters": len(text),
        "kept": len(writable),
        "pieces": dict(zip(map(str, unique), tokenizer.pieces(unique), strict=True)),
        "counts": {name: len(ids) if name == "own" else len(classic_cut(name, writable)) for name in VOCABULARIES},
        "dropped": len(text) - len(writable),
    }
    return header, np.array(ids, np.uint32)
