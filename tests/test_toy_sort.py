"""toy-sort as shipped: small, readable by transformers, and able to sort every row it was never trained on."""

from __future__ import annotations

import itertools
import zlib

import pytest
import torch

import gptviz
from gptviz.paths import asset
from gptviz.tokenizer import Dropped, Tokenizer

LETTERS = "abcdefgh"


def held_out_rows(length: int) -> list[str]:
    """The rows that scripts/train_toy_sort.py keeps from training."""
    rows = map("".join, itertools.product(LETTERS, repeat=length))
    return [row for row in rows if zlib.crc32(row.encode()) % 10 == 0]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_folder(asset("toy-sort"))


@pytest.fixture(scope="module")
def theirs():
    """The same folder read by transformers."""
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel.from_pretrained(asset("toy-sort"), local_files_only=True).eval()


def test_it_is_small():
    assert sum(file.stat().st_size for file in asset("toy-sort").iterdir()) < 500_000


def test_its_tokens_are_characters(tokenizer):
    ids = tokenizer.encode("dbaca=aabcd<end>")
    assert tokenizer.pieces(ids) == [*"dbaca=aabcd", "<end>"] and tokenizer.decode(ids) == "dbaca=aabcd<end>"
    assert tokenizer.vocab_size == len(LETTERS) + 2
    assert tokenizer.dropped("a B") == [Dropped(1, " ", b" "), Dropped(2, "B", b"B")]
    assert tokenizer.encode("a B") == tokenizer.encode("a")


@pytest.mark.parametrize("length", range(2, 7))  # all eight rows of one letter were trained on
@torch.no_grad()
def test_every_held_out_row_is_sorted(toy, tokenizer, length):
    rows = held_out_rows(length)
    # A greedy answer is right exactly if each next token is the likeliest after the right ones before it.
    ids = torch.tensor([tokenizer.encode(f"{row}={''.join(sorted(row))}<end>") for row in rows])
    for part in ids.split(4096):
        guess = toy.model(part[:, :-1]).argmax(-1)
        assert torch.equal(guess[:, length:], part[:, length + 1 :])


def test_it_writes_its_answer_token_by_token_and_stops(toy):
    for row in ("h", "ba", "dbaca", "facade", "hgfeda", "aaaaaa"):
        steps = list(toy.generate(f"{row}=", max_new_tokens=len(row) + 1, temperature=0))
        assert "".join(step.token for step in steps) == "".join(sorted(row)) + "<end>"


@torch.no_grad()
def test_transformers_reads_the_same_model(toy, theirs, tokenizer):
    ids = torch.tensor([tokenizer.encode("facade=aacdef<end>"), tokenizer.encode("hgbeca=abcegh<end>")])
    assert (toy.model(ids) - theirs(ids).logits).abs().max() < 1e-4
    prompt = torch.tensor([tokenizer.encode("dbaca=")])
    written = theirs.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=8, do_sample=False)
    assert tokenizer.decode(written[0].tolist()) == "dbaca=aabcd<end>"


@torch.no_grad()
def test_before_the_equals_sign_it_is_as_unsure_as_it_should_be(toy, tokenizer):
    """Lengths one to six are equally frequent and letters have no order, so the true odds are known."""
    probabilities = toy.model(torch.tensor([tokenizer.encode("dbaca")])).softmax(-1)[0]
    for position, p in enumerate(probabilities):
        left = 6 - (position + 1)  # lengths that would go on, of those not ruled out yet
        assert p[tokenizer.id_of("=")] == pytest.approx(1 / (left + 1), abs=0.06)
        letters = p[:8]
        assert letters.max() - letters.min() < 0.06


def test_it_is_in_the_public_interface():
    llm = gptviz.load("toy-sort")
    assert llm.name == "toy-sort" and llm.config.n_layer == llm.config.n_head == 3 and llm.config.d_model == 48
