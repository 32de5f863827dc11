"""One word in two or three sentences."""

from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Index, OneOf, Text

LETTERS = ("a", "b", "c")
"""The sentences; a reader sees them as capitals."""

SENTENCE_CHARS = 500  # of each: with the text they still fit into one address

PARTS = ("heads", "sum", "nearest")
"""The ways to ask what moved the word's vectors apart."""

STOP = Stop(
    "context",
    choices=(
        *(Choice(letter, None, Text(SENTENCE_CHARS), reset_by=("letters",)) for letter in LETTERS),
        # The word in each.
        *(Choice(f"at_{letter}", None, Index(), reset_by=("model", letter)) for letter in LETTERS),
        Choice("after", None, Index("n_layer"), reset_by=("model",)),  # the layer after which they are compared
        Choice("part", "heads", OneOf(PARTS)),
        Choice("behind", None, Text(SENTENCE_CHARS), reset_by=("letters",)),  # what follows the word, in the test
    ),
)
