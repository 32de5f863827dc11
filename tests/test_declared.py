"""Every import is declared: what a script needs in the dependencies, the rest in an extra that the code names."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DISTRIBUTIONS = packages_distributions()

# Rooms that only run with an extra: whoever gets there has it.
ROOMS = {
    "app.py": "app",
    "pages": "app",
    "gptviz/ui": "app",
    "gptviz/views/streamlit.py": "app",
    "gptviz/figures": "figures",
}
PROGRAMS = {"pip"}  # run, not imported


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(requirements: list[str]) -> set[str]:
    """The distributions that these name, an extra of this project by what it brings."""
    found = set()
    for requirement in requirements:
        name, extra = re.match(r"([\w.-]+)(?:\[(\w+)\])?", requirement).groups()
        found |= packages(EXTRAS[extra]) if extra else {plain(name)}
    return found


CORE = packages(PROJECT["dependencies"])


def files(*places: str) -> list[Path]:
    paths = [ROOT / place for place in places]
    return sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))


def imported(tree: ast.AST) -> set[str]:
    """The distributions of other projects that a module imports, wherever in it."""
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) if not node.level}
    tops = {name.partition(".")[0] for name in names}
    tops -= sys.stdlib_module_names | {"gptviz", "pages", "tests", "benchmarks"}
    return {plain(DISTRIBUTIONS[top][0]) for top in tops}


def required(tree: ast.AST) -> set[str]:
    """The distributions that a module asks for by `require(package, extra=...)`, each in the extra it names."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
            (package,), extra = node.args, node.keywords[0].value
            assert plain(package.value) in packages(EXTRAS[extra.value])
            found.add(plain(package.value))
    return found


def test_what_is_imported_is_declared():
    for file in files("gptviz", "pages", "app.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        path = file.relative_to(ROOT).as_posix()
        extras = [f"gptviz[{extra}]" for room, extra in ROOMS.items() if path == room or path.startswith(f"{room}/")]
        missing = imported(tree) - CORE - packages(extras) - required(tree)
        assert not missing, f"{path} imports {missing}: declare it, or say require() first"


def test_what_is_declared_is_imported():
    used = {name for file in files("gptviz", "pages") for name in imported(ast.parse(file.read_text(encoding="utf-8")))}
    assert CORE | packages([f"gptviz[{extra}]" for extra in EXTRAS]) == used | PROGRAMS


def test_the_requirements_pin_all_of_it():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = {plain(line.partition("==")[0]) for line in lines if "==" in line}
    for file in files("gptviz", "pages", "benchmarks", "scripts", "tests"):
        missing = imported(ast.parse(file.read_text(encoding="utf-8"))) - pinned
        assert not missing, f"{file.relative_to(ROOT)} imports {missing}, which requirements.txt does not pin"


def test_the_lock_names_no_registry():
    """Each machine fetches what the JavaScript checks need from where it fetches everything."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert len(lock["packages"]) > 2
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


@pytest.mark.parametrize(
    ("code", "package", "extra"),
    [
        ("import gptviz.figures.attention", "plotly", "figures"),
        ("from gptviz.cli import run; run.callback(None, '', None, None, None, None, False)", "streamlit", "app"),
        ("from gptviz.analysis.projections import tsne; import torch; next(tsne(torch.ones(9, 2)))", "openTSNE", "app"),
    ],
)
def test_what_is_missing_is_named_with_its_extra(code, package, extra):
    """A script runs without any extra; what needs one says so."""
    program = f"""if True:
        import json, sys
        missing = ["openTSNE", "pandas", "plotly", "pyarrow", "streamlit", "transformers"]
        sys.modules.update(dict.fromkeys(missing))  # as if they were not installed
        import gptviz
        trace = gptviz.load("toy-sort").trace("cab")
        trace.show("attention")
        try:
            {code}
        except gptviz.GptvizError as error:
            print(json.dumps([error.code, error.details, error.text("zh")]))
    """
    code, details, said = json.loads(subprocess.check_output([sys.executable, "-c", program], text=True))
    assert code == "package_missing" and details == {"package": package, "extra": extra}
    assert f'pip install "gptviz[{extra}]"' in said
