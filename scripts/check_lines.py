"""Name every line of code that is longer than 120 characters; sentences and data in assets/ may be.

python scripts/check_lines.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = {".css", ".js", ".json", ".jsonc", ".py", ".toml", ".yml"}
NOT_CODE = {"assets", "build", "dist", "node_modules", "vendor"}
LONGEST = 120


def files(folder: Path) -> list[Path]:
    """Every file of code below `folder`."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name != ".streamlit"  # environments and caches
            found += [] if hidden or path.name in NOT_CODE else files(path)
        elif (path.suffix in CODE or path.name == "Makefile") and path.name != "package-lock.json":
            found.append(path)
    return found


def main() -> int:
    long = [
        f"{path.relative_to(ROOT)}:{number}: {len(line)} characters"
        for path in files(ROOT)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]
    print(*long, sep="\n", end="\n" if long else "")
    return bool(long)


if __name__ == "__main__":
    sys.exit(main())
