# What a person types. `make` alone says what there is. Written for GNU make 3.81, which macOS ships.

SHELL := /bin/bash
BIN := .venv/bin
SERVES := .venv/.serves
STAMP := .venv/.installed
# Whole files, because what a file shares is dear to set up. Four processes even on two cores, since
# a third of the time tests wait: for processes that they start, for a browser, for deadlines.
PYTEST := --numprocesses=4 --dist=loadfile
# Compiled before the tests, which start hundreds of processes: Python may be told to keep nothing.
# pytest compiles files of tests itself, in its own way.
ROOMS := app.py admin cli config delivery fake_upstream manage migrations models proxy server setup telemetry tests web
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' pyproject.toml

# The first interpreter that is new enough; `make install PYTHON=…` names another. Looked for from
# outside, because .python-version speaks to platforms and would stop a pyenv that has another.
PYTHON ?= $(shell cd / && for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11) or print(sys.executable))' \
	2>/dev/null && break; done)

.DEFAULT_GOAL := help
.PHONY: help install runtime run demo test coverage check check-format check-types check-imports format lock docs \
	interop screenshots bench fuzz readme clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## Create .venv with everything the other targets need

runtime: $(SERVES) ## Create .venv with what serving needs, and no development tools

# Two stamps: what serving needs is a fifth of what the other targets do.
$(SERVES): requirements.txt
	@echo "Installing what serving needs into .venv, about a minute."
	@./install.sh "$(PYTHON)" requirements.txt
	@touch $@

$(STAMP): requirements.txt requirements-dev.txt pyproject.toml
	@echo "Installing everything for development into .venv, about a minute."
	@./install.sh "$(PYTHON)" requirements-dev.txt
	@# Tests build wheels with pip, which uv leaves out.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@touch $(SERVES) $@

# exec: a Ctrl-C or SIGTERM reaches the server itself, whose exit code make reports.
run: $(SERVES) ## Serve http://127.0.0.1:8080
	@echo "Starting LLM Proxy. Ctrl-C ends it."
	@exec $(BIN)/llm-proxy serve

demo: $(SERVES) ## As run, offline, with a fake upstream, a project and a token
	@echo "Starting LLM Proxy with a fake upstream in place of OpenAI. Ctrl-C ends it."
	@exec $(BIN)/llm-proxy demo

test: $(STAMP) ## Every test
	@tests/browser/install.sh
	@$(BIN)/python -m compileall -q -j 0 -x '/test_[^/]*$$' $(ROOMS)
	$(BIN)/python -m pytest $(PYTEST)

# Every process is measured, those that the tests start as well.
coverage: $(STAMP) ## Every test, and how much of the code they reach
	@tests/browser/install.sh
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PYTEST)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95
	@$(BIN)/coverage report --fail-under=95 --include='proxy/*' --format=total

check: check-format check-types check-imports ## Format, lint, types, import rules

check-format: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

check-types: $(STAMP)
	$(BIN)/mypy

check-imports: $(STAMP)
	$(BIN)/lint-imports

format: $(STAMP) ## Format, and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Newer versions within the ranges: make lock UPGRADE=--upgrade
lock: $(STAMP) ## Pin the ranges of pyproject.toml, with hashes
	$(UV_COMPILE) $(UPGRADE) --output-file requirements.txt
	$(UV_COMPILE) $(UPGRADE) --group dev --constraints requirements.txt --output-file requirements-dev.txt

docs: $(STAMP) ## Write .env.example and the pages of docs/ that are made from code anew
	$(BIN)/python -m docs.generate

interop: $(STAMP) ## Try others' servers, clients and prices, which are installed for it
	@test -d .venv-interop || $(BIN)/uv venv --quiet .venv-interop
	$(BIN)/uv pip install --quiet --python .venv-interop --group interop
	.venv-interop/bin/python -m tests.interop.litellm_prices
	$(BIN)/python -m pytest -v --tb=short tests/interop/check_servers.py tests/interop/check_clients.py \
		tests/interop/check_provider_sdks.py tests/interop/check_tokenizers.py \
		tests/interop/check_deployment.py tests/interop/check_tools.py tests/interop/check_snippets.py

# In a minute: make bench ARGS=--quick. All options: make bench ARGS=--help
screenshots: $(STAMP) ## Write docs/images anew, from a service full of made-up use
	@tests/browser/install.sh
	$(BIN)/python -m tests.browser.screenshots

bench: $(STAMP) ## The benchmark table
	@$(BIN)/python -m benchmarks $(ARGS)

# All options: make fuzz ARGS=--help
fuzz: $(STAMP) ## Messages made at random for everything that reads what others wrote
	@$(BIN)/python -m tests.fuzz $(ARGS)

# On another port than the README says: make readme ARGS='--port 18080'
readme: $(STAMP) ## The README from a clean clone, each command and its output
	@$(BIN)/python -m tests.readme.play $(ARGS)

clean: ## Remove what was built or cached (not data/)
	rm -rf .venv .venv-interop .interop build dist *.egg-info .coverage .coverage.* htmlcov \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
