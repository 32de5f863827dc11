"""The built wheel, installed where the repository is not to be seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

import gptviz
from gptviz.cli import free_port

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*build, "-w", str(folder)], check=True)
    return next(folder.glob("gptviz-*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """The Python of an empty environment with the wheel in it, that borrows this one's other packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "-q", str(wheel)]
    subprocess.run(install, check=True)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-c", ask], text=True).strip())
    # A path that a .pth file adds is searched for packages, but its own .pth files are not read: they are how the
    # editable install of the repository would show through.
    borrowed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed))
    return python


def run(python: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run([python, *arguments], cwd=cwd, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    names = ("PYTHONPATH", "LANG", "LC_ALL", "LC_MESSAGES")
    return {name: value for name, value in os.environ.items() if name not in names}


def test_wheel_holds_the_app_and_nothing_of_the_workshop(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    files = [*(ROOT / "pages").glob("*.py"), *(path for path in (ROOT / "assets").rglob("*") if path.is_file())]
    expected = [path.relative_to(ROOT).as_posix() for path in files]
    assert len(expected) > 10
    for path in ("app.py", ".streamlit/config.toml", *expected):
        assert f"gptviz/_app/{path}" in held
    assert "gptviz/pyproject.toml" in held
    assert {name.split("/")[0] for name in held} == {"gptviz", f"gptviz-{gptviz.__version__}.dist-info"}
    assert not [name for name in held if "__pycache__" in name or "/tests/" in name]


def test_command_line(python, tmp_path):
    command = python.with_name("gptviz.exe" if os.name == "nt" else "gptviz")
    version = subprocess.check_output([command, "--version"], cwd=tmp_path, env=environment(), text=True)
    assert version == f"gptviz {gptviz.__version__}\n"
    assert "smollm2-135m" in run(python, "-m", "gptviz", "models", cwd=tmp_path)


def test_everything_is_found_inside_the_installed_package(python, tmp_path):
    code = """if True:
        import json, gptviz
        from gptviz.paths import app_file, asset
        from gptviz.text import say
        found = [gptviz.__file__, str(app_file()), str(asset("catalogue.toml")), str(asset("tiktoken"))]
        traced = gptviz.load("toy-sort").trace("cab").names()
        print(json.dumps([found, len(traced), say("zh", "cli.models.here")]))
    """
    found, n_names, said = json.loads(run(python, "-c", code, cwd=tmp_path))
    site = python.parents[1].resolve()
    for path in map(Path, found):
        assert path.exists()
        assert site in path.resolve().parents
    assert n_names > 0
    assert said == "已在本机"


def test_the_client_side_views_are_declared_once(python, tmp_path):
    code = """if True:
        import json
        from streamlit.components.v2.manifest_scanner import scan_component_manifests
        manifests = [m for m in scan_component_manifests() if m[0].name == "gptviz"]
        folders = {str(c.resolve_asset_root(root)) for manifest, root in manifests for c in manifest.components}
        print(json.dumps(sorted(folders)))
    """
    folders = json.loads(run(python, "-c", code, cwd=tmp_path))
    assert folders
    assert all(python.parents[1].resolve() in Path(folder).parents for folder in folders)


def test_first_page_renders(python, tmp_path):
    code = """if True:
        from streamlit.testing.v1 import AppTest
        from gptviz.paths import app_file
        app = AppTest.from_file(str(app_file()), default_timeout=180)
        app.query_params["model"] = "toy-sort"
        app.run()
        assert not app.exception, app.exception
        assert app.title or app.header or app.markdown
    """
    run(python, "-c", code, cwd=tmp_path)


def test_run_serves_from_another_folder(python, tmp_path):
    port = free_port("127.0.0.1", None)
    command = [python, "-m", "gptviz", "run", "--no-browser", "--port", str(port)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), **streams) as server:
        try:
            assert f"http://127.0.0.1:{port}" in next(line for line in server.stdout if line.strip())
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=10) as reply:
                assert reply.read() == b"ok"
        finally:
            server.terminate()
        assert "Traceback" not in server.stdout.read()
