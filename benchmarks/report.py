"""What the benchmarks print, and the ratios they keep in `ratios.json`: a ratio holds from one machine to the next, a
time does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

FILE = Path(__file__).with_name("ratios.json")
VERSIONS = ("torch", "transformers", "streamlit")
LABEL = 58  # characters


class Table:
    """Prints rows under a heading as they are measured."""

    def __init__(self, label: str, *columns: str):
        self._widths = [max(len(column) + 2, 11) for column in columns]
        print()
        self.row(label, *columns)

    def row(self, label: str, *cells: str) -> None:
        print(
            f"{label:{LABEL}}" + "".join(f" {c:>{w - 1}}" for c, w in zip(cells, self._widths, strict=False)),
            flush=True,
        )


class Ratios:
    """The ratios of one benchmark's run, beside those that were kept last."""

    def __init__(self, benchmark: str, file: Path = FILE):
        self._benchmark, self._file = benchmark, file
        self._new: dict[str, float] = {}

    def add(self, label: str, ratio: float) -> None:
        self._new[label] = ratio

    def show(self) -> None:
        """Print them, with the last beside each."""
        kept = self._kept().get(self._benchmark, {"ratios": {}})
        before = f"kept {kept['date']}" if "date" in kept else "kept"
        table = Table("ratios", "now", before)
        for label, ratio in self._new.items():
            last = kept["ratios"].get(label)
            table.row(label, f"{ratio:.2f}", "-" if last is None else f"{last:.2f}")

    def keep(self) -> None:
        """They are the last from now on."""
        run = {
            "date": datetime.now(UTC).date().isoformat(),
            "versions": {name: version(name) for name in VERSIONS},
            "ratios": {label: round(ratio, 3) for label, ratio in self._new.items()},
        }
        text = json.dumps({**self._kept(), self._benchmark: run}, indent=2, ensure_ascii=False, sort_keys=True)
        self._file.write_text(text + "\n", encoding="utf-8")

    def _kept(self) -> dict[str, dict]:
        return json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
