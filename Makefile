# `make test` and `make demo` are all a user needs. Both set up .venv by themselves.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 4

.PHONY: help test demo lint types bench clean

help:
	@echo "make test   run the tests"
	@echo "make demo   trade half a minute on a local venue (ARGS=\"--seconds 10\")"
	@echo "make lint   ruff;  make types   mypy;  make bench   benchmarks;  make clean"

# Most tests wait for sockets: more processes than cores are of use. A file stays in one process.
test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

demo: $(STAMP)
	$(BIN)/paradex-nt demo $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

bench: $(STAMP)
	@for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV)

# The first interpreter in range; a name may exist and still not run (pyenv's shims).
$(STAMP): pyproject.toml
	@for candidate in python3.12 python3.13 python3; do \
	    if $$candidate -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))' \
	        2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "No Python 3.12 or 3.13 found (looked for python3.12, python3.13, python3): install one and run make again." >&2; \
	    exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$($$python --version) ..."; \
	$$python -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
