"""What the attention view is fed with: the trace's own numbers, in parts, and no more of them than it shows."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
import torch

from gptviz.analysis import heads
from gptviz.errors import InputError
from gptviz.interventions import Scale
from gptviz.text import LANGUAGES, table
from gptviz.views.attention import STOP
from gptviz.views.attention import parts as made
from gptviz.views.attention.answer import answer
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.kit.wire import unpack
from tests.small_models import CONFIGS, random_llm

LONG = "The cat sits on the mat and looks at the bird in the garden, because it is hungry and the day is long. " * 12
BEGIN = {"layer": 1, "head": 2, "token": 2, "second": ""}


def answer_of(llm, trace, begin=BEGIN, limit=256, runs=None, **chosen) -> Answer:
    """What the stop answers about a trace. runs: where to note which other passes it asked for."""

    def run(ids, names=None, interventions=()):
        if list(ids) == trace.ids and names is None:
            return trace
        if runs is not None:
            runs.append((len(ids), names))
        return llm.trace(list(ids), names=names, interventions=interventions)

    choices = STOP.defaults() | STOP.from_json(begin | chosen)
    return answer(Asked(llm, tuple(trace.ids), choices, limit, run, None, None))


def parts_of(llm, trace, **chosen) -> dict[str, tuple[dict, dict[str, np.ndarray]]]:
    return {name: unpack(part) for name, part in answer_of(llm, trace, **chosen).parts.items()}


def test_what_the_reader_has_not_chosen_the_stop_chooses(smollm2):
    trace = smollm2.trace("The capital of France is")
    found = answer_of(smollm2, trace, begin={})
    assert [found.choices[name] for name in ("layer", "head", "token", "key")] == [16, 0, 4, None]
    assert found.choices["second"] == "The chemical symbol for gold is"
    in_layer = answer_of(smollm2, trace, begin={"layer": 23, "token": 1}).choices
    assert [in_layer[name] for name in ("layer", "head", "token")] == [
        23,
        heads.clear_head(heads.head_scores(trace), 23)[1],
        1,
    ]
    assert {fact["name"] for fact in found.facts["look"]} == {"previous_always", "current_always", "helping", "sink"}


def test_a_layer_travels_exactly(tiny):
    trace = tiny.trace([5, 6, 7, 6])
    header, arrays = parts_of(tiny, trace)["layer"]
    prefix = "blocks.1.attn."
    for name in {"q", "k", "v", "z", "q_pre", "k_pre", "scores"} & arrays.keys():
        np.testing.assert_array_equal(arrays[name], trace[prefix + name].numpy())
    assert ("q_pre" in arrays) == (tiny.config.rope is not None)
    below = torch.ones(4, 4).tril().bool()
    np.testing.assert_array_equal(arrays["pattern"], trace[prefix + "pattern"][:, below].numpy())
    assert header["heads"] == list(range(tiny.config.n_head))
    # How much a token would write: W_O of its value.
    W_O, d = tiny.model.blocks[1].attn.W_O.weight, tiny.config.d_head
    for h in range(tiny.config.n_head):
        out = trace[prefix + "v"][tiny.config.key_head(h)] @ W_O[:, h * d : (h + 1) * d].T
        np.testing.assert_allclose(arrays["value_sizes"][h], out.norm(dim=-1).detach(), rtol=1e-4)


def test_what_is_not_looked_at_does_not_travel(tiny):
    trace = tiny.trace([5, 6, 7, 6])
    always = {"text", "looks", "layer"}
    assert set(parts_of(tiny, trace)) == always
    assert set(parts_of(tiny, trace, open=["heads", "stages", "cell", "lines", "table", "off"])) == always
    for chosen, part in (
        ({"open": ["asking"]}, "weights"),
        ({"open": ["outputs"]}, "outputs"),
        ({"open": ["values"]}, "reading"),
        ({"off": [[1, 2]]}, "off"),
        ({"last": ""}, "last"),
    ):
        assert set(parts_of(tiny, trace, **chosen)) == always | {part}


def test_weights_make_queries_and_keys(tiny):
    trace = tiny.trace([5, 6, 7, 6])
    _, arrays = parts_of(tiny, trace, open=["asking"])["weights"]
    before = "_pre" if tiny.config.rope else ""
    for letter, head in (("q", 2), ("k", tiny.config.key_head(2))):
        product = arrays["x"] @ arrays[f"W_{letter.upper()}"].T + arrays.get(f"b_{letter.upper()}", 0)
        np.testing.assert_allclose(product, trace[f"blocks.1.attn.{letter}{before}"][head], rtol=1e-4, atol=1e-5)


def test_heads_side_by_side_are_the_sum_of_the_heads(tiny, smollm2):
    capital = smollm2.trace("The capital of France is")
    for llm, trace, layer in ((tiny, tiny.trace([5, 6, 7, 6]), 1), (smollm2, capital, 23)):
        header, arrays = parts_of(llm, trace, open=["outputs"], layer=layer)["outputs"]
        total = arrays["heads"].sum(0) + arrays.get("bias", 0)
        np.testing.assert_allclose(total, trace[f"blocks.{layer}.attn_out"][2], atol=1e-5 * header["largest"])
        assert header["error"] <= 1e-5 * header["largest"]


def test_words_of_the_capital_head(smollm2):
    trace = smollm2.trace("The capital of France is")
    header, _ = parts_of(smollm2, trace, open=["values"], layer=23, head=4, token=4)["reading"]
    up = [word["piece"] for word in header["whole"]["up"]]
    assert "·France" in up[:3] and "·French" in up
    assert header["key"] == 3 and header["next"] == {"piece": "·Paris", "push": pytest.approx(2.87, abs=0.05)}
    pushes = [word["push"] for word in header["whole"]["up"]]
    assert pushes == sorted(pushes, reverse=True) and header["whole"]["down"][0]["push"] < 0


def test_another_last_word(smollm2):
    trace = smollm2.trace("The capital of France is")
    header, arrays = parts_of(smollm2, trace, layer=16, last="was")["last"]
    other = smollm2.trace("The capital of France was")
    assert header["piece"] == "·was" and not header["same"]
    assert header["differences"] == {"pattern": 0.0, "vectors": 0.0, "stream": 0.0}
    np.testing.assert_array_equal(arrays["pattern_row"], other["blocks.16.attn.pattern"][:, -1])
    np.testing.assert_array_equal(arrays["score_row"], other["blocks.16.attn.scores"][:, -1])
    np.testing.assert_array_equal(arrays["score_column"], other["blocks.16.attn.scores"][..., -1])
    assert parts_of(smollm2, trace, layer=16, last="is")["last"][0]["same"]
    assert parts_of(smollm2, trace, layer=16, last="")["last"][0]["piece"] not in ("", "·is")


def test_a_last_word_that_cannot_be_is_said(toy):
    header, arrays = parts_of(toy, toy.trace("dbaca="), head=0, last="猫")["last"]
    assert "猫" in header["trouble"]["details"].values() and not arrays


def test_heads_off_here_and_elsewhere(smollm2):
    trace = smollm2.trace("The capital of France is")
    chosen = {"layer": 23, "head": 4, "token": 4, "off": [[23, 4]], "second": "The chemical symbol for gold is"}
    header, _ = parts_of(smollm2, trace, **chosen)["off"]
    assert header["here"]["words"][0] == "·Paris" and header["second"]["words"][0] == "·Au"
    before, after, control = (column[0] for column in header["here"]["shares"])
    assert (before, after) == (pytest.approx(0.77, abs=0.02), pytest.approx(0.14, abs=0.02)) and control > 0.6
    assert header["control"][0][0] == 23 and header["control"] != [[23, 4]]
    assert "trouble" in parts_of(smollm2, trace, **{**chosen, "second": "\x06"})["off"][0]["second"]
    assert parts_of(smollm2, trace, **{**chosen, "second": ""})["off"][0]["second"] is None


def test_small_pictures(smollm2):
    trace = smollm2.trace(smollm2.encode(LONG)[:100])
    header, arrays = parts_of(smollm2, trace)["text"]
    assert header["side"] == 64 and arrays["maps"].shape == (270, 64 * 65 // 2) and arrays["maps"].dtype == np.uint8
    short = smollm2.trace("The cat sits on")
    _, arrays = parts_of(smollm2, short)["text"]
    pattern = short["blocks.16.attn.pattern"][0][torch.ones(4, 4).tril().bool()]
    np.testing.assert_array_equal(arrays["maps"][16 * 9], (pattern * 255).round().numpy())


def test_scores_of_all_heads(smollm2):
    trace = smollm2.trace("The capital of France is")
    header, arrays = parts_of(smollm2, trace)["text"]
    here = heads.head_scores(trace)
    at = header["measures"].index
    np.testing.assert_array_equal(arrays["scores"][at("previous")], here.kinds["previous"])
    np.testing.assert_array_equal(arrays["scores"][at("sink")], here.sink)
    np.testing.assert_array_equal(arrays["random"][at("induction")], heads.random_scores(smollm2).kinds["induction"])


@pytest.mark.parametrize(("n_tokens", "limit"), [(64, 2_000_000), (256, 8_000_000)])
def test_what_opens_is_small(smollm2, n_tokens, limit):
    trace = smollm2.trace(smollm2.encode(LONG)[:n_tokens])
    parts = answer_of(smollm2, trace, layer=16, token=n_tokens - 1).parts
    assert sum(map(len, parts.values())) <= limit


def test_a_very_long_text_brings_one_head(smollm2, monkeypatch):
    monkeypatch.setattr(made, "LAYER_BYTES", 1000)
    trace = smollm2.trace("The cat sits on the mat and looks")
    header, arrays = parts_of(smollm2, trace, layer=3, head=5)["layer"]
    assert header["heads"] == [5] and header["key_heads"] == [1]
    np.testing.assert_array_equal(arrays["scores"][0], trace["blocks.3.attn.scores"][5])
    np.testing.assert_array_equal(arrays["k"][0], trace["blocks.3.attn.k"][1])


def test_parts_follow_a_trace_that_grows(tiny):
    trace = tiny.trace([5, 6, 7])
    before = parts_of(tiny, trace)["text"][0]
    trace.append(6)
    after = parts_of(tiny, trace)["text"][0]
    assert (len(before["tokens"]), len(after["tokens"])) == (3, 4)


def test_every_fact_has_a_sentence():
    kinds = [f"{kind}{suffix}" for kind in heads.KINDS for suffix in ("", "_always")]
    for language in LANGUAGES:
        for name in (*kinds, "helping", "sink", "sink_few", "nothing"):
            assert f"attention.look.{name}" in table(language)


def test_a_trace_shows_itself(smollm2, toy, tmp_path):
    document = smollm2.trace('<img src=x onerror="alert(1)"> </script>').show("attention", opened=["stages"])
    text = document.save(tmp_path / "view.html").read_text(encoding="utf-8")
    body = text.split("<body>")[1]
    assert "onerror" not in body and "<img" not in text, "what was typed travels as data"
    assert not re.search(r"""(src|href)=["']?https?:""", text)
    assert "<iframe srcdoc=" in document._repr_html_()
    with pytest.raises(InputError):
        document.save(tmp_path / "no" / "such" / "folder.html")
    for wrong in ({"layer": 99}, {"head": -1}, {"token": 50}):
        with pytest.raises(InputError):
            toy.trace("dbaca=").show("attention", **wrong)
    with pytest.raises(InputError):
        toy.trace("dbaca=").show("nothing")


