# Nothing but Python 3.11 to 3.13 and make is needed. `make demo` and `make test` work on a fresh machine.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TESTS := $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder
SEED ?= 1
KILLS ?= 2000
PG_KILLS ?= 600
LPAR_KILLS ?= 300
VM_KILLS ?= 200
PLAN_RUNS ?= 10000
STORIES ?= 400
SERVER_STORIES ?= 100
FAULTS ?= 10000
ESTATES ?= 100
OUTAGES ?= 10000
HISTORIES ?= 2000
OUTAGES_AT_DOORS ?= 60
CUTS ?= 2000
STOPS ?= 1000

.PHONY: demo test coverage long bench lock clean

demo: $(INSTALLED)
	$(BIN)/drdeck demo

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m store.check_migrations
	$(TESTS)

# All tests once more, with what they cover. It takes a third longer, which is why the suite goes without.
coverage: $(INSTALLED)
	$(TESTS) --cov --cov-report=term:skip-covered --cov-fail-under=90

# Seeded campaigns: make long SEED=7 prints their counts and the seed. Kills, faults and stories take hours together; all
# run, whatever one of them says. KILLS are of runs on remote copy groups, PG_KILLS of runs on protection groups, LPAR_KILLS
# of runs on LPARs, VM_KILLS of runs on replicated VMs. PLAN_RUNS are runs of recovery plans, killed or with a fault. FAULTS
# is the most runs with a fault, of all of them: there are fewer. OUTAGES are stories of automatic failover. STOPS and CUTS
# are of consoles on one PostgreSQL: stopped beyond their lease, and cut off from it.
long: $(INSTALLED)
	wrong=0; \
	$(BIN)/python -m tests.faults.campaign --seed $(SEED) || wrong=1; \
	$(BIN)/python -m pytest -n 2 -m hypothesis --hypothesis-profile=thorough --hypothesis-seed=$(SEED) || wrong=1; \
	$(BIN)/python -m tests.faults.kills --seed $(SEED) --kills $(KILLS) --pg-kills $(PG_KILLS) \
	  --lpar-kills $(LPAR_KILLS) --vm-kills $(VM_KILLS) || wrong=1; \
	$(BIN)/python -m tests.faults.step_faults --seed $(SEED) --trials $(FAULTS) || wrong=1; \
	$(BIN)/python -m tests.faults.plan_campaign --seed $(SEED) --runs $(PLAN_RUNS) || wrong=1; \
	$(BIN)/python -m tests.faults.stories --seed $(SEED) --stories $(STORIES) || wrong=1; \
	$(BIN)/python -m tests.faults.stories --postgres --seed $(SEED) --stories $(SERVER_STORIES) || wrong=1; \
	$(BIN)/python -m tests.app.timetable.year --seed $(SEED) || wrong=1; \
	$(BIN)/python -m tests.faults.pra_trials --seed $(SEED) --estates $(ESTATES) || wrong=1; \
	$(BIN)/python -m tests.faults.store_leases --seed $(SEED) --stops $(STOPS) || wrong=1; \
	$(BIN)/python -m tests.faults.store_cuts --seed $(SEED) --cuts $(CUTS) || wrong=1; \
	$(BIN)/python -m tests.app.capacity.histories --seed $(SEED) --histories $(HISTORIES) || wrong=1; \
	$(BIN)/python -m tests.faults.auto_stories --seed $(SEED) --stories $(OUTAGES) --doors $(OUTAGES_AT_DOORS) || wrong=1; \
	exit $$wrong

# All run, whatever the others say.
bench: $(INSTALLED)
	status=0; for part in sweep failover lpars plans prediction audit transfer screen alerts api; do \
	$(BIN)/python -m tests.benchmarks.$$part || status=1; done; exit $$status

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"drdeck needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

# Renew the tested set from the newest releases that pyproject.toml allows.
lock:
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev,wall,api,postgres]'
	(echo '# The tested set. Made by: make lock'; \
	 $(VENV)-lock/bin/python -m pip freeze --exclude drdeck --exclude pip --exclude setuptools) > requirements.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage*
