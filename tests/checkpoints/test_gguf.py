"""A GGUF file becomes a folder in Hugging Face layout with the same weights, config and tokenizer."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from gptviz.checkpoints import load_checkpoint
from gptviz.checkpoints.gguf_folder import convert
from gptviz.errors import UnsupportedModelError
from tests.checkpoints import tiny_wheel


def silent(*_: object) -> None:
    pass


@pytest.fixture
def folder(tmp_path):
    tiny_wheel.write_gguf(tmp_path / "m.gguf")
    convert(tmp_path / "m.gguf", tmp_path, silent)
    return tmp_path


def test_the_weights_are_those_that_went_in(folder):
    found, expected = load_file(folder / "model.safetensors"), tiny_wheel.tensors()
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_the_folder_loads_here_and_in_transformers_alike(folder):
    reference = LlamaForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    checkpoint = load_checkpoint(str(folder))
    ids = torch.arange(20)[None]
    with torch.no_grad():
        torch.testing.assert_close(checkpoint.model(ids, explicit=True), reference(ids).logits, atol=1e-4, rtol=0)
    assert checkpoint.config.rope.theta == 100_000
    assert checkpoint.config.norm_eps == 1e-5
    assert checkpoint.eos_ids == {0, 1}
    assert checkpoint.bos_id == 0


def test_the_tokenizer_splits_digits_singly_and_knows_its_special_tokens(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("a  5").tokens == ["a", "ĠĠ", "5"]
    assert tokenizer.encode("ab12<|im_end|>").tokens == ["ab", "1", "2", "<|im_end|>"]
    assert tokenizer.decode(tokenizer.encode("ab a 12").ids) == "ab a 12"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"architecture": "falcon"}, "general.architecture = falcon"),
        ({"pre": "llama-bpe"}, "tokenizer.ggml.pre = llama-bpe"),
        ({"tokenizer": "llama"}, "tokenizer.ggml.model = llama"),
        ({"rotary": 4}, "llama.rope.dimension_count = 4"),
        ({"experts": 8}, "llama.expert_count = 8"),
        ({"extra_tensor": "rope_freqs.weight"}, "rope_freqs.weight"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(change, named, tmp_path):
    tiny_wheel.write_gguf(tmp_path / "m.gguf", **change)
    with pytest.raises(UnsupportedModelError) as caught:
        convert(tmp_path / "m.gguf", tmp_path, silent)
    assert named in str(caught.value)


def test_the_default_model_is_what_its_file_says(smollm2):
    config = json.loads((smollm2.checkpoint.folder / "config.json").read_text())
    assert config["rope_theta"] == 100_000
    assert config["rms_norm_eps"] == 1e-5
    assert config["max_position_embeddings"] == 8192
    assert config["tie_word_embeddings"] is True
    assert smollm2.checkpoint.entry.params == sum(p.numel() for p in smollm2.model.parameters())
    assert smollm2.tokenizer.pieces(smollm2.tokenizer.encode("a  5")) == ["a", "··", "5"]
    assert not list(smollm2.checkpoint.folder.rglob("*.gguf")) + list(smollm2.checkpoint.folder.rglob("*.whl"))
