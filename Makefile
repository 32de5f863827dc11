# make run     set up once, fetch the default model once, open the app
# make test    set up once, then lint and all tests, a real browser included
# make lint    ruff, with the same rules as in the tests
# make bench   the benchmark table
# make clean   remove what these made (the fetched models stay: see "gptviz models")
#
# PYTHON=python3.12      another Python than python3
# TORCH_INDEX=URL        take torch from this package index
# ARGS="--port 9000"     passed on to "gptviz run", or to pytest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
TORCH := $(shell sed -n '/^torch==/p' requirements.txt)

.PHONY: run test lint bench clean browser

run: $(READY)
	@$(BIN)/gptviz fetch
	@exec $(BIN)/gptviz run $(ARGS)

test: $(READY) lint browser
	@$(BIN)/gptviz fetch
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(READY)
	@$(BIN)/ruff check .

bench: $(READY) browser
	@$(BIN)/gptviz fetch
	@$(BIN)/python benchmarks/bench.py $(ARGS)
	@$(BIN)/python benchmarks/views.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis test-results dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Done once, and again when what is required changes.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "gptviz needs Python 3.11 or newer, and $(PYTHON) is: $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what gptviz needs (a few minutes, once) ..."
	@$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) --index-url $(TORCH_INDEX))
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# What the browser tests and the benchmark drive; installed where there is none.
browser: $(READY)
	@$(BIN)/python tests/browser/chromium.py
