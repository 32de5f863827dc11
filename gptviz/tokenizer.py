"""Text to tokens and back: the model's own tokenizer, what to show for a token, and how merges build one.

The work is done by `tokenizers` from the checkpoint's tokenizer.json. `Tokenizer.as_tiktoken` is the same
encoding run by OpenAI's `tiktoken`.
"""

from __future__ import annotations

import heapq
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path

import tiktoken
import tokenizers

from gptviz.errors import CheckpointError, InputError

# ------------------------------------------------------------------------------------- what to show


@lru_cache(2**16)
def visible(data: bytes) -> str:
    """What to show for the bytes of a token, with nothing in it invisible.

    A space is "·", a newline "⏎", a tab "⇥"; another control character its picture ("␀") or its number
    ("⟨U+200B⟩"); bytes that are only part of a character are written out, "⟨E5 A4⟩".
    """
    text = data.decode("utf-8", "surrogateescape")  # a byte that is no character of its own becomes U+DC80..DCFF
    shown = "".join(
        _hex(run.encode("utf-8", "surrogateescape")) if "\udc80" <= run[0] <= "\udcff" else _visible_char(run)
        for run in re.findall("[\udc80-\udcff]+|[^\udc80-\udcff]", text)
    )
    if shown and unicodedata.category(shown[0]) in ("Mn", "Me"):
        # An accent without its letter would land on whatever stands before it.
        return "◌" + shown
    return shown


def _hex(data: bytes) -> str:
    return f"⟨{data.hex(' ').upper()}⟩"


_MARKS = {" ": "·", "\n": "⏎", "\t": "⇥", "\x7f": "␡", "\ufffd": _hex("\ufffd".encode())}


def _visible_char(char: str) -> str:
    if char in _MARKS:
        return _MARKS[char]
    if char < " ":
        return chr(0x2400 + ord(char))
    # Letters, marks, numbers, punctuation and symbols show; separators, controls and unassigned numbers do not.
    if unicodedata.category(char)[0] in "ZC" or unicodedata.name(char, "").startswith("VARIATION SELECTOR"):
        return f"⟨U+{ord(char):04X}⟩"
    return char


# ----------------------------------------------------------------------------------------- tokenizer


@dataclass(frozen=True)
class Dropped:
    """A character that the vocabulary cannot hold: where it stands in the text, and its bytes in UTF-8."""

    index: int
    char: str
    bytes: bytes


@dataclass(frozen=True)
class Merge:
    """One step of byte-pair encoding: two neighbours in a chunk become one token. `start`, `middle` and `end` say
    which, counted in the chunk's first pieces: start:middle and middle:end become start:end."""

    rank: int  # place in the list of merges; the lowest rank present is always merged first
    start: int
    middle: int
    end: int
    id: int
    piece: str  # what to show for the new token


@dataclass(frozen=True)
class Chunk:
    """A stretch of text inside which merges happen (none crosses its border), from first pieces to tokens."""

    start: int  # span in the text, in characters
    end: int
    pieces: tuple[str, ...]  # what it starts from, one a byte (or character), as shown
    merges: tuple[Merge, ...]
    ids: tuple[int, ...]  # what is left at the end


# The single characters that stand for bytes in the vocabulary of a byte-level tokenizer (GPT-2's encoder.py):
# printable ones for themselves, the others for a letter from U+0100 on.
_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [b for b in range(256) if b not in _PRINTABLE]
_BYTE_OF = {chr(b): b for b in _PRINTABLE} | {chr(0x100 + i): b for i, b in enumerate(_OTHERS)}

# What `tokenizers` cuts at before a byte-level merge (GPT-2's encoder.py), and the same after single digits
# were cut out first: a run of spaces before a digit then ends like one at the end of the text.
# `tokenizers` knows the digits of Unicode 17 and tiktoken those of Unicode 16, so the new ones are named.
_N = r"\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}"
_GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_DIGITS_PATTERN = rf"[{_N}]|'s|'t|'re|'ve|'m|'ll|'d| ?\p{{L}}+| ?[^\s\p{{L}}{_N}]+|\s+(?![^\s{_N}])|\s+"


