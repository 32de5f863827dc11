"""A checkpoint from the Hugging Face Hub, kept in the Hub's own cache (HF_HOME), which other programs share.

Safetensors only, and never code from the repository. What is in the cache is used without asking the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gptviz.checkpoints import store
from gptviz.checkpoints.folder import INDEX, read_config, shards, weight_files
from gptviz.checkpoints.store import Progress
from gptviz.checkpoints.tokenizer_files import FILES
from gptviz.errors import CheckpointError

SMALL = ("config.json", "generation_config.json", *FILES, INDEX)


def cached(repo: str) -> Path | None:
    """The folder of a repository that was fetched completely, or None."""
    from huggingface_hub import try_to_load_from_cache

    with hub_errors(repo):
        config = try_to_load_from_cache(repo, "config.json")
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    try:
        weight_files(folder)  # they come last
    except CheckpointError:
        return None
    return folder


def make_ready(repo: str, progress: Progress) -> Path:
    """The folder of `repo`, downloaded if need be: the config first, to refuse an unsupported model before its
    gigabytes come, and the weights last. Raises CheckpointError."""
    with hub_errors(repo):
        if folder := cached(repo):
            return folder
        from huggingface_hub import HfApi, constants, errors

        from gptviz.checkpoints.config import config_from_hf

        if constants.HF_HUB_OFFLINE:
            raise CheckpointError("hub_offline", repo=repo)
        counter = _Counter(repo, progress)
        try:
            folder = counter.get("config.json").parent
        except errors.RemoteEntryNotFoundError as error:
            raise CheckpointError("hub_no_config", repo=repo) from error
        config_from_hf(read_config(folder))
        counter.commit = folder.name  # every other file from the same commit
        info = HfApi().model_info(repo, revision=counter.commit, files_metadata=True)
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        if "model.safetensors" in sizes:
            weights = ["model.safetensors"]
        elif INDEX in sizes:
            weights = shards(counter.get(INDEX))
        else:
            raise CheckpointError("hub_no_safetensors", repo=repo)
        wanted = [name for name in SMALL if name in sizes] + weights
        counter.total = sum(sizes.get(name, 0) for name in wanted)
        cache = Path(constants.HF_HUB_CACHE)
        with store.disk_errors(cache):
            store.check_space(cache, counter.total)
        for name in wanted:
            counter.get(name)
        progress("download", counter.total, counter.total)  # files that were here already did not count
        return folder


class _Counter:
    """Downloads files one after the other and tells how many bytes have come of all of them together."""

    def __init__(self, repo: str, progress: Progress):
        self.repo, self.progress = repo, progress
        self.commit: str | None = None
        self.done, self.total = 0, 0

    def get(self, name: str) -> Path:
        from huggingface_hub import hf_hub_download
        from tqdm import tqdm

        counter = self

        class Bar(tqdm):  # huggingface_hub's way of saying how far it is
            def __init__(self, *args, initial: int = 0, **kwargs):
                super().__init__(disable=True)
                self.update(initial)

            def update(self, n: float | None = 1) -> None:
                counter.add(int(n or 0))

        return Path(hf_hub_download(self.repo, name, revision=self.commit, tqdm_class=Bar))

    def add(self, n_bytes: int) -> None:
        self.done += n_bytes
        if self.total:
            self.progress("download", min(self.done, self.total), self.total)


@contextmanager
def hub_errors(repo: str) -> Iterator[None]:
    """Turn what huggingface_hub raises into CheckpointErrors."""
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise CheckpointError("hub_gated", repo=repo) from error
    except errors.RepositoryNotFoundError as error:
        raise CheckpointError("hub_absent", repo=repo) from error
    except errors.HFValidationError as error:
        raise CheckpointError("hub_bad_id", repo=repo) from error
    except (OSError, errors.HTTPError) as error:  # pyright: ignore[reportPrivateImportUsage] - of the library beneath
        # The disk's errors name a file or say that it is full; anything else here is the network or the server.
        if isinstance(error, OSError) and (error.filename is not None or error.errno in store.FULL):
            with store.disk_errors(Path(constants.HF_HUB_CACHE)):
                raise
        raise CheckpointError("hub_unreachable", repo=repo, reason=_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
