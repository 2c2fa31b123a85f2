# Everything here works on a machine with Python 3.11+, make and a package registry.
# The first use of any target builds .venv from requirements.lock, hashes checked.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROTO := $(sort $(wildcard proto/medswitch/v1/*.proto))
CODE := $(wildcard switch clients loadtest migrations tests)
PYTEST_ARGS ?= -n 2

.PHONY: demo test loadtest bench bench-quick lint types unit proto lock clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

demo: $(READY)
	@$(BIN)/medswitch demo $(ARGS)

test: lint types unit

# ARGS="kill --seconds 60": see `python -m loadtest --help`.
loadtest: $(READY)
	@$(BIN)/python -m loadtest $(ARGS)

# What a settlement costs beside the bare stack; ARGS="--rounds 3": see `medswitch bench --help`.
bench: $(READY)
	@$(BIN)/python -m loadtest.bench $(ARGS)

bench-quick: $(READY)
	@$(BIN)/python -m loadtest.bench --quick $(ARGS)

lint: $(READY)
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports
	$(if $(PROTO),cd proto && ../$(BIN)/buf lint)

types: $(READY)
	$(BIN)/mypy $(CODE)

unit: $(READY)
	$(BIN)/pytest $(PYTEST_ARGS)

# Stubs are generated for callers; the switch itself registers its methods by hand, over raw bytes.
proto: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -Iproto \
	  --python_out=. --grpc_python_out=. --mypy_out=. --mypy_grpc_out=. $(PROTO)
	touch medswitch/__init__.py medswitch/v1/__init__.py

# Names, versions and hashes; no registry's address.
lock: $(READY)
	$(BIN)/uv pip compile --upgrade --universal --generate-hashes --quiet \
	  --python-version 3.11 --group pyproject.toml:dev pyproject.toml -o requirements.lock

$(READY): requirements.lock pyproject.toml .ci/environment
	@.ci/environment "$(PYTHON)" "$(VENV)"

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
