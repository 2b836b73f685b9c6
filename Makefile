# What a person types. `make` alone lists it; CONTRIBUTING.md and docs/testing.md say more.

PYTHON ?= python3
UV ?= uv
PYTEST_WORKERS ?= auto
IN_VENV := .venv/bin/python
TYPED := imageskill accounts billing creative manage.py deploy/environment.py deploy/gunicorn.conf.py \
  deploy/backup.py deploy/restore.py deploy/verify_statement.py \
  tests/architecture tests/local_stripe tests/environment.py tests/on_sqlite.py tests/on_postgres.py
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml

# Made-up settings, and nothing of the caller's: enough to load the code, and as a public deployment has them.
RANDOM := $$($(IN_VENV) -c 'import secrets; print(secrets.token_urlsafe(48))')
LOADED := env -i PATH="$$PATH" HOME="$$HOME" DATA_DIR="$$folder" SECRET_KEY="$(RANDOM)" IDENTITY_KEY="$(RANDOM)"
DEPLOYED := $(LOADED) BASE_URL=https://images.example EMAIL_URL=smtp+tls://user:word@mail.example:587 \
  DEFAULT_FROM_EMAIL=images@mail.example

# $(call stage,NAME,COMMAND) runs a command, with an empty $$folder that goes afterwards, and says if it failed.
stage = @printf '%s\n' '== $(1)'; folder=$$(mktemp -d); $(2); code=$$?; rm -rf "$$folder"; \
  [ $$code -eq 0 ] || { printf '%s\n' 'make $@ stopped at: $(1)' >&2; exit $$code; }

CHECKS := check-types check-format check-lint check-imports check-architecture check-deployment check-migrations

.DEFAULT_GOAL := help
.PHONY: help run stripe-local screenshots bench test check lock clean python service dev $(CHECKS)

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: service ## Start the service on this machine (settings come from the environment: PORT=8001 make run)
	@exec $(IN_VENV) -m imageskill.local

stripe-local: dev ## Start a local Stripe and print the settings for it (PORT, WEBHOOK_URL, WEBHOOK_SECRET)
	@exec $(IN_VENV) -m tests.local_stripe

screenshots: dev ## Take pictures of every page, light and dark, into build/screenshots (needs chromium)
	@$(IN_VENV) -m tests.on_sqlite -n0 --quiet tests/pages tests/console -k "looks or in_a_browser" --screenshots build/screenshots

bench: dev ## Measure everything beside its own limit, into docs/performance.md (half an hour or more)
	@exec $(IN_VENV) -m benchmarks

test: check ## Check, then run all tests on SQLite and the marked ones on PostgreSQL
	$(call stage,tests on SQLite,$(IN_VENV) -m tests.on_sqlite -n $(PYTEST_WORKERS) --dist worksteal --ignore tests/architecture)
	$(call stage,tests on PostgreSQL,$(IN_VENV) -m tests.on_postgres -n $(PYTEST_WORKERS) --dist worksteal)

# Types take as long as all the rest.
check: dev ## Check format, lint, types, imports, architecture, deployment settings and migrations
	@$(MAKE) --no-print-directory -j2 $(CHECKS)

check-types:
	$(call stage,types,$(LOADED) .venv/bin/mypy --no-error-summary $(TYPED))

check-format:
	$(call stage,format,.venv/bin/ruff format --check --quiet .)

check-lint:
	$(call stage,lint,.venv/bin/ruff check --quiet .)

check-imports:
	$(call stage,imports,.venv/bin/lint-imports)

check-architecture:
	$(call stage,architecture,$(IN_VENV) -m tests.on_sqlite --quiet tests/architecture)

check-deployment:
	$(call stage,deployment settings,$(DEPLOYED) $(IN_VENV) manage.py check --deploy --fail-level WARNING)

check-migrations:
	$(call stage,migrations,$(LOADED) $(IN_VENV) manage.py makemigrations --check --dry-run)

lock: ## Pin requirements/*.txt anew from pyproject.toml (UV=path/to/uv)
	$(call stage,requirements/service.txt,$(UV) pip compile $(LOCK) --extra service -o requirements/service.txt)
	$(call stage,requirements/dev.txt,$(UV) pip compile $(LOCK) --extra service --group dev -o requirements/dev.txt)

clean: ## Remove caches and build leftovers; .venv and .data stay
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . \( -path ./.venv -o -path ./.data -o -path ./.git \) -prune -o -type d -name __pycache__ -exec rm -rf {} +

python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo 'Python 3.11 or newer is needed; $(PYTHON) is not there. Name another: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	    "Name another: make PYTHON=python3.12" >&2; exit 1; }

service dev: python
	@$(PYTHON) deploy/environment.py $@
