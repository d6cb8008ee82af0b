# make demo    a real exchange of texts over simulated modems, no hardware
# make test    the test suite            (make test PYTHON=python3.13 for another interpreter)
# make check   lint, types and import contracts, as CI runs them
# make bench   figures: throughput, latency, memory
# make setup   the virtual environment in .venv that all of the above use

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.ready
WANTED  := $(PYTHON)
FOUND   := $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(if $(shell $(p) -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' 2>/dev/null && echo yes),$(p))))
INTERP  := $(if $(WANTED),$(WANTED),$(FOUND))

.PHONY: setup demo test check bench format clean interop

setup: $(if $(WANTED),interpreter) $(STAMP)

# An interpreter named on the command line replaces an environment built with another one.
.PHONY: interpreter
interpreter:
	@if [ -x $(BIN)/python ] && [ "$$($(BIN)/python -c 'import sys; print(sys.version)')" != "$$($(INTERP) -c 'import sys; print(sys.version)')" ]; then rm -rf $(VENV); fi

$(STAMP): pyproject.toml $(if $(WANTED),interpreter)
	@if [ -f $(STAMP) ] && [ ! pyproject.toml -nt $(STAMP) ]; then exit 0; fi; \
	if [ -z "$(INTERP)" ]; then echo "gsmgw needs Python 3.11, 3.12 or 3.13 (make setup PYTHON=/path/to/python)" >&2; exit 1; fi; \
	set -e; \
	echo "building $(VENV) with $(INTERP) ..."; \
	$(INTERP) -m venv $(VENV) || { echo "this Python cannot make a virtual environment: on Debian, apt install python3-venv" >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	touch $(STAMP)

demo: setup
	$(BIN)/gsmgw demo

test: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tests.bench

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
