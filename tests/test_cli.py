"""The command line, as a person meets it."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from click.testing import CliRunner

import gptviz
from gptviz import cli
from gptviz.checkpoints import catalogue
from gptviz.errors import InputError
from gptviz.text import say
from gptviz.trace import Trace


@pytest.fixture(autouse=True)
def english(monkeypatch):
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)


def call(*arguments: str):
    return CliRunner().invoke(cli.main, arguments, prog_name="gptviz")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"], ["models"]])
def test_answers_without_loading_anything_heavy(arguments):
    code = f"""if True:
        import sys
        from gptviz.cli import main
        main({arguments}, standalone_mode=False)
        heavy = {{"torch", "streamlit", "transformers", "plotly"}} & set(sys.modules)
        assert not heavy, heavy
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_module_and_command_are_the_same_program():
    done = subprocess.run([sys.executable, "-m", "gptviz", "--version"], capture_output=True, text=True)
    assert done.stdout == f"gptviz {gptviz.__version__}\n"
    assert call("--version").output == done.stdout


@pytest.mark.parametrize("language", ["en", "zh"])
def test_models_lists_the_catalogue(monkeypatch, language):
    monkeypatch.setenv("LANG", f"{language}_XX.UTF-8")
    output = call("models").output
    for entry in catalogue().values():
        assert f"{entry.name}\n" in output
        assert entry.about[language] in output
        assert f"{entry.params:,}" in output


def test_trace_writes_a_file_that_trace_can_read(tmp_path):
    path = tmp_path / "sorted.safetensors"
    text = "cab"
    done = call("trace", text, "-o", str(path), "--model", "toy-sort")
    assert done.exit_code == 0, done.output
    read, fresh = Trace.load(path), gptviz.load("toy-sort").trace(text)
    assert read.ids == fresh.ids
    assert read.names() == fresh.names()
    assert (read.logits == fresh.logits).all()
    assert str(path) in done.output


def test_trace_records_only_what_is_asked_for(tmp_path):
    path = tmp_path / "less.safetensors"
    names = ["--names", "blocks.*.attn.pattern", "--names", "logits"]
    assert call("trace", "cab", "-o", str(path), "--model", "toy-sort", *names).exit_code == 0
    n_layer = Trace.load(path).config.n_layer
    assert Trace.load(path).names() == [*(f"blocks.{layer}.attn.pattern" for layer in range(n_layer)), "logits"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["trace", "cab", "-o", "no/such/folder/x.safetensors", "--model", "toy-sort"],
        ["trace", "cab", "-o", "x.safetensors", "--model", "no-such-model"],
        ["trace", "cab", "-o", "x.safetensors", "--model", "toy-sort", "--names", "blocks.*.nonsense"],
        ["trace", "", "-o", "x.safetensors", "--model", "toy-sort"],
        ["fetch", "no-such-model"],
        ["fetch", "no/such/folder/at/all"],
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_mistake_ends_in_one_sentence(monkeypatch, tmp_path, arguments, language):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", f"{language}_XX.UTF-8")
    done = call(*arguments)
    assert done.exit_code == 1
    assert done.stdout == ""
    *stages, sentence = done.stderr.splitlines()
    assert set(stages) <= {say(language, "cli.stage.load")}, "besides what was being done"
    assert any("\u4e00" <= c <= "\u9fff" for c in sentence) == (language == "zh")
    assert list(tmp_path.iterdir()) == []


def test_the_first_locale_variable_that_is_set_decides(monkeypatch):
    assert cli.terminal_language() == "en"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert cli.terminal_language() == "zh"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert cli.terminal_language() == "en"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_counts_bytes_then_tensors(monkeypatch):
    monkeypatch.setattr("sys.stderr", screen := Terminal())
    with cli.progress_bars() as progress:
        for done in range(0, 90_000_001, 30_000_000):
            progress("download", done, 90_000_000)
        for done in range(0, 273, 34):
            progress("convert", done, 272)
    lines = screen.getvalue().replace("\r", "\n").splitlines()
    assert any("Downloading" in line and "30.0 MB / 90.0 MB" in line for line in lines)
    assert any("Converting" in line and "34 / 272" in line for line in lines)
    assert sum("100%" in line for line in lines) == 2


def test_a_taken_port_is_refused_if_it_was_asked_for_and_stepped_over_if_not(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(InputError, match=str(taken)):
            cli.free_port("127.0.0.1", taken)
        assert call("run", "--port", str(taken)).exit_code == 1
        monkeypatch.setattr(cli, "DEFAULT_PORT", taken)
        assert taken < cli.free_port("127.0.0.1", None) < taken + 100


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(InputError, match=r"192\.0\.2\.1"):
        cli.free_port("192.0.2.1", None)


def test_run_hands_its_options_on(monkeypatch):
    called, announced = [], []
    monkeypatch.setattr("streamlit.web.cli.main", lambda arguments, prog_name: called.append(arguments))
    monkeypatch.setattr(cli, "announce", lambda *arguments: announced.append(arguments))
    monkeypatch.setenv("GPTVIZ_MAX_TOKENS", "")
    monkeypatch.setenv("GPTVIZ_DEVICE", "")
    monkeypatch.setenv("GPTVIZ_DTYPE", "")
    port, computing = cli.free_port("127.0.0.1", None), ("--device", "cpu", "--dtype", "bfloat16")
    done = call("run", "--port", str(port), "--model", "owner/a b", "--max-tokens", "64", *computing, "--no-browser")
    assert done.exit_code == 0, done.output
    assert called[0][:2] == ["run", str(cli.app_file())]
    assert f"--server.port={port}" in called[0]
    assert "--server.address=127.0.0.1" in called[0]
    assert announced == [("127.0.0.1", port, "?model=owner%2Fa+b", False)]
    assert cli.os.environ["GPTVIZ_MAX_TOKENS"] == "64"
    assert [cli.os.environ[f"GPTVIZ_{name}"] for name in ("DEVICE", "DTYPE")] == ["cpu", "bfloat16"]


def test_run_refuses_what_cannot_be_computed_on_or_in(monkeypatch):
    monkeypatch.setattr("streamlit.web.cli.main", lambda *_, **__: pytest.fail("started"))
    done = call("run", "--device", "meta", "--no-browser")
    assert done.exit_code == 1 and "cpu, cuda, mps" in done.output
    done = call("run", "--dtype", "int8", "--no-browser")
    assert done.exit_code == 1 and "float32, bfloat16, float16" in done.output


def test_run_serves_from_any_folder_and_ends_cleanly(tmp_path):
    port = cli.free_port("127.0.0.1", None)
    command = [sys.executable, "-m", "gptviz", "run", "--no-browser", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            said = next(line for line in server.stdout if line.strip())
            assert said == f"gptviz is at http://127.0.0.1:{port}/ (Ctrl-C ends it).\n"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=10) as reply:
                assert reply.read() == b"ok"
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(timeout=120) == 0
        assert "Traceback" not in server.stdout.read()
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_is_one_sentence(monkeypatch):
    monkeypatch.setenv("GPTVIZ_HOME", "~nobody-of-that-name/x")
    done = call("models")
    assert done.exit_code == 1 and "GPTVIZ_HOME" in done.stderr and len(done.stderr.splitlines()) == 1
