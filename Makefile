# Two commands: `make repro` runs the pipeline on the bundled sample, `make test` runs the tests.
# Both first make .venv from the locked files, and install system packages where they may (root on Debian).

PYTHON ?= python3
TEST_WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
STAMP := $(VENV)/.installed
LOCKS := requirements-build.lock requirements.lock pyproject.toml

.PHONY: repro test test-engines verify lint install lock clean

repro: install
	hallmark keys init
	dvc repro
	@hallmark books | tail -n +1
	@echo "release/ is ready: hallmark verify release"

test: install
	@sh tools/system-packages.sh browser
	python -m pytest -n $(TEST_WORKERS) --dist loadfile

# The models of others that stage pii can run: transformers and GLiNER with tiny models made there. Installs torch.
test-engines: install
	$(BIN)/python -m pip install --quiet torch transformers gliner
	python -m pytest --override-ini addopts=-q tests/engines

verify: install
	hallmark verify release

lint: install
	ruff check .
	ruff format --check .

install: $(STAMP)

$(STAMP): $(LOCKS)
	@sh tools/system-packages.sh build
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Hallmark needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements-build.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(STAMP)

# Maintainers: resolve pyproject.toml anew. Needs uv.
lock:
	uv lock --quiet
	uv export --quiet --all-extras --group dev --group models --no-emit-project --no-header \
	  --format requirements-txt > requirements.lock
	uv export --quiet --only-group build --no-emit-project --no-header --format requirements-txt \
	  > requirements-build.lock

clean:
	rm -rf $(VENV) data quarantine release metrics runs journal dvc.lock
