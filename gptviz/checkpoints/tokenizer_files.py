"""A tokenizer.json for checkpoints that have only the files that came before it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gptviz.checkpoints import store
from gptviz.errors import CheckpointError
from gptviz.extras import require

OLD = ("vocab.json", "merges.txt", "vocab.txt", "tokenizer.model")
SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
FILES = ("tokenizer.json", *OLD, *SETTINGS)


def tokenizer_folder(folder: Path) -> Path | None:
    """The folder with the tokenizer.json of the checkpoint in `folder`: itself, or one in the cache in which
    transformers has put its reading of the old files, once. None if it has neither."""
    if (folder / "tokenizer.json").is_file():
        return folder
    if not any((folder / name).is_file() for name in OLD):
        return None
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in (folder / name for name in FILES):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())

    def builder(partial: Path) -> None:
        require("transformers", extra="hub")
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
            tokenizer.backend_tokenizer.save(str(partial / "tokenizer.json"))
        except (ValueError, ImportError, AttributeError, KeyError, json.JSONDecodeError) as error:
            raise CheckpointError("tokenizer_not_converted", folder=folder, reason=error) from error

    key = digest.hexdigest()
    return store.build(f"tokenizer-{key[:16]}", key, 0, builder)
