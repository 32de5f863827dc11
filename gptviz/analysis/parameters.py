"""How many numbers a model was trained to hold, and where they sit."""

from __future__ import annotations

from gptviz.model import GPTConfig

# Brown et al. 2020, table 2.1, with GPT-2's vocabulary.
GPT3 = GPTConfig(vocab_size=50257, n_ctx=2048, n_layer=96, n_head=96, d_model=12288, d_head=128, d_mlp=4 * 12288)


def count_parameters(config: GPTConfig) -> dict[str, int]:
    """Parameters by part, the whole model: embed, pos_embed, attention, mlp, norms, unembed (0 where it is the
    embedding matrix again). Their sum is the model's parameter count."""
    D, H, K, d, M = config.d_model, config.n_head, config.n_kv_head, config.d_head, config.d_mlp
    qkv_out = (H + 2 * K) * d
    attention = D * qkv_out + H * d * D
    attention += qkv_out * config.qkv_bias + D * config.attn_out_bias
    matrices = 3 if config.gated_mlp else 2
    mlp = matrices * D * M + ((matrices - 1) * M + D) * config.mlp_bias
    norm = D if config.norm == "rms" else 2 * D
    return {
        "embed": config.vocab_size * D,
        "pos_embed": 0 if config.rope else config.n_ctx * D,
        "attention": config.n_layer * attention,
        "mlp": config.n_layer * mlp,
        "norms": (2 * config.n_layer + 1) * norm,
        "unembed": 0 if config.tied else config.vocab_size * D,
    }
