.DEFAULT_GOAL := help
BRIEF ?= ocean energy with fish, flowing bands of blue and turquoise
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest -q
FAST := tests/unit tests/contract
SLOW := tests/integration tests/acceptance
CODE := contracts chassis services deploy tests bench

.PHONY: help setup demo up test lint format lock bench-pipeline bench-pictures gallery clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-16s %s\n", $$1, $$2 }'

setup:
	@deploy/local/setup.sh

demo: setup ## one brief through the whole pipeline, results in out/demo/ (BRIEF="..." for another)
	@$(PYTHON) -m studio_local demo --brief "$$BRIEF"
demo: export BRIEF := $(BRIEF)

up: setup ## run the stack until Ctrl-C (STUDIO_GATEWAY_PORT, by default 8080)
	@$(PYTHON) -m studio_local up

test: lint ## lint and every test
	@status=0; \
	$(PYTEST) -n auto --dist loadfile $(FAST) || status=1; \
	$(PYTEST) $(SLOW) || status=1; \
	exit $$status

lint: setup ## ruff, mypy, import rules
	@.venv/bin/ruff check $(CODE)
	@.venv/bin/ruff format --check $(CODE)
	@.venv/bin/mypy $(CODE)
	@.venv/bin/lint-imports

format: setup ## rewrite the code in the common style
	@.venv/bin/ruff format $(CODE)
	@.venv/bin/ruff check --fix $(CODE)

lock: setup ## pin all dependencies again (requirements.lock)
	@deploy/local/lock.sh

bench-pipeline: setup ## jobs per second, time added by us, share of each stage
	@$(PYTHON) bench/pipeline.py

bench-pictures: setup ## pixel work: stencil, clamp, measures
	@$(PYTHON) bench/pictures.py

gallery: setup ## a picture of every strategy and rank, in out/gallery/
	@$(PYTHON) bench/gallery.py

clean: ## remove the environment, all data and all results
	rm -rf .venv .studio out
