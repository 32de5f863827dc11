"""Weights under any of their names give the logits of transformers; anything else is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Model,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaModel,
    MistralConfig,
    MistralForCausalLM,
)

from gptviz.checkpoints import load_checkpoint
from gptviz.errors import CheckpointError

GPT2 = {"vocab_size": 61, "n_positions": 48, "n_embd": 24, "n_layer": 3, "n_head": 3}
LLAMA = {
    "vocab_size": 61,
    "hidden_size": 32,
    "intermediate_size": 56,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 48,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 100.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}

GPT2_CASES = {
    "plain": {},
    "inner": {"n_inner": 40},
    **{
        name: {"activation_function": name} for name in ("relu", "gelu", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu")
    },
    "inverse": {"scale_attn_by_inverse_layer_idx": True},
    "unscaled": {"scale_attn_weights": False},
    "upcast": {"reorder_and_upcast_attn": True},
    "upcast inverse": {"reorder_and_upcast_attn": True, "scale_attn_by_inverse_layer_idx": True},
    "untied": {"tie_word_embeddings": False},
    "epsilon": {"layer_norm_epsilon": 0.1},
}
LLAMA_CASES = {
    "plain": {},
    "shared heads": {"num_key_value_heads": 2},
    "one shared head": {"num_key_value_heads": 1},
    "wide heads": {"head_dim": 12},
    "tied": {"tie_word_embeddings": True},
    "attention biases": {"attention_bias": True},
    "mlp biases": {"mlp_bias": True},
    "gelu": {"hidden_act": "gelu"},
    "epsilon": {"rms_norm_eps": 0.1},
    "theta": {"rope_parameters": {"rope_type": "default", "rope_theta": 50.0}},
    "linear": {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 3.0}},
    "llama3": {"rope_parameters": LLAMA3},
}
# Switches that change no logit in float32: other names of GPT-2's own activation, and its upcast.
SILENT = ({"activation_function": "gelu_fast"}, {"activation_function": "gelu_pytorch_tanh"}, GPT2_CASES["upcast"])
MISTRAL_CASES = {"plain": {"num_key_value_heads": 2}, "window": {"num_key_value_heads": 2, "sliding_window": 20}}


def make(kind: str, fields: dict):
    """A random model of transformers, with weights large enough that every switch shows in the logits."""
    torch.manual_seed(1)
    model_class, config_class, base = {
        "gpt2": (GPT2LMHeadModel, GPT2Config, GPT2),
        "llama": (LlamaForCausalLM, LlamaConfig, LLAMA),
        "mistral": (MistralForCausalLM, MistralConfig, LLAMA),
    }[kind]
    model = model_class(config_class(**base, **fields, attn_implementation="eager")).eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, mean=0.1, std=0.25)
    return model


def assert_same_logits(reference, folder: Path, n_tokens: int = 40) -> None:
    model = load_checkpoint(str(folder)).model
    ids = torch.randint(0, 61, (1, n_tokens), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = reference(ids).logits
        torch.testing.assert_close(model(ids, explicit=True), expected, atol=1e-4, rtol=0)
        torch.testing.assert_close(model(ids), expected, atol=5e-4, rtol=0)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        pytest.param(kind, fields, id=f"{kind} {name}")
        for kind, cases in (("gpt2", GPT2_CASES), ("llama", LLAMA_CASES), ("mistral", MISTRAL_CASES))
        for name, fields in cases.items()
    ],
)
def test_logits_are_those_of_transformers(kind, fields, tmp_path):
    reference = make(kind, fields)
    reference.save_pretrained(tmp_path)
    n_tokens = min(40, getattr(reference.config, "sliding_window", None) or 40)
    assert_same_logits(reference, tmp_path, n_tokens)
    if fields and fields not in SILENT:  # and the switch mattered: without it the logits would be others
        plain = make(kind, {})
        if [w.shape for w in plain.parameters()] == [w.shape for w in reference.parameters()]:
            ids = torch.arange(40)[None] % 61
            assert not torch.allclose(plain(ids).logits, reference(ids).logits, atol=1e-4)


def saved(kind: str, folder: Path, fields: dict | None = None):
    """A model of transformers, its folder's weights as a dict, and a function that writes them back."""
    reference = make(kind, fields or {})
    reference.save_pretrained(folder)
    path = folder / "model.safetensors"
    return reference, load_file(path), lambda tensors: save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize(("kind", "prefix"), [("gpt2", "transformer."), ("llama", "model.")])
def test_names_without_the_prefix(kind, prefix, tmp_path):
    reference, tensors, write = saved(kind, tmp_path)
    assert any(name.startswith(prefix) for name in tensors)
    write({name.removeprefix(prefix): tensor for name, tensor in tensors.items()})
    assert_same_logits(reference, tmp_path)


def test_a_model_saved_without_its_head_is_tied(tmp_path):
    reference = make("gpt2", {})
    base = GPT2Model(reference.config)
    base.load_state_dict(reference.transformer.state_dict())
    base.save_pretrained(tmp_path)
    assert_same_logits(reference, tmp_path)


def test_an_untied_model_without_its_head_is_refused(tmp_path):
    LlamaModel(LlamaConfig(**LLAMA)).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"no lm_head\.weight"):
        load_checkpoint(str(tmp_path))


