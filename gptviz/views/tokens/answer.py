"""What the tokens stop answers."""

from __future__ import annotations

from typing import Any

from gptviz.analysis.tokens import Cut, cut, dropped_fact, text_facts
from gptviz.errors import InputError
from gptviz.tokenizer import Tokenizer
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.tokens import STOP
from gptviz.views.tokens import parts as make

TRIED = 2000  # tokens of the reader's own text that are counted


def answer(asked: Asked) -> Answer:
    """Until a token is chosen it is the longest: most was merged there. Nothing of a model without a tokenizer.

    facts: look; size, of the vocabulary; test (opened, and a text is there to be counted): its tokens, and what stands
    out among them."""
    llm, choices = asked.llm, asked.choices
    tokenizer = llm.tokenizer
    if tokenizer is None:
        return Answer(facts={"look": []}, choices=STOP.to_json(choices))
    text = tokenizer.decode(asked.ids) if choices["text"] is None else choices["text"]
    here = cut(tokenizer, text, len(asked.ids))
    if not here.tokens:
        raise InputError("no_tokens")
    parts = {"text": make.text_part(llm.name, tokenizer, here)}
    if asked.opened("merges"):
        parts["merges"] = make.merges_part(tokenizer, here.text)
    if asked.opened("vocabularies"):
        parts["vocabularies"] = make.vocabularies_part(tokenizer, here)
    if asked.opened("vocabulary"):
        parts["vocabulary"] = make.vocabulary_part(tokenizer, choices["vocabulary"])
    if asked.opened("long") and choices["long"] is not None:
        parts["long"] = make.long_part(tokenizer, choices["long"], choices["given"])
    said: dict[str, Any] = {
        "look": [fact.plain() for fact in text_facts(tokenizer, here)],
        "size": tokenizer.vocab_size,
    }
    if asked.opened("test") and choices["tried"] is not None:
        said["test"] = counted(tokenizer, choices["tried"])
    token = here.tokens.index(here.longest) if choices["token"] is None else choices["token"]
    return Answer(parts, said, STOP.to_json({**choices, "token": token}))


def counted(tokenizer: Tokenizer, text: str) -> dict[str, Any]:
    """A text of the reader's own in tokens: their pieces; the word that takes most of them; what was left out; whether
    it was too long to be counted whole."""
    found: Cut = cut(tokenizer, text, TRIED)
    most = found.most_split
    return {
        "pieces": [token.piece for token in found.tokens],
        "most": most and {"word": most.word, "count": len(most.pieces)},
        "dropped": dropped_fact(found).plain() if found.dropped else None,
        "limit": TRIED if found.text != text else None,
    }
