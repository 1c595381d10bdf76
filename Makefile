# One command to see it work, one to set up, one to check, one to test. The same ones run in CI.
#
#   make demo        the whole lifecycle on a small real table, then a prediction from the released model
#   make setup       a development environment
#   make check       lint, types, layers, sizes, documentation
#   make test        all tests, the fast ones first
#   make test-fast   the tests that take no more than a fifth of a second each
#   make bench       how fast things are; no test depends on it
#   make bench-peers  environments of the systems that benchmarks/tabular compares with (gigabytes)
#   make soak        the long proofs of the live loop: load, kills, alarms (about an hour)

VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# Tests of whole programs, servers and clusters, which would be in each other's way.
ALONE := tests/journeys tests/live/process tests/models/cluster
# The first of these that is Python 3.11 or newer makes the environment; PYTHON=... picks another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Bytecode is kept, whatever the environment says, and made once before tests: they start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo setup check format reference test test-fast bench bench-peers soak clean

demo: $(VENV)/.base
	@$(BIN)/python tools/demo.py

setup: $(VENV)/.dev

# The stamps are renewed when a pin or a dependency changes, and only after the install has succeeded.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "modelwright needs Python 3.11 or newer; set PYTHON=/path/to/it" >&2; exit 2; }
	@echo "creating $(VENV) with $(PYTHON)" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.base: constraints.txt pyproject.toml | $(BIN)/python
	@echo "installing modelwright into $(VENV) from constraints.txt" >&2
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: constraints.txt pyproject.toml | $(BIN)/python
	@echo "installing modelwright and its development tools into $(VENV) from constraints.txt" >&2
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.base $@

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python tools/check_sizes.py
	$(BIN)/python tools/check_docs.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

reference: $(VENV)/.dev
	$(BIN)/python tools/make_reference.py

# All groups run, whatever fails in one of them: whoever reads the log of a machine far away sees everything at
# once. The groups that failed are named at the end, and make ends with an error.
GROUPS := fast medium slow alone
fast := -m "not slow and not medium" -n $(WORKERS)
medium := -m "medium and not slow" -n $(WORKERS)
slow := -m slow -n $(WORKERS) --dist loadfile $(ALONE:%=--ignore=%)
alone := -m slow $(ALONE)

test: $(VENV)/.dev
	@$(BIN)/python -m compileall -q -j $(WORKERS) src
	@trap 'exit 130' INT; failed=; \
	$(foreach group,$(GROUPS),echo "pytest $(subst ",,$($(group)))"; began=$$(date +%s); \
	$(BIN)/python -m pytest $($(group)) || failed="$$failed $(group)"; \
	echo "tests $(group): $$(($$(date +%s) - began)) s";) \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

test-fast: $(VENV)/.dev
	@$(BIN)/python -m compileall -q -j $(WORKERS) src
	$(BIN)/python -m pytest $(fast)

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/runtime.py
	$(BIN)/python benchmarks/predict_file.py
	$(BIN)/python benchmarks/run.py

bench-peers: $(VENV)/.dev
	$(BIN)/python benchmarks/tabular/peers.py

soak: $(VENV)/.dev
	$(BIN)/python benchmarks/soak/kills.py
	$(BIN)/python benchmarks/soak/soak.py
	$(BIN)/python benchmarks/drift/run.py

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
