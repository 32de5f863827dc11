"""The tokenizer: equal to tiktoken, reversible, honest about what it drops, and nothing shown is invisible."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Iterator

import pytest
import tiktoken
import tokenizers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from gptviz import tokenizer as module
from gptviz.errors import CheckpointError, InputError
from gptviz.tokenizer import Dropped, Merge, Tokenizer, visible

TEXTS = [
    "The cat sits on the mat. It's the cat's, isn't it? We'll see; they've gone, I'd say I'm sure you're right.",
    "def f(x):\n    return x ** 2  # tabs\tand    runs of spaces\n\n\n\tif x == 12345:\r\n        pass\n",
    "法国的首都是巴黎。今天天气很好，我们去公园散步。一二三四五",
    "Привет, мир! Ελληνικά. مرحبا بالعالم 123 שלום नमस्ते दुनिया",
    "Numbers: 3.14159, 2024, 1,000,000, ½, ², Ⅷ, ٣٤٥",
    "emoji: 😀 👩‍👩‍👧 🇫🇷 ❤️ cafe\u0301 naïve",
]

strings = st.lists(
    st.one_of(
        st.sampled_from(
            [*TEXTS, "cat", " the", "法国", "😀", "<|endoftext|>", "<|end", "\x00", "\x04", "  ", "5", "'s"]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    ),
    max_size=12,
).map("".join)
some = settings(max_examples=200, deadline=None)


def random_texts(count: int, seed: int = 0) -> Iterator[str]:
    """Strings of short runs, each of one script (256 neighbours in Unicode, the early ones more often), of what
    stands at borders, or of words: much faster to make than hypothesis' own, so that there can be many."""
    rng = random.Random(seed)
    borders = [" ", "  ", "\n", "\t", "\r\n", "\u3000", "\xa0", "\u2028", "5", "42", "²", "٣", "'", "'s", "'ll"]
    words = [*" ".join(TEXTS).split(" "), "<|endoftext|>", "<|im_start|>", "<|end", "\x00", "\x04"]
    blocks = [b for b in range(0x10FF + 1) if b not in range(0xD8, 0xE0)]
    for _ in range(count):
        parts = []
        for _ in range(rng.randrange(10)):
            start = rng.choice(blocks[: rng.choice([1, 8, 0x40, len(blocks)])]) * 256
            run = "".join(chr(start + rng.randrange(256)) for _ in range(rng.randrange(1, 6)))
            parts.append(rng.choice([run, rng.choice(borders), rng.choice(words)]))
        yield "".join(parts)


def make(folder, inner: tokenizers.Tokenizer) -> Tokenizer:
    inner.save(str(folder / "tokenizer.json"))
    return Tokenizer.from_folder(folder)


def byte_level_bpe(alphabet: list[str], digits: bool, size: int = 700) -> tokenizers.Tokenizer:
    inner = tokenizers.Tokenizer(models.BPE())
    steps = [pre_tokenizers.Digits(individual_digits=True)] if digits else []
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False))
    inner.pre_tokenizer = pre_tokenizers.Sequence(steps) if digits else steps[0]
    inner.decoder = decoders.ByteLevel()
    inner.post_processor = processors.ByteLevel(trim_offsets=True)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator(TEXTS * 3, trainer)
    return inner


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory) -> Tokenizer:
    """GPT-2's kind, with all 256 bytes."""
    inner = byte_level_bpe(pre_tokenizers.ByteLevel.alphabet(), digits=False)
    return make(tmp_path_factory.mktemp("gpt2"), inner)


@pytest.fixture(scope="module")
def smollm(tmp_path_factory) -> Tokenizer:
    """SmolLM2's kind: digits apart, and bytes that the vocabulary lacks."""
    lacking = {chr(0x100 + b) for b in (0x04, 0x06)} | {chr(b) for b in (0xC0, 0xC1, *range(0xF1, 0x100))}
    inner = byte_level_bpe(sorted(set(pre_tokenizers.ByteLevel.alphabet()) - lacking), digits=True)
    return make(tmp_path_factory.mktemp("smollm"), inner)


