"""The generation view: a text that grows word by word, what else could have come, and the tree of what was tried.

It is fed in parts, so that each number travels once and what is not looked at does not travel at all:

    text       the prompt's tokens, the model's sizes
    tree       each text of the tree: how likely every token was, and what else could have come
    beams      what a beam search looked at
    cache      what the key-value cache holds, and how long a token took with and without it
    tasks      prompts that show by examples what is asked, and what the model answers

A part names the text it belongs to (`of`), since the browser may still hold an older one. While the engine writes, each
token is told as news.
"""

from gptviz.views.kit.choices import SAMPLING, Choice, Stop
from gptviz.views.kit.kinds import Flag, Index, Indices, Number, OneOf, Subset, Text, Texts

SECTIONS = ("choice", "cache", "tasks")
"""The parts of the view that unfold."""

WAYS = ("greedy", "sample", "beams")
"""How the next word is chosen."""

SPEEDS = ("full", "slow")
"""How quickly a run writes: as the model can, or as a class can follow."""

STOP = Stop(
    "generate",
    shared={"text": True, **dict.fromkeys(SAMPLING, False)},
    choices=(
        # The texts behind the prompt, which of them is followed, and the place in it where a word is chosen.
        Choice("tree", (), Texts(), reset_by=("text",), asks=True),
        Choice("leaf", None, Index(), reset_by=("text",)),
        Choice("place", None, Index(), reset_by=("text",)),
        Choice("way", "greedy", OneOf(WAYS), asks=True),
        Choice("speed", "full", OneOf(SPEEDS)),
        Choice("words", 20, Number(1, 256, offered=(5, 10, 20, 50, 100))),  # of a run
        Choice(
            "search", None, Indices(size="vocab_size", whole=True), reset_by=("text",), asks=True
        ),  # behind which text beams are searched
        Choice("width", 3, Number(1, 8)),  # of a beam search
        Choice("ahead", 8, Number(1, 16)),  # how far it looks
        Choice("open", (), Subset(SECTIONS), asks=True),
        Choice("repeats", None, OneOf(("yes", "no")), reset_by=("text",)),  # answers to the page's questions
        Choice("overtakes", None, OneOf(("none", "one", "several")), reset_by=("text",)),
        # What is under way, which no address carries: how many words the text shall have (None: nothing is to be
        # written); whether the cache is timed; a word of the reader's own that is to stand where the next one is
        # chosen, and how many of those have been answered.
        Choice("goal", None, Index(), reset_by=("text",), asks=True, address=False),
        Choice("measure", False, Flag(), reset_by=("text",), asks=True, address=False),
        Choice("force", None, Text(4000), reset_by=("text",), asks=True, address=False),
        Choice("answered", 0, Index(), address=False),
    ),
)