def test_buffers_of_older_versions_are_left_out(tmp_path):
    reference, tensors, write = saved("gpt2", tmp_path)
    for layer in range(3):
        tensors[f"transformer.h.{layer}.attn.bias"] = torch.ones(1, 1, 48, 48).tril().bool()
        tensors[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    write(tensors)
    assert_same_logits(reference, tmp_path)
    llama, tensors, write = saved("llama", tmp_path)
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    write(tensors)
    assert_same_logits(llama, tmp_path)


@pytest.mark.parametrize(
    ("kind", "embed"), [("gpt2", "transformer.wte.weight"), ("llama", "model.embed_tokens.weight")]
)
def test_the_head_of_a_tied_model_in_the_file(kind, embed, tmp_path):
    reference, tensors, write = saved(kind, tmp_path, {"tie_word_embeddings": True})
    write(tensors | {"lm_head.weight": tensors[embed].clone()})
    assert_same_logits(reference, tmp_path)
    head = tensors.pop(embed)
    write(tensors | {"lm_head.weight": head})  # the only copy
    assert_same_logits(reference, tmp_path)
    write(tensors | {embed: head, "lm_head.weight": head + 1})  # not tied after all, as in transformers
    reference = type(reference).from_pretrained(tmp_path, attn_implementation="eager").eval()
    assert not load_checkpoint(str(tmp_path)).config.tied
    assert_same_logits(reference, tmp_path)


def test_shards(tmp_path):
    reference = make("llama", {})
    reference.save_pretrained(tmp_path, max_shard_size="20KB")
    shards = sorted(tmp_path.glob("model-*.safetensors"))
    assert len(shards) > 2
    assert_same_logits(reference, tmp_path)
    shards[1].unlink()
    with pytest.raises(CheckpointError, match=shards[1].name):
        load_checkpoint(str(tmp_path))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_weights_come_in_the_dtype_asked_for(dtype, tmp_path):
    reference = make("gpt2", {})
    reference.to(torch.bfloat16).save_pretrained(tmp_path)
    checkpoint = load_checkpoint(str(tmp_path), dtype=dtype)
    assert {p.dtype for p in checkpoint.model.parameters()} == {dtype}
    assert checkpoint.model.unembed.weight is checkpoint.model.embed.weight
    assert not any(p.requires_grad for p in checkpoint.model.parameters())
    assert checkpoint.tokenizer_folder is None
    assert checkpoint.fingerprint == load_checkpoint(str(tmp_path)).fingerprint


def test_other_weights_have_another_fingerprint(tmp_path):
    _, tensors, write = saved("gpt2", tmp_path)
    before = load_checkpoint(str(tmp_path)).fingerprint
    write(tensors | {"transformer.ln_f.bias": tensors["transformer.ln_f.bias"] + 1})
    assert load_checkpoint(str(tmp_path)).fingerprint != before


def test_a_missing_extra_misshapen_or_quantized_tensor_is_named(tmp_path):
    _, tensors, write = saved("llama", tmp_path)
    name = "model.layers.1.mlp.up_proj.weight"

    def refusal(changed: dict) -> CheckpointError:
        write(changed)
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(str(tmp_path))
        assert name.removesuffix(".weight") in str(caught.value)
        return caught.value

    assert refusal({n: t for n, t in tensors.items() if n != name}).code == "tensor_missing"
    assert refusal(tensors | {name.replace("weight", "lora_A"): tensors[name].clone()}).code == "tensor_extra"
    assert refusal(tensors | {name: tensors[name].t().contiguous()}).code == "tensor_shape"
    assert refusal(tensors | {name: tensors[name].to(torch.int8)}).code == "tensor_quantized"


def test_a_file_cut_short_is_damaged(tmp_path):
    saved("gpt2", tmp_path)
    path = tmp_path / "model.safetensors"
    whole = path.read_bytes()
    for length in (0, 5, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(str(tmp_path))
        assert caught.value.code == "damaged_weights"


def test_end_tokens(tmp_path):
    saved("gpt2", tmp_path, {"eos_token_id": 7})
    assert load_checkpoint(str(tmp_path)).eos_ids == {7}
    settings = tmp_path / "generation_config.json"
    settings.write_text(json.dumps({"eos_token_id": [3, 4]}))
    assert load_checkpoint(str(tmp_path)).eos_ids == {3, 4}
    settings.unlink()
    saved("gpt2", tmp_path, {"eos_token_id": None})
    (tmp_path / "generation_config.json").unlink(missing_ok=True)
    assert load_checkpoint(str(tmp_path)).eos_ids == frozenset()


def test_start_token(tmp_path):
    saved("gpt2", tmp_path, {"bos_token_id": 7})
    (tmp_path / "generation_config.json").unlink(missing_ok=True)
    assert load_checkpoint(str(tmp_path)).bos_id == 7
    settings = tmp_path / "generation_config.json"
    for id, expected in ((3, 3), (None, None), (GPT2["vocab_size"], None)):
        settings.write_text(json.dumps({"bos_token_id": id}))
        assert load_checkpoint(str(tmp_path)).bos_id == expected
