"""The embeddings view: from an id to a vector, what that lies near, and how position comes in. It is fed in parts:

text         the tokens, the rows they look up, and a sample of the whole matrix
product      what multiplying a one-hot vector with the whole matrix gave
compared     further words that the reader wants to compare
chance       what two rows drawn at random give
neighbours   the rows nearest to one vector, in three measures
learned      position rows (models that have them)
rotary       queries and keys of one layer before rotation (rotary models)
"""

from gptviz.analysis.similarity import MEASURES
from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Flag, Index, Indices, OneOf, Subset, Text

SECTIONS = ("product", "similarity", "neighbours", "position")
"""The parts of the view that unfold."""

STOP = Stop(
    "embeddings",
    shared={"token": True, "layer": True, "head": False, "key": False, "space": True},
    choices=(
        Choice("open", (), Subset(SECTIONS), asks=True),
        Choice("measure", "cosine", OneOf(MEASURES)),
        Choice("words", "", Text(200), asks=True),  # to compare, beside those of the text
        Choice("pair", None, Indices(2), reset_by=("text", "words")),  # of the compared vectors, opened
        # Whose neighbours; None: the token's. "#12" is another row in another space.
        Choice("near", None, Text(60), reset_by=("text", "token", "space"), asks=True),
        Choice("grouped", True, Flag()),  # spellings of one word together
        Choice("own", False, Flag()),  # each line of the table by its own token's scale
        Choice("positions", None, Indices(2), reset_by=("text", "token", "key")),  # where query and key are put
        Choice("alike", None, Index("vocab_size"), reset_by=("text", "token")),  # answer to the page's question, an id
    ),
)
