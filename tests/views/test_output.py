"""The parts of the output view, and what its two halves and its languages have to agree on."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from gptviz.analysis.lens import lens
from gptviz.analysis.lens import words as lens_words
from gptviz.engine import LocalEngine, Question
from gptviz.figures.colours import PAGE, ROLES
from gptviz.paths import PACKAGE
from gptviz.views.kit.wire import unpack
from gptviz.views.output.parts import NAMED, OPENED, logits_part, text_part

VIEWS = PACKAGE / "views"


def pieces(ids):
    return [f"·{i}" for i in ids]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_part_carries_every_logit(dtype):
    logits = torch.randn(1000).to(dtype)
    header, arrays = unpack(logits_part(logits, pieces, 3))
    np.testing.assert_array_equal(arrays["logits"], logits.float().numpy())
    top = logits.float().softmax(-1).topk(NAMED)
    np.testing.assert_allclose(torch.tensor(arrays["logits"]).softmax(-1)[header["named"]], top.values)
    assert header["pieces"] == pieces(header["named"])
    assert (header["not_finite"], header["position"]) == (0, 3)


def test_tokens_that_were_read_have_names_whatever_their_logits():
    header, _ = unpack(logits_part(torch.arange(1000.0), pieces, 2, [7, 999, 7]))
    assert header["seen"] == [7, 999]
    assert header["named"] == [*range(999, 999 - NAMED, -1), 7]


def test_a_logit_can_be_opened_to_its_products():
    h, rows = torch.randn(8), torch.randn(100, 8)
    _, arrays = unpack(logits_part(rows @ h, pieces, 0, [1], h, rows))
    assert len(arrays["opened"]) == OPENED
    made = arrays["rows"].reshape(OPENED, 8) @ arrays["h"]
    np.testing.assert_allclose(made, arrays["logits"][arrays["opened"]], rtol=1e-5, atol=1e-5)


def test_equal_logits_come_in_the_order_of_ids():
    header, _ = unpack(logits_part(torch.zeros(500), pieces, 0))
    assert header["named"] == list(range(NAMED))


def test_a_small_vocabulary_and_a_broken_one():
    header, _ = unpack(logits_part(torch.tensor([1.0, 3.0, 2.0]), pieces, 0))
    assert header["named"] == [1, 2, 0]
    header, _ = unpack(logits_part(torch.tensor([torch.nan, torch.inf, -torch.inf, 1.0]), pieces, 0))
    assert header["not_finite"] == 3
    for wrong in (torch.zeros(2, 3), torch.zeros(0)):
        with pytest.raises(ValueError):
            logits_part(wrong, pieces, 0)


def test_what_was_expected_of_the_text_travels_with_it():
    header, arrays = unpack(text_part(["a", "b", "c"], [None, 1.0, 3.0], [0, 1, 9], d_model=8, tied=True))
    assert np.isnan(arrays["bits"][0]) and arrays["bits"][1:].tolist() == [1.0, 3.0]
    assert arrays["ranks"].tolist() == [0, 1, 9]
    assert (header["total"], header["mean"], header["perplexity"]) == (4.0, 2.0, 4.0)
    header, _ = unpack(text_part(["a"], [None], [0], d_model=8, tied=True))
    assert header["total"] == 0.0, "one token: nothing was expected"


def test_the_lens_and_its_cells_say_what_the_analysis_says(smollm2):
    engine = LocalEngine(lambda name, progress: smollm2, through_bytes=True)
    trace = smollm2.trace("The capital of France is")

    def asked(**choices):
        question = Question("output", "m", tuple(trace.ids), choices={"points": "stream", "token": 4, **choices})
        return engine.ask(question)

    parts = asked(open=["lens"], cell=["blocks.23.resid_mid", 4]).parts
    header, arrays = unpack(parts["lens"])
    found = lens(smollm2, trace, None, "stream")
    ranks = arrays["ranks"].reshape(len(header["names"]), len(trace.ids))
    assert header["names"] == list(found.names)
    np.testing.assert_array_equal(ranks, found.ranks)
    assert header["pieces"][header["targets"][4]] == "·Paris" and ranks[-1, 4] == 1
    cell, _ = unpack(parts["cell"])
    read = lens_words(smollm2, trace, "blocks.23.resid_mid", 4)
    assert [(w["id"], w["probability"]) for w in cell["words"]] == [(w.id, w.probability) for w in read]
    assert "lens" not in asked(open=[]).parts
    for gone in (["blocks.99.resid_post", 4], ["blocks.2.resid_post", 5]):
        assert "cell" not in asked(open=["lens"], cell=gone).parts


def test_views_and_figures_have_the_same_colours():
    css = (VIEWS / "kit" / "common.css").read_text(encoding="utf-8")
    for name in ROLES["light"]:
        assert f"--{name}: light-dark({ROLES['light'][name]}, {ROLES['dark'][name]});" in css
    for name in PAGE["light"]:
        assert f"light-dark({PAGE['light'][name]}, {PAGE['dark'][name]})" in css


def test_views_never_write_html():
    for path in VIEWS.rglob("*.js"):
        if "vendor" in path.parts:
            continue  # d3 can, but nobody asks it to
        code = path.read_text(encoding="utf-8")
        code = code.replace('"http://www.w3.org/2000/svg"', "")  # the name of a language, never fetched
        banned = r"innerHTML|outerHTML|insertAdjacentHTML|\.html\(|document\.write|\beval\b|https?://"
        assert not re.search(banned, code), path
