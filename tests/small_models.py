"""Random models small enough to run in milliseconds, for tests of everything but the meaning."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from gptviz.llm import LLM
from gptviz.model import GPT, GPTConfig, Rope

CONFIGS = {
    "gpt2": GPTConfig(vocab_size=97, n_ctx=64, n_layer=3, n_head=4, d_model=32, d_head=8, d_mlp=128),
    "llama": GPTConfig(
        vocab_size=97,
        n_ctx=64,
        n_layer=3,
        n_head=6,
        n_kv_head=2,
        d_model=48,
        d_head=8,
        d_mlp=80,
        norm="rms",
        rope=Rope(theta=10_000.0),
        activation="silu",
        gated_mlp=True,
        qkv_bias=False,
        attn_out_bias=False,
        mlp_bias=False,
    ),
}


def random_llm(config: GPTConfig, seed: int = 0, dtype: torch.dtype = torch.float32) -> LLM:
    """A model of that shape with random weights, large enough to make attention patterns that are not flat."""
    torch.manual_seed(seed)
    model = GPT(config).eval().requires_grad_(False)
    for name, weight in model.named_parameters():
        if "ln" not in name:
            torch.nn.init.normal_(weight, std=0.3)
    model.to(dtype)  # after they were drawn: the same in every dtype, but for rounding
    about = {"bos_id": None, "eos_ids": frozenset(), "fingerprint": str(seed), "title": "Random"}
    return LLM(SimpleNamespace(name="random", model=model, **about), tokenizer=None)
