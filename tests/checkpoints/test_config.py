"""config.json: every field that changes the result is read, or refused by name."""

from __future__ import annotations

import pytest
from transformers import GPT2Config, LlamaConfig, MistralConfig

from gptviz.checkpoints.config import ACTIVATION_OF, config_from_hf
from gptviz.errors import CheckpointError, UnsupportedModelError
from gptviz.model import Rope


@pytest.mark.parametrize("reference", [GPT2Config(), LlamaConfig(), MistralConfig()], ids=lambda c: c.model_type)
def test_an_absent_field_has_the_default_of_transformers(reference):
    config = config_from_hf({"model_type": reference.model_type})
    assert config.vocab_size == reference.vocab_size
    assert config.n_ctx == reference.max_position_embeddings
    assert config.n_layer == reference.num_hidden_layers
    assert config.n_head == reference.num_attention_heads
    assert config.d_model == reference.hidden_size
    assert config.tied == reference.tie_word_embeddings
    assert config.d_head == getattr(reference, "head_dim", reference.hidden_size // reference.num_attention_heads)
    assert config.n_kv_head == getattr(reference, "num_key_value_heads", reference.num_attention_heads)
    assert config.d_mlp == getattr(reference, "intermediate_size", 4 * reference.hidden_size)
    assert config.norm_eps == getattr(reference, "rms_norm_eps", None) or reference.layer_norm_epsilon
    assert config.window == getattr(reference, "sliding_window", None)
    activation = getattr(reference, "hidden_act", None) or reference.activation_function
    assert config.activation == ACTIVATION_OF[activation]
    if config.rope:
        assert config.rope.theta == reference.rope_parameters["rope_theta"]
    assert config_from_hf(reference.to_dict()) == config


def llama(**fields):
    return config_from_hf({"model_type": "llama", **fields})


LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 512}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rope_theta": 5e5}, Rope(5e5)),
        ({"rope_theta": 5e5, "rope_scaling": None}, Rope(5e5)),
        ({"rope_scaling": {"type": "linear", "factor": 4}}, Rope(1e4, "linear", 4.0)),
        ({"rope_theta": 2e4, "rope_scaling": {"rope_type": "linear", "factor": 4.0}}, Rope(2e4, "linear", 4.0)),
        ({"rope_scaling": {"rope_type": "llama3", **LLAMA3}}, Rope(1e4, "llama3", 8.0, 1.0, 4.0, 512)),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 7e4}}, Rope(7e4)),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3}}, Rope(5e5, "llama3", 8, 1, 4, 512)),
    ],
)
def test_rotary_settings_old_and_new(fields, expected):
    assert llama(**fields).rope == expected
    transformers = LlamaConfig(**fields).rope_parameters
    assert transformers["rope_theta"] == expected.theta


def test_null_means_none_where_transformers_says_so():
    assert config_from_hf({"model_type": "mistral", "sliding_window": None}).window is None
    assert config_from_hf({"model_type": "mistral", "num_key_value_heads": None}).n_kv_head == 32
    assert config_from_hf({"model_type": "gpt2", "n_inner": None}).d_mlp == 4 * 768
    assert llama(head_dim=None).d_head == 128


def test_mistral_has_no_biases_whatever_its_config_says():
    config = config_from_hf({"model_type": "mistral", "attention_bias": True, "mlp_bias": True})
    assert not (config.qkv_bias or config.attn_out_bias or config.mlp_bias)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "rope_scaling.rope_type = yarn"),
        ({"rope_scaling": {"type": "dynamic", "factor": 4.0}}, "rope_scaling.rope_type = dynamic"),
        ({"rope_parameters": {"rope_type": "longrope", "rope_theta": 1e4}}, "rope_parameters.rope_type = longrope"),
        ({"rope_parameters": {"full_attention": {"rope_type": "default"}}}, "rope_parameters.full_attention"),
        ({"rope_parameters": {"partial_rotary_factor": 0.5}}, "rope_parameters.partial_rotary_factor = 0.5"),
        ({"partial_rotary_factor": 0.25}, "partial_rotary_factor = 0.25"),
        ({"hidden_act": "relu2"}, "hidden_act = 'relu2'"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantization_config"),
        ({"is_causal": False}, "is_causal = False"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "architectures = LlamaForSequenceClassification"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_name(fields, named):
    with pytest.raises(UnsupportedModelError, match=named.replace(".", r"\.")) as caught:
        llama(**fields)
    assert named.split(" = ")[0] in caught.value.text("zh")


def test_cross_attention_is_refused():
    with pytest.raises(UnsupportedModelError, match="add_cross_attention = True"):
        config_from_hf({"model_type": "gpt2", "add_cross_attention": True})


@pytest.mark.parametrize("model_type", ["qwen2", "bert", None])
def test_another_architecture_is_refused_saying_which_are_supported(model_type):
    with pytest.raises(UnsupportedModelError, match=f"{model_type}.*gpt2, llama, mistral"):
        config_from_hf({"model_type": model_type})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"hidden_size": "wide"}, "hidden_size"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"hidden_size": 100, "num_attention_heads": 3}, "num_attention_heads"),
        ({"num_key_value_heads": 5}, "num_key_value_heads"),
        ({"rms_norm_eps": None, "vocab_size": -1}, "vocab_size"),
        ({"head_dim": 7}, "head_dim"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings"),
        ({"rope_scaling": "long"}, "rope_scaling"),
        ({"rope_scaling": {"type": "linear"}}, "factor"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(fields, named):
    with pytest.raises(CheckpointError, match=f"{named} is"):
        llama(**fields)
