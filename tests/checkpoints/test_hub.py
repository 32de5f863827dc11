"""Models from the Hub, played by a small server on loopback with the Hub's paths and headers."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from gptviz import paths

COMMIT = "0123456789abcdef0123456789abcdef01234567"

# Tries each name in turn, in a process of its own: huggingface_hub reads its settings when imported.
TRY = """
import json, sys
from gptviz import load
from gptviz.checkpoints import is_ready
from gptviz.errors import CheckpointError
for name in sys.argv[1:]:
    seen = []
    try:
        before = is_ready(name)
        llm = load(name, progress=lambda *said: seen.append(said))
    except CheckpointError as error:
        print(json.dumps({"code": error.code, "said": [error.text("en"), error.text("zh")]}))
        continue
    downloads = [(done, total) for stage, done, total in seen if stage == "download"]
    print(json.dumps({
        "before": before, "after": is_ready(name), "downloads": downloads, "family": llm.checkpoint.family,
        "ids": llm.tokenizer.encode("ab a") if llm.tokenizer else None, "folder": str(llm.checkpoint.folder),
        "transformers": "transformers" in sys.modules,
    }))
"""


class Hub(BaseHTTPRequestHandler):
    """GET /api/models/{repo}/..., HEAD and GET /{repo}/resolve/{commit}/{file}, from `server.root`."""

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        self.server.asked.append(path)
        parts = path.removeprefix("api/models/").split("/")
        repo, rest = "/".join(parts[:2]), parts[2:]
        folder = self.server.root / repo
        if repo == "owner/gated":
            self.answer(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        elif not folder.is_dir():
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif path.startswith("api/"):
            files = [{"rfilename": p.name, "size": p.stat().st_size} for p in sorted(folder.iterdir())]
            self.answer(200, json.dumps({"id": repo, "sha": COMMIT, "siblings": files}).encode(), {})
        elif rest[0] == "resolve" and (folder / rest[2]).is_file():
            content = (folder / rest[2]).read_bytes()
            self.answer(200, content, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"'})
        else:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    def answer(self, status: int, content: bytes, headers: dict) -> None:
        self.send_response(status)
        for name, value in (headers | {"X-Repo-Commit": COMMIT, "Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@pytest.fixture
def hub(tmp_path):
    """The server; its repositories lie in `server.root`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.root, server.asked = tmp_path / "hub", []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def attempt(hub: ThreadingHTTPServer, tmp_path: Path, *names: str, **settings: str) -> list[dict]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(tmp_path / "hf"),
        "GPTVIZ_HOME": str(tmp_path / "home"),
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-c", TRY, *names], env=environment, capture_output=True, text=True, cwd=paths.PACKAGE.parent
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def bpe() -> Tokenizer:
    tokens = ["a", "b", "Ġ", "ab", "Ġa", "<|endoftext|>"]
    vocab = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab, [("a", "b"), ("Ġ", "a")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def small_gpt2(folder: Path, **how: object) -> None:
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=6, n_positions=16, n_embd=8, n_layer=2, n_head=2)).save_pretrained(
        folder, **how
    )


def test_models_on_the_hub(hub, tmp_path):
    root = hub.root / "owner"
    small_gpt2(root / "whole")
    bpe().save(str(root / "whole" / "tokenizer.json"))
    small_gpt2(root / "shards", max_shard_size="2KB")
    (root / "shards" / "pytorch_model.bin").write_bytes(b"never fetched")
    (root / "shards" / "modeling_evil.py").write_text("raise SystemExit")
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=6,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=16,
        )
    ).save_pretrained(root / "llama")

    whole, shards, llama = attempt(hub, tmp_path, "owner/whole", "owner/shards", "owner/llama")
    for found in (whole, shards, llama):
        assert (found["before"], found["after"]) == (False, True)
        done, total = found["downloads"][-1]
        assert done == total
        assert [d for d, _ in found["downloads"]] == sorted(d for d, _ in found["downloads"])
    assert whole["downloads"][-1][1] == sum(p.stat().st_size for p in (root / "whole").iterdir())
    assert whole["ids"] == [3, 4]
    assert not whole["transformers"]
    assert shards["ids"] is None
    assert llama["family"] == "llama"
    fetched = {path.rpartition("/")[2] for path in hub.asked}
    assert "pytorch_model.bin" not in fetched
    assert "modeling_evil.py" not in fetched

    hub.asked.clear()
    again, missing = attempt(hub, tmp_path, "owner/whole", "owner/other", HF_HUB_OFFLINE="1")
    assert again["before"] and not again["downloads"]
    assert missing["code"] == "hub_offline"

    # A run killed between shards: what came is kept, the rest is fetched. What is whole is used without asking.
    lost = sorted(Path(shards["folder"]).glob("model-*.safetensors"))[-1]
    lost.resolve().unlink()
    lost.unlink()
    hub.asked.clear()
    whole, resumed = attempt(hub, tmp_path, "owner/whole", "owner/shards")
    assert whole["before"] and not whole["downloads"]
    assert not resumed["before"] and resumed["after"]
    assert any(path.endswith(lost.name) for path in hub.asked)
    assert not any("owner/whole" in path for path in hub.asked)


def test_a_tokenizer_from_before_tokenizer_json(hub, tmp_path):
    folder = hub.root / "owner" / "old"
    small_gpt2(folder)
    bpe().model.save(str(folder))  # vocab.json and merges.txt
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    first, second = attempt(hub, tmp_path, "owner/old", str(folder))
    assert first["ids"] == second["ids"] == [3, 4]
    assert first["transformers"]
    (cached,) = attempt(hub, tmp_path, "owner/old")
    assert cached["ids"] == [3, 4]
    assert not cached["transformers"]  # converted once


def test_what_the_hub_cannot_give(hub, tmp_path):
    root = hub.root / "owner"
    small_gpt2(root / "bin")
    (root / "bin" / "model.safetensors").rename(root / "bin" / "pytorch_model.bin")
    shutil.copytree(root / "bin", root / "empty")
    (root / "empty" / "config.json").unlink()
    shutil.copytree(root / "bin", root / "other")
    (root / "other" / "config.json").write_text('{"model_type": "bert"}')
    names = ["owner/bin", "owner/empty", "owner/other", "owner/absent", "owner/gated", "owner/--bad..id"]
    codes = [found["code"] for found in attempt(hub, tmp_path, *names)]
    assert codes == [
        "hub_no_safetensors",
        "hub_no_config",
        "unsupported_architecture",
        "hub_absent",
        "hub_gated",
        "hub_bad_id",
    ]
    (unreachable,) = attempt(hub, tmp_path, "owner/bin", HF_ENDPOINT="http://127.0.0.1:9")
    assert unreachable["code"] == "hub_unreachable"
    assert "refused" in unreachable["said"][0]
