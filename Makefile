# Every target sets up what it needs. Paths are relative throughout, so that a checkout path may hold spaces.

PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python .venv/bin/python; do \
	"$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo "$$candidate"; break; }; done)
VENV := .venv
RUN := $(VENV)/bin/python -m

.PHONY: run test test-whole setup build train describe lint types bench report torture api lock audit licences container-check clean help to-run to-develop
.DEFAULT_GOAL := help

run: to-run ## build what is missing, then serve the dashboard on http://localhost:8501
	@exec $(RUN) scripts.serve $(ARGS)

test: lint types ## lint, type check and all tests
	@$(RUN) pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

test-whole: to-develop ## all tests, those that draw many cases at their full length
	@SCOREROOM_WHOLE_TESTS=1 $(RUN) pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

setup: to-run ## make .venv and install requirements.txt

build: to-run ## build the portfolio, the model and the predictions, as far as they are missing or stale
	@$(RUN) scripts.build $(ARGS)

train: to-run ## train a further model: ARGS="--name lean --leave-out COLUMN"; scripts.promote puts one in service
	@$(RUN) scripts.train $(ARGS)

lint: to-develop ## ruff format and check
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .

types: to-develop
	@$(RUN) mypy

describe: to-run ## guess the definition of a table: FILE=table.csv ARGS="--out FOLDER"
	@$(RUN) scripts.describe $(if $(FILE),"$(FILE)") $(ARGS)

bench: to-develop ## measure data, inference, api, start, dashboard, applicant; ARGS="api --seconds 5" measures a part
	@$(RUN) scripts.benchmark $(ARGS)

report: to-run ## write a report: ARGS="--template monthly --out paper.html --out paper.xlsx"
	@$(RUN) scripts.report $(ARGS)

torture: to-develop ## attack everything for an hour and print the figures; ARGS="service --requests 500" runs a part
	@$(RUN) scripts.torture $(ARGS)

api: to-run ## the scoring service on http://localhost:8000
	@exec $(RUN) scripts.serve_api $(ARGS)

lock: to-develop ## renew requirements.txt and requirements-dev.txt from pyproject.toml; ARGS=--keep renews only what must be
	@$(RUN) scripts.lock $(ARGS)

audit: to-run ## ask the OSV database for known vulnerabilities of everything that the locks name
	@$(RUN) scripts.audit $(ARGS)

licences: to-run ## list the licence of everything that is installed
	@$(RUN) scripts.licences $(ARGS)

container-check: to-run ## run the Containerfile's steps in plain Debian roots; as root, with debootstrap
	@$(RUN) scripts.container_check $(ARGS)

clean: ## remove everything that was built; what was dropped into data/raw stays
	@rm -rf -- $(VENV) data/processed inference/artifacts

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Does nothing where .venv holds the lock already; one to develop in is also one to run in.
to-run to-develop: to-%:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found; install one or run 'make PYTHON=/path/to/python ...'." >&2; exit 2; }
	@"$(PYTHON)" -m scripts.install --venv $(VENV) $*
