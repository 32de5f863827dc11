"""The output view: from logits to the next word. It is fed in parts:

text      the tokens, and how much each surprised the model
logits    everything the model said after one token; with what a logit is made of
lens      what the stream would say if the model stopped early, for every layer and token
cell      one such reading, opened: its likeliest tokens
pieces    what to show for every token of the vocabulary, where any may be drawn
"""

from gptviz.analysis.lens import POINTS
from gptviz.views.kit.choices import SAMPLING, Choice, Stop
from gptviz.views.kit.kinds import Flag, Index, OneOf, Place, Subset

SECTIONS = ("filters", "number", "curves", "sample", "lens")
"""The parts of the view that unfold."""

STOP = Stop(
    "output",
    shared={"token": True, **dict.fromkeys(SAMPLING, False)},
    choices=(
        Choice("open", (), Subset(SECTIONS), asks=True),
        # A start token before the text; "at": it is the token after which the next word is asked for.
        Choice("start", None, OneOf(("on", "at")), reset_by=("model",), asks=True),
        Choice("word", None, Index("vocab_size"), reset_by=("text", "token")),  # the candidate that is followed, by id
        Choice("log", False, Flag()),  # the curves on a logarithmic scale
        Choice("points", "mlp", OneOf(POINTS), asks=True),  # where the lens reads
        Choice("followed", None, Index("vocab_size"), reset_by=("model",), asks=True),  # whose rank it follows, by id
        Choice("cell", None, Place(), reset_by=("text",), asks=True),  # one of its readings, opened
        Choice("answer", None, OneOf(("same", "half", "root")), reset_by=("text", "token")),  # to the page's question
    ),
)
