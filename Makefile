# The commands of a working day. `make demo` and `make test` need Python 3.11-3.13, git and make, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo up test lint bench docs lock clean

demo: $(VENV)/.run
	@$(BIN)/townclerk demo $(ARGS)

up: $(VENV)/.run
	@$(BIN)/townclerk up $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest tests $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# One uv, pinned by hash, installs everything else by hash; see docs/decisions/0004.
$(VENV)/bin/uv: requirements/bootstrap.lock
	@$(PYTHON) -m venv $(VENV) >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock >&2
	@touch $@

$(VENV)/.run: $(VENV)/bin/uv requirements/run.lock pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/run.lock >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . >&2
	@touch $@

$(VENV)/.dev: $(VENV)/bin/uv requirements/dev.lock pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . >&2
	@touch $@ $(VENV)/.run
