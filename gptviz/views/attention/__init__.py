"""The attention view: from all heads of a model down to one multiplication, on one text.

It is fed in parts, so that each number travels once and what is not looked at does not travel at all:

    text       the tokens, small pictures of every head, scores of every head
    looks      where every head looks from one token, and what to look for there
    layer      one layer's queries, keys, values, scores, patterns
    weights    W_Q and W_K of one head, and what they multiply
    outputs    what every head of a layer adds to the stream at one token
    reading    the words that one head pushes up and down there
    last       what another last word would change
    off        the next word with some heads switched off
"""

from gptviz.analysis.heads import KINDS
from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Flag, Heads, Index, Indices, Number, OneOf, Subset, Text

SECTIONS = ("heads", "stages", "cell", "asking", "lines", "values", "outputs", "table", "off")
"""The parts of the view that unfold, in order."""

MEASURES = (*KINDS, "sink", "entropy", "distance")
"""What is measured of each head, in the order of the arrays `scores` and `random`."""

ORDERS = ("layer", "look", "push", *MEASURES)
"""What the heads may be ordered by: their place, what they do from the chosen token, what is measured of each."""

STAGES = ("dot", "scaled", "masked", "pattern")
"""From products to weights, in order."""

STOP = Stop(
    "attention",
    # By the open parts of which another one needs more of the engine at once.
    shared={"layer": True, "head": ("asking", "values"), "token": ("values", "outputs"), "key": ("values",)},
    choices=(
        Choice("open", (), Subset(SECTIONS), asks=True),
        Choice("order", "layer", OneOf(ORDERS)),  # of the heads
        Choice("stage", "pattern", OneOf(STAGES)),
        Choice("hide", False, Flag()),  # the first token's column
        Choice("unscaled", False, Flag()),  # without ÷√d
        Choice("entry", 0, Index("d_head"), reset_by=("model",)),  # the number of query and key that is opened
        Choice("over", (), Indices(size="n_head"), reset_by=("model",)),  # heads laid over the chosen one, as lines
        Choice("last", None, Text(60), reset_by=("text",), asks=True),  # another last word; "": a suggestion
        Choice("off", (), Heads(), reset_by=("model",), asks=True),  # heads switched off
        Choice("again", 0, Number(0, 10**6), asks=True),  # which control heads are drawn
        Choice("second", None, Text(300), reset_by=("model",), asks=True),  # another text for switching off
    ),
)
