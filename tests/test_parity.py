"""The default model against transformers (eager attention, float32), on real weights and real texts.

The bounds are the project's promise: logits within 1e-4 (explicit path) and 5e-4 (fused path), attention patterns
within 1e-5, each hidden state within 1e-6 of that layer's largest absolute value. Run with -s for the table.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gptviz.model import KVCache

TEXTS = {
    "English": "The cat sits on the mat. When Mary and John went to the store, John gave a drink to Mary, and then "
    "they walked along the river and sat on the bank until the sun went down behind the old wooden houses. ",
    "code": Path(torch.__file__).with_name("functional.py").read_text(encoding="utf-8")[:20_000],
    "Chinese": "法国的首都是巴黎。语言模型通过之前的内容预测下一个词是什么，再自回归即可生成长段内容。"
    "把一句话拆成一个个的词元，每个词元会被映射成一个向量，相近的词元在空间里也相近。",
}


@pytest.fixture(scope="module")
def reference(smollm2):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        smollm2.checkpoint.folder, attn_implementation="eager", dtype=torch.float32
    ).eval()


@pytest.mark.parametrize("length", [1, 2, 17, 64, 256, 1024])
@pytest.mark.parametrize("kind", TEXTS)
def test_default_model_equals_transformers(smollm2, reference, kind, length):
    text = TEXTS[kind]
    ids = smollm2.encode(text * (1 + 1100 // len(smollm2.encode(text))))[:length]
    assert len(ids) == length
    with torch.no_grad():
        theirs = reference(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
        fused = smollm2.model(torch.tensor([ids]))[0]
    patterns = [f"blocks.{layer}.attn.pattern" for layer in range(30)]
    streams = [f"blocks.{layer}.resid_pre" for layer in range(30)]
    trace = smollm2.trace(ids, names=[*patterns, *streams, "ln_final", "logits"])

    def worst(ours: list[str], other: tuple[torch.Tensor, ...], relative: bool) -> float:
        errors = []
        for name, value in zip(ours, other, strict=True):
            scale = float(value.abs().max()) if relative else 1.0
            errors.append(float((trace[name] - value[0]).abs().max()) / scale)
        return max(errors)

    explicit_error = float((trace.logits - theirs.logits[0]).abs().max())
    fused_error = float((fused - theirs.logits[0]).abs().max())
    pattern_error = worst(patterns, theirs.attentions, relative=False)
    stream_error = worst([*streams, "ln_final"], theirs.hidden_states, relative=True)
    print(
        f"\n| {kind} | {length} | {explicit_error:.1e} | {fused_error:.1e} | {pattern_error:.1e} | {stream_error:.1e} |"
    )
    assert explicit_error <= 1e-4
    assert fused_error <= 5e-4
    assert pattern_error <= 1e-5
    assert stream_error <= 1e-6


def test_greedy_generation_equals_transformers(smollm2, reference):
    for prompt in ("The capital of France is", "def fibonacci(n):\n", "法国的首都是"):
        ids = smollm2.encode(prompt)
        theirs = reference.generate(
            torch.tensor([ids]), max_new_tokens=30, do_sample=False, pad_token_id=2, eos_token_id=2
        )[0, len(ids) :]
        assert [s.id for s in smollm2.generate(prompt, 30, temperature=0)] == theirs.tolist()


def test_append_on_real_weights(smollm2):
    ids = smollm2.encode("The capital of France is Paris")
    grown, fresh = smollm2.trace(ids[:3]), smollm2.trace(ids)
    for token in ids[3:]:
        grown.append(token)
    for name in fresh.names():
        # A row alone is multiplied in another order than among others; thirty layers carry the rounding on.
        scale = float(fresh[name].abs().max())
        assert (grown[name] - fresh[name]).abs().max() <= 1e-4 * scale, name
    assert grown.tokens == fresh.tokens and grown.text == fresh.text


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_dtypes_say_the_same_word(smollm2, dtype):
    import gptviz

    narrow = gptviz.load("smollm2-135m", dtype=dtype)
    for prompt, word in (("The capital of France is", " Paris"), ("The Great Wall of", " China")):
        ids = torch.tensor([smollm2.encode(prompt)])
        assert smollm2.tokenizer.decode([int(narrow.model(ids)[0, -1].argmax())]) == word
        cache = KVCache()
        with torch.no_grad():
            narrow.model(ids[:, :-1], cache=cache)
            last = narrow.model(ids[:, -1:], cache=cache)[0, -1]
        assert int(last.argmax()) == int(smollm2.model(ids)[0, -1].argmax())