@pytest.fixture(scope="module")
def llama(tmp_path_factory) -> Tokenizer:
    """Llama 2's kind: sentencepiece, spaces as "▁", single bytes for characters the vocabulary lacks."""
    pairs = ["▁ t", "h e", "▁t he", "▁ c", "a t", "▁c at", "▁ ▁", "▁▁ ▁▁", "l l", "e ll", "ell o", "▁ H", "▁H ello"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *"▁abcdefghijklmnopqrstuvwxyzH."]
    tokens += [pair.replace(" ", "") for pair in pairs]
    inner = tokenizers.Tokenizer(
        models.BPE(
            {t: i for i, t in enumerate(tokens)},
            [tuple(p.split()) for p in pairs],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    inner.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    inner.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    inner.add_special_tokens(["<unk>", "<s>", "</s>"])
    inner.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return make(tmp_path_factory.mktemp("llama"), inner)


@pytest.fixture(scope="module", params=["gpt2", "smollm", "llama"])
def each(request) -> Tokenizer:
    return request.getfixturevalue(request.param)


# -- equal to tiktoken, and reversible


def check(tokenizer: Tokenizer, text: str) -> None:
    ids, kept = tokenizer.encode(text), tokenizer.kept(text)
    assert tokenizer.as_tiktoken().encode(kept, allowed_special="all") == ids
    assert tokenizer.decode(ids) == kept
    assert b"".join(map(tokenizer.token_bytes, ids)).decode() == kept
    assert "\ufffd" not in "".join(tokenizer.pieces(ids))


@some
@given(strings)
@example("a  5")
@example("\u0c3c\U00011de0\U00016ff4")
def test_equal_to_tiktoken(smollm, gpt2, text):
    check(smollm, text)
    check(gpt2, text)
    assert not gpt2.dropped(text)


def test_equal_to_tiktoken_on_many_random_texts(smollm, gpt2):
    for text in random_texts(20_000):
        check(smollm, text)
        check(gpt2, text)


def test_the_default_models_tokenizer(smollm2):
    """The real vocabulary, of 49,152 tokens."""
    tokenizer = smollm2.tokenizer
    assert tokenizer.pieces(tokenizer.encode("a  5")) == ["a", "··", "5"]
    lacking = [0x04, 0x06, 0x13, 0x14, 0x16, 0x1D, 0xC0, 0xC1, 0xF1, 0xF2, *range(0xF5, 0x100)]
    assert sorted(set(range(256)) - tokenizer._single_bytes) == lacking
    for text in [*TEXTS, *random_texts(10_000, seed=1)]:
        check(tokenizer, text)
    for text in [*TEXTS, *random_texts(1_000, seed=2)]:
        assert [i for chunk in tokenizer.merge_steps(text) for i in chunk.ids] == tokenizer.encode(text)


@pytest.mark.parametrize("pattern", [r"\p{L}", r"\p{N}", r"\s", "digits"])
def test_letters_numbers_and_spaces_mean_the_same_to_both(pattern):
    """The patterns given to tiktoken are right only while both libraries know the same letters, numbers and spaces:
    all of Unicode, one character at a time."""
    everything = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    if pattern == "digits":
        pattern, split = f"[{module._N}]", pre_tokenizers.Digits(individual_digits=True)
        pieces = split.pre_tokenize_str("a".join(everything))
        ours = {piece for piece, (start, end) in pieces if end - start == 1 and piece != "a"}
    else:
        split = pre_tokenizers.Split(tokenizers.Regex(pattern), "removed", invert=True)
        ours = set("".join(piece for piece, _ in split.pre_tokenize_str("".join(everything))))
    # tiktoken passes over what its pattern does not match, so what it encodes is the class itself.
    ranks = {bytes([b]): b for b in range(256)}
    single = tiktoken.Encoding("bytes", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    theirs = set(bytes(single.encode_ordinary("".join(everything))).decode())
    assert len(ours) > 10 and ours == theirs


def test_digits_are_split_singly_before_spaces_are_joined(smollm):
    assert smollm.pieces(smollm.encode("a  5")) == ["a", "··", "5"]
    assert len(smollm.encode("12345")) == 5


def test_a_special_token_typed_is_that_token(smollm):
    ids = smollm.encode("a<|endoftext|>b")
    assert ids[1] == 0 and smollm.special[0] == "<|endoftext|>" and smollm.pieces(ids)[1] == "<|endoftext|>"
    assert smollm.decode(ids) == "a<|endoftext|>b"


def test_tiktoken_is_refused_what_it_cannot_express(llama, smollm, tmp_path):
    with pytest.raises(InputError) as error:
        llama.as_tiktoken()
    assert error.value.code == "not_tiktoken_kind"
    # ids against the order of merges
    spec = json.loads(smollm._inner.to_str())
    merged = ["".join(pair) for pair in spec["model"]["merges"][:2]]
    vocabulary = spec["model"]["vocab"]
    vocabulary[merged[0]], vocabulary[merged[1]] = vocabulary[merged[1]], vocabulary[merged[0]]
    with pytest.raises(InputError) as error:
        Tokenizer(json.dumps(spec)).as_tiktoken()
    assert error.value.code == "not_tiktoken_order"


# -- what the vocabulary cannot hold


def test_dropped_characters_are_found_with_their_place_and_bytes(smollm):
    text = "a\x04b\U00100000c"
    assert smollm.dropped(text) == [Dropped(1, "\x04", b"\x04"), Dropped(3, "\U00100000", b"\xf4\x80\x80\x80")]
    assert smollm.kept(text) == "abc" and smollm.encode(text) == smollm.encode("abc")


def test_half_a_surrogate_pair_is_dropped(each):
    text = "the \ud83d cat \udc00"
    assert [(d.index, d.bytes) for d in each.dropped(text)] == [(4, b"\xed\xa0\xbd"), (10, b"\xed\xb0\x80")]
    assert each.encode(text) == each.encode("the  cat ")
    assert each.id_of("\ud83d") is None and each.merge_steps(text) == each.merge_steps(text)
    assert len(each.encode_with_spans(text)) == len(each.encode(text))


def test_empty_text(smollm, llama):
    assert smollm.encode("") == [] and smollm.decode([]) == "" and smollm.merge_steps("") == []
    assert llama.encode("") == [1] and llama.decode([1]) == ""


@pytest.mark.parametrize("text", ["a" * 100_000, "The cat, 法国 5  \n" * 5_000])
def test_100_kilobytes(each, text):
    ids = each.encode(text)
    assert each.decode(ids) == text
    assert [i for chunk in each.merge_steps(text) for i in chunk.ids] == ids


# -- what is shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b" cat", "·cat"),
        (b"\n", "⏎"),
        (b"\t\r\x00\x7f", "⇥␍␀␡"),
        (b"\xe5\xa4", "⟨E5 A4⟩"),
        (b" \xe5\xa4", "·⟨E5 A4⟩"),
        ("天".encode() + b"\xe5", "天⟨E5⟩"),
        ("\u200b\u202e\xa0\u3000".encode(), "⟨U+200B⟩⟨U+202E⟩⟨U+00A0⟩⟨U+3000⟩"),
        ("\u0301".encode(), "◌\u0301"),
        ("e\u0301".encode(), "e\u0301"),
        ("\ufffd".encode(), "⟨EF BF BD⟩"),
        ("\ufe0f".encode(), "⟨U+FE0F⟩"),
        (b"", ""),
    ],
)
def test_visible(data, shown):
    assert visible(data) == shown


@some
@given(st.binary(max_size=20))
def test_nothing_shown_is_invisible(data):
    shown = visible(data)
    assert "\ufffd" not in shown and bool(shown) == bool(data)
    # The only space is the one between bytes, ⟨E5 A4⟩.
    assert all(char == " " or unicodedata.category(char)[0] not in "ZC" for char in shown)
    assert re.search("(?<![0-9A-F]) | (?![0-9A-F])", shown) is None


def test_sentencepiece_pieces(llama):
    ids = llama.encode("the  cat\n天")
    assert llama.pieces(ids) == ["<s>", "·the", "·", "·cat", "⏎", "⟨E5⟩", "⟨A4⟩", "⟨A9⟩"]
    assert [llama.token_bytes(i) for i in ids[1:4]] == [b" the", b" ", b" cat"]
    assert llama.decode(ids) == "the  cat\n天"
    assert llama.pieces([999_999]) == ["⟨#999999⟩"] and llama.token_bytes(999_999) == b""


def test_a_word_inside_a_text_has_its_space_and_no_start_token(smollm, llama):
    for tokenizer in (smollm, llama):
        inside = tokenizer.encode_inside("hello")
        assert b"".join(tokenizer.token_bytes(i) for i in inside) == b" hello"
        assert not set(inside) & set(tokenizer.special)
        assert not set(tokenizer.encode_part("hello")) & set(tokenizer.special)


def test_the_token_that_a_text_is(smollm, llama):
    assert smollm.pieces([smollm.id_of(" the")]) == ["·the"]
    assert smollm.id_of("the cat") is None and smollm.id_of("") is None and smollm.id_of("a\x04") is None
    assert llama.pieces([llama.id_of("cat")]) == ["·cat"]


@some
@given(strings)
def test_spans(each, text):
    rows = each.encode_with_spans(text)
    assert [i for i, _ in rows] == each.encode(text)
    covered = {k for _, (a, b) in rows for k in range(a, b)}
    assert covered >= set(range(len(text))) - {d.index for d in each.dropped(text)}


def test_a_span_holds_the_text_of_its_token(gpt2, smollm):
    text = "The cat,\x04 isn't 42\n法国"
    for tokenizer in (gpt2, smollm):
        rows = tokenizer.encode_with_spans(text)
        whole = [(i, a, b) for i, (a, b) in rows if "⟨" not in tokenizer.pieces([i])[0]]
        assert len(whole) > 8
        for i, a, b in whole:
            assert tokenizer.kept(text[a:b]).encode() == tokenizer.token_bytes(i)
        assert rows[-1][1] == (len(text) - 1, len(text))


# -- merges


@some
@given(strings)
def test_merge_steps_end_in_the_ids_of_encode(each, text):
    chunks = each.merge_steps(text)
    assert [i for chunk in chunks for i in chunk.ids] == each.encode(text)
    for chunk in chunks:
        left = [(k, k + 1) for k in range(len(chunk.pieces))]
        for merge in chunk.merges:
            at = left.index((merge.start, merge.middle))
            assert left[at + 1] == (merge.middle, merge.end)
            left[at : at + 2] = [(merge.start, merge.end)]
        assert len(left) == len(chunk.ids)
        made = {(m.start, m.end): m.id for m in chunk.merges}
        for span, id in zip(left, chunk.ids, strict=True):
            assert made.get(span, id) == id


def test_merge_steps_of_a_word(llama):
    start, chunk = llama.merge_steps("cat")
    assert start.ids == (1,) and start.pieces == ("<s>",) and start.merges == ()
    assert chunk.pieces == ("·", "c", "a", "t") and (chunk.start, chunk.end) == (0, 3)
    cat, at, c = (llama._inner.token_to_id(t) for t in ("▁cat", "at", "▁c"))
    assert chunk.merges == (Merge(3, 0, 1, 2, c, "·c"), Merge(4, 2, 3, 4, at, "at"), Merge(5, 0, 2, 4, cat, "·cat"))
    assert chunk.ids == (cat,)


# -- files


def test_a_folder_without_a_tokenizer(tmp_path):
    assert Tokenizer.from_folder(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "{}", '{"model": {"type": "Magic"}}', "\x00\xff"])