class Tokenizer:
    """A checkpoint's tokenizer. Made by `Tokenizer.from_folder`.

    special: the tokens that stand for no text, such as the end token, by id. Typed into a text, their names are
    read as these tokens, as in transformers.
    vocab_size: how many tokens there are; the model's matrix may have more rows.
    """

    def __init__(self, spec: str):
        """`spec`: the content of a tokenizer.json."""
        self._spec = json.loads(spec)
        for step in _steps(self._spec.get("post_processor")):
            if step.get("trim_offsets"):
                # It would leave the space of " cat" out of the token's span; ids are the same.
                step["trim_offsets"] = False
                spec = json.dumps(self._spec)
        self._inner = tokenizers.Tokenizer.from_str(spec)
        self._inner.no_truncation()
        self._inner.no_padding()
        self._added = {i: token.content for i, token in self._inner.get_added_tokens_decoder().items()}
        self.special = {i: t.content for i, t in self._inner.get_added_tokens_decoder().items() if t.special}
        self.vocab_size = self._inner.get_vocab_size()
        steps = _steps(self._spec.get("pre_tokenizer")) + _steps(self._spec.get("decoder"))
        self._byte_level = any(step["type"] == "ByteLevel" for step in steps)
        self._byte_fallback = any(step["type"] == "ByteFallback" for step in steps)
        self._metaspace = any(step["type"] == "Metaspace" or step.get("pattern") == {"String": "▁"} for step in steps)
        # What the tokenizer puts before every text (a start token), or nothing.
        self._prefix = self._inner.encode("").ids
        # The bytes that are tokens by themselves: what every merge starts from.
        self._single_bytes = frozenset(b for char, b in _BYTE_OF.items() if self._inner.token_to_id(char) is not None)
        # Finds the names of special and other added tokens in a text, the longer of two that begin alike.
        names = sorted(self._added.values(), key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, names)))
        # Made when they are first asked for.
        self._ranks: dict[tuple[str, str], int] | None = None
        self._tiktoken: tiktoken.Encoding | None = None

    @classmethod
    def from_folder(cls, folder: str | Path) -> Tokenizer | None:
        """The tokenizer of a checkpoint folder; None if it has no tokenizer.json. Raises CheckpointError for one
        that cannot be read."""
        path = Path(folder) / "tokenizer.json"
        if not path.is_file():
            return None
        try:
            return cls(path.read_text(encoding="utf-8"))
        except Exception as error:  # `tokenizers` raises plain Exceptions
            raise CheckpointError("tokenizer_unreadable", path=str(path), reason=str(error)) from error

    # -- text to ids, ids to text

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, less what `dropped` lists; with the start token, if this tokenizer puts one."""
        return self._inner.encode(self.kept(text)).ids

    def encode_inside(self, word: str) -> list[int]:
        """Token ids of a word as it stands inside a text: no start token before it, and the space before it that
        written words have."""
        # Tokenizers of Llama 2's kind put that space themselves.
        text = word if self._metaspace else f" {word}"
        return self._inner.encode(self.kept(text), add_special_tokens=False).ids

    def encode_part(self, text: str) -> list[int]:
        """Token ids of `text` as it is, without a start token."""
        return self._inner.encode(self.kept(text), add_special_tokens=False).ids

    def encode_with_spans(self, text: str) -> list[tuple[int, tuple[int, int]]]:
        """Each token's id with its (start, end) in `text`, in characters. Tokens that share a character share its
        span; a token that stands for no text has an empty one."""
        encoding = self._inner.encode(self.kept(text))
        place = self._places(text)
        return [(id, place(*span)) for id, span in zip(encoding.ids, encoding.offsets, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, special tokens written out, less the start token that `encode` puts.

        Half a character at either end is "\N{REPLACEMENT CHARACTER}"; `pieces` shows its bytes instead. Raises
        InputError for a number that can be no id.
        """
        ids = list(ids)
        for id in ids:
            self._check(id)
        if self._prefix and ids[: len(self._prefix)] == self._prefix:
            ids = ids[len(self._prefix) :]
        return self._inner.decode(ids, skip_special_tokens=False)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """What to show for each token: see `visible`. Special tokens show as themselves."""
        return [self._piece(i) for i in ids]

    def _piece(self, id: int) -> str:
        if id in self.special:
            return self.special[id]
        return visible(self.token_bytes(id)) or f"⟨#{id}⟩"  # a row of the matrix that no text leads to

    def _check(self, id: int) -> None:
        if not 0 <= id < 2**32:
            raise InputError("bad_token_id", id=id, vocab_size=self.vocab_size)

    def token_bytes(self, id: int) -> bytes:
        """The UTF-8 bytes that a token stands for; b"" if the vocabulary has no such token."""
        if id in self._added:
            return self._added[id].encode()
        self._check(id)
        token = self._inner.id_to_token(id)
        return b"" if token is None else self._bytes(token)

    def _bytes(self, token: str) -> bytes:
        """The bytes of a string of the vocabulary."""
        if self._byte_level and all(char in _BYTE_OF for char in token):
            return bytes(_BYTE_OF[char] for char in token)
        if self._byte_fallback and re.fullmatch("<0x[0-9A-F]{2}>", token):
            return bytes([int(token[3:5], 16)])
        return (token.replace("▁", " ") if self._metaspace else token).encode()

    def id_of(self, text: str) -> int | None:
        """The one token that `text` is, or None if it takes several, or some of it would be dropped."""
        ids = self._inner.encode(self.kept(text), add_special_tokens=False).ids
        return ids[0] if len(ids) == 1 and not self.dropped(text) else None

    # -- what the vocabulary cannot hold

    def dropped(self, text: str) -> list[Dropped]:
        """The characters of `text` that the vocabulary cannot hold, in order: `encode` leaves them out.

        `tokenizers` would leave out single bytes of them without a word, and half a surrogate pair is no text."""
        lost = {char for char in set(text) if not self._holds(char)}
        if not lost:
            return []
        # The name of a token is read as a whole, whatever its letters.
        named = {i for name in self._names.finditer(text) for i in range(*name.span())} if self._added else ()
        return [
            Dropped(i, c, c.encode("utf-8", "surrogatepass"))
            for i, c in enumerate(text)
            if c in lost and i not in named
        ]

    def kept(self, text: str) -> str:
        """`text` without the characters that are dropped."""
        lost = {d.index for d in self.dropped(text)}
        return "".join(c for i, c in enumerate(text) if i not in lost) if lost else text

    def _places(self, text: str) -> Callable[[int, int], tuple[int, int]]:
        """From a span in `kept(text)` to the span in `text`."""
        lost = {d.index for d in self.dropped(text)}
        origin = [i for i in range(len(text)) if i not in lost]
        return lambda start, end: (origin[start], origin[end - 1] + 1) if start < end else (0, 0)

    def _holds(self, char: str) -> bool:
        if "\ud800" <= char <= "\udfff":
            return False
        if self._byte_level:
            return self._single_bytes.issuperset(char.encode())
        return bool(self._inner.encode(char, add_special_tokens=False).ids)

    # -- byte-pair encoding, opened

    def _merge_ranks(self) -> dict[tuple[str, str], int]:
        """Of each pair that is merged, its place in the list of merges."""
        if self._ranks is None:
            model = self._spec["model"]
            if model["type"] != "BPE":
                raise InputError("tokenizer_without_merges", kind=model["type"])
            pairs = (merge.split(" ", 1) if isinstance(merge, str) else merge for merge in model["merges"])
            self._ranks = {(left, right): rank for rank, (left, right) in enumerate(pairs)}
        return self._ranks

    def merge_steps(self, text: str) -> list[Chunk]:
        """How byte-pair encoding (Sennrich et al. 2016, section 3.2) arrives at `encode(text)`: the chunks of the
        text in order, and in each the merges in the order in which they happen. The ids of the chunks, one after
        the other, are those of `encode`. Raises InputError for a tokenizer of another kind."""
        ranks, place = self._merge_ranks(), self._places(text)
        encoding = self._inner.encode(self.kept(text))
        rows = zip(encoding.word_ids, encoding.ids, encoding.tokens, encoding.offsets, strict=True)
        chunks = []
        for _, group in groupby(rows, key=lambda row: row[0]):
            _, ids, tokens, offsets = zip(*group, strict=True)
            symbols = [s for id, token in zip(ids, tokens, strict=True) for s in self._symbols(id, token)]
            steps = _merge(symbols, ranks)
            if len(symbols) - len(steps) != len(ids):  # `ignore_merges`: a whole word is looked up at once
                symbols, steps = list(tokens), []
            first = tuple(self._piece_of(s) for s in symbols)
            done = tuple(
                Merge(rank, *span, self._id_of(joined), self._piece_of(joined)) for rank, span, joined in steps
            )
            chunks.append(Chunk(*place(offsets[0][0], offsets[-1][1]), first, done, ids))
        return chunks

    def _symbols(self, id: int, token: str) -> Sequence[str]:
        """What merging starts from to arrive at `token`: its characters, but an added token, or a byte's token
        (<0xE5>), is there from the beginning."""
        whole = id in self._added or (self._byte_fallback and len(self._bytes(token)) == 1)
        return [token] if whole else token

    def _piece_of(self, token: str) -> str:
        return self._piece(self._id_of(token))

    def _id_of(self, token: str) -> int:
        id = self._inner.token_to_id(token)
        assert id is not None, "what merging starts from, and makes, is in the vocabulary"
        return id

    def as_tiktoken(self) -> tiktoken.Encoding:
        """The same encoding run by tiktoken: `.encode(tokenizer.kept(text), allowed_special="all")` gives the ids
        of `encode`, the start token aside. Never hand it a dropped character: tiktoken would end the thread.

        Raises InputError for a tokenizer that tiktoken cannot express: anything but byte-level byte-pair encoding
        with a known way of cutting text, no normalizing, and ids that grow with the rank of the merge.
        """
        if self._tiktoken is None:
            self._tiktoken = self._make_tiktoken()
        return self._tiktoken

    def _make_tiktoken(self) -> tiktoken.Encoding:
        pattern = self._pattern()
        vocabulary = self._inner.get_vocab(with_added_tokens=False)
        merged = [vocabulary[left + right] for left, right in self._merge_ranks()]
        ranks = {self._bytes(token): i for token, i in vocabulary.items() if i not in self._added}
        unmerged = len(ranks) - len(self._single_bytes) - len(merged)
        # tiktoken knows one number a token, its id: it merges the lowest first, and into any token there is.
        if any(a >= b for a, b in pairwise(merged)) or (unmerged and not self._spec["model"].get("ignore_merges")):
            raise InputError("not_tiktoken_order")
        names = {name: i for i, name in self._added.items()}
        return tiktoken.Encoding("gptviz", pat_str=pattern, mergeable_ranks=ranks, special_tokens=names)

    @property
    def split_pattern(self) -> str | None:
        """The regular expression that cuts a text into chunks, as tiktoken writes it; None if there is none."""
        try:
            return self._pattern()
        except InputError:
            return None

    @property
    def splits_digits(self) -> bool:
        """Whether digits are cut out one by one before anything is merged."""
        steps = _steps(self._spec.get("pre_tokenizer"))
        return any(step["type"] == "Digits" and step.get("individual_digits") for step in steps)

    def _pattern(self) -> str:
        """The regular expression that cuts a text into chunks. Raises InputError if there is no single one."""
        steps = _steps(self._spec.get("pre_tokenizer"))
        byte_level = steps.pop() if steps else {}
        if (
            self._spec["model"]["type"] == "BPE"
            and not self._spec.get("normalizer")
            and byte_level.get("type") == "ByteLevel"
            and not byte_level["add_prefix_space"]
        ):
            match byte_level.get("use_regex", True), steps:
                case True, []:
                    return _GPT2_PATTERN
                case True, [{"type": "Digits", "individual_digits": True}]:
                    return _DIGITS_PATTERN
                case False, [{"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}]:
                    return regex
        raise InputError("not_tiktoken_kind")


def _steps(part: dict | None) -> list[dict]:
    """The steps of one part of a tokenizer.json, a sequence or a single one."""
    if part is None:
        return []
    for name in ("pretokenizers", "decoders", "processors"):
        if name in part:
            return list(part[name])
    return [part]


def _merge(symbols: Sequence[str], ranks: dict[tuple[str, str], int]) -> list[tuple[int, tuple[int, int, int], str]]:
    """Merge the pair of lowest rank, the leftmost of equals, until none is left: [(rank, span, joined)]."""
    size = len(symbols)
    pieces = list(symbols)  # at the index of each piece's first symbol; "" at the others
    before, after = list(range(-1, size - 1)), list(range(1, size + 1))  # where the neighbours start
    queue: list[tuple[int, int, str, str]] = []

    def offer(left: int) -> None:
        if left >= 0 and after[left] < size:
            pair = pieces[left], pieces[after[left]]
            if pair in ranks:
                heapq.heappush(queue, (ranks[pair], left, *pair))

    for i in range(size):
        offer(i)
    steps = []
    while queue:
        rank, left, *pair = heapq.heappop(queue)
        right = after[left]
        if right == size or [pieces[left], pieces[right]] != pair:
            continue  # one of the two was merged in the meantime
        end, joined = after[right], "".join(pair)
        pieces[left], pieces[right], after[left] = joined, "", end
        if end < size:
            before[end] = left
        steps.append((rank, (left, right, end), joined))
        offer(before[left])
        offer(left)
    return steps
