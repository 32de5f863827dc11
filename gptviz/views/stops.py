"""The stops on the way of a sentence through the model, in the order of the pass; each declares its choices."""

from __future__ import annotations

from gptviz.views import attention, context, embeddings, generate, geometry, mlp, output, overview, tokens
from gptviz.views.kit.choices import Stop

STOPS: dict[str, Stop] = {
    module.STOP.name: module.STOP
    for module in (overview, tokens, embeddings, geometry, attention, context, mlp, output, generate)
}
