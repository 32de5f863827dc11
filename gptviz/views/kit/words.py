"""What a view says, in one language: the one part of it that depends on who reads."""

from __future__ import annotations

from functools import cache

from gptviz.text import file
from gptviz.views.kit.wire import pack


@cache
def words(language: str, stop: str) -> bytes:
    """What a view says: its sentences, those of the errors that it may have to tell, and what stands in a list."""
    labels = file(language, stop) | {f"errors.{key}": sentence for key, sentence in file(language, "errors").items()}
    labels["comma"] = file(language, "ui")["comma"]
    return pack({"language": language, "labels": labels}, {})
