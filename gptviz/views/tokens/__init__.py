"""The tokens view: the pieces a model reads, in place, and where they come from. It is fed in parts:

text           the tokens with ids, bytes and the merge that made each; the same text in words and characters
merges         each chunk of the text, from bytes to tokens, merge by merge
vocabularies   the same text under other vocabularies; one paragraph in two languages under each
vocabulary     every entry of one vocabulary, to be searched
long           a long text of the reader's own, in tokens
"""

from gptviz.analysis.openai_encodings import CLASSICS
from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Index, Number, OneOf, Subset, Text

SECTIONS = ("merges", "vocabularies", "vocabulary", "long")
"""The parts of the view that unfold."""

VOCABULARIES = ("own", *CLASSICS)
"""The loaded model's, and those of OpenAI's models."""

LONGEST = 200_000
"""Characters of the reader's own long text."""

STOP = Stop(
    "tokens",
    shared={"text": False, "token": False},
    choices=(
        Choice("open", (), Subset(SECTIONS), asks=True),
        # Whose merges are shown; -1: all of the text; None: the chosen token's.
        Choice("chunk", None, Index(least=-1), reset_by=("text", "token")),
        Choice("step", None, Index(), reset_by=("text", "token")),  # after how many of them; None: after the last
        Choice("vocabulary", "own", OneOf(VOCABULARIES), asks=True),  # that is searched
        Choice("find", "", Text(200)),
        # A long text to be cut, too long for an address, and how often one was given.
        Choice("long", None, Text(LONGEST), asks=True, wish=True, address=False),
        Choice("given", 0, Number(0, 10**6), address=False),
        # A text whose tokens are counted, and how many the reader said before that.
        Choice("tried", None, Text(4000), address=False),
        Choice("guess", None, Index(), address=False),
    ),
)
