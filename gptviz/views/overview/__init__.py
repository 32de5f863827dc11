"""The overview: predict the next word, append it, repeat."""

from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Indices, Text

STOP = Stop(
    "overview",
    shared={"token": False},
    choices=(
        Choice("guess", None, Text(100), reset_by=("text",)),  # the next word; "" if the reader gave up
        Choice("added", (), Indices(size="vocab_size"), reset_by=("text",)),  # tokens the model wrote on
        Choice("swap", None, Text(100), reset_by=("text", "token")),  # another word at `token`
    ),
)
