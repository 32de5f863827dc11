"""OpenAI's encodings: tiktoken's, from our files, without a network."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import tiktoken

from gptviz.analysis import openai_encodings
from gptviz.analysis.openai_encodings import CLASSICS, classic, classic_cut
from gptviz.errors import CheckpointError, InputError


@pytest.fixture
def fresh_classics():
    """tiktoken and `classic` both remember what they loaded."""
    import tiktoken.registry

    classic.cache_clear()
    tiktoken.registry.ENCODINGS.clear()
    yield
    classic.cache_clear()


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("r50k_base", [464, 3797, 10718, 319, 262, 2603, 13]),
        ("cl100k_base", [791, 8415, 23874, 389, 279, 5634, 13]),
        ("o200k_base", [976, 9059, 38174, 402, 290, 2450, 13]),
    ],
)
def test_classic_encodings(name, ids):
    assert classic(name).encode_ordinary("The cat sits on the mat.") == ids


def test_classics_load_from_many_threads_and_leave_the_environment_alone(fresh_classics, monkeypatch):
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    names = ["r50k_base", "cl100k_base", "o200k_base"] * 3
    with ThreadPoolExecutor(9) as pool:
        assert [e.name for e in pool.map(classic, names)] == names
    assert "TIKTOKEN_CACHE_DIR" not in os.environ


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_rank_file_is_an_error_and_no_network(fresh_classics, monkeypatch, tmp_path, damage):
    import requests

    monkeypatch.setattr(openai_encodings, "asset", lambda *parts: tmp_path)
    monkeypatch.setattr(requests, "get", lambda *a, **k: pytest.fail("asked the network"))
    file = tmp_path / openai_encodings._FILES["r50k_base"][0]
    if damage == "changed":
        file.write_bytes(b"IQ== 0\n")
    with pytest.raises(CheckpointError) as error:
        classic("r50k_base")
    assert error.value.code == "rank_file_damaged" and file.exists() == (damage == "changed")


@pytest.mark.parametrize("name", CLASSICS)
def test_the_classic_vocabularies_cut_as_tiktoken_does(name):
    text = "Hello 世界, <|endoftext|> naïve 2026"
    found = classic_cut(name, text)
    assert [i for i, _ in found] == tiktoken.get_encoding(name).encode_ordinary(text)
    assert "�" not in "".join(piece for _, piece in found)


def test_an_unknown_encoding_is_refused():
    with pytest.raises(InputError) as error:
        classic("gpt5_base")
    assert "o200k_base" in str(error.value)
