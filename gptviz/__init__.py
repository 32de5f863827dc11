"""gptviz: follow a sentence through a real GPT.

import gptviz
llm = gptviz.load("smollm2-135m")
trace = llm.trace("The cat sits on")
trace["blocks.3.attn.pattern"]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gptviz.errors import GptvizError
    from gptviz.interventions import Add, Scale, Set, Source
    from gptviz.llm import LLM, load
    from gptviz.sampling import Step
    from gptviz.trace import Trace

__version__ = "0.1.0"

# Imported when first asked for: `gptviz --version` need not wait for torch.
_HOMES = {
    "load": "gptviz.llm",
    "LLM": "gptviz.llm",
    "Step": "gptviz.sampling",
    "Trace": "gptviz.trace",
    "Add": "gptviz.interventions",
    "Scale": "gptviz.interventions",
    "Set": "gptviz.interventions",
    "Source": "gptviz.interventions",
    "GptvizError": "gptviz.errors",
}

__all__ = ["LLM", "Add", "GptvizError", "Scale", "Set", "Source", "Step", "Trace", "__version__", "load"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'gptviz' has no attribute {name!r}")
    if name in ("LLM", "Trace", "load"):
        import_module("gptviz.views")  # what a Trace can show
    return getattr(import_module(_HOMES[name]), name)
