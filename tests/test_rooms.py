"""Which room knows which, where the import contract of pyproject.toml does not reach: the views' JavaScript modules,
app.py, and what is in memory once a model has been traced."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from gptviz.paths import PACKAGE
from gptviz.views.stops import STOPS

VIEWS = PACKAGE / "views"
# import ... from "./x.js", import "./x.js", await import("./x.js"), and in comments the types import("./x.js").y
_IMPORT = re.compile(r'\b(?:from|import)\s*\(?\s*"([^"\s]+)"')


def modules() -> list[Path]:
    return sorted(path for path in VIEWS.rglob("*.js") if "vendor" not in path.parts)


def imported(module: Path) -> list[str]:
    """What a module imports, as paths below views/."""
    names = _IMPORT.findall(module.read_text(encoding="utf-8"))
    for name in names:
        assert name.startswith("."), f"{module}: {name} is no file of this project"
    return [(module.parent / name).resolve().relative_to(VIEWS).as_posix() for name in names]


def test_a_view_imports_its_own_modules_and_the_kit():
    found = set()
    for module in modules():
        path = module.relative_to(VIEWS)
        # The hosts lie beside the folders, and find a view by its name while they run.
        allowed = {"kit"} if len(path.parts) == 1 else {"kit", path.parts[0]}
        for target in imported(module):
            assert (VIEWS / target).is_file(), f"{path.as_posix()} imports {target}, which is not there"
            if PurePosixPath(target).parts[0] not in allowed:
                found.add(f"{path.as_posix()} imports {target}")
    assert not found


def test_every_folder_has_a_view_but_the_kit():
    folders = {path.parent.name for path in VIEWS.glob("*/*.js")}
    assert {path.parent.name for path in VIEWS.glob("*/view.js")} - {"kit"} == folders - {"kit"}


def test_a_view_reads_only_choices_that_are_declared():
    """Its typedef Values gives them their types, for tsc: a name that Python does not declare is no choice."""
    typed = {}
    for view in VIEWS.glob("*/view.js"):
        if found := re.search(r"@typedef \{object\} Values.*?\n \*\n", view.read_text(encoding="utf-8"), re.DOTALL):
            typed[view.parent.name] = set(re.findall(r"@property \{.*\} \[?(\w+)", found[0]))
    assert {"attention", "embeddings", "generate", "geometry", "output", "tokens"} <= typed.keys()
    for stop, names in typed.items():
        assert names, stop
        assert names <= STOPS[stop].about().keys(), stop


def test_the_app_knows_the_ui_alone():
    tree = ast.parse((PACKAGE.parent / "app.py").read_text(encoding="utf-8"))
    found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert found == {"gptviz.ui.shell"}


def test_a_script_loads_nothing_of_the_app():
    code = """if True:
        import sys, gptviz
        trace = gptviz.load("toy-sort").trace("cab")
        trace.show("attention")
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
    """
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"transformers", "streamlit", "plotly", "pandas", "pyarrow", "huggingface_hub"} & set(loaded)
