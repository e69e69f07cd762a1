# make run      start Duebook with the demo business on http://localhost:8000 (PORT=8001 for another port)
# make test     run all tests (ARGS="tests/domain -x" for some)
# make check    style, types, import layers, templates, missing migrations
# make bench    measure speed against floors taken in the same run (ARGS="--help" for its options)
# make screenshots   take the pictures in docs/ anew
# make requirements  pin the newest allowed versions, with hashes
# make clean    remove what was built; the books in ./var stay

# The first Python of at least 3.11 on the path.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
ARGS ?=

.PHONY: run test check bench screenshots requirements clean install install-dev assets

run: install assets
	@$(BIN)/duebook serve --local --demo

test: install-dev assets
	@$(BIN)/pytest $(ARGS)

check: install-dev
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache >.import-linter.log || { cat .import-linter.log; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/djlint src/duebook --check --lint --quiet
	@DUEBOOK_SECRET_KEY=not-used-by-this-check DUEBOOK_INSECURE_LOOPBACK=1 \
		$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@DUEBOOK_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
		DUEBOOK_HOSTS=pay.example.com $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: install-dev assets
	@$(BIN)/python -m bench $(ARGS)

screenshots: install-dev assets
	@$(BIN)/python scripts/take_screenshots.py $(ARGS)

requirements: install-dev
	@for name in base dev assets; do \
		$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
			requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done

clean:
	@rm -rf .venv node_modules build dist src/duebook/web/static/vendor test-results \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import-linter.log

install: .venv/installed
install-dev: .venv/installed-dev

assets: install
	@$(BIN)/python scripts/build_assets.py

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Duebook needs Python 3.11 or newer."; exit 1; }
	@echo "Installing Duebook into .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }

.venv/installed: requirements/base.txt pyproject.toml | .venv/bin/python
	@$(PIP) install --require-hashes -r requirements/base.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: requirements/dev.txt | .venv/installed
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
