"""The object a user holds: a checkpoint, its tokenizer, and what can be done with them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from gptviz import beams, sampling, trace
from gptviz.beams import BeamSearch
from gptviz.checkpoints import Checkpoint, load_checkpoint
from gptviz.checkpoints.store import disk_errors
from gptviz.errors import InputError
from gptviz.interventions import Intervention
from gptviz.sampling import Options, Step
from gptviz.tokenizer import Tokenizer
from gptviz.trace import Trace

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class LLM:
    """A language model one can look into. Made by `gptviz.load`.

    model: the torch module (its submodule paths are the names in a Trace); tokenizer: None for a folder without
    one, which can still be traced by ids; config: its sizes; name: what it was loaded as.
    """

    def __init__(self, checkpoint: Checkpoint, tokenizer: Tokenizer | None):
        self.checkpoint = checkpoint
        self.name, self.model, self.tokenizer = checkpoint.name, checkpoint.model, tokenizer
        self.config = self.model.config

    @property
    def dtype(self) -> torch.dtype:
        """The dtype the model computes in."""
        return self.model.embed.weight.dtype

    def check_ids(self, ids: Iterable[int]) -> list[int]:
        """`ids` as a list of plain ints. Raises InputError for one outside the vocabulary."""
        ids = [operator.index(i) for i in ids]
        for i in ids:
            if not 0 <= i < self.config.vocab_size:
                raise InputError("bad_token_id", id=i, vocab_size=self.config.vocab_size)
        return ids

    def encode(self, text: str | Sequence[int]) -> list[int]:
        """Token ids of a text; ids are checked and handed back. Raises InputError for a text that has no tokens
        or, without a tokenizer, for any text."""
        if isinstance(text, bytes | bytearray):
            raise TypeError("a text is a str, or a list of token ids; decode bytes first")
        if not isinstance(text, str):
            return self.check_ids(text)
        if self.tokenizer is None:
            raise InputError("no_tokenizer", model=self.name)
        return self.check_ids(self.tokenizer.encode(text))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """What to show for each token; the ids themselves where there is no tokenizer."""
        return self.tokenizer.pieces(ids) if self.tokenizer else [str(i) for i in ids]

    def trace(
        self,
        text: str | Sequence[int],
        names: str | Iterable[str] | None = None,
        interventions: Iterable[Intervention] = (),
    ) -> Trace:
        """Run the model once over a text, or a list of ids, and keep what happened on the way.

        names: record only these hook points (names, or patterns such as "blocks.*.attn.pattern"); None: all.
        interventions: what to replace on the way, in order; what comes from another text (`Source`) is traced first.
        Raises InputError for no tokens, too many, or a pass that takes more than a quarter of the free memory.
        """
        ids = self.encode(text)
        return trace.run(self, ids, self._text_of(text, ids), names, tuple(interventions))

    def generate(
        self,
        text: str | Sequence[int],
        max_new_tokens: int = 20,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float | None = None,
        seed: int = 0,
    ) -> Iterator[Step]:
        """Write on, a token at a time, with a key-value cache; the same `seed` writes the same.

        temperature 0 is greedy; the filters and the penalty are those of `sampling.Options`. Ends after an end token.
        Raises InputError at once for a bad option, or if prompt and new tokens exceed the context.
        """
        options = Options(temperature, top_k, top_p, min_p, repetition_penalty)
        steps = sampling.generate(self.model, self.encode(text), max_new_tokens, options, seed, self.checkpoint.eos_ids)
        return (Step(i, self.pieces([i])[0], float(logits.softmax(-1)[i]), logits) for i, logits in steps)

    def beams(self, text: str | Sequence[int], width: int = 4, max_new_tokens: int = 12) -> BeamSearch:
        """The `width` likeliest continuations found by beam search, and the tree of what it looked at: see
        `gptviz.beams.search`. Raises InputError for a width or a length that cannot be."""
        found = beams.search(self.model, self.encode(text), width, max_new_tokens, self.checkpoint.eos_ids)
        pieces = self.pieces([node.id for node in found.nodes])
        nodes = [replace(node, token=piece) for node, piece in zip(found.nodes, pieces, strict=True)]
        return BeamSearch(nodes, found.best)

    def _text_of(self, given: str | Sequence[int], ids: list[int]) -> str | None:
        if isinstance(given, str):
            return given
        return self.tokenizer.decode(ids) if self.tokenizer else None


def load(
    name: str | Path = "smollm2-135m",
    *,
    dtype: torch.dtype | str = torch.float32,
    device: str = "cpu",
    progress: Callable[[str, int, int], None] | None = None,
) -> LLM:
    """A model by catalogue name, Hub id, or path of a checkpoint folder; fetched first if need be.

    dtype: float32, bfloat16 or float16, as a torch dtype or its name. device: "cpu", "cuda" or "mps".
    progress(stage, done, total) hears how far fetching and converting are. Raises CheckpointError.
    """
    checkpoint = load_checkpoint(str(name), dtype=read_dtype(dtype), device=device, progress=progress)
    return LLM(checkpoint, read_tokenizer(checkpoint))


def read_tokenizer(checkpoint: Checkpoint) -> Tokenizer | None:
    """The tokenizer that came with the weights. Raises CheckpointError if it cannot be read."""
    if checkpoint.tokenizer_folder is None:
        return None
    with disk_errors(checkpoint.tokenizer_folder):
        return Tokenizer.from_folder(checkpoint.tokenizer_folder)


def read_dtype(dtype: torch.dtype | str) -> torch.dtype:
    """A dtype that a model may compute in, from itself or its name. Raises InputError."""
    found = DTYPES.get(dtype, dtype) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or found not in DTYPES.values():
        raise InputError("bad_dtype", value=dtype, known=", ".join(DTYPES))
    return found
