# Two commands on a fresh machine with Python ≥ 3.11 and make: `make demo` and `make test`.  `make help` lists the rest.
PYTHON ?= python3
RUN := .venv/bin
ARGS ?=

.PHONY: help demo test check format soak bench setup setup-dev clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: ## environment, packages and web assets to run
	@$(PYTHON) tools/setup.py

setup-dev: ## the same, with what development needs
	@$(PYTHON) tools/setup.py --dev

demo: setup ## a whole region on this machine (ARGS="--port 9000 --women 60")
	@$(RUN)/babyconnect demo $(ARGS)

check: setup-dev ## formatting, lint, types, import rules
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

test: setup-dev check ## everything that must pass before a change lands
	$(RUN)/pytest $(ARGS)

format: setup-dev ## put the code in shape
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

soak: setup-dev ## the long runs, about an hour (ARGS="consent log": these parts; --missing: what did not pass yet); docs/soak.txt
	@$(RUN)/python tools/soak.py $(ARGS)

bench: setup-dev ## benchmarks, as ratios against a peer measured in the same run
	$(RUN)/python -m benchmarks

clean: ## remove what set-up made
	rm -rf .venv .demo src/babyconnect/web/assets
