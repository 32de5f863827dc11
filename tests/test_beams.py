"""Beam search against transformers, and against the search of everything."""

from __future__ import annotations

import itertools

import pytest
import torch

from gptviz.errors import InputError
from gptviz.model import KVCache
from tests.small_models import CONFIGS, random_llm


def test_results_equal_transformers(smollm2):
    from transformers import AutoModelForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(
        smollm2.checkpoint.folder, attn_implementation="eager", dtype=torch.float32
    ).eval()
    for text, width in (("The capital of France is", 1), ("The cat sits on", 3), ("Once upon a time", 5)):
        ids = smollm2.encode(text)
        with torch.no_grad():
            out = theirs.generate(
                torch.tensor([ids]),
                attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                num_beams=width,
                num_return_sequences=width,
                do_sample=False,
                max_new_tokens=8,
                output_scores=True,
                return_dict_in_generate=True,
                pad_token_id=0,
            )
        found = smollm2.beams(text, width=width, max_new_tokens=8)
        for mine, row in zip(found.best, out.sequences.tolist(), strict=True):
            assert [node.id for node in found.path(mine)] == row[len(ids) :][: found.nodes[mine].depth]
        if width > 1:
            scores = [found.score(index) for index in found.best]
            assert scores == pytest.approx(out.sequences_scores.tolist(), abs=1e-4)


@pytest.mark.parametrize("end", [(), (5, 17, 40)])
def test_ends_equal_transformers(end, tmp_path):
    """On a random model with a few end tokens, where texts end all the time."""
    from transformers import GPT2Config, GPT2LMHeadModel

    import gptviz

    torch.manual_seed(3)
    config = GPT2Config(vocab_size=60, n_positions=64, n_embd=32, n_layer=2, n_head=2, initializer_range=0.6)
    config.eos_token_id = list(end) or None
    config.bos_token_id = None
    theirs = GPT2LMHeadModel(config).eval()
    theirs.save_pretrained(tmp_path)
    llm = gptviz.load(tmp_path)
    assert llm.checkpoint.eos_ids == set(end)
    for start, width in itertools.product(range(6), (2, 4)):
        ids = [start, 7, 3]
        with torch.no_grad():
            out = theirs.generate(
                torch.tensor([ids]),
                attention_mask=torch.ones(1, 3, dtype=torch.long),
                num_beams=width,
                num_return_sequences=width,
                do_sample=False,
                max_new_tokens=10,
                eos_token_id=list(end) or None,
                pad_token_id=0,
            )
        found = llm.beams(ids, width=width, max_new_tokens=10)
        for mine, row in zip(found.best, out.tolist(), strict=True):
            path = [node.id for node in found.path(mine)]
            assert row[3:][: len(path)] == path and not any(row[3 + len(path) :])


def test_one_step_is_the_likeliest_tokens(tiny):
    found = tiny.beams([1, 2, 3], width=4, max_new_tokens=1)
    top = tiny.trace([1, 2, 3]).logits[-1].log_softmax(-1).topk(4)
    assert [found.nodes[i].id for i in found.best] == top.indices.tolist()
    assert [found.nodes[i].total for i in found.best] == pytest.approx(top.values.tolist(), abs=1e-4)
    assert len(found.nodes) == 8 and sum(node.kept for node in found.nodes) == 4


def test_every_total_is_the_texts_own(tiny):
    found = tiny.beams([1, 2], width=3, max_new_tokens=5)
    for index in found.best:
        path = found.path(index)
        ids = [1, 2, *(node.id for node in path)]
        logp = tiny.trace(ids).logits.log_softmax(-1)
        own = [float(logp[at + 1, node.id]) for at, node in enumerate(path)]
        assert [node.log_probability for node in path] == pytest.approx(own, abs=1e-3)
        assert found.nodes[index].total == pytest.approx(sum(own), abs=1e-3)
        assert [node.depth for node in path] == [1, 2, 3, 4, 5] and all(node.kept for node in path)


def test_what_cannot_be(tiny):
    for options in ({"width": 0}, {"width": 98}, {"width": 2.0}, {"max_new_tokens": 0}, {"max_new_tokens": 100}):
        with pytest.raises(InputError):
            tiny.beams([1, 2], **options)


def test_a_caches_rows_go_on_by_themselves():
    llm = random_llm(CONFIGS["llama"])
    cache = KVCache()
    llm.model(torch.tensor([[1, 2, 3]]), cache=cache)
    both = cache.rows([0, 0])
    logits = llm.model(torch.tensor([[4], [5]]), cache=both, last_only=True)
    for row, token in enumerate((4, 5)):
        alone = llm.model(torch.tensor([[1, 2, 3, token]]), last_only=True)
        torch.testing.assert_close(logits[row], alone[0], atol=1e-4, rtol=1e-4)
    assert cache.length == 3 and both.length == 4