def test_a_long_second_text_is_cut_and_said(smollm2):
    trace = smollm2.trace("The capital of France is")
    runs = []
    chosen = {"layer": 23, "token": 4, "off": [[23, 4]], "second": "word " * 60}
    header, _ = unpack(answer_of(smollm2, trace, limit=10, runs=runs, **chosen).parts["off"])
    assert len(header["second"]["tokens"]) == 10 and header["second"]["all"] == 61
    assert runs == [(10, ["blocks.23.resid_pre", "logits"])], "and no more of it is kept than is needed"


def test_half_precision_brings_its_own_products():
    llm = random_llm(CONFIGS["llama"], dtype=torch.bfloat16)
    trace = llm.trace([5, 6, 7, 6])
    _, arrays = parts_of(llm, trace)["layer"]
    np.testing.assert_array_equal(arrays["dot"], trace.attention(1).dot.float())
    assert parts_of(llm, trace)["text"][0]["dtype"] == "bfloat16"
    assert {"dot_row", "dot_column"} <= parts_of(llm, trace, last="")["last"][1].keys()


def test_what_was_replaced_is_named(tiny):
    trace = tiny.trace([5, 6, 7], interventions=[Scale("blocks.1.attn.scores", 2.0)])
    assert parts_of(tiny, trace)["text"][0]["replaced"] == ["blocks.1.attn.scores"]
    np.testing.assert_array_equal(parts_of(tiny, trace)["layer"][1]["dot"], trace.attention(1).dot)
    text = re.search(r'data-part="text"[^>]*>([^<]*)', trace.show(opened="stages").html)[1]
    assert b"blocks.1.attn.scores" in base64.b64decode(text)


def test_what_a_document_cannot_show(toy, tmp_path):
    trace = toy.trace("dbaca=")
    for wrong in ({"language": "fr"}, {"opened": ["bogus"]}, {"layer": True}, {"layer": 1.5}, {"head": "a"}):
        with pytest.raises(InputError):
            trace.show(**wrong)
    assert trace.show(layer=np.int64(1), head=torch.tensor(2), opened="stages").save(tmp_path / "view.html").is_file()
