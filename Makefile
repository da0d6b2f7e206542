.DEFAULT_GOAL := help
BRIEF ?= ocean energy with fish, flowing bands of blue and turquoise
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest -q
# Tests with servers wait much of their time: one worker more than cores, each with servers of its own, begin with the
# longest of them. They set up logging and metrics for their process, so tests that look at those run in another.
SIDE_BY_SIDE := $(PYTEST) -n $(shell expr 1 + $$(nproc)) --dist loadfile --no-loadscope-reorder
UNIT := tests/simulation tests/unit tests/contract tests/border
LONG := $(addprefix tests/integration/,pipeline stack telemetry cli)
INTEGRATION := $(LONG) $(filter-out $(LONG),$(wildcard tests/integration/*))
BESIDE := $(addprefix beside-,test-unit lint)
E2E := tests/containers tests/browser tests/chaos tests/acceptance
SEEDS ?= 20000
FUZZ ?= 1000000
FUZZ_SEED ?= 1
CODE := contracts chassis services cli sdk deploy tests bench

# Tests start hundreds of interpreters: where the environment forbids bytecode, each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-run bytecode demo up test test-with-servers $(BESIDE) test-unit test-integration test-e2e lint \
	format docs lock audit soak fuzz chaos drill drill-all pods bench bench-quick bench-growth bench-pipeline bench-page \
	bench-pictures bench-gateway bench-idle abuse bench-scaling gallery clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-16s %s\n", $$1, $$2 }'

setup: # everything that tests, linters and generators need
	@deploy/local/setup.sh dev

setup-run: # what the studio itself needs, a third of it
	@deploy/local/setup.sh run

demo: setup-run ## one brief through the whole pipeline, results in out/demo/ (BRIEF="..." for another)
	@$(PYTHON) -m studio_local demo --brief "$$BRIEF"
demo: export BRIEF := $(BRIEF)

up: setup-run ## run the stack until Ctrl-C (STUDIO_GATEWAY_PORT, by default 8080); UP=--exit-on-failure ends it when a service dies
	@$(PYTHON) -m studio_local up $(UP)

# Where Python is told to write no bytecode, each of the two hundred processes of the tests would compile our modules.
bytecode: setup
	@$(PYTHON) -m compileall -q contracts chassis services deploy cli sdk

# Tests with servers wait a third of their time: what needs no server takes that time, with less priority, and shows its
# output when it ends.
test: setup bytecode ## lint and every test
	@echo "Beside the tests with servers run test-unit and lint: out/logs/{test-unit,lint}.log"
	@$(MAKE) --no-print-directory --keep-going --jobs=3 test-with-servers $(BESIDE)

test-with-servers:
	@$(SIDE_BY_SIDE) $(E2E) $(INTEGRATION)

$(BESIDE): beside-%:
	@mkdir -p out/logs
	@nice -n 5 $(MAKE) --no-print-directory $* >out/logs/$*.log 2>&1; status=$$?; \
	printf '\n== %s\n' $*; cat out/logs/$*.log; exit $$status

test-unit: setup ## tests that need no server: a few minutes, in parallel
	@$(PYTEST) -n auto --dist worksteal $(UNIT)

test-integration: setup bytecode ## tests on a real broker and database
	@$(SIDE_BY_SIDE) $(INTEGRATION)

test-e2e: setup bytecode ## tests of whole systems: processes killed, a browser, containers, the demo
	@$(SIDE_BY_SIDE) $(E2E)

chaos: setup ## 200 jobs while everything is killed, cut off and lost, on real processes
	@STUDIO_CHAOS_JOBS=$${STUDIO_CHAOS_JOBS:-200} $(PYTEST) -s --timeout=3600 tests/chaos

drill: setup ## stage a fault, see who names it, mend it by its runbook, write it down (FAULT=name; any of them without it)
	@$(PYTHON) tests/chaos/drill.py $(FAULT)

drill-all: setup ## every command of the runbooks on a healthy studio, then each fault in turn: an hour, every night
	@$(PYTHON) tests/chaos/drill.py --walk
	@$(PYTHON) tests/chaos/drill.py --all

pods: setup ## the local overlay as real pods on two nodes of this machine (root; deploy/kubernetes/README.md says what else)
	@PYTHON=$(PYTHON) tests/pods/run.sh

soak: setup ## the deterministic simulation for as many seeds as asked (SEEDS=20000)
	@$(PYTHON) tests/simulation/run.py --seeds $(SEEDS) --workers $$(nproc)

fuzz: setup ## a million inputs to everything that reads foreign bytes, in parallel (FUZZ=1000000, FUZZ_SEED=1)
	@$(PYTHON) tests/border/fuzz/fuzz.py --inputs $(FUZZ) --seed $(FUZZ_SEED) --workers $$(nproc)

lint: setup ## linters for Python, import rules, JavaScript, CSS, shell and YAML
	@.venv/bin/ruff check $(CODE)
	@.venv/bin/ruff format --check $(CODE)
	@.venv/bin/mypy $(CODE)
	@.venv/bin/lint-imports
	@.venv/bin/biome lint --error-on-warnings --log-level=warn
	@.venv/bin/shellcheck --severity=warning .ci/run $$(find deploy tests -name '*.sh' -not -path '*/.studio/*')
	@.venv/bin/yamllint --strict deploy tests .github .pre-commit-config.yaml

format: setup ## rewrite the code in the common style
	@.venv/bin/ruff format $(CODE)
	@.venv/bin/ruff check --fix $(CODE)

docs: setup ## write the generated documents again (docs/api, docs/settings.md, docs/metrics.md, docs/scaling.md)
	@$(PYTHON) docs/generate.py
	@$(PYTHON) docs/licences.py

lock: setup ## pin all dependencies again (requirements.lock, requirements-dev.lock)
	@deploy/local/lock.sh

bench: setup ## the studio beside FastStream and Celery, into docs/benchmarks.md; fails when a target is missed (half an hour)
	@$(PYTHON) bench/compare.py

bench-quick: setup ## the same in five minutes, into .studio/compare/quick.md
	@$(PYTHON) bench/compare.py --rounds 1 --jobs 16 --pictures 3 --kills 0 --report .studio/compare/quick.md

bench-growth: setup ## jobs per second and p99 by backlog, collection, workers, pictures, watchers, into docs/growth.md (20 minutes)
	@$(PYTHON) bench/growth.py

bench-pipeline: setup ## jobs per second, time added by us, share of each stage
	@$(PYTHON) bench/pipeline.py

bench-gateway: setup ## requests per second and what 200 watchers cost
	@$(PYTHON) bench/gateway.py

bench-idle: setup ## memory and CPU of the stack while nothing happens, and how long a start and a stop take
	@$(PYTHON) bench/idle.py

abuse: setup ## what another client notices while thousands of connections, bodies and streams are held
	@$(PYTHON) bench/abuse.py

bench-scaling: setup ## cost of a job, and jobs per second with 1, 2 and 4 postprocess replicas
	@$(PYTHON) bench/scaling.py

bench-page: setup ## first paint and bytes of the page, a recolour, a list of 200 jobs
	@$(PYTHON) bench/page.py

bench-pictures: setup ## pixel work: stencil, clamp, measures
	@$(PYTHON) bench/pictures.py

gallery: setup ## each strategy from stencil to installable surface, in out/gallery/
	@$(PYTHON) bench/gallery.py

audit: setup ## look for advisories about the pinned packages; says so where they cannot be reached
	@$(PYTHON) deploy/audit.py

clean: ## remove the environment, all data and all results
	rm -rf .venv .studio out
