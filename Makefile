# Everything here needs Python 3.11 or newer with venv, and make. `make deps` adds what the
# browser and the switch need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
installed = $(VENV)/.$(1)-$(shell cksum < $(1).lock | cut -d ' ' -f 1)
RUNTIME := $(call installed,requirements)
DEV := $(call installed,requirements-dev)
PYTEST := $(BIN)/python -m pytest
PORT ?= 8000

.PHONY: help venv demo demo-check test test-browser test-switch test-long bench lint types migrations deps lock
help:
	@echo "make demo          the portal with sample data (PORT=$(PORT)); Ctrl-C ends it"
	@echo "make test          the fast tests; no service needs to run"
	@echo "make deps          Debian's packages for the next three (root or sudo)"
	@echo "make test-browser  the pages in Chromium"
	@echo "make test-switch   calls through Kamailio"
	@echo "make bench         authorisations a second, pages at two sizes"
	@echo "make test-long     what takes minutes"
	@echo "make lint types    ruff, djLint, import-linter; mypy"
	@echo "make lock          the requirements' exact versions, anew"

demo: $(RUNTIME)
	@$(BIN)/python manage.py demo --port $(PORT)

demo-check: $(RUNTIME)
	@$(BIN)/python manage.py demo --port $(PORT) --check

venv: $(DEV)

test: $(DEV)
	$(PYTEST) -n 2

test-browser: $(DEV)
	$(PYTEST) tests/browser

test-switch: $(DEV)
	$(PYTEST) tests/switch

test-long: $(DEV)
	$(PYTEST) -n 2 tests/long

bench: $(DEV)
	$(PYTEST) -q -s tests/benchmarks

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	PYTHONPATH=. $(BIN)/lint-imports

types: $(DEV)
	$(BIN)/mypy

migrations: $(DEV)
	$(BIN)/python manage.py makemigrations --check

deps:
	deploy/deps.sh

lock: $(DEV)
	$(BIN)/uv pip compile --quiet --custom-compile-command "make lock" \
		requirements.in --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --custom-compile-command "make lock" \
		--constraints requirements.lock requirements-dev.in --output-file requirements-dev.lock

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

# The stamp's name is the lock's checksum: another lock installs anew, whatever the clock says.
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r

$(RUNTIME): | $(BIN)/python
	$(install) requirements.lock
	@touch $@

$(DEV): | $(BIN)/python
	$(install) requirements-dev.lock
	@touch $@
