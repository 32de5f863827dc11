"""Numbers in the browser: as the table says, and as Python writes them."""

from __future__ import annotations

import random

from tests.test_numbers import FUNCTIONS, ROWS, argument

CALL = """async (calls) => {
    const format = await import("/kit/format.js");
    return calls.map(([name, values]) => format[name](...values));
}"""
NO_NUMBERS = {"cut"}  # of a text


def test_a_number_is_written_as_the_table_says(modules):
    written = modules.evaluate(CALL, [[name, [argument(value) for value in values]] for name, values, _ in ROWS])
    assert [[*row[:2], text] for row, text in zip(ROWS, written, strict=True)] == ROWS


def test_the_table_has_every_function(modules):
    functions = modules.evaluate('async () => Object.keys(await import("/kit/format.js"))')
    assert set(functions) - NO_NUMBERS == {name for name, _, _ in ROWS}


def test_javascript_and_python_write_any_number_alike(modules):
    chance = random.Random(0)
    values = [chance.choice((-1, 1)) * chance.uniform(0, 10) * 10.0 ** chance.randint(-12, 8) for _ in range(1500)]
    values += [round(chance.uniform(0, 1), chance.randint(0, 8)) for _ in range(1500)]
    calls = [[name, [value]] for value in values for name in ("percent", "count")]
    named = ("fixed", "signed", "significant", "percent")
    calls += [[name, [value, chance.randint(1, 6)]] for value in values for name in named]
    assert {name for name, _ in calls} == FUNCTIONS.keys()
    expected = [FUNCTIONS[name](*values) for name, values in calls]
    written = modules.evaluate(CALL, calls)
    differ = [(*call, a, b) for call, a, b in zip(calls, written, expected, strict=True) if a != b]
    assert not differ, differ[:5]
