.DEFAULT_GOAL := help
BRIEF ?= ocean energy with fish, flowing bands of blue and turquoise
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest -q
FAST := tests/unit tests/contract tests/simulation
SERVED := tests/integration
APART := tests/chaos tests/browser tests/containers tests/acceptance
SEEDS ?= 20000
CODE := contracts chassis services cli deploy tests bench

.PHONY: help setup demo up test test-served test-apart lint format docs lock soak chaos bench-pipeline bench-pictures bench-gateway \
	bench-scaling gallery clean

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
	$(PYTEST) -n auto --dist worksteal $(FAST) || status=1; \
	echo "Now $(SERVED) beside $(APART), each with servers of its own; told when done."; \
	$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync test-served test-apart || status=1; \
	exit $$status

test-served:
	@$(PYTEST) $(SERVED)

test-apart:
	@$(PYTEST) $(APART)

chaos: setup ## 200 jobs while everything is killed, cut off and lost, on real processes
	@STUDIO_CHAOS_JOBS=$${STUDIO_CHAOS_JOBS:-200} $(PYTEST) -s --timeout=3600 tests/chaos

soak: setup ## the deterministic simulation for as many seeds as asked (SEEDS=20000)
	@$(PYTHON) tests/simulation/run.py --seeds $(SEEDS) --workers $$(nproc)

lint: setup ## ruff, mypy, import rules
	@.venv/bin/ruff check $(CODE)
	@.venv/bin/ruff format --check $(CODE)
	@.venv/bin/mypy $(CODE)
	@.venv/bin/lint-imports

format: setup ## rewrite the code in the common style
	@.venv/bin/ruff format $(CODE)
	@.venv/bin/ruff check --fix $(CODE)

docs: setup ## write the generated documents again (docs/api, docs/settings.md, docs/metrics.md)
	@$(PYTHON) docs/generate.py

lock: setup ## pin all dependencies again (requirements.lock)
	@deploy/local/lock.sh

bench-pipeline: setup ## jobs per second, time added by us, share of each stage
	@$(PYTHON) bench/pipeline.py

bench-gateway: setup ## requests per second and what 200 watchers cost
	@$(PYTHON) bench/gateway.py

bench-scaling: setup ## cost of a job, and jobs per second with 1, 2 and 4 postprocess replicas
	@$(PYTHON) bench/scaling.py

bench-pictures: setup ## pixel work: stencil, clamp, measures
	@$(PYTHON) bench/pictures.py

gallery: setup ## each strategy from stencil to installable surface, in out/gallery/
	@$(PYTHON) bench/gallery.py

clean: ## remove the environment, all data and all results
	rm -rf .venv .studio out
