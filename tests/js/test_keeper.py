"""What a view keeps of its reader's choices, without a host: what reaches it, and what it takes back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

CHOICES = {
    "near": {"default": None, "reset_by": ["text"], "asks": True, "wish": False, "most": 20},
    "text": {"default": "", "reset_by": [], "asks": True, "wish": False, "most": 20},
    "force": {"default": None, "reset_by": [], "asks": True, "wish": True},
    "open": {"default": [], "reset_by": [], "asks": True, "wish": False},
}


@pytest.fixture
def keeper(modules: Page) -> Page:
    """A keeper at `window.keeper`; what it reports lands in `window.reports`."""
    modules.evaluate(
        """async (choices) => {
            const { createKeeper } = await import("/kit/keeper.js");
            const frame = document.createElement("div");
            document.body.replaceChildren(frame);
            window.reports = [];
            const report = (values) => reports.push(values);
            window.keeper = createKeeper({ frame, choices, report, draw() {} });
        }""",
        CHOICES,
    )
    return modules


def test_half_a_character_is_never_reported(keeper):
    (near, force) = keeper.evaluate(
        r"""() => {
            keeper.choose({ near: "a\ud83d" });
            keeper.choose({ force: "\udc00b" });
            return [reports[0].near, reports[1].force];
        }"""
    )
    assert near == "a\ufffd"
    assert force == "\ufffdb"
    assert keeper.evaluate(r"() => (keeper.choose({ near: 'a\ud83d\ude00' }), keeper.values().near)") == "a😀"


def test_another_text_takes_back_what_it_resets_and_a_wish_is_told_once(keeper):
    values = keeper.evaluate(
        """() => {
            keeper.choose({ near: "cat" });
            keeper.choose({ force: "cat" });
            keeper.choose({ text: "dog" });
            return [reports.at(-1), keeper.values()];
        }"""
    )
    assert values[0] == values[1] == {"near": None, "text": "dog", "force": None, "open": []}
