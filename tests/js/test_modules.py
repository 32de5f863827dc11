"""Runs what the `*.test.js` files beside this one say, each of their tests as one of pytest's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FILES = sorted(path.name for path in Path(__file__).parent.glob("*.test.js"))
# `  "what holds"() {` in the default export, as the formatter leaves it.
_TEST = re.compile(r'^  (?:async )?"(.+)"\(\) \{$', re.MULTILINE)


def names(file: str) -> list[str]:
    return _TEST.findall(Path(__file__).with_name(file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("file", "name"), [(file, name) for file in FILES for name in names(file)])
def test(modules, file, name):
    run = "async ([file, name]) => (await import(file)).default[name]()"
    modules.evaluate(run, [f"/tests/js/{file}", name])


@pytest.mark.parametrize("file", FILES)
def test_none_is_overlooked(modules, file):
    found = modules.evaluate("async (file) => Object.keys((await import(file)).default)", f"/tests/js/{file}")
    assert found and found == names(file)
