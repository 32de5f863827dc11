"""Train toy-sort, the model on which every single number fits on the screen, and write it to assets/toy-sort/.

    python scripts/train_toy_sort.py

A text is a row of one to six letters, "=", the same letters sorted, and the end token: "dbaca=aabcd<end>".
The model learns to predict each next token of such texts. Before the "=" it can only guess, and learns how
unsure to be; after it every token follows from the row. One row in ten is held out (`held_out`), never trained on,
and the script fails unless every one of these is sorted without a mistake. Two to three minutes on one core.
"""

from __future__ import annotations

import itertools
import json
import math
import time
import zlib
from pathlib import Path

import tokenizers
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tokenizers import decoders, models
from torch import Tensor

from gptviz.model import GPT, GPTConfig
from gptviz.paths import asset

LETTERS, MOST = "abcdefgh", 6
EQUALS, END = len(LETTERS), len(LETTERS) + 1
VOCABULARY = [*LETTERS, "=", "<end>"]

CONFIG = GPTConfig(
    vocab_size=len(VOCABULARY),
    n_ctx=2 * MOST + 2,  # row, "=", row, end
    n_layer=3,
    n_head=3,
    d_model=48,
    d_head=16,
    d_mlp=192,
    activation="gelu_tanh",
    tied=True,  # as in GPT-2: one row of numbers is what a letter means on its way in and on its way out
)
SEED, STEPS, PER_LENGTH, LEARNING_RATE, WARMUP = 0, 2200, 32, 4e-3, 100


def held_out(row: str) -> bool:
    """Is this row kept from training? A tenth of all rows, by their checksum."""
    return zlib.crc32(row.encode()) % 10 == 0


def texts(length: int, held: bool) -> Tensor:
    """All texts whose row has `length` letters and is held out, or not: ids [N, n_ctx], filled up with the end
    token, so that every position is trained and nothing follows the end but the end."""
    rows = itertools.product(range(len(LETTERS)), repeat=length)
    chosen = [row for row in rows if held_out("".join(LETTERS[i] for i in row)) == held]
    fill = [END] * (CONFIG.n_ctx - 2 * length - 1)
    return torch.tensor([[*row, EQUALS, *sorted(row), *fill] for row in chosen], dtype=torch.uint8)


@torch.no_grad()
def mistakes(model: GPT, ids: Tensor, length: int) -> int:
    """How many of the texts `ids` [N, n_ctx] the model would not write, token by token, when given its row and "=".

    A greedy answer is right exactly if each next token is the likeliest one after the right ones before it."""
    wrong = 0
    for part in ids.long().split(4096):
        guess = model(part[:, :-1]).argmax(-1)[:, length:]
        wrong += int((guess != part[:, length + 1 :]).any(-1).sum())
    return wrong


def train() -> GPT:
    torch.manual_seed(SEED)
    model = GPT(CONFIG)
    for name, weight in model.named_parameters():
        # GPT-2's start: small weights, and smaller still where a layer adds to the stream.
        if weight.dim() == 2:
            to_stream = name.endswith(("W_O.weight", "W_down.weight"))
            torch.nn.init.normal_(weight, std=0.02 / math.sqrt(2 * CONFIG.n_layer) if to_stream else 0.02)
        elif name.endswith("bias"):
            torch.nn.init.zeros_(weight)
    weights = [w for w in model.parameters() if w.dim() == 2]
    others = [w for w in model.parameters() if w.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": weights, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}], betas=(0.9, 0.98)
    )
    pool = [texts(length, held=False) for length in range(1, MOST + 1)]
    start = time.monotonic()
    for step in range(STEPS):
        # Rises for a while, then falls along half a cosine to nothing.
        rate = LEARNING_RATE * min((step + 1) / WARMUP, 0.5 + 0.5 * math.cos(math.pi * step / STEPS))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = torch.cat([t[torch.randint(len(t), (PER_LENGTH,))] for t in pool]).long()  # [B, n_ctx]
        logits = model(batch, explicit=True)  # faster than the fused kernel at this size
        # The end follows the last token too: nothing comes after it.
        target = F.pad(batch[:, 1:], (0, 1), value=END)
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 250 == 0 or step == STEPS - 1:
            print(f"step {step:5}  loss {loss.item():.4f}  {time.monotonic() - start:5.1f} s", flush=True)
    return model.eval()


def hugging_face_weights(model: GPT) -> dict[str, Tensor]:
    """The weights under GPT-2's names. Its Conv1D keeps matrices the other way round, [in, out], and q, k and v
    side by side in one."""

    def linear(name: str, *sources: torch.nn.Linear) -> dict[str, Tensor]:
        return {
            f"{name}.weight": torch.cat([s.weight.T for s in sources], dim=1).contiguous(),
            f"{name}.bias": torch.cat([s.bias for s in sources]),
        }

    def norm(name: str, source: torch.nn.Module) -> dict[str, Tensor]:
        return {f"{name}.weight": source.weight, f"{name}.bias": source.bias}

    tensors = {"wte.weight": model.embed.weight, "wpe.weight": model.pos_embed.weight}
    for layer, block in enumerate(model.blocks):
        attn, mlp, name = block.attn, block.mlp, f"h.{layer}"
        tensors |= norm(f"{name}.ln_1", block.ln1) | norm(f"{name}.ln_2", block.ln2)
        tensors |= linear(f"{name}.attn.c_attn", attn.W_Q, attn.W_K, attn.W_V)
        tensors |= linear(f"{name}.attn.c_proj", attn.W_O)
        tensors |= linear(f"{name}.mlp.c_fc", mlp.W_up) | linear(f"{name}.mlp.c_proj", mlp.W_down)
    tensors |= norm("ln_f", model.ln_final)
    return {f"transformer.{name}": tensor.detach().clone() for name, tensor in tensors.items()}


def hugging_face_config() -> dict:
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": CONFIG.vocab_size,
        "n_positions": CONFIG.n_ctx,
        "n_layer": CONFIG.n_layer,
        "n_head": CONFIG.n_head,
        "n_embd": CONFIG.d_model,
        "n_inner": CONFIG.d_mlp,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": CONFIG.norm_eps,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "bos_token_id": None,
        "eos_token_id": END,
        "tie_word_embeddings": CONFIG.tied,
        "torch_dtype": "float32",
    }


def tokenizer() -> tokenizers.Tokenizer:
    """One token a character: byte-pair encoding without a single merge."""
    vocabulary = {token: i for i, token in enumerate(VOCABULARY)}
    made = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.decoder = decoders.Fuse()
    made.add_special_tokens([VOCABULARY[END]])
    return made


def write(model: GPT, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(hugging_face_weights(model), str(folder / "model.safetensors"), metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(hugging_face_config(), indent=2) + "\n", encoding="utf-8")
    tokenizer().save(str(folder / "tokenizer.json"))


def main() -> None:
    torch.set_num_threads(1)  # matrices this small gain nothing from a second thread, and sums keep their order
    model = train()
    total = wrong = 0
    for length in range(2, MOST + 1):  # the rows of one letter all happen to be for training
        ids = texts(length, held=True)
        total, wrong = total + len(ids), wrong + mistakes(model, ids, length)
    print(f"held-out rows sorted: {total - wrong:,} of {total:,}")
    if wrong:
        raise SystemExit("toy-sort has not learned to sort: nothing was written")
    write(model, asset("toy-sort"))
    size = sum(file.stat().st_size for file in asset("toy-sort").iterdir())
    print(f"written to {asset('toy-sort')}: {sum(w.numel() for w in model.parameters()):,} numbers, {size:,} bytes")


if __name__ == "__main__":
    main()
