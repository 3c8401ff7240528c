# Everything a person runs. A bare machine needs git, make, Python 3.11-3.13 and pip.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# without its bytecode each of a night's processes compiles Airflow, dbt and siyu again
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BOOTSTRAP := .make/uv
# uv where it is, else the one that pip put beside us
UV := $(shell command -v uv 2>/dev/null || echo $(BOOTSTRAP)/bin/uv)
BIN := .venv/bin
DEMO := .siyu/demo
# one more than the two cores it is meant for: some tests wait for an Airflow of their own
TEST_WORKERS ?= 3
# some of the long ones wait for an Airflow of their own; four keep both cores busy
SOAK_WORKERS ?= 4
RUNS ?= 50

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: $(UV) ## Install what the lock names into .venv
	@$(UV) sync --locked --quiet --compile-bytecode || { echo "setup: uv could not install from the lock (its words are above). siyu needs Python 3.11, 3.12 or 3.13; on Debian: apt-get install python3.11" >&2; exit 1; }

$(BOOTSTRAP)/bin/uv:
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo "setup: $(PYTHON) has no pip; on Debian: apt-get install python3-pip" >&2; exit 1; }
	@echo "setup: uv is not here, installing it with pip into $(BOOTSTRAP)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
		$${SSL_CERT_FILE:+--cert "$$SSL_CERT_FILE"} --target $(BOOTSTRAP) uv

.PHONY: run
run: setup ## Three nights of a simulated brand, from the APIs of its platforms to published marts
	@rm -rf $(DEMO)
	@$(BIN)/siyu sandbox world $(DEMO)/world --size S --from 2026-03-01 --to 2026-06-30
	@$(BIN)/siyu sandbox nights $(DEMO)/world --nights 3 --home $(DEMO)/home

.PHONY: browser
browser: # the tests of the report drive a real one
	@command -v chromium >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "test: installing chromium" \
			&& apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| { echo "test: there is no chromium here; on Debian: sudo apt-get install chromium" >&2; exit 1; }

.PHONY: test
test: browser check ## Every check and test
	@$(BIN)/pytest -n $(TEST_WORKERS)

.PHONY: soak
soak: browser setup ## The tests that take minutes each, every property with its full count; figures go to docs/
	@SIYU_SOAK=1 $(BIN)/pytest -v --durations 60 -n $(SOAK_WORKERS) --timeout 2400 --no-loadscope-reorder -m "soak or hypothesis or measures" --junitxml=.siyu/soak.xml
	@$(BIN)/python -m docs.guarantees .siyu/soak.xml
	@$(BIN)/python -m docs.generate

.PHONY: flakes
flakes: setup ## Each quick test of a guarantee RUNS times (50)
	@$(BIN)/pytest -v -n $(TEST_WORKERS) --dist worksteal --count $(RUNS) --timeout 1200 \
		-o tmp_path_retention_policy=failed -m "guarantee and not soak"

.PHONY: check
check: setup ## Lint, types, conventions, imports, fresh lock
	@$(MAKE) --no-print-directory --keep-going -j2 check-python check-dbt check-docs

# dbt parses once for the lint, the pages and the tests, which keep what it made there
check-dbt check-docs: export XDG_CACHE_HOME := $(CURDIR)/.siyu/cache

.PHONY: check-dbt
check-dbt:
	@$(BIN)/python -m tests.check_dbt

.PHONY: check-python
check-python:
	@$(UV) lock --check --quiet
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/yamllint --strict .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy

.PHONY: check-docs
check-docs:
	@$(BIN)/python -m docs.generate --check

.PHONY: docs
docs: setup ## Write the generated pages of docs/
	@$(BIN)/python -m docs.generate

.PHONY: site
site: setup ## The documentation as a site in site/: pages, data dictionary, dbt docs, lineage
	@$(BIN)/python -m docs.site

.PHONY: evidence
evidence: setup ## siyu against independent SQL on public data: make evidence DATA=<folder>
	@$(BIN)/python -m tests.evidence.run "$(or $(DATA),$(error DATA=<folder with the public data sets> is missing))"

.PHONY: compose-secrets
compose-secrets: ## Make the secrets of docker-compose.yml that are missing
	@sh docker/make-secrets.sh

.PHONY: clean
clean: ## Remove what make made (not your homes)
	rm -rf .venv .make .pytest_cache .mypy_cache .ruff_cache .hypothesis dbt_project/target dbt_project/logs $(DEMO)
