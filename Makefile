# make run | setup | test | test-slow | lint | recogniser | setup-eval | phone | clean
# Overridable: PYTHON (3.10 to 3.12), VENV, ARGS (passed on to the page or to pytest),
# WORKERS (processes of `make test`: by default one more than there are processors, up to four:
# the tests of the page wait a lot).
# The environment knows this folder (voice.pth), so `import voice` works from anywhere.

SHELL := /bin/bash
.DEFAULT_GOAL := run
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 3 ? n + 1 : 4)))
SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
find_python = for p in "$(PYTHON)" python3 python3.12 python3.11 python3.10 python; do \
	if [ -n "$$p" ] && "$$p" -c "$(SUPPORTED)" >/dev/null 2>&1; then echo "$$p"; break; fi; done
pip_install = $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: run setup dev test test-slow lint recogniser setup-eval phone clean

run: $(VENV)/.installed
	$(BIN)/python -m webui $(ARGS)

setup: $(VENV)/.installed $(VENV)/.installed-dev

test: setup lint
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: setup
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: setup
	$(BIN)/ruff check voice webui recipes tests
	$(BIN)/pyright --pythonpath $(BIN)/python voice webui

# Speech recognition for the page's transcripts; the program runs without it.
recogniser: setup
	@$(pip_install) -r requirements-recogniser.txt

# The judges' packages bring versions of their own, so they get an environment of their own.
setup-eval: .venv-eval/.installed

# The phone app, which needs Node 20 or later: recipes/export/phone/dist is what a web host serves.
phone:
	cd recipes/export/phone && npm ci && npm run build && npm test

clean:
	rm -rf .venv .venv-eval .pytest_cache .ruff_cache

$(VENV)/.created:
	@python=$$($(find_python)); \
	if [ -z "$$python" ]; then \
		echo "No Python 3.10, 3.11 or 3.12 found. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version)"; \
	"$$python" -m venv $(VENV) || { \
		echo "$$python cannot make a virtual environment (on Debian: apt install python3-venv)" >&2; \
		rm -rf $(VENV); exit 1; \
	}
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/voice.pth"
	@touch $@

$(VENV)/.installed: requirements.txt | $(VENV)/.created
	@echo "Installing requirements.txt (a few minutes the first time)"
	@$(pip_install) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing requirements-dev.txt"
	@$(pip_install) -r requirements-dev.txt
	@touch $@

.venv-eval/.installed: requirements-eval.txt
	@python=$$($(find_python)); "$$python" -m venv .venv-eval
	@.venv-eval/bin/python -m pip install -qq --disable-pip-version-check -r requirements-eval.txt
	@.venv-eval/bin/python recipes/evaluate/whisper.py .venv-eval/whisper-base
	@touch $@
