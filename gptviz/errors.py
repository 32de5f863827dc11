"""The errors a person can meet. Each has a code; the sentence for it stands in
`assets/text/{en,zh}/errors.toml`, so that it can be said in the reader's language."""

from __future__ import annotations

from gptviz.text import say


class GptvizError(Exception):
    """Something the user can do something about.

    `code` names the sentence (a key of `errors.toml`), `details` fill its placeholders.
    `str(error)` is the English sentence; `error.text("zh")` the Chinese one.
    """

    def __init__(self, code: str, **details: object):
        self.code = code
        self.details = details
        super().__init__(code, details)

    def text(self, language: str = "en") -> str:
        return say(language, f"errors.{self.code}", **self.details)

    def plain(self) -> dict[str, object]:
        """What JSON can carry, for who says it elsewhere: `code`, and `details` as texts."""
        return {"code": self.code, "details": {name: str(value) for name, value in self.details.items()}}

    def __str__(self) -> str:
        return self.text("en")


class CheckpointError(GptvizError):
    """Weights that cannot be had, read or trusted."""


class UnsupportedModelError(CheckpointError):
    """A checkpoint whose result this code could not reproduce."""


class InputError(GptvizError, ValueError):
    """A text, an option or an intervention that cannot be used."""


class MissingPackageError(GptvizError, ImportError):
    """A package that an extra brings, and that is not installed."""


class UnknownNameError(GptvizError, KeyError):
    """A hook point or a catalogue entry that does not exist."""

    __str__ = GptvizError.__str__  # KeyError would print the repr
