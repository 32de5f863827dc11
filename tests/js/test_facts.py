"""A view says of a fact what a page says of it."""

from __future__ import annotations

import re

import pytest

from gptviz.analysis.facts import Fact
from tests.ui.test_facts import KINDS, TOKENS

SAY = """async ([fact, tokens, template]) => {
    const { sentence } = await import("/kit/facts.js");
    const { element, fillNodes } = await import("/kit/dom.js");
    const words = { "look.told": template, comma: ", " };
    const line = element("p", {}, ...sentence(fact, {
        say: (key) => words[key],
        nodes: (key, nodes) => fillNodes(words[key], nodes),
        token: (i) => element("button", {}, tokens[i]),
        link: (layer, head) => element("button", {}, `Head ${layer}.${head}`),
    }));
    return [line.textContent, [...line.querySelectorAll("b")].map((node) => node.textContent)];
}"""


def text_of(markdown: str) -> str:
    """What a reader sees of it."""
    return re.sub(r":\w+-background\[((?:\\.|[^\]])*)\]", r"\1", markdown).replace("\\", "")


@pytest.mark.parametrize(("value", "_plain", "markdown"), KINDS)
def test_a_view_says_what_a_page_says(modules, value, _plain, markdown):
    fact = Fact("told", {"value": value}).plain()
    said, strong = modules.evaluate(SAY, [fact, TOKENS, "It is **{{value}}**, and **more**."])
    assert said == f"It is {text_of(markdown)}, and more."
    assert strong == [text_of(markdown), "more"]


def test_what_stands_in_a_text_is_no_markup(modules):
    fact = Fact("told", {"value": "**a** {{value}}"}).plain()
    assert modules.evaluate(SAY, [fact, TOKENS, "{{value}}"]) == ["**a** {{value}}", []]
