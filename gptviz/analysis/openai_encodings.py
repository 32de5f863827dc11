"""The encodings that OpenAI's models used, from GPT-2 to GPT-4o, run by `tiktoken`: other ways to cut the same text."""

from __future__ import annotations

import hashlib
import os
import threading
from functools import cache

import tiktoken

from gptviz.errors import CheckpointError, InputError
from gptviz.paths import asset
from gptviz.tokenizer import visible

# The file of each in assets/tiktoken (the SHA-1 of its address, tiktoken's name for it) and its SHA-256.
_FILES = {
    "r50k_base": (
        "0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4",
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
CLASSICS = tuple(_FILES)
"""Their names, oldest first."""
_lock = threading.Lock()


@cache
def classic(name: str) -> tiktoken.Encoding:
    """An encoding of OpenAI's, from the files in assets/tiktoken, without a network: "r50k_base" (GPT-2, GPT-3),
    "cl100k_base" (GPT-3.5, GPT-4) or "o200k_base" (GPT-4o). Use its `encode_ordinary`: `encode` refuses text that
    names a special token. Raises InputError for another name, CheckpointError if a file is missing or damaged."""
    if name not in _FILES:
        raise InputError("unknown_encoding", name=name, known=", ".join(_FILES))
    folder = asset("tiktoken")
    file, sha256 = _FILES[name]
    try:
        data = (folder / file).read_bytes()
    except OSError as error:
        raise CheckpointError("rank_file_damaged", path=str(folder / file)) from error
    # tiktoken would delete a damaged file and fetch it from the network.
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError("rank_file_damaged", path=str(folder / file))
    with _lock:
        # Only for this call: an encoding that someone else asks tiktoken for does not belong in our folder.
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def classic_cut(name: str, text: str) -> list[tuple[int, str]]:
    """`text` under one of these encodings: (id, what to show) for each token. Names of special tokens are read as
    ordinary text. Half a surrogate pair, which is no text, is left out."""
    encoding = classic(name)
    ids = encoding.encode_ordinary(text.encode("utf-8", "ignore").decode())
    return [(i, visible(encoding.decode_single_token_bytes(i))) for i in ids]
