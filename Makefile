# Every target sets up what it needs in .venv by itself, once, from Python 3.11+ and make alone.
# `make PYTHON=/path/to/python` picks the interpreter.

.DELETE_ON_ERROR:
.PHONY: help demo test lint types docs bench history clean

BIN := .venv/bin
INTERPRETERS := $(if $(PYTHON),"$(PYTHON)",python3.14 python3.13 python3.12 python3.11 python3)

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

# Twice as many workers as processors: many tests wait for the suite to notice that something hangs.
PYTEST = -n $$(( 2 * $$($(BIN)/python -c 'import os; print(os.cpu_count())') )) --dist worksteal

demo: .venv/demo.stamp ## check Starlette and FastAPI against the contract
	$(BIN)/bgspec check starlette fastapi

test: .venv/dev.stamp ## run the tests; where CI is set, the slow ones too, and fail if too little of the code ran
ifdef CI
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
else
	$(BIN)/pytest $(PYTEST) -m "not slow"
endif

lint: .venv/dev.stamp ## look for faults of style and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev.stamp ## check the types with mypy and pyright
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: .venv/dev.stamp ## build the documentation into docs/_build
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build

bench: .venv/dev.stamp ## measure the runner beside Starlette's and others; BENCH="--help" tells how
	$(BIN)/python -m tests.benchmarks $(BENCH)

history: .venv/dev.stamp ## run the suite on old releases of FastAPI and Starlette (needs the package index)
	$(BIN)/python conformance/releases.py $(HISTORY)

clean: ## remove what the other targets made
	rm -rf .venv .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache docs/_build

.venv/demo.stamp: EXTRAS := conformance,starlette,fastapi
.venv/dev.stamp: EXTRAS := dev
.venv/%.stamp: .venv/made.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

# An interpreter may be found and yet be of no use: it is too old, a version manager's shim for one
# that is not there, or Debian's, which comes without ensurepip. So each is asked.
.venv/made.stamp:
	@chosen=; crippled=; \
	for python in $(INTERPRETERS); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then chosen=$$python; break; fi; \
	  crippled=$$python; \
	done; \
	if [ -z "$$chosen" ]; then \
	  if [ -n "$$crippled" ]; then \
	    echo "make: $$crippled has no ensurepip, so it cannot make .venv: install its venv module" \
	      "(on Debian and Ubuntu: apt install python3-venv), or name another with make PYTHON=..."; \
	  else \
	    echo "make: no Python 3.11 or later found (looked for: $(INTERPRETERS));" \
	      "install one, or name one with make PYTHON=/path/to/python"; \
	  fi >&2; \
	  exit 1; \
	fi; \
	echo "making .venv with $$("$$chosen" -VV | head -n 1)"; \
	"$$chosen" -m venv --clear .venv && touch $@