def test_a_damaged_tokenizer_is_one_clear_error(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content, encoding="latin-1")
    with pytest.raises(CheckpointError) as error:
        Tokenizer.from_folder(tmp_path)
    assert error.value.code == "tokenizer_unreadable"
    assert str(tmp_path) in str(error.value) and str(tmp_path) in error.value.text("zh")


def test_a_name_typed_is_never_dropped():
    """Even where its letters alone are not in the vocabulary."""
    inner = tokenizers.Tokenizer(models.BPE(vocab={"a": 0, "<end>": 1}, merges=[]))
    inner.decoder = decoders.Fuse()
    inner.add_special_tokens(["<end>"])
    tokenizer = Tokenizer(inner.to_str())
    assert tokenizer.encode("a<end>e<a") == [0, 1, 0] and tokenizer.decode([0, 1, 0]) == "a<end>a"
    assert [d.index for d in tokenizer.dropped("a<end>e<a")] == [6, 7]
    assert tokenizer.encode_with_spans("ea<end>") == [(0, (1, 2)), (1, (2, 7))]
    with pytest.raises(InputError):
        tokenizer.as_tiktoken()


@pytest.mark.parametrize("id", [-1, 2**32, 10**30])
def test_a_number_that_can_be_no_id_is_refused(smollm2, id):
    for read in (smollm2.tokenizer.decode, smollm2.tokenizer.pieces):
        with pytest.raises(InputError, match=str(id)):
            read([id])
