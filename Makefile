# Everything starts from a machine with python3 >= 3.11 and make: the rest is made in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
FIND_CHROMIUM := command -v chromium || command -v chromium-browser || command -v google-chrome
MUSTER_OPTIONS ?=
LOAD ?= rush
CHAOS ?=
HOUR ?=
VISIBLE ?=
SOAK ?=
KILL ?=
STRESS ?=

.DEFAULT_GOAL := help
.PHONY: help up test properties lint format lock texts bench load hour visible chaos reset clean chromium teeth bench-gateway soak-gateway kill-gateway stress

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(VENV)/ready-local ## Run everything here, with a database of its own (MUSTER_OPTIONS="--api-port 8010")
	@exec $(BIN)/muster up $(MUSTER_OPTIONS)

test: $(VENV)/ready-dev chromium ## Run all tests, with real PostgreSQL, Valkey and Chromium
	@if { $(FIND_CHROMIUM); } >/dev/null; then $(BIN)/pytest; else $(BIN)/pytest -m "not browser"; fi

properties: $(VENV)/ready-dev ## Run the property tests long: 10,000 examples each
	MUSTER_LONG=1 $(BIN)/pytest -q tests/domain tests/workers/test_presence.py tests/workers/test_export_memory.py

lint: $(VENV)/ready-dev ## Check style, types and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/ready-dev ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

texts: $(VENV)/ready-dev ## Bring the catalogues of other languages up to date with what pages say
	$(BIN)/python -m deploy.texts

bench: $(VENV)/ready-dev ## Measure throughput, side by side with the alternatives, and how costs grow
	$(BIN)/python -m loadtests.bench

bench-gateway: $(VENV)/ready-dev ## Measure the gateway beside others doing the same work (twenty minutes)
	$(BIN)/python -m loadtests.gateway

soak-gateway: $(VENV)/ready-dev ## Hold 20,000 present sockets over two gateways for five minutes
	$(BIN)/python -m loadtests.gateway.soak $(SOAK)

kill-gateway: $(VENV)/ready-dev ## Kill one of two gateways under a thousand people, and judge (KILL="--seed 7")
	$(BIN)/python -m loadtests.gateway.kill $(KILL)

stress: $(VENV)/ready-dev ## Play everything that can go wrong against two gateways (STRESS="--seed 7")
	$(BIN)/python -m tests.gateway.stress $(STRESS)

load: $(VENV)/ready-dev ## Simulate a campus hour change and judge it (LOAD="mixed --students 5000")
	@$(BIN)/muster loadtest $(LOAD)

hour: $(VENV)/ready-dev ## 10,000 students connect and check in within a minute, judged (HOUR="--students 1000")
	@$(BIN)/python -m loadtests.hour $(HOUR)

visible: $(VENV)/ready-dev ## From accepted to visible, at 3,000 events a second (VISIBLE="--rate 1000")
	@$(BIN)/python -m loadtests.visible $(VISIBLE)

chaos: $(VENV)/ready-dev ## Kill everything under load and prove that nothing is lost (CHAOS="--seed 1 --minutes 5")
	@$(BIN)/python -m loadtests.chaos $(CHAOS)

teeth: $(VENV)/ready-dev ## Plant faults one by one: does a test notice each? (takes minutes)
	$(BIN)/python -m tests.teeth

reset: $(VENV)/ready-local ## Delete the data of `make up` (asks first)
	@$(BIN)/muster reset

clean: ## Delete .venv and what tools left behind; keeps data
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- dependencies -----------------------------------------------------------------------------------

COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --quiet pyproject.toml

lock: ## Resolve the dependencies anew into requirements/ (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 69; }
	$(COMPILE) -o requirements/runtime.txt
	$(COMPILE) --extra local -o requirements/local.txt
	$(COMPILE) --extra dev -o requirements/dev.txt

# A venv without pip (Debian without python3-venv) would be taken for a good one the next time.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Muster needs Python 3.11 or newer, $(PYTHON) is older: make PYTHON=python3.12 …" >&2; exit 69; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "could not make $(VENV); on Debian: apt install python3-venv" >&2; exit 69; }

# The stamps make a second call instant. Hashes pin what is installed; the project itself is editable.
$(VENV)/ready-%: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing the dependencies of requirements/$*.txt"
	@$(PIP) install --quiet --require-hashes -r requirements/$*.txt
	@$(PIP) install --quiet --no-deps -e .
	@touch $@

# Debian's package; nothing else is ever downloaded for the browser tests.
chromium:
	@if { $(FIND_CHROMIUM); } >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0; \
	fi; \
	printf '%s\n' \
		"*********************************************************************" \
		"* No Chromium: the tests marked \`browser\` are LEFT OUT.             *" \
		"* Install it (Debian: apt install chromium) and run this again.     *" \
		"*********************************************************************" >&2
