# Every target sets up what it needs. Paths are relative throughout, so that a checkout path may hold spaces.

PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python; do \
	"$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo "$$candidate"; break; }; done)
VENV := .venv
RUN := $(VENV)/bin/python -m
READY := $(VENV)/.ready
PIP_QUIET := PIP_DISABLE_PIP_VERSION_CHECK=1

.PHONY: run test setup build lint types bench torture api clean help
.DEFAULT_GOAL := help

run: $(READY) ## build what is missing, then serve the dashboard on http://localhost:8501
	@exec $(RUN) scripts.serve $(ARGS)

test: lint types ## lint, type check and all tests
	@$(RUN) pytest -n 2 --dist loadgroup $(ARGS)

setup: $(READY) ## make .venv and install requirements.txt

build: $(READY) ## build the portfolio, the model and the predictions, as far as they are missing or stale
	@$(RUN) scripts.build $(ARGS)

lint: $(READY) ## ruff format and check
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .

types: $(READY)
	@$(RUN) mypy

bench: $(READY) ## measure data, inference, api, start, dashboard, applicant; ARGS="api --seconds 5" measures a part
	@$(RUN) scripts.benchmark $(ARGS)

torture: $(READY) ## attack everything for an hour and print the figures; ARGS="service --requests 500" runs a part
	@$(RUN) scripts.torture $(ARGS)

api: $(READY) ## the scoring service on http://localhost:8000
	@exec $(RUN) scripts.serve_api $(ARGS)

clean: ## remove everything that was built; what was dropped into data/raw stays
	@rm -rf -- $(VENV) data/processed inference/artifacts

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found; install one or run 'make PYTHON=/path/to/python ...'." >&2; exit 2; }
	@echo "Setting up $(VENV) with $(PYTHON); the first time this takes about a minute." >&2
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP_QUIET) $(RUN) pip install --quiet --requirement requirements.txt
	@touch $(READY)
