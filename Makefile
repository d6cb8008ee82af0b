# make demo    a real exchange of texts over simulated modems, no hardware
# make test    the test suite            (make test PYTHON=python3.13 for another interpreter)
# make test-long  kills at random moments, a short storm, other programs, searches for harmful cases
# make test-page  the dashboard in Chromium   (Chromium: sudo sh tests/page/install-debian.sh)
# make check   lint, types and import contracts, as CI runs them
# make screenshots  the pictures of the documentation   (wants Chromium, too)
# make docs    the documentation in build/site, with all links checked
# make deb     Debian packages in dist/  (SUITES="bookworm trixie", ARCHITECTURE=arm64 or armhf for a Pi)
# make deb-test  those packages tried in a fresh Debian: wants root and a mirror
# make first-hour  a newcomer's first hour in a fresh Debian, written into its page: wants root and a mirror
# make home-assistant  the app for Home Assistant in dist/home-assistant
# make storm   ten minutes of poison among ordinary traffic   (make storm SECONDS=60)
# make bench   figures: throughput, latency, memory
# make setup   the virtual environment in .venv that all of the above use

VENV    := .venv
BIN     := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
STAMP   := $(VENV)/.development
WANTED  := $(PYTHON)
FOUND   := $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(if $(shell $(p) -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' 2>/dev/null && echo yes),$(p))))
INTERP  := $(if $(WANTED),$(WANTED),$(FOUND))

SUITES       := bookworm trixie
ARCHITECTURE := $(shell dpkg --print-architecture 2>/dev/null)

SECONDS := 600

# The tests start hundreds of processes: without compiled modules each of them takes a second longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-page test-long check screenshots bench storm format clean docs deb deb-test first-hour home-assistant lock

setup: $(if $(WANTED),interpreter) $(STAMP)

# An interpreter named on the command line replaces an environment built with another one.
.PHONY: interpreter
interpreter:
	@if [ -x $(BIN)/python ] && [ "$$($(BIN)/python -c 'import sys; print(sys.version)')" != "$$($(INTERP) -c 'import sys; print(sys.version)')" ]; then rm -rf $(VENV); fi

# Rebuilt when the dependencies change. The demo needs only what runs: a quarter of the packages.
$(RUNTIME) $(STAMP): pyproject.toml packaging/constraints.txt $(if $(WANTED),interpreter)
	@if [ -f $@ ] && [ ! pyproject.toml -nt $@ ] && [ ! packaging/constraints.txt -nt $@ ]; then exit 0; fi; \
	if [ -z "$(INTERP)" ]; then echo "gsmgw needs Python 3.11, 3.12 or 3.13 (make setup PYTHON=/path/to/python)" >&2; exit 1; fi; \
	$(INTERP) packaging/environment.py $(VENV) $(patsubst .%,%,$(notdir $@))

demo: $(if $(WANTED),interpreter) $(RUNTIME)
	$(BIN)/gsmgw demo

test: setup
	$(BIN)/python -m pytest -n auto -m "not long and not page"

test-page: setup
	$(BIN)/python -m pytest -m page tests/page

test-long: setup
	$(BIN)/python -m pytest -n auto -m long

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/unit/client/user_code.py
	$(BIN)/lint-imports
	$(BIN)/vulture

screenshots: setup
	$(BIN)/python -m tests.pictures

bench: setup
	$(BIN)/python -m tests.bench

storm: setup
	$(BIN)/python -m tests.storm --seconds $(SECONDS)

docs: setup
	$(BIN)/python tests/docs/hardware.py
	$(BIN)/mkdocs build --strict

deb: setup
	@set -e; for suite in $(SUITES); do \
	    $(BIN)/python packaging/build_deb.py --suite $$suite --architecture $(ARCHITECTURE); done

# 77 is a machine that cannot: no root, no mirror. Its reason is printed.
deb-test: setup
	@for suite in $(SUITES); do $(BIN)/python packaging/try_package.py --suite $$suite; \
	    code=$$?; if [ $$code -ne 0 ] && [ $$code -ne 77 ]; then exit $$code; fi; done

# Before a release: what a newcomer types and sees, as the page docs/get-started/first-hour.md shows it.
first-hour: setup
	@$(BIN)/python packaging/first_hour.py --write; code=$$?; [ $$code -eq 0 ] || [ $$code -eq 77 ] || exit $$code

# The app for Home Assistant in dist/home-assistant: copy it to /addons/gsmgw of Home Assistant OS.
home-assistant: setup
	rm -rf dist/home-assistant && mkdir -p dist && cp -r packaging/home-assistant dist/home-assistant
	sed -n 's/^\([a-z0-9-]*==[^ ]*\).*/\1/p' packaging/constraints.txt > dist/home-assistant/versions.txt
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist/home-assistant .

lock: setup
	$(BIN)/python packaging/lock.py

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build
