"""The output view: from logits to the probability of the next word, under a temperature slider."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gptviz.text import table
from gptviz.views.wire import pack

LEADING = 12
"""How many words have a bar of their own. Temperature changes no word's rank, so they stay the same ones."""


def output_payload(logits: Tensor, pieces: Callable[[Sequence[int]], Sequence[str]], language: str) -> bytes:
    """What `view.js` shows for the logits [V] of one position, any float dtype.

    pieces: ids -> what to show for each, `llm.pieces`. language: of the labels, "en" or "zh".

    All V logits travel, as float32, so that the browser computes every distribution exactly. Logits that are not
    finite are counted; the view then says so and shows no picture.
    """
    logits = logits.detach().float().cpu()
    if logits.ndim != 1 or len(logits) == 0:
        raise ValueError(f"logits of one position wanted, [V]; got {list(logits.shape)}")
    not_finite = int((~torch.isfinite(logits)).sum())
    # Stable: among equal logits the smallest id first, as argmax has it.
    leading = logits.sort(descending=True, stable=True).indices[:LEADING].tolist()
    prefix = "output_view."
    header = {
        "language": language,
        "labels": {key.removeprefix(prefix): text for key, text in table(language).items() if key.startswith(prefix)},
        "leading": leading,
        "pieces": list(pieces(leading)),
        "not_finite": not_finite,
    }
    return pack(header, {"logits": logits})
