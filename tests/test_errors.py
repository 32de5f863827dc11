"""Every error that can be raised has its sentence, in both languages, with the same placeholders."""

from __future__ import annotations

import re

import pytest

from gptviz.paths import PACKAGE
from gptviz.text import LANGUAGES, table

CODES = {
    code
    for path in PACKAGE.rglob("*.py")
    for code in re.findall(r'(?:Error|refuse)\(\s*"([a-z0-9_]+)"', path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_sentence(language):
    assert len(CODES) > 40
    assert not {code for code in CODES if f"errors.{code}" not in table(language)}
