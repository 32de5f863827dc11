"""config.json of a Hugging Face checkpoint, read into a GPTConfig.

The reference is transformers: a field it honours is honoured here or refused by name, a field that is absent has
transformers' default for that model type, and a field it ignores is ignored.
"""

from __future__ import annotations

from typing import overload

from gptviz.errors import CheckpointError, UnsupportedModelError
from gptviz.model import GPTConfig, Rope

SUPPORTED = ("gpt2", "llama", "mistral")

# transformers.activations.ACT2FN: its many names for the functions of gptviz.model.ACTIVATIONS
ACTIVATION_OF = {
    "relu": "relu",
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "silu": "silu",
    "swish": "silu",
}

# GPT2Config.attribute_map: the general names that stand for GPT-2's own
GPT2_ALIASES = {
    "n_embd": "hidden_size",
    "n_positions": "max_position_embeddings",
    "n_head": "num_attention_heads",
    "n_layer": "num_hidden_layers",
}

# Fields that make another computation of it unless they have this value (or are absent, or null).
NEUTRAL = {
    "quantization_config": None,
    "add_cross_attention": False,
    "is_encoder_decoder": False,
    "is_causal": True,
    "partial_rotary_factor": 1,
}

HEADS = ("LMHeadModel", "ForCausalLM", "Model")  # endings of class names whose output is logits, or has none


def config_from_hf(config: dict) -> GPTConfig:
    """What the model of a config.json (as a dict) computes.

    Raises UnsupportedModelError for a model type or a field's value whose result this code could not reproduce,
    naming it, and CheckpointError for a value that makes no sense.
    """
    family = model_type(config)
    for architecture in config.get("architectures") or ():
        if not str(architecture).endswith(HEADS):
            raise UnsupportedModelError("unsupported_field", field="architectures", value=architecture)
    for field, neutral in NEUTRAL.items():
        value = config.get(field)
        if value is not None and value != neutral:
            raise UnsupportedModelError("unsupported_field", field=field, value=_brief(value))
    return _gpt2(config) if family == "gpt2" else _llama(config, family)


def model_type(config: dict) -> str:
    """The model type, one of SUPPORTED. Raises UnsupportedModelError for any other."""
    found = config.get("model_type")
    if found not in SUPPORTED:
        raise UnsupportedModelError("unsupported_architecture", found=found, supported=", ".join(SUPPORTED))
    return found


def _gpt2(config: dict) -> GPTConfig:
    config = dict(config)
    for own, general in GPT2_ALIASES.items():
        if general in config:
            config[own] = config[general]
    width, n_head = _size(config, "n_embd", 768), _size(config, "n_head", 12)
    return GPTConfig(
        vocab_size=_size(config, "vocab_size", 50257),
        n_ctx=_size(config, "n_positions", 1024),
        n_layer=_size(config, "n_layer", 12),
        n_head=n_head,
        d_model=width,
        d_head=_divide(width, n_head, "n_head"),
        d_mlp=_size(config, "n_inner", None) or 4 * width,
        norm="layer",
        norm_eps=_number(config, "layer_norm_epsilon", 1e-5),
        activation=_activation(config, "activation_function", "gelu_new"),
        tied=_flag(config, "tie_word_embeddings", True),
        attn_scale=None if _flag(config, "scale_attn_weights", True) else 1.0,
        scale_by_inverse_layer=_flag(config, "scale_attn_by_inverse_layer_idx", False),
        upcast_scores=_flag(config, "reorder_and_upcast_attn", False),
    )


