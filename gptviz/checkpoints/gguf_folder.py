"""A GGUF file of the Llama architecture turned into a folder in Hugging Face layout, once.

GGUF is llama.cpp's format: quantized tensors, config and tokenizer in one file. Its keys are described in
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from gptviz.checkpoints.store import Progress, write_safetensors
from gptviz.errors import UnsupportedModelError

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4  # tokenizer.ggml.token_type
END_TOKENS = ("<|endoftext|>", "<|im_end|>")  # texts that llama.cpp, too, takes as the end of a generation

TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert(gguf: Path, folder: Path, progress: Progress) -> None:
    """Write config.json, generation_config.json, tokenizer.json and model.safetensors (float32) into `folder`.

    Raises UnsupportedModelError, by name, for what this code would get wrong: another architecture, mixture of
    experts, a rotary scaling or tokenizer it does not know, a tensor it has no place for.
    """
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(gguf)
    fields = {key: field for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    config, end_ids = config_of(fields, {tensor.name for tensor in reader.tensors})
    tokenizer = tokenizer_of(fields)
    _write_json(folder / "config.json", config)
    _write_json(folder / "generation_config.json", {"bos_token_id": config["bos_token_id"], "eos_token_id": end_ids})
    tokenizer.save(str(folder / "tokenizer.json"))

    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    tensors: dict[str, np.ndarray] = {}
    for done, tensor in enumerate(reader.tensors):
        progress("convert", done, len(reader.tensors))
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        name, kind = hf_name(tensor.name)
        tensors[name] = unpermute(values, heads[kind]) if kind in heads else values
    write_safetensors(tensors, folder / "model.safetensors")
    progress("convert", len(reader.tensors), len(reader.tensors))


def hf_name(name: str) -> tuple[str, str]:
    """The Hugging Face name of a GGUF tensor, and what kind it is: "blk.3.attn_q.weight" ->
    ("model.layers.3.self_attn.q_proj.weight", "attn_q")."""
    stem, _, suffix = name.rpartition(".")
    if suffix in ("weight", "bias"):
        if stem in TOP:
            return f"{TOP[stem]}.{suffix}", stem
        block, _, rest = stem.removeprefix("blk.").partition(".")
        if stem.startswith("blk.") and block.isdecimal() and rest in LAYER:
            return f"model.layers.{block}.{LAYER[rest]}.{suffix}", rest
    raise UnsupportedModelError("gguf_unsupported", field="tensor", value=name)


def unpermute(rows: np.ndarray, n_head: int) -> np.ndarray:
    """Undo the order in which GGUF keeps the rows of q and k: [n_head * d, ...] -> the same.

    llama.cpp rotates neighbouring rows (0 with 1, 2 with 3), Hugging Face row i with row i + d/2; its converter
    (`LlamaModel.permute` in convert_hf_to_gguf.py) interleaves the two halves of each head.
    """
    pairs = rows.reshape(n_head, rows.shape[0] // n_head // 2, 2, *rows.shape[1:])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(rows.shape)


def config_of(fields: dict, tensors: set[str]) -> tuple[dict, list[int]]:
    """config.json in the form of transformers' LlamaConfig, and the ids that end a generation."""
    architecture = _get(fields, "general.architecture")
    if architecture != "llama":
        raise UnsupportedModelError("gguf_unsupported", field="general.architecture", value=architecture)
    n_head = _get(fields, "llama.attention.head_count")
    width = _get(fields, "llama.embedding_length")
    d_head = _get(fields, "llama.attention.key_length", width // n_head)
    neutral = {
        "llama.rope.dimension_count": d_head,
        "llama.attention.value_length": d_head,
        "llama.expert_count": 0,
        "llama.rope.scaling.type": "none",
    }
    for key, value in neutral.items():
        if (found := _get(fields, key, value)) != value:
            raise UnsupportedModelError("gguf_unsupported", field=key, value=found)
    tokens = _get(fields, "tokenizer.ggml.tokens")
    end = _get(fields, "tokenizer.ggml.eos_token_id", None)
    end_ids = [i for i in (end, *(tokens.index(t) for t in END_TOKENS if t in tokens)) if i is not None]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(tokens),
        "hidden_size": width,
        "intermediate_size": _get(fields, "llama.feed_forward_length"),
        "num_hidden_layers": _get(fields, "llama.block_count"),
        "num_attention_heads": n_head,
        "num_key_value_heads": _get(fields, "llama.attention.head_count_kv", n_head),
        "head_dim": d_head,
        "hidden_act": "silu",
        "max_position_embeddings": _get(fields, "llama.context_length"),
        "rms_norm_eps": _decimal(_get(fields, "llama.attention.layer_norm_rms_epsilon")),
        "rope_theta": _decimal(_get(fields, "llama.rope.freq_base", 10_000.0)),
        "rope_scaling": None,
        "tie_word_embeddings": "output.weight" not in tensors,
        "attention_bias": "blk.0.attn_q.bias" in tensors,
        "mlp_bias": "blk.0.ffn_up.bias" in tensors,
        "bos_token_id": _get(fields, "tokenizer.ggml.bos_token_id", None),
        "eos_token_id": end,
        "dtype": "float32",
    }
    return config, sorted(set(end_ids))


def tokenizer_of(fields: dict):
    """The tokenizer a GGUF describes, as a `tokenizers.Tokenizer` (byte-level BPE).

    GGUF names the step that cuts a text before the merges by a word (`tokenizer.ggml.pre`) instead of describing
    it; the meaning of each word is in llama.cpp's src/llama-vocab.cpp. Unknown words are refused.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    kind, pre = _get(fields, "tokenizer.ggml.model"), _get(fields, "tokenizer.ggml.pre", None)
    if kind != "gpt2":
        raise UnsupportedModelError("gguf_unsupported", field="tokenizer.ggml.model", value=kind)
    if pre != "smollm":
        raise UnsupportedModelError("gguf_unsupported", field="tokenizer.ggml.pre", value=pre)
    if _get(fields, "tokenizer.ggml.add_bos_token", False):
        raise UnsupportedModelError("gguf_unsupported", field="tokenizer.ggml.add_bos_token", value=True)
    tokens = _get(fields, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ", 1)) for merge in _get(fields, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    for token, token_type in zip(tokens, _get(fields, "tokenizer.ggml.token_type"), strict=True):
        if token_type in (CONTROL, USER_DEFINED):
            tokenizer.add_tokens([AddedToken(token, special=token_type == CONTROL, normalized=False)])
    return tokenizer


_REQUIRED = object()


def _get(fields: dict, key: str, default: object = _REQUIRED) -> Any:
    if key in fields:
        return fields[key].contents()
    if default is _REQUIRED:
        raise UnsupportedModelError("gguf_unsupported", field=key, value=None)
    return default


def _decimal(value: float) -> float:
    """The short decimal a float32 was written from: 9.999999747378752e-06 -> 1e-05."""
    return float(str(np.float32(value)))


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
