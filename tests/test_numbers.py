"""How a number is written: by the table that JavaScript is held to as well (tests/js/test_format.py)."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from gptviz import numbers

ROWS = json.loads(Path(__file__).with_name("number_formats.json").read_text(encoding="utf-8"))
FUNCTIONS = {
    name: function for name, function in inspect.getmembers(numbers, inspect.isfunction) if not name.startswith("_")
}


def argument(value: float | str) -> float:
    """JSON has no word for what is no finite number."""
    return float(value) if isinstance(value, str) else value


@pytest.mark.parametrize(("name", "arguments", "expected"), [row for row in ROWS if row[0] in FUNCTIONS])
def test_a_number_is_written_as_the_table_says(name, arguments, expected):
    assert FUNCTIONS[name](*map(argument, arguments)) == expected


def test_the_table_has_every_function():
    assert FUNCTIONS.keys() <= {name for name, _, _ in ROWS}