def _llama(config: dict, family: str) -> GPTConfig:
    mistral = family == "mistral"
    width, n_head = _size(config, "hidden_size", 4096), _size(config, "num_attention_heads", 32)
    d_head = _size(config, "head_dim", None) or _divide(width, n_head, "num_attention_heads")
    if d_head % 2:
        raise CheckpointError("bad_config_field", field="head_dim", value=d_head)
    # Absent, Mistral has 8 key/value heads and a window of 4096; null, a head for each query head and no window.
    n_kv_head = _size(config, "num_key_value_heads", 8 if mistral and "num_key_value_heads" not in config else n_head)
    _divide(n_head, n_kv_head, "num_key_value_heads")
    n_ctx = _size(config, "max_position_embeddings", 131_072 if mistral else 2048)
    window = None
    if mistral:
        window = _size(config, "sliding_window", None) if "sliding_window" in config else 4096
    biases = not mistral and _flag(config, "attention_bias", False)  # Mistral's class has none, whatever it says
    return GPTConfig(
        vocab_size=_size(config, "vocab_size", 32000),
        n_ctx=n_ctx,
        n_layer=_size(config, "num_hidden_layers", 32),
        n_head=n_head,
        d_model=width,
        d_head=d_head,
        d_mlp=_size(config, "intermediate_size", 14336 if mistral else 11008),
        n_kv_head=n_kv_head,
        norm="rms",
        norm_eps=_number(config, "rms_norm_eps", 1e-6),
        rope=_rope(config, n_ctx),
        activation=_activation(config, "hidden_act", "silu"),
        gated_mlp=True,
        qkv_bias=biases,
        attn_out_bias=biases,
        mlp_bias=not mistral and _flag(config, "mlp_bias", False),
        tied=_flag(config, "tie_word_embeddings", False),
        window=window,
    )


def _rope(config: dict, n_ctx: int) -> Rope:
    """The rotary settings: `rope_theta` and `rope_scaling` until transformers 4, `rope_parameters` since 5."""
    field = "rope_scaling" if config.get("rope_scaling") else "rope_parameters"
    settings = config.get(field) or {}
    if not isinstance(settings, dict):
        raise CheckpointError("bad_config_field", field=field, value=_brief(settings))
    for key, value in settings.items():  # settings nested by kind of layer
        if isinstance(value, dict):
            raise UnsupportedModelError("unsupported_field", field=f"{field}.{key}", value=_brief(value))
    if settings.get("partial_rotary_factor") not in (None, 1):
        value = settings["partial_rotary_factor"]
        raise UnsupportedModelError("unsupported_field", field=f"{field}.partial_rotary_factor", value=value)
    theta = _number(settings if "rope_theta" in settings else config, "rope_theta", 10_000.0)
    kind = settings.get("rope_type", settings.get("type", "default"))
    if kind == "default":
        return Rope(theta)
    if kind == "linear":
        return Rope(theta, "linear", factor=_number(settings, "factor"))
    if kind == "llama3":
        outer = config.get("original_max_position_embeddings") is not None
        return Rope(
            theta,
            "llama3",
            factor=_number(settings, "factor"),
            low_freq_factor=_number(settings, "low_freq_factor"),
            high_freq_factor=_number(settings, "high_freq_factor"),
            original_n_ctx=_size(config if outer else settings, "original_max_position_embeddings", n_ctx),
        )
    raise UnsupportedModelError("unsupported_field", field=f"{field}.rope_type", value=kind)


def _activation(config: dict, field: str, default: str) -> str:
    name = config.get(field, default)
    if name not in ACTIVATION_OF:
        raise UnsupportedModelError("unsupported_field", field=field, value=_brief(name))
    return ACTIVATION_OF[name]


_REQUIRED = object()


@overload
def _size(config: dict, field: str, default: int) -> int: ...
@overload
def _size(config: dict, field: str, default: None) -> int | None: ...
def _size(config: dict, field: str, default: int | None) -> int | None:
    """A positive whole number. Absent or null: `default`."""
    value = config.get(field)
    value = default if value is None else value
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise CheckpointError("bad_config_field", field=field, value=_brief(value))
    return value


def _number(config: dict, field: str, default: object = _REQUIRED) -> float:
    """A positive number. Absent or null: `default`."""
    value = config.get(field)
    value = default if value is None else value
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise CheckpointError("bad_config_field", field=field, value=None if value is _REQUIRED else _brief(value))
    return float(value)


def _flag(config: dict, field: str, default: bool) -> bool:
    value = config.get(field)
    value = default if value is None else value
    if not isinstance(value, bool):
        raise CheckpointError("bad_config_field", field=field, value=_brief(value))
    return value


def _divide(whole: int, parts: int, field: str) -> int:
    if whole % parts:
        raise CheckpointError("bad_config_field", field=field, value=parts)
    return whole // parts


def _brief(value: object) -> str:
    """A field's value, short enough for a sentence."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
