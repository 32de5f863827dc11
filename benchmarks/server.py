"""An app of this or of another checkout, running on a free port of this machine, for the benchmarks."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from gptviz.paths import PACKAGE

ROOT = PACKAGE.parent
PATIENCE = 180.0  # s, until it answers

# What comes before the port: the app as users start it.
GPTVIZ = ("gptviz", "run", "--no-browser", "--port")


def streamlit(script: str) -> tuple[str, ...]:
    """The same for a script, by its path from the project's root, that Streamlit runs with nothing around it."""
    return ("streamlit", "run", script, "--server.address=127.0.0.1", "--server.headless=true", "--server.port")


@dataclass
class Server:
    """An app that answers at `url`."""

    url: str
    process: subprocess.Popen
    log: Path

    def memory(self) -> int:
        """Bytes that it and what it started hold in memory."""
        return int(self._sum(lambda process: process.memory_info().rss))

    def cpu(self) -> float:
        """Seconds that they have computed, all cores together."""
        return self._sum(lambda process: sum(process.cpu_times()[:2]))

    def _sum(self, measure: Callable[[psutil.Process], float]) -> float:
        own, total = psutil.Process(self.process.pid), 0.0
        for process in (own, *own.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it ended meanwhile, and has nothing any more
                total += measure(process)
        return total


@contextmanager
def running(how: Sequence[str] = GPTVIZ, *, root: Path = ROOT, python: str | Path = sys.executable) -> Iterator[Server]:
    """`python -m HOW PORT` in folder `root`, from the moment it answers on; ended at the end, and nothing else is.
    Raises RuntimeError, with what it printed, if it does not answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with log.open("wb") as output:
            command = [str(python), "-m", *how, str(port)]
            process = subprocess.Popen(command, cwd=root, stdout=output, stderr=subprocess.STDOUT)
        server = Server(f"http://127.0.0.1:{port}", process, log)
        try:
            deadline = time.monotonic() + PATIENCE
            while not answers(f"{server.url}/_stcore/health"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{' '.join(command)} does not answer:\n{log.read_text(errors='replace')}")
                time.sleep(0.02)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # someone still holds a connection
                process.kill()
                process.wait()


def answers(url: str) -> bool:
    """Whether something answers there with success."""
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return reply.status == 200
    except OSError:
        return False
