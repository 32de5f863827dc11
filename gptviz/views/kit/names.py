"""What a part is about, so that a view never puts numbers of one text beside those of another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gptviz.llm import LLM


def name_of(llm: LLM, ids: Sequence[int]) -> str:
    """Which text on which model a part is about."""
    about = f"{llm.name}|{llm.checkpoint.fingerprint}|{llm.dtype}|{list(ids)}"
    return hashlib.blake2b(about.encode(), digest_size=9).hexdigest()
