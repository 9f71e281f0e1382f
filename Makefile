# The commands of a working day. `make demo` and `make test` need Python 3.11-3.13, git and make, and nothing else.
# The first Python on the path that we support.
PYTHON ?= $(or $(shell for p in python3 python3.12 python3.13 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done),$(error Townclerk needs Python 3.11, 3.12 or 3.13 on the path))
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet --upgrade
# Without bytecode every command compiles all it imports anew: a second of its start, where Python
# may not write it (PYTHONDONTWRITEBYTECODE, a read-only folder). pip would have compiled it, too.
BYTECODE := $(BIN)/python -m compileall -q $(VENV)/lib schemas connectors registry flows townclerk

.PHONY: demo up test lint wheel-test bench conformance chaos docs lock

demo: $(VENV)/.run
	@$(BIN)/townclerk demo $(ARGS)

up: $(VENV)/.run
	@$(BIN)/townclerk up $(ARGS)

# pytest writes assertions anew in every test file, ten seconds in each process, and may keep them.
test: $(VENV)/.dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest tests -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The wheel as a stranger installs it: newest versions the metadata allows, nothing from the lock.
wheel-test: $(VENV)/.dev
	$(BIN)/python tools/wheel_test.py

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(ARGS)

# Other people's judges: audits and reference data that are fetched, not shipped; then what `make test`
# left out, such as each test on the other kind of database server.
conformance: $(VENV)/.dev
	TOWNCLERK_CONFORMANCE=1 $(BIN)/python -m pytest tests/conformance -m "" $(ARGS)
	$(BIN)/python -m pytest tests -m heavy --ignore tests/conformance --ignore tests/chaos -n 3 --dist loadfile

# Kills, cuts and hostile sources, for many minutes; on this machine alone.
chaos: $(VENV)/.dev
	$(BIN)/python -m pytest tests/chaos -m "" $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python tools/write_docs.py
	$(BIN)/python tools/write_schema.py

lock: $(VENV)/bin/uv
	$(COMPILE) pyproject.toml -o requirements/run.lock
	$(COMPILE) pyproject.toml --group dev -c requirements/run.lock -o requirements/dev.lock

# One uv, pinned by hash, installs everything else by hash; see docs/decisions/0004.
$(VENV)/bin/uv: requirements/bootstrap.lock
	@$(PYTHON) -m venv $(VENV) >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock >&2
	@touch $@

$(VENV)/.run: $(VENV)/bin/uv requirements/run.lock pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.lock >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . >&2
	@$(BYTECODE) >&2 || true
	@touch $@

$(VENV)/.dev: $(VENV)/bin/uv requirements/dev.lock pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . >&2
	@$(BYTECODE) >&2 || true
	@touch $@ $(VENV)/.run
