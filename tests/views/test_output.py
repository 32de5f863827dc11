"""The payload of the output view, and what its two halves and its languages have to agree on."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from gptviz.figures.colours import PAGE, ROLES
from gptviz.paths import PACKAGE
from gptviz.text import LANGUAGES, table
from gptviz.views.output import LEADING, output_payload
from gptviz.views.wire import unpack

VIEWS = PACKAGE / "views"


def pieces(ids):
    return [f"·{i}" for i in ids]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_payload_carries_every_logit(dtype):
    logits = torch.randn(1000).to(dtype)
    header, arrays = unpack(output_payload(logits, pieces, "en"))
    np.testing.assert_array_equal(arrays["logits"], logits.float().numpy())
    top = logits.float().softmax(-1).topk(LEADING)
    np.testing.assert_allclose(torch.tensor(arrays["logits"]).softmax(-1)[header["leading"]], top.values)
    assert header["pieces"] == pieces(header["leading"])
    assert header["not_finite"] == 0


def test_equal_logits_come_in_the_order_of_ids():
    header, _ = unpack(output_payload(torch.zeros(50), pieces, "en"))
    assert header["leading"] == list(range(LEADING))


def test_a_small_vocabulary_and_a_broken_one():
    header, _ = unpack(output_payload(torch.tensor([1.0, 3.0, 2.0]), pieces, "en"))
    assert header["leading"] == [1, 2, 0]
    header, _ = unpack(output_payload(torch.tensor([torch.nan, torch.inf, -torch.inf, 1.0]), pieces, "en"))
    assert header["not_finite"] == 3
    for wrong in (torch.zeros(2, 3), torch.zeros(0)):
        with pytest.raises(ValueError):
            output_payload(wrong, pieces, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_view_has_a_label_for_everything_it_says(language):
    header, _ = unpack(output_payload(torch.zeros(3), pieces, language))
    labels = header["labels"]
    assert labels == {
        k.removeprefix("output_view."): v for k, v in table(language).items() if k.startswith("output_view.")
    }
    code = "".join(path.read_text(encoding="utf-8") for path in (VIEWS / "output").glob("*.js"))
    sections = {key.split(".")[0] for key in labels}
    said = set(re.findall(rf'"((?:{"|".join(sections)})\.\w+)"', code))
    assert said and said <= labels.keys()
    words = set(re.findall(r"\w+", code))
    assert {key for key in labels if key not in said and key.split(".")[1] not in words} == set()  # none is left over


def test_views_and_figures_have_the_same_colours():
    css = (VIEWS / "common.css").read_text(encoding="utf-8")
    for name in ROLES["light"]:
        assert f"--{name}: light-dark({ROLES['light'][name]}, {ROLES['dark'][name]});" in css
    for name in PAGE["light"]:
        assert f"light-dark({PAGE['light'][name]}, {PAGE['dark'][name]})" in css


def test_views_never_write_html():
    for path in VIEWS.rglob("*.js"):
        code = path.read_text(encoding="utf-8")
        code = code.replace('"http://www.w3.org/2000/svg"', "")  # the name of a language, never fetched
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?://", code), path
